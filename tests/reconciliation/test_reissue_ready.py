"""What was corrected since the bank's word is paid again at once, by programme; the rest waits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlmodel import Session, col

from app.core import db
from app.core.actor import SYSTEM, Actor
from app.disbursement.models import PaymentFile, Payout, PayoutRun, RunKind
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.reconciliation import corrections
from app.reconciliation.corrections import Reissued
from app.reconciliation.models import ReturnKind, WorkItem, WorkState
from app.reconciliation.queries import invariants
from app.reconciliation.service import reissue
from app.registry.models import BankAccount
from app.registry.service_bank_names import confirm_bank_names, propose_bank_names
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import answer, failed, lines_in, payouts_of, sent_back, take_in
from tests.reconciliation.conftest import DAY, RURAL, Send
from tests.reconciliation.door import Door

FORMAT = "generic-pipe"


def confirm_anew(session: Session, *payouts: Payout, after: timedelta = timedelta(0)) -> None:
    """A second person's word on the payees' accounts, so long after the bank's."""
    for one in payouts:
        session.execute(
            update(BankAccount)
            .where(col(BankAccount.id) == one.account_id)
            .values(confirmed_at=one.settled_at + after)
        )


SECOND = timedelta(seconds=1)


def ready(session: Session, by: Actor, *, dry_run: bool = False) -> Reissued:
    return corrections.reissue_ready(session, bank_format=FORMAT, dry_run=dry_run, by=by)


@pytest.fixture
def file(session: Session, sent: Send, maker: Actor) -> PaymentFile:
    """Five payouts: the first two refused, the third sent back, the others paid."""
    made = sent(5)
    lines = lines_in(session, made)
    take_in(session, made, answer(lines, failed, failed), maker)
    take_in(session, made, answer(lines[2:3], otherwise=sent_back), maker, ReturnKind.REVERSAL)
    return made


def test_what_was_confirmed_after_the_banks_word_is_paid_again_and_the_rest_waits(
    session: Session, file: PaymentFile, maker: Actor
) -> None:
    first, second, third, *_ = payouts_of(session, file)
    confirm_anew(session, first, third, after=SECOND)
    confirm_anew(session, second)  # at that very moment is not after it
    counted = ready(session, maker, dry_run=True)
    assert [(one.programme, one.amount_fen) for one in counted.ready] == [(BOARDERS, 500_00)]
    assert (counted.runs, counted.not_ready) == ((), {"not_confirmed": 1})
    done = ready(session, maker)
    (run,) = done.runs
    assert run.kind is RunKind.REISSUE
    again = select(col(Payout.reissue_of)).where(col(Payout.run_id) == run.id)
    assert set(session.execute(again).scalars()) == {first.id, third.id}
    still = select(col(WorkItem.payout_id)).where(col(WorkItem.state) == WorkState.OPEN)
    assert session.execute(still).scalars().all() == [second.id]
    assert ready(session, maker).runs == ()
    assert invariants(session) == []


def test_the_banks_own_name_confirmed_since_is_a_correction_too(
    session: Session, city: City, file: PaymentFile, maker: Actor
) -> None:
    payout = payouts_of(session, file)[0]
    account: UUID = payout.account_id  # type: ignore[assignment]
    officer = city.actor("county_officer@370811")
    (name,) = propose_bank_names(session, {account: "赵䶮"}, because="银行写法", by=officer)
    assert ready(session, maker, dry_run=True).ready == ()
    confirm_bank_names(session, [name.id], by=city.actor("finance_checker"))
    (found,) = ready(session, maker, dry_run=True).ready
    assert found.payouts == (payout.id,)


def test_each_programme_has_a_run_of_its_own(
    session: Session, sent: Send, file: PaymentFile, maker: Actor
) -> None:
    other = sent(5)
    take_in(session, other, answer(lines_in(session, other), failed), maker)
    session.execute(
        text("UPDATE payout_run SET programme = 'vocational-grant' WHERE id = :id"),
        {"id": other.run_id},
    )
    confirm_anew(session, payouts_of(session, file)[0], after=SECOND)
    confirm_anew(session, payouts_of(session, other)[0], after=SECOND)
    runs = ready(session, maker).runs
    assert [run.programme for run in runs] == [BOARDERS, "vocational-grant"]


