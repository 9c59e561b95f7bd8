"""The bank's files: every line one outcome, the books move once, repeats change nothing."""

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from app.awards.models import Instalment, InstalmentState
from app.core import db
from app.core.actor import Actor
from app.disbursement.errors import FileNotFound
from app.disbursement.models import PayoutPart
from app.disbursement.models import PayoutState as S
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.ledger.models import LedgerTransfer, TransferKind
from app.reconciliation.errors import WorkMoved
from app.reconciliation.models import LineOutcome as L
from app.reconciliation.models import ReturnKind, WorkItem, WorkState
from app.reconciliation.queries import invariants
from app.reconciliation.queries import outcomes as tallies
from app.reconciliation.service import receive, resolve
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import (
    answer,
    failed,
    lines_in,
    outcomes,
    paid,
    sent_back,
    states,
    take_in,
    timed_out,
)
from tests.reconciliation.conftest import DAY, RURAL, Send

REVERSAL = ReturnKind.REVERSAL


def work(session: Session) -> list[tuple[L, WorkState]]:
    rows = session.execute(
        select(col(WorkItem.kind), col(WorkItem.state)).order_by(col(WorkItem.return_line_id))
    )
    return [(kind, state) for kind, state in rows]


def test_each_line_moves_its_payout_and_its_money(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    data = answer(lines_in(session, file), paid, failed, timed_out)
    taken = take_in(session, file, data, maker)
    assert not taken.repeated
    assert outcomes(session, taken) == [L.PAID, L.FAILED, L.UNKNOWN, L.PAID, L.PAID]
    assert states(session, file) == [S.PAID, S.FAILED, S.UNKNOWN, S.PAID, S.PAID]
    held = balances(session, line_code())
    assert (held["paid"], held["in_transit"], held["committed"]) == (750_00, 250_00, 250_00)
    assert work(session) == [(L.FAILED, WorkState.OPEN), (L.UNKNOWN, WorkState.OPEN)]
    assert invariants(session) == []


def test_the_counts_of_the_outcomes_add_up_to_the_file(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(7)
    taken = take_in(session, file, answer(lines_in(session, file), failed, timed_out), maker)
    found = tallies(session, taken.file.id)
    assert sum(one.lines for one in found) == taken.file.line_count == 7
    assert sum(one.amount_fen for one in found) == taken.file.amount_fen == 7 * 250_00


def test_unknown_keeps_its_parts_live_and_failed_frees_them(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(2)
    take_in(session, file, answer(lines_in(session, file), failed, timed_out), maker)
    live = select(func.count()).select_from(PayoutPart).where(col(PayoutPart.live))
    assert session.execute(live).scalar_one() == 1
    standing = set(session.execute(select(col(Instalment.state))).scalars())
    assert standing == {InstalmentState.COMMITTED, InstalmentState.IN_RUN}


def test_what_was_unknown_is_paid_when_the_bank_says_so(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines, timed_out), maker)
    taken = take_in(session, file, answer(lines), maker)
    assert outcomes(session, taken) == [L.PAID] + [L.DUPLICATE] * 4
    assert states(session, file) == [S.PAID] * 5
    assert work(session) == [(L.UNKNOWN, WorkState.DONE)]
    assert balances(session, line_code())["paid"] == 5 * 250_00
    assert invariants(session) == []


def test_paid_money_that_comes_back_is_committed_again(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines), maker)
    back = answer(lines[1:2], otherwise=sent_back)
    taken = take_in(session, file, back, maker, REVERSAL)
    assert outcomes(session, taken) == [L.RETURNED]
    assert states(session, file)[1] is S.RETURNED
    held = balances(session, line_code())
    assert (held["paid"], held["committed"]) == (4 * 250_00, 250_00)
    assert invariants(session) == []


def test_money_that_comes_back_before_its_reply_is_paid_then_returned(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines[:1], otherwise=sent_back), maker, REVERSAL)
    kinds = session.execute(
        select(col(LedgerTransfer.kind)).order_by(col(LedgerTransfer.id).desc()).limit(2)
    )
    assert [kind.value for kind in kinds.scalars()] == ["return", "pay"]
    late = take_in(session, file, answer(lines), maker)
    assert outcomes(session, late) == [L.DUPLICATE] + [L.PAID] * 4
    assert invariants(session) == []


