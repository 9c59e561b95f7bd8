"""What failed or came back is paid again, once, to an account a second person has confirmed."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlmodel import Session, col

from app.core.actor import Actor
from app.disbursement.errors import NothingDue, PayoutsNotReissuable, ReissueMixed
from app.disbursement.models import PaymentFile, Payout, PayoutRun, RunKind
from app.disbursement.models import PayoutState as S
from app.disbursement.release import release
from app.disbursement.service import RunAsked, cancel_run, open_run
from app.reconciliation.models import ReturnKind, WorkItem, WorkState
from app.reconciliation.queries import invariants
from app.reconciliation.service import reissue
from app.registry.models import AccountState, BankAccount
from tests.factories.cases import BOARDERS
from tests.factories.money import balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_accounts
from tests.reconciliation.bank import answer, failed, lines_in, sent_back, states, take_in
from tests.reconciliation.conftest import DAY, RURAL, Send

FORMAT = "generic-pipe"


@pytest.fixture
def file(session: Session, sent: Send, maker: Actor) -> PaymentFile:
    """Five payouts, the first refused by the bank, the others paid."""
    made = sent(5)
    take_in(session, made, answer(lines_in(session, made), failed), maker)
    return made


def payout(session: Session, file: PaymentFile, line: int) -> Payout:
    return session.execute(
        select(Payout)
        .where(col(Payout.file_id) == file.id, col(Payout.file_line) == line)
        .execution_options(populate_existing=True)
    ).scalar_one()


def correct_account(session: Session, city: City, student_id: UUID, **changes: object) -> None:
    session.execute(
        update(BankAccount)
        .where(col(BankAccount.student_id) == student_id)
        .values(state=AccountState.REPLACED)
    )
    make_accounts(session, city.schools[RURAL], [student_id], **changes)


def send_again(session: Session, city: City, run: PayoutRun) -> PaymentFile:
    return release(session, run.id, by=city.actor("finance_checker")).files[0]


def test_a_failed_payout_is_corrected_reissued_and_paid(
    session: Session, city: City, file: PaymentFile, maker: Actor
) -> None:
    old = payout(session, file, 1)
    correct_account(session, city, old.student_id)
    run = reissue(session, [old.id], bank_format=FORMAT, by=maker)
    assert run.kind is RunKind.REISSUE
    again = send_again(session, city, run)
    take_in(session, again, answer(lines_in(session, again)), maker)
    new = payout(session, again, 1)
    assert (new.reissue_of, new.state, new.amount_fen) == (old.id, S.PAID, 250_00)
    assert payout(session, file, 1).state is S.FAILED
    assert session.execute(select(col(WorkItem.state))).scalars().all() == [WorkState.DONE]
    assert balances(session, line_code())["paid"] == 5 * 250_00
    assert invariants(session) == []


def test_a_returned_payout_is_reissued_and_paid(
    session: Session, city: City, file: PaymentFile, maker: Actor
) -> None:
    back = answer(lines_in(session, file)[1:2], otherwise=sent_back)
    take_in(session, file, back, maker, ReturnKind.REVERSAL)
    old = payout(session, file, 2)
    assert old.state is S.RETURNED
    correct_account(session, city, old.student_id)
    again = send_again(session, city, reissue(session, [old.id], bank_format=FORMAT, by=maker))
    take_in(session, again, answer(lines_in(session, again)), maker)
    assert states(session, again) == [S.PAID]
    assert balances(session, line_code())["paid"] == 4 * 250_00
    assert invariants(session) == []


def test_a_reissue_that_fails_too_is_reissued_in_its_turn(
    session: Session, city: City, file: PaymentFile, maker: Actor
) -> None:
    old = payout(session, file, 1)
    again = send_again(session, city, reissue(session, [old.id], bank_format=FORMAT, by=maker))
    take_in(session, again, answer(lines_in(session, again), failed), maker)
    second = payout(session, again, 1)
    third = send_again(session, city, reissue(session, [second.id], bank_format=FORMAT, by=maker))
    assert payout(session, third, 1).reissue_of == second.id
    assert invariants(session) == []


def test_a_payout_is_reissued_once(session: Session, file: PaymentFile, maker: Actor) -> None:
    old = payout(session, file, 1)
    reissue(session, [old.id], bank_format=FORMAT, by=maker)
    with pytest.raises(PayoutsNotReissuable) as refused:
        reissue(session, [old.id], bank_format=FORMAT, by=maker)
    assert [fault.code for fault in refused.value.faults] == ["reissued_before"]


def test_every_payout_that_cannot_be_reissued_is_listed_and_none_is(
    session: Session, file: PaymentFile, maker: Actor
) -> None:
    refused_by_bank, paid = payout(session, file, 1), payout(session, file, 2)
    session.execute(
        update(BankAccount)
        .where(col(BankAccount.id) == refused_by_bank.account_id)
        .values(state=AccountState.REFUSED)
    )
    asked = [refused_by_bank.id, paid.id, file.id]
    with pytest.raises(PayoutsNotReissuable) as refused:
        reissue(session, asked, bank_format=FORMAT, by=maker)
    found = {(fault.where, fault.code) for fault in refused.value.faults}
    assert found == {
        (refused_by_bank.number, "no_confirmed_account"),
        (paid.number, "payout_state"),
        (str(file.id), "payout_unknown"),
    }


def test_what_the_checks_find_holds_the_reissue(
    session: Session, city: City, file: PaymentFile, maker: Actor
) -> None:
    old = payout(session, file, 1)
    correct_account(session, city, old.student_id, holder_name="别的人")
    run = reissue(session, [old.id], bank_format=FORMAT, by=maker)
    made = session.execute(select(Payout).where(col(Payout.run_id) == run.id)).scalar_one()
    assert made.state is S.HELD


def test_an_ordinary_run_leaves_what_waits_for_its_reissue(
    session: Session, file: PaymentFile, maker: Actor
) -> None:
    assert payout(session, file, 1).state is S.FAILED
    with pytest.raises(NothingDue):
        open_run(session, RunAsked(programme=BOARDERS, due_to=DAY, bank_format=FORMAT), by=maker)


def test_a_cancelled_reissue_is_taken_up_by_the_next_run_or_reissued_again(
    session: Session, file: PaymentFile, maker: Actor
) -> None:
    old = payout(session, file, 1)
    run = reissue(session, [old.id], bank_format=FORMAT, by=maker)
    cancel_run(session, run.id, by=maker, because="账户仍有误")
    again = reissue(session, [old.id], bank_format=FORMAT, by=maker)
    cancel_run(session, again.id, by=maker, because="账户仍有误")
    asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format=FORMAT)
    ordinary = open_run(session, asked, by=maker)
    assert ordinary.kind is RunKind.DUE
    with pytest.raises(PayoutsNotReissuable) as refused:
        reissue(session, [old.id], bank_format=FORMAT, by=maker)
    assert [fault.code for fault in refused.value.faults] == ["nothing_to_pay"]
    assert invariants(session) == []


def test_payouts_of_two_programmes_are_not_reissued_in_one_run(
    session: Session, sent: Send, file: PaymentFile, maker: Actor
) -> None:
    other = sent(5)
    take_in(session, other, answer(lines_in(session, other), failed), maker)
    session.execute(
        text("UPDATE payout_run SET programme = 'vocational-grant' WHERE id = :id"),
        {"id": other.run_id},
    )
    both = [payout(session, one, 1).id for one in (file, other)]
    with pytest.raises(ReissueMixed, match="boarding-subsidy, vocational-grant"):
        reissue(session, both, bank_format=FORMAT, by=maker)


def test_the_run_of_a_reissue_is_due_on_the_office_day(
    session: Session, file: PaymentFile, maker: Actor
) -> None:
    run = reissue(session, [payout(session, file, 1).id], bank_format=FORMAT, by=maker)
    assert run.due_to == date(2008, 6, 2)