def test_what_is_paid_otherwise_is_counted_and_left(
    session: Session, file: PaymentFile, maker: Actor
) -> None:
    first, second, third, *_ = payouts_of(session, file)
    confirm_anew(session, first, second, third, after=SECOND)
    reissue(session, [first.id], bank_format=FORMAT, by=maker)
    # Somebody has taken the item up again though the payout is on its way.
    session.execute(
        update(WorkItem).where(col(WorkItem.payout_id) == first.id).values(state=WorkState.OPEN)
    )
    done = ready(session, maker, dry_run=True)
    assert [one.payouts for one in done.ready] == [tuple(sorted((second.id, third.id)))]
    assert done.not_ready == {"paid_otherwise": 1}


def test_a_county_pays_again_what_its_own_run_paid(
    session: Session, city: City, file: PaymentFile
) -> None:
    confirm_anew(session, *payouts_of(session, file)[:3], after=SECOND)
    county = city.actor("finance_maker@370811")
    assert ready(session, county).not_ready == {"of_the_city": 3}
    appropriate(session, 5 * 250_00)
    make_payees(session, city.schools[RURAL], 5)
    run = open_run(session, RunAsked(programme=BOARDERS, due_to=DAY, bank_format=FORMAT), by=county)
    own = release(session, run.id, by=city.actor("finance_checker@370811")).files[0]
    take_in(session, own, answer(lines_in(session, own), failed), county)
    confirm_anew(session, payouts_of(session, own)[0], after=SECOND)
    (again,) = ready(session, county).runs
    assert again.holder_id == city.counties["370811"]


def test_eight_who_ask_at_once_open_one_run(city: City, maker: Actor) -> None:
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 20 * 250_00)
        make_payees(session, city.schools[RURAL], 20)
        asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format=FORMAT)
        run = open_run(session, asked, by=maker)
        file = release(session, run.id, by=city.actor("finance_checker")).files[0]
        take_in(session, file, answer(lines_in(session, file), otherwise=failed), maker)
        confirm_anew(session, *payouts_of(session, file), after=SECOND)
    gate = Barrier(8)

    def ask(_: int) -> int:
        gate.wait()
        with db.scoped_session(maker) as own:
            return sum(len(one.payouts) for one in ready(own, maker).ready)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [0] * 7 + [20]
    with db.scoped_session(SYSTEM) as session:
        runs = select(func.count()).where(col(PayoutRun.kind) == RunKind.REISSUE)
        assert session.execute(runs).scalar_one() == 1
        assert invariants(session) == []


def test_through_the_door_it_is_counted_first_and_opened_by_the_maker_alone(door: Door) -> None:
    reply, _ = door.answered(failed)
    with db.scoped_session(SYSTEM) as session:
        (payout,) = session.execute(
            select(Payout).where(
                col(Payout.run_id) == UUID(reply["run"]["id"]), col(Payout.state) == "failed"
            )
        ).scalars()
        confirm_anew(session, payout, after=SECOND)
    path = "/worklist/reissue-ready"
    assert door.post("finance_checker", path, {"dry_run": True}).status_code == 403
    wrong = door.post("finance_maker", path, {"dry_run": True, "bank_format": "none"})
    assert wrong.status_code == 404
    counted = door.post("finance_maker", path, {"dry_run": True})
    assert (counted.status_code, counted.json()["amount"], counted.json()["runs"]) == (
        200, "250.00", [],
    )  # fmt: skip
    opened = door.post("finance_maker", path, {"dry_run": False})
    assert opened.status_code == 201, opened.text
    assert opened.json()["ready"] == [{"programme": BOARDERS, "count": 1, "amount": "250.00"}]
    (run,) = opened.json()["runs"]
    assert run["by_state"] == [{"state": "ready", "count": 1, "amount": "250.00"}]
    assert door.post("finance_maker", path, {"dry_run": False}).status_code == 200
