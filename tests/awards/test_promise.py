"""A promise: awards in instalments with shares, and money for every one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, func, select
from sqlmodel import Session, col

from app.awards import service as awards
from app.awards.errors import AlreadyAwarded, BudgetExhausted
from app.awards.models import Award, AwardState, Instalment, InstalmentShare, InstalmentState
from app.awards.service import Promised
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.ledger import service as ledger
from tests.factories.cases import BOARDERS, SPRING, as_cases, make_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City

RURAL, WEISHAN = "2137000006", "2137000011"


@pytest.fixture(autouse=True)
def _in_march_2008() -> None:
    clock.set_office_day(date(2008, 3, 3))


def promise(session: Session, applications: list[UUID], *, as_far: bool = False) -> Promised:
    return awards.promise(
        session,
        as_cases(applications),
        programme=BOARDERS,
        period=SPRING,
        batch=ids.new(),
        by=SYSTEM,
        as_far_as_money_goes=as_far,
    )


def states(session: Session) -> dict[InstalmentState, int]:
    asked = select(col(Instalment.state), func.count()).group_by(col(Instalment.state))
    return {row[0]: row[1] for row in session.execute(asked)}


def test_a_promise_writes_award_instalment_and_shares_that_sum_to_the_award(
    session: Session, city: City
) -> None:
    appropriate(session, 100_00_00)
    made = make_cases(session, city.schools[RURAL], 3, 312_51)
    promised = promise(session, made)
    assert promised == Promised(3, 3 * 312_51, ())
    award = session.execute(select(Award).where(col(Award.application_id) == made[0])).scalar_one()
    assert award.state is AwardState.PROVISIONAL
    assert award.hardship == 1
    instalments = (
        session.execute(select(Instalment).where(col(Instalment.award_id) == award.id))
        .scalars()
        .all()
    )
    assert [(each.due_on, each.amount_fen) for each in instalments] == [(date(2008, 5, 15), 31251)]
    shares = session.execute(select(func.sum(InstalmentShare.amount_fen))).scalar_one()
    assert shares == 3 * 312_51
    assert states(session) == {InstalmentState.COMMITTED: 3}
    assert balances(session, line_code()) == {
        "treasury": -100_00_00,
        "available": 100_00_00 - 3 * 312_51,
        "committed": 3 * 312_51,
    }
    assert ledger.verify(session) == []


def test_one_fen_too_little_refuses_all_and_names_line_need_and_shortfall(
    session: Session, city: City
) -> None:
    appropriate(session, 2 * 250_00 - 1)
    made = make_cases(session, city.schools[RURAL], 2)
    with pytest.raises(BudgetExhausted) as refused, session.begin_nested():
        promise(session, made)
    (fault,) = refused.value.faults
    assert fault.more == {
        "fund_line": line_code(), "have": "499.99", "need": "500.00", "short": "0.01",
    }  # fmt: skip
    assert "任城区资助中心" in fault.zh
    assert "寄宿生" in fault.zh
    assert states(session) == {}
    assert balances(session, line_code())["available"] == 499_99


def test_exactly_enough_is_enough(session: Session, city: City) -> None:
    appropriate(session, 2 * 250_00)
    assert promise(session, make_cases(session, city.schools[RURAL], 2)).awarded == 2
    assert "available" not in balances(session, line_code())


def test_a_fund_line_that_was_never_opened_is_exhausted_too(session: Session, city: City) -> None:
    with pytest.raises(BudgetExhausted) as refused:
        promise(session, make_cases(session, city.schools[RURAL], 1))
    assert refused.value.faults[0].more["have"] == "0.00"


def test_one_countys_money_never_pays_anothers_pupils(session: Session, city: City) -> None:
    appropriate(session, 100_00_00, "370826")
    with pytest.raises(BudgetExhausted) as refused, session.begin_nested():
        promise(session, make_cases(session, city.schools[RURAL], 1))
    assert [fault.where for fault in refused.value.faults] == [line_code("370811")]
    before = balances(session, line_code("370826"))
    assert promise(session, make_cases(session, city.schools[WEISHAN], 1)).awarded == 1
    assert before == {"treasury": -100_00_00, "available": 100_00_00}
    assert balances(session, line_code("370826"))["committed"] == 250_00


def test_every_short_line_is_named_not_only_the_first(session: Session, city: City) -> None:
    both = [
        *make_cases(session, city.schools[RURAL], 1),
        *make_cases(session, city.schools[WEISHAN], 1),
    ]
    with pytest.raises(BudgetExhausted) as refused:
        promise(session, both)
    assert [fault.where for fault in refused.value.faults] == [
        line_code("370811"), line_code("370826"),
    ]  # fmt: skip


def test_as_far_as_money_goes_serves_the_neediest_and_leaves_nothing(
    session: Session, city: City
) -> None:
    appropriate(session, 3 * 250_00)
    early = make_cases(session, city.schools[RURAL], 2, hardship=1)
    severe = make_cases(session, city.schools[RURAL], 2, hardship=3)
    promised = promise(session, [*early, *severe], as_far=True)
    assert promised.awarded == 3
    assert promised.left_out == (early[1],)
    assert balances(session, line_code()) == {"treasury": -750_00, "committed": 750_00}


def test_a_smaller_need_does_not_overtake_a_greater_one(session: Session, city: City) -> None:
    appropriate(session, 300_00)
    severe = make_cases(session, city.schools[RURAL], 1, 375_00, hardship=3)
    slight = make_cases(session, city.schools[RURAL], 1, 250_00, hardship=1)
    promised = promise(session, [*severe, *slight], as_far=True)
    assert promised.awarded == 0
    assert set(promised.left_out) == {*severe, *slight}


def test_a_case_is_not_awarded_twice(session: Session, city: City) -> None:
    appropriate(session, 100_00_00)
    made = make_cases(session, city.schools[RURAL], 2)
    promise(session, made[:1])
    with pytest.raises(AlreadyAwarded) as refused:
        promise(session, made)
    assert [fault.where for fault in refused.value.faults] == [str(made[0])]


def test_a_county_promises_within_its_own_scope(session: Session, city: City) -> None:
    appropriate(session, 250_00)
    made = make_cases(session, city.schools[RURAL], 1)
    others = make_cases(session, city.schools[WEISHAN], 1)
    db.enter(session, city.actor("county_officer@370811"))
    assert promise(session, [*made, *others]).awarded == 1
    assert balances(session, line_code())["committed"] == 250_00


def test_no_cases_promise_nothing(session: Session, city: City) -> None:
    assert promise(session, []) == Promised(0, 0, ())


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_the_number_of_statements_does_not_grow_with_the_cases(
    session: Session, city: City
) -> None:
    appropriate(session, 200_00_00)
    one = make_cases(session, city.schools[RURAL], 1)
    many = make_cases(session, city.schools[RURAL], 60)
    promise(session, make_cases(session, city.schools[RURAL], 1))
    with counted(db.engine()) as first:
        promise(session, one)
    with counted(db.engine()) as second:
        promise(session, many)
    assert len(first) == len(second)
