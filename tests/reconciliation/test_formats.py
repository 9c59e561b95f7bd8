"""Every format goes round: payouts, their file, the bank's reply to it, what became of each."""

import pytest
from sqlmodel import Session

from app.bank.catalogue import find_format, formats
from app.bank.return_file import BankAnswer, write_return_file
from app.bank.totals import ControlTotals
from app.core.actor import Actor
from app.disbursement.models import PaymentFile
from app.disbursement.models import PayoutState as S
from app.reconciliation.models import LineOutcome as L
from app.reconciliation.models import ReturnKind
from app.reconciliation.queries import invariants
from app.reconciliation.queries import outcomes as tallies
from tests.factories.money import balances, line_code
from tests.reconciliation.bank import lines_in, outcomes, states, take_in, words
from tests.reconciliation.conftest import Send

FAILURES = "generic-failures"


def reply(session: Session, file: PaymentFile, *said: tuple[int, str], **more: object) -> bytes:
    """The bank says an outcome of each line by its place in the file."""
    lines, means = lines_in(session, file), words(file.bank_format)
    answers = [BankAnswer(lines[place], *means[outcome]) for place, outcome in said]
    sent = ControlTotals(file.line_count, file.amount_fen, file.accounts_sha256)
    told = {"number": file.number, "sent": sent, **more}
    return write_return_file(find_format(file.bank_format), answers, **told)


@pytest.mark.parametrize(
    "code", [code for code, fmt in formats().items() if fmt.returned.replies == "all"]
)
def test_payouts_their_file_its_reply_and_what_became_of_each(
    session: Session, sent: Send, maker: Actor, code: str
) -> None:
    file = sent(5, code)
    means = words(code)
    said = [each for each in ("paid", "failed", "unknown") if each in means]
    said += ["paid"] * (5 - len(said))
    taken = take_in(session, file, reply(session, file, *enumerate(said)), maker)
    assert outcomes(session, taken) == said
    assert states(session, file) == said
    back = reply(session, file, (0, "returned"))
    take_in(session, file, back, maker, ReturnKind.REVERSAL)
    assert states(session, file)[0] is S.RETURNED
    assert invariants(session) == []


def test_what_a_list_of_failures_leaves_out_was_paid(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5, FAILURES)
    taken = take_in(session, file, reply(session, file, (1, "failed"), (3, "unknown")), maker)
    assert states(session, file) == [S.PAID, S.FAILED, S.PAID, S.UNKNOWN, S.PAID]
    assert outcomes(session, taken) == [L.FAILED, L.UNKNOWN, L.PAID, L.PAID, L.PAID]
    found = tallies(session, taken.file.id)
    assert sum(one.lines for one in found) == taken.file.line_count == 5
    assert sum(one.amount_fen for one in found) == taken.file.amount_fen == 5 * 250_00
    assert balances(session, line_code())["paid"] == 3 * 250_00
    assert invariants(session) == []


def test_a_list_without_a_failure_says_that_all_were_paid(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(3, FAILURES)
    take_in(session, file, reply(session, file), maker)
    assert set(states(session, file)) == {S.PAID}