def test_a_contradiction_leaves_the_books_and_makes_work(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines, failed), maker)
    before = balances(session, line_code())
    taken = take_in(session, file, answer(lines, paid, failed), maker)
    assert outcomes(session, taken) == [L.CONTRADICTS, L.CONTRADICTS] + [L.DUPLICATE] * 3
    assert states(session, file) == [S.FAILED] + [S.PAID] * 4
    assert balances(session, line_code()) == before
    assert work(session)[1:] == [(L.CONTRADICTS, WorkState.OPEN)] * 2


def test_a_reversal_of_another_amount_or_account_moves_nothing(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines), maker)
    odd = [
        lines[0]._replace(amount_fen=249_99),
        lines[1]._replace(account="6217999999999999"),
        lines[2]._replace(seq=99),
    ]
    taken = take_in(session, file, answer(odd, otherwise=sent_back), maker, REVERSAL)
    assert outcomes(session, taken) == [L.AMOUNT_DIFFERS, L.UNMATCHED, L.UNMATCHED]
    assert set(states(session, file)) == {S.PAID}
    assert {kind for kind, _ in work(session)} == {L.AMOUNT_DIFFERS, L.UNMATCHED}
    assert invariants(session) == []


def test_an_unmatched_line_is_shown_to_no_school(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    odd = [lines_in(session, file)[0]._replace(seq=99)]
    take_in(session, file, answer(odd, otherwise=sent_back), maker, REVERSAL)
    item = session.execute(select(WorkItem)).scalar_one()
    assert (item.payout_id, item.school_id) == (None, None)


def test_a_county_hands_in_a_line_of_nobodys(session: Session, city: City) -> None:
    appropriate(session, 250_00)
    make_payees(session, city.schools[RURAL], 1)
    makes, checks = (city.actor(f"finance_{role}@370811") for role in ("maker", "checker"))
    db.enter(session, makes)
    asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
    run = open_run(session, asked, by=makes)
    file = release(session, run.id, by=checks).files[0]
    odd = [lines_in(session, file)[0]._replace(seq=99)]
    taken = take_in(session, file, answer(odd, otherwise=sent_back), makes, REVERSAL)
    assert outcomes(session, taken) == [L.UNMATCHED]


def test_an_answer_to_no_file_of_ours_is_not_found(session: Session, maker: Actor) -> None:
    with pytest.raises(FileNotFound):
        receive(session, payment_file="F-2008-9999", kind=ReturnKind.REPLY, data=b"x", by=maker)


def test_an_item_is_resolved_once_and_the_books_stay(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5)
    take_in(session, file, answer(lines_in(session, file), timed_out), maker)
    item = session.execute(select(col(WorkItem.id))).scalar_one()
    assert resolve(session, [item], because="银行电话确认处理中", by=maker) == 1
    assert states(session, file)[0] is S.UNKNOWN
    with pytest.raises(WorkMoved) as refused:
        resolve(session, [item], because="再次", by=maker)
    assert [fault.where for fault in refused.value.faults] == [str(item)]


def test_what_comes_back_points_at_the_payment_it_undoes(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(2)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines), maker)
    take_in(session, file, answer(lines[:1], otherwise=sent_back), maker, REVERSAL)
    moved = session.execute(select(LedgerTransfer)).scalars().all()
    [back] = [each for each in moved if each.kind is TransferKind.RETURN]
    [undone] = [each for each in moved if each.id == back.corrects]
    assert (undone.kind, undone.refers_to) == (TransferKind.PAY, back.refers_to)
    assert [each.corrects for each in moved if each.kind is not TransferKind.RETURN] == [None] * (
        len(moved) - 1
    )
