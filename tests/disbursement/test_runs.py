"""What a run takes up, how it is numbered, and how it is left again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, text
from sqlmodel import Session, col

from app.awards.models import Award, Instalment, InstalmentState
from app.core import db
from app.disbursement.errors import HolderOutside, NothingDue, PayoutsMoved, RunNotOpen
from app.disbursement.models import Payout, PayoutPart, PayoutState
from app.disbursement.service import RunAsked, cancel_payouts, cancel_run, open_run
from app.reconciliation.queries import invariants
from tests.disbursement.conftest import DAY, OTHER_COUNTY, RURAL, Open
from tests.disbursement.spoilers import settle_run
from tests.factories.cases import VOCATIONAL
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield sent
    event.remove(db.engine(), "before_cursor_execute", note)


def instalment_states(session: Session) -> set[InstalmentState]:
    return set(session.execute(select(col(Instalment.state)).distinct()).scalars())


def payout_ids(session: Session, run_id: UUID) -> list[UUID]:
    chosen = select(col(Payout.id)).where(col(Payout.run_id) == run_id)
    return list(session.execute(chosen.order_by(col(Payout.number))).scalars())


def test_runs_and_payouts_are_numbered_without_a_gap(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 2)
    first = opened()
    make_payees(session, city.schools[RURAL], 1)
    second = opened()
    assert (first.number, second.number) == ("R-2008-0001", "R-2008-0002")
    numbers = session.execute(select(col(Payout.number)).order_by(col(Payout.number))).scalars()
    assert list(numbers) == ["P-2008-0000001", "P-2008-0000002", "P-2008-0000003"]


def test_what_falls_due_a_day_later_is_not_taken_up(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 1)
    due = session.execute(select(col(Instalment.due_on))).scalar_one()
    day_before = date.fromordinal(due.toordinal() - 1)
    with pytest.raises(NothingDue):
        opened(due_to=day_before)
    assert opened(due_to=due).number == "R-2008-0001"


def test_an_award_still_in_its_notice_is_not_paid(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 1)
    session.execute(text("UPDATE award SET state = 'provisional'"))
    with pytest.raises(NothingDue):
        opened()


def test_a_students_several_instalments_go_in_one_payout(
    session: Session, city: City, opened: Open
) -> None:
    school = city.schools["3637000010"]
    make_vocational(session, city)
    (payee,) = make_payees(session, school, 1, 1500_00, programme=VOCATIONAL, period="2007-2008")
    opened(VOCATIONAL, date(2008, 4, 30))
    payout = session.execute(select(Payout)).scalar_one()
    parts = session.execute(
        select(func.count(), func.sum(PayoutPart.amount_fen)).where(col(PayoutPart.live))
    ).one()
    # September to January and March to April: seven months of ten.
    assert tuple(parts) == (7, 7 * 150_00)
    assert (payout.student_id, payout.amount_fen) == (payee.student_id, 1050_00)
    assert payout.state is PayoutState.READY


def test_what_a_bank_returns_of_several_instalments_comes_back_for_all_of_them(
    session: Session, city: City
) -> None:
    make_vocational(session, city)
    school = city.schools["3637000010"]
    make_payees(session, school, 1, 1500_00, programme=VOCATIONAL, period="2007-2008")
    steps = (PayoutState.PAID, PayoutState.RETURNED)
    settle_run(session, city, *steps, programme=VOCATIONAL, due_to=date(2008, 4, 30))
    payout = session.execute(select(Payout)).scalar_one()
    assert (payout.state, payout.amount_fen) == (PayoutState.RETURNED, 7 * 150_00)
    assert instalment_states(session) == {InstalmentState.COMMITTED}
    live = select(func.count()).select_from(PayoutPart).where(col(PayoutPart.live))
    assert session.execute(live).scalar_one() == 0
    assert invariants(session) == []


def make_vocational(session: Session, city: City) -> None:
    """Money of both fiscal years, of every source that pays the vocational grant."""
    sources = ("central", "province", "city", "county")
    session.execute(
        text(
            "INSERT INTO fund_line (id, code, fiscal_year, programme, source, holder_id, "
            "county_id, payment_mode, made_at) SELECT gen_random_uuid(), "
            "y || '/' || :p || '/' || s || '/370811', y, :p, s, :holder, :holder, "
            "'treasury_direct', now() FROM unnest(ARRAY[2007, 2008]) y, "
            "unnest(CAST(:sources AS text[])) s"
        ),
        {"p": VOCATIONAL, "holder": city.counties["370811"], "sources": list(sources)},
    )
    session.execute(
        text(
            "INSERT INTO ledger_account (code, fund_line, kind, debits_fen, credits_fen) "
            "SELECT f.code || '/' || k, f.code, k, 0, CASE k WHEN 'available' THEN 100000000 "
            "ELSE 0 END FROM fund_line f, unnest(ARRAY['treasury', 'available', 'committed', "
            "'in_transit', 'paid', 'recoverable', 'returned_to_treasury']) k "
            "ON CONFLICT DO NOTHING"
        )
    )


def test_a_run_of_one_holder_leaves_the_other_countys_pupils(
    session: Session, city: City, opened: Open
) -> None:
    for school, county in ((RURAL, "370811"), (OTHER_COUNTY, "370826")):
        appropriate(session, 1_000_00, county)
        make_payees(session, city.schools[school], 1)
    run = opened(holder_id=city.counties["370826"])
    (payout,) = session.execute(select(Payout)).scalars()
    assert payout.county_id == city.counties["370826"] == run.county_id


def test_a_countys_maker_pays_the_own_county_alone(session: Session, city: City) -> None:
    for school, county in ((RURAL, "370811"), (OTHER_COUNTY, "370826")):
        appropriate(session, 1_000_00, county)
        make_payees(session, city.schools[school], 1)
    maker = city.actor("finance_maker@370811")
    asked = RunAsked(programme="boarding-subsidy", due_to=DAY, bank_format="generic-pipe")
    db.enter(session, maker)
    run = open_run(session, asked, by=maker)
    assert run.holder_id == city.counties["370811"]
    assert len(payout_ids(session, run.id)) == 1
    with pytest.raises(HolderOutside):
        open_run(
            session,
            RunAsked(
                programme="boarding-subsidy",
                due_to=DAY,
                bank_format="generic-pipe",
                holder_id=city.counties["370826"],
            ),
            by=maker,
        )


def test_the_number_of_statements_does_not_grow_with_the_payouts(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 100_000_00)
    make_payees(session, city.schools[RURAL], 1)
    with counting() as one:
        opened()
    make_payees(session, city.schools[RURAL], 60)
    with counting() as sixty:
        opened()
    assert len(one) == len(sixty)
    assert len(one) < 48


def test_a_cancelled_run_gives_its_instalments_back(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 2)
    run = opened()
    assert instalment_states(session) == {InstalmentState.IN_RUN}
    maker = city.actor("finance_maker")
    cancel_run(session, run.id, by=maker, because="账户需更正")
    assert instalment_states(session) == {InstalmentState.COMMITTED}
    with pytest.raises(RunNotOpen):
        cancel_run(session, run.id, by=maker, because="再次")
    assert len(payout_ids(session, opened().id)) == 2


def test_payouts_taken_out_are_due_again_and_cannot_be_taken_out_twice(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 2)
    run, maker = opened(), city.actor("finance_maker")
    one, other = payout_ids(session, run.id)
    assert cancel_payouts(session, run.id, [one], by=maker, because="待查") == 1
    with pytest.raises(PayoutsMoved) as refused:
        cancel_payouts(session, run.id, [one, other], by=maker, because="待查")
    assert [fault.where for fault in refused.value.faults] == [str(one)]
    assert len(payout_ids(session, opened().id)) == 1


def test_an_award_is_never_paid_more_than_once_by_two_runs(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 1)
    opened()
    with pytest.raises(NothingDue):
        opened()
    assert session.execute(select(func.count()).select_from(Award)).scalar_one() == 1
