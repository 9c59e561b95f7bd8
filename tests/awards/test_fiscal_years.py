"""A school-year award crosses 31 December: what falls into the next year waits for its money."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from app.awards import service as awards
from app.awards.errors import BudgetExhausted
from app.awards.models import Award, Instalment, InstalmentState
from app.awards.service import Promised
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.ledger import service as ledger
from tests.factories.cases import SCHOOL_YEAR, VOCATIONAL, as_cases, make_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City

SCHOOL = "3637000010"
YEAR_FEN, MONTH_FEN = 1500_00, 150_00
WAITING, COMMITTED = InstalmentState.AWAITING_APPROPRIATION, InstalmentState.COMMITTED
LINE_2007 = line_code(year=2007, programme=VOCATIONAL)
LINE_2008 = line_code(year=2008, programme=VOCATIONAL)


@pytest.fixture(autouse=True)
def _in_november_2007() -> None:
    clock.set_office_day(date(2007, 11, 1))


def promise_vocational(session: Session, city: City, n: int, hardship: int = 1) -> list[UUID]:
    made = make_cases(
        session,
        city.schools[SCHOOL],
        n,
        YEAR_FEN,
        hardship=hardship,
        programme=VOCATIONAL,
        period=SCHOOL_YEAR,
    )
    promised = awards.promise(
        session,
        as_cases(made),
        programme=VOCATIONAL,
        period=SCHOOL_YEAR,
        batch=ids.new(),
        by=SYSTEM,
    )
    assert promised == Promised(n, n * YEAR_FEN, ())
    return made


def by_year_and_state(session: Session) -> dict[tuple[int, InstalmentState], int]:
    asked = select(col(Instalment.fiscal_year), col(Instalment.state), func.count()).group_by(
        col(Instalment.fiscal_year), col(Instalment.state)
    )
    return {(year, state): count for year, state, count in session.execute(asked)}


def committed_of(session: Session, application: UUID) -> int:
    return session.execute(
        select(func.count())
        .select_from(Instalment)
        .join(Award, col(Award.id) == col(Instalment.award_id))
        .where(
            col(Award.application_id) == application,
            col(Instalment.state) == COMMITTED,
            col(Instalment.fiscal_year) == 2008,
        )
    ).scalar_one()


def assert_books_balance(session: Session) -> None:
    assert sum(row.balance_fen for row in ledger.trial_balance(session)) == 0
    assert ledger.verify(session) == []


def test_next_years_instalments_wait_and_commit_when_their_appropriation_arrives(
    session: Session, city: City
) -> None:
    appropriate(session, 4 * MONTH_FEN, year=2007, programme=VOCATIONAL)
    promise_vocational(session, city, 1)
    assert by_year_and_state(session) == {(2007, COMMITTED): 4, (2008, WAITING): 6}
    assert balances(session, LINE_2007) == {"treasury": -600_00, "committed": 600_00}
    assert balances(session, LINE_2008) == {}
    assert_books_balance(session)

    clock.set_office_day(date(2008, 1, 10))
    taken = appropriate(session, 1000_00, year=2008, programme=VOCATIONAL)
    assert (taken.committed.count, taken.committed.amount_fen) == (6, 900_00)
    assert by_year_and_state(session) == {(2007, COMMITTED): 4, (2008, COMMITTED): 6}
    assert balances(session, LINE_2008) == {
        "treasury": -1000_00, "available": 100_00, "committed": 900_00,
    }  # fmt: skip
    assert_books_balance(session)


def test_money_that_came_in_advance_is_committed_at_once(session: Session, city: City) -> None:
    appropriate(session, 600_00, year=2007, programme=VOCATIONAL)
    appropriate(session, 900_00, year=2008, programme=VOCATIONAL)
    promise_vocational(session, city, 1)
    assert by_year_and_state(session) == {(2007, COMMITTED): 4, (2008, COMMITTED): 6}
    assert_books_balance(session)


def test_a_partial_appropriation_commits_in_award_order_and_whole_instalments(
    session: Session, city: City
) -> None:
    appropriate(session, 3 * 600_00, year=2007, programme=VOCATIONAL)
    first = promise_vocational(session, city, 1)
    second = promise_vocational(session, city, 2)
    # Seven whole instalments of 150.00 and a rest that is too little for an eighth.
    taken = appropriate(session, 7 * MONTH_FEN + 149_99, year=2008, programme=VOCATIONAL)
    assert taken.committed.count == 7
    assert committed_of(session, first[0]) == 6
    assert sorted(committed_of(session, each) for each in second) == [0, 1]
    assert balances(session, LINE_2008)["available"] == 149_99
    assert_books_balance(session)
    taken = appropriate(session, 11 * MONTH_FEN - 149_99, year=2008, programme=VOCATIONAL)
    assert taken.committed.count == 11
    assert "available" not in balances(session, LINE_2008)
    assert_books_balance(session)


def test_within_one_act_the_greater_hardship_is_committed_first(
    session: Session, city: City
) -> None:
    appropriate(session, 2 * 600_00, year=2007, programme=VOCATIONAL)
    place = city.schools[SCHOOL]
    kind = {"programme": VOCATIONAL, "period": SCHOOL_YEAR}
    slight = make_cases(session, place, 1, YEAR_FEN, hardship=1, **kind)
    severe = make_cases(session, place, 1, YEAR_FEN, hardship=3, **kind)
    awards.promise(session, as_cases([*slight, *severe]), batch=ids.new(), by=SYSTEM, **kind)
    appropriate(session, 900_00, year=2008, programme=VOCATIONAL)
    assert (committed_of(session, severe[0]), committed_of(session, slight[0])) == (6, 0)


def test_too_little_in_the_current_year_is_refused_though_the_next_year_waits(
    session: Session, city: City
) -> None:
    appropriate(session, 599_99, year=2007, programme=VOCATIONAL)
    made = make_cases(
        session, city.schools[SCHOOL], 1, YEAR_FEN, programme=VOCATIONAL, period=SCHOOL_YEAR
    )
    with pytest.raises(BudgetExhausted) as refused:
        awards.promise(
            session,
            as_cases(made),
            programme=VOCATIONAL,
            period=SCHOOL_YEAR,
            batch=ids.new(),
            by=SYSTEM,
        )
    assert [(fault.where, fault.more["short"]) for fault in refused.value.faults] == [
        (LINE_2007, "0.01")
    ]


def test_a_year_later_the_whole_award_is_due_now(session: Session, city: City) -> None:
    clock.set_office_day(date(2008, 1, 2))
    appropriate(session, 600_00, year=2007, programme=VOCATIONAL)
    appropriate(session, 900_00, year=2008, programme=VOCATIONAL)
    promise_vocational(session, city, 1)
    assert by_year_and_state(session) == {(2007, COMMITTED): 4, (2008, COMMITTED): 6}
