"""Every format goes round: payouts, their file, the bank's reply to it, what became of each."""

import pytest
from sqlmodel import Session

from app.bank.catalogue import find_format, formats
from app.bank.errors import ReturnFileBroken, TotalsDiffer
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
from tests.reconciliation.bank import lines_in, outcomes, states, take_in
from tests.reconciliation.conftest import Send

FAILURES = "generic-failures"


def words(code: str) -> dict[str, tuple[str, str]]:
    """One word of the bank's for each outcome."""
    returned = find_format(code).returned
    reason = next((each.texts[0] for each in returned.reason if each.settles), "")
    return {
        result.outcome: (result.texts[0], reason if result.reason == "listed" else "")
        for result in reversed(returned.result)
    }


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


def test_a_list_that_speaks_of_another_number_or_sum_is_refused_with_both(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(3, FAILURES)
    other = ControlTotals(4, 1000_00, file.accounts_sha256)
    with pytest.raises(TotalsDiffer) as refused:
        take_in(session, file, reply(session, file, (0, "failed"), sent=other), maker)
    assert refused.value.facts["sent"] == {"count": 3, "amount": "750.00"}
    assert refused.value.facts["received"] == {"count": 4, "amount": "1000.00"}
    assert set(states(session, file)) == {S.SENT}


@pytest.mark.parametrize(
    "changes", [{"seq": 99}, {"account": "6217999999999999"}], ids=["number", "account"]
)
def test_a_failure_that_is_nobodys_hides_which_one_failed_and_is_refused(
    session: Session, sent: Send, maker: Actor, changes: dict[str, object]
) -> None:
    file = sent(3, FAILURES)
    odd = lines_in(session, file)[0]._replace(**changes)
    whole = ControlTotals(file.line_count, file.amount_fen, file.accounts_sha256)
    data = write_return_file(
        find_format(FAILURES), [BankAnswer(odd, "失败", "户名不符")], sent=whole
    )
    with pytest.raises(TotalsDiffer) as refused:
        take_in(session, file, data, maker)
    assert [fault.code for fault in refused.value.faults] == ["line_not_sent"]
    assert set(states(session, file)) == {S.SENT}


def test_a_reply_that_names_another_file_is_refused(
    session: Session, sent: Send, maker: Actor
) -> None:
    file = sent(5, "generic-fixed")
    data = reply(session, file, *((at, "paid") for at in range(5)), number="F-2008-0777")
    with pytest.raises(TotalsDiffer, match="F-2008-0777"):
        take_in(session, file, data, maker)
    with pytest.raises(ReturnFileBroken):
        take_in(session, file, data[:-40], maker)
    assert set(states(session, file)) == {S.SENT}
