"""Granting, cancelling, and the instalments' way through a run."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import Select, select
from sqlmodel import Session, col

from app.applications.models import Application
from app.audit.models import AuditEvent
from app.awards import queries
from app.awards import service as awards
from app.awards.errors import AwardNotCancellable, AwardsMoved, InstalmentsMoved
from app.awards.models import Award, AwardState, Instalment, InstalmentState
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.ledger import service as ledger
from tests.factories.cases import BOARDERS, SPRING, as_cases, make_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City


@pytest.fixture
def awarded(session: Session, city: City) -> list[UUID]:
    """Three applications with provisional awards of 250.00, and 250.00 left."""
    clock.set_office_day(date(2008, 3, 3))
    appropriate(session, 4 * 250_00)
    made = make_cases(session, city.schools["2137000006"], 3)
    awards.promise(
        session, as_cases(made), programme=BOARDERS, period=SPRING, batch=ids.new(), by=SYSTEM
    )
    return made


def those(applications: list[UUID]) -> Select[UUID]:
    return select(col(Application.id)).where(col(Application.id).in_(applications))


def instalments_of(applications: list[UUID]) -> Select[UUID]:
    return (
        select(col(Instalment.id))
        .join(Award, col(Award.id) == col(Instalment.award_id))
        .where(col(Award.application_id).in_(applications))
    )


def award_states(session: Session) -> dict[UUID, AwardState]:
    asked = session.execute(select(col(Award.application_id), col(Award.state)))
    return {row.application_id: row.state for row in asked}


def cancel(session: Session, applications: list[UUID]) -> int:
    cancelled = awards.cancel(
        session, those(applications), batch=ids.new(), by=SYSTEM, because="异议成立"
    )
    return cancelled.amount_fen


def test_granting_settles_provisional_awards_once(session: Session, awarded: list[UUID]) -> None:
    assert awards.grant(session, those(awarded[:2]), SYSTEM) == 2
    assert sorted(award_states(session).values()) == ["granted", "granted", "provisional"]
    with pytest.raises(AwardsMoved) as refused:
        awards.grant(session, those(awarded), SYSTEM)
    assert {fault.where for fault in refused.value.faults} == {str(each) for each in awarded[:2]}


def test_cancelling_gives_the_committed_money_back(session: Session, awarded: list[UUID]) -> None:
    assert cancel(session, awarded[:1]) == 250_00
    assert balances(session, line_code()) == {
        "treasury": -1000_00, "available": 500_00, "committed": 500_00,
    }  # fmt: skip
    assert award_states(session)[awarded[0]] is AwardState.CANCELLED
    assert queries.shares_by_state(session)[line_code()] == {
        InstalmentState.COMMITTED: 500_00, InstalmentState.CANCELLED: 250_00,
    }  # fmt: skip
    noted = session.execute(
        select(col(AuditEvent.because)).where(col(AuditEvent.did) == "award.cancelled")
    )
    assert noted.scalars().all() == ["异议成立"]
    assert ledger.verify(session) == []


def test_a_cancelled_award_is_not_cancelled_again(session: Session, awarded: list[UUID]) -> None:
    cancel(session, awarded[:1])
    with pytest.raises(AwardsMoved), session.begin_nested():
        cancel(session, awarded)
    assert balances(session, line_code())["committed"] == 500_00


def test_an_application_without_an_award_is_named(
    session: Session, city: City, awarded: list[UUID]
) -> None:
    bare = make_cases(session, city.schools["2137000006"], 1)
    with pytest.raises(AwardsMoved) as refused:
        cancel(session, [*awarded, *bare])
    assert [fault.where for fault in refused.value.faults] == [str(bare[0])]


@pytest.mark.parametrize("paid", [False, True])
def test_money_in_a_run_or_paid_cannot_be_cancelled(
    session: Session, awarded: list[UUID], paid: bool
) -> None:
    awards.enter_run(session, instalments_of(awarded[:1]))
    if paid:
        awards.settle_paid(session, instalments_of(awarded[:1]))
    with pytest.raises(AwardNotCancellable) as refused, session.begin_nested():
        cancel(session, awarded)
    (fault,) = refused.value.faults
    assert fault.where == str(awarded[0])
    assert fault.more == {"instalment": 1, "state": "paid" if paid else "in_run"}
    assert balances(session, line_code())["committed"] == 750_00


def test_an_instalment_goes_into_a_run_once_and_comes_back(
    session: Session, awarded: list[UUID]
) -> None:
    assert awards.enter_run(session, instalments_of(awarded)) == 3
    with pytest.raises(InstalmentsMoved) as refused, session.begin_nested():
        awards.enter_run(session, instalments_of(awarded[:1]))
    assert "in a payout run" in refused.value.faults[0].en
    assert awards.settle_paid(session, instalments_of(awarded[:2])) == 2
    assert awards.back_to_committed(session, instalments_of(awarded[1:])) == 2
    assert queries.shares_by_state(session) == {
        line_code(): {InstalmentState.PAID: 250_00, InstalmentState.COMMITTED: 500_00}
    }
    with pytest.raises(InstalmentsMoved):
        awards.settle_paid(session, instalments_of(awarded[1:]))


def test_an_instalment_that_is_not_there_is_named(session: Session, city: City) -> None:
    with pytest.raises(InstalmentsMoved):
        awards.enter_run(session, select(col(Application.student_id)).where(
            col(Application.id).in_(make_cases(session, city.schools["2137000006"], 1))
        ))  # fmt: skip
