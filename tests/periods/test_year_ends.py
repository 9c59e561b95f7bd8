"""What becomes of a line at its year's end: proposed by one person, confirmed by another."""

from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, col

from app.audit.models import AuditEvent
from app.budgets.errors import OwnYearEnds, YearEndsMoved, YearEndsNotFound
from app.budgets.models import ClosedYear, FundLineYearEnd, YearEnd, YearEndState
from app.budgets.year_ends import (
    YearEndAsked,
    confirm_year_ends,
    propose_year_ends,
    refuse_year_ends,
    year_ends,
)
from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.ledger import seals
from app.periods.errors import YearEndsWait
from app.periods.years import close_year
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City

DAY, JANUARY = date(2008, 6, 2), date(2009, 1, 5)
LINE, FAR = line_code(), line_code("370826")


@pytest.fixture
def maker(city: City) -> Actor:
    clock.set_office_day(DAY)
    return city.actor("finance_maker")


@pytest.fixture
def checker(city: City) -> Actor:
    return city.actor("finance_checker")


def propose(session: Session, by: Actor, rule: YearEnd, *lines: str) -> list[UUID]:
    asked = YearEndAsked(lines or (LINE,), rule, "济财预〔2008〕9号")
    return list(propose_year_ends(session, asked, by=by).values())


def rules(session: Session) -> dict[str, str]:
    return {row.code: row.rule for row in year_ends(session, 2008, SYSTEM)}


def after_the_year(session: Session) -> None:
    seals.seal(session, DAY, signer=None, by=SYSTEM)
    clock.set_office_day(JANUARY)


def test_a_rule_holds_once_another_person_has_confirmed_it(
    session: Session, maker: Actor, checker: Actor
) -> None:
    appropriate(session, 40_00)
    [first] = propose(session, maker, YearEnd.RELEASE)
    assert rules(session) == {LINE: "carry"}
    with pytest.raises(OwnYearEnds) as own:
        confirm_year_ends(session, [first], by=maker)
    assert [fault.where for fault in own.value.faults] == [str(first)]
    assert confirm_year_ends(session, [first], by=checker) == 1
    assert rules(session) == {LINE: "release"}
    [second] = propose(session, maker, YearEnd.CARRY)
    assert rules(session) == {LINE: "release"}
    confirm_year_ends(session, [second], by=checker)
    assert rules(session) == {LINE: "carry"}
    acts = session.execute(select(col(AuditEvent.did)).where(col(AuditEvent.did).like("year_%")))
    assert sorted(acts.scalars()) == ["year_end.confirmed"] * 2 + ["year_end.proposed"] * 2


def test_a_year_is_not_closed_while_a_rule_of_its_lines_waits(
    session: Session, maker: Actor, checker: Actor
) -> None:
    appropriate(session, 40_00)
    appropriate(session, 40_00, "370826")
    appropriate(session, 40_00, year=2009)
    [waiting] = propose(session, maker, YearEnd.RELEASE)
    propose(session, maker, YearEnd.RELEASE, line_code(year=2009))
    after_the_year(session)
    with pytest.raises(YearEndsWait) as refused:
        close_year(session, 2008, by=checker)
    [fault] = refused.value.faults
    assert (fault.where, fault.more) == (LINE, {"proposal": str(waiting), "rule": "release"})
    refuse_year_ends(session, [waiting], because="文件未到", by=checker)
    made = close_year(session, 2008, by=checker)
    assert (made.carried_fen, made.lapsed_fen) == (80_00, 0)
    assert balances(session, LINE) == {"treasury": -40_00, "available": 40_00}


def test_what_is_refused_leaves_the_rule_that_held(
    session: Session, maker: Actor, checker: Actor
) -> None:
    appropriate(session, 40_00)
    confirm_year_ends(session, propose(session, maker, YearEnd.RELEASE), by=checker)
    [waiting] = propose(session, maker, YearEnd.CARRY)
    with pytest.raises(OwnYearEnds):
        refuse_year_ends(session, [waiting], because="文件未到", by=maker)
    assert refuse_year_ends(session, [waiting], because="文件未到", by=checker) == 1
    assert rules(session) == {LINE: "release"}
    kept = session.get_one(FundLineYearEnd, waiting, populate_existing=True)
    assert (kept.state, kept.answered_by, kept.refused_because) == (
        YearEndState.REFUSED, checker.id, "文件未到",
    )  # fmt: skip
    with pytest.raises(YearEndsMoved):
        confirm_year_ends(session, [waiting], by=checker)


def test_a_proposal_gives_way_to_the_next_and_all_are_confirmed_or_none(
    session: Session, maker: Actor, checker: Actor
) -> None:
    appropriate(session, 40_00)
    appropriate(session, 40_00, "370826")
    here, there = propose(session, maker, YearEnd.RELEASE, LINE, FAR)
    [again] = propose(session, maker, YearEnd.RELEASE)
    [gone] = {here, there} - {
        row.id for row in year_ends(session, 2008, SYSTEM) if row.id is not None
    }
    [kept] = {here, there} - {gone}
    with pytest.raises(YearEndsMoved) as moved:
        confirm_year_ends(session, [kept, gone, again], by=checker)
    assert [(fault.where, fault.more) for fault in moved.value.faults] == [
        (str(gone), {"state": "replaced"})
    ]
    with pytest.raises(YearEndsNotFound):
        confirm_year_ends(session, [kept, uuid4()], by=checker)
    assert set(rules(session).values()) == {"carry"}
    assert confirm_year_ends(session, [kept, again], by=checker) == 2
    assert rules(session) == {LINE: "release", FAR: "release"}


def test_nothing_is_confirmed_for_a_line_whose_year_is_closed(
    session: Session, maker: Actor, checker: Actor
) -> None:
    appropriate(session, 40_00)
    waiting = propose(session, maker, YearEnd.RELEASE)
    session.add(
        ClosedYear(
            year=2008, carried_fen=0, lapsed_fen=0, instalments=0, batch=uuid4(),
            closed_by=checker.id, closed_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    with pytest.raises(YearEndsMoved) as late:
        confirm_year_ends(session, waiting, by=checker)
    assert [fault.code for fault in late.value.faults] == ["year-closed"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fund_line_year_end SET rule = 'carry'",
        "UPDATE fund_line_year_end SET state = 'set_alone'",
        """
        INSERT INTO fund_line_year_end (id, fund_line_id, county_id, rule, because, state,
            proposed_by, proposed_at)
        SELECT gen_random_uuid(), fund_line_id, county_id, rule, because, 'set_alone',
            proposed_by, proposed_at FROM fund_line_year_end
        """,
    ],
)
def test_the_database_lets_a_proposal_be_answered_and_nothing_else(
    session: Session, maker: Actor, statement: str
) -> None:
    appropriate(session, 40_00)
    propose(session, maker, YearEnd.RELEASE)
    with pytest.raises(ProgrammingError, match=r"permission denied|row-level security"):
        session.execute(text(statement))
