"""The bank's side: answers to a payment file as it left."""

from collections.abc import Callable, Sequence
from random import Random

from sqlalchemy import select
from sqlmodel import Session, col

from app.bank.catalogue import find_format
from app.bank.payment_file import PaymentLine, read_payment_file
from app.bank.return_file import BankAnswer, write_return_file
from app.core.actor import Actor
from app.disbursement.models import PaymentFile, Payout, PayoutState
from app.documents import service as documents
from app.reconciliation.models import LineOutcome, ReturnKind, ReturnLine
from app.reconciliation.service import Received, receive

FORMAT = "generic-pipe"  # read when it is used: a harness that forks imports this module
Say = Callable[[PaymentLine], BankAnswer]


def paid(line: PaymentLine) -> BankAnswer:
    return BankAnswer(line, "成功")


def failed(line: PaymentLine) -> BankAnswer:
    return BankAnswer(line, "失败", "户名不符")


def timed_out(line: PaymentLine) -> BankAnswer:
    return BankAnswer(line, "超时")


def sent_back(line: PaymentLine) -> BankAnswer:
    return BankAnswer(line, "退汇", "账户冻结")


def lines_of(content: bytes) -> list[PaymentLine]:
    return read_payment_file(find_format(FORMAT), content)


def lines_in(session: Session, file: PaymentFile) -> list[PaymentLine]:
    data = documents.read(session, file.document_id)
    return read_payment_file(find_format(file.bank_format), data)


def words(code: str) -> dict[str, tuple[str, str]]:
    """One word of the bank's for each outcome of a format's."""
    returned = find_format(code).returned
    reason = next((each.texts[0] for each in returned.reason if each.settles), "")
    return {
        result.outcome: (result.texts[0], reason if result.reason == "listed" else "")
        for result in reversed(returned.result)
    }


def answer(
    lines: Sequence[PaymentLine], *says: Say, otherwise: Say = paid, shuffle: int | None = None
) -> bytes:
    """The bank says `says` of the first lines and `otherwise` of the rest."""
    told = [
        (says[place] if place < len(says) else otherwise)(line) for place, line in enumerate(lines)
    ]
    if shuffle is not None:
        Random(shuffle).shuffle(told)
    return write_return_file(find_format(FORMAT), told)


def take_in(
    session: Session,
    file: PaymentFile,
    data: bytes,
    by: Actor,
    kind: ReturnKind = ReturnKind.REPLY,
) -> Received:
    return receive(session, payment_file=file.number, kind=kind, data=data, by=by)


def outcomes(session: Session, taken: Received) -> list[LineOutcome]:
    """What each line came to, in the file's order."""
    chosen = select(col(ReturnLine.outcome)).where(col(ReturnLine.return_file_id) == taken.file.id)
    return list(session.execute(chosen.order_by(col(ReturnLine.line_no))).scalars())


def payouts_of(session: Session, file: PaymentFile) -> list[Payout]:
    """The payouts of a file as they stand, in the order of its lines."""
    chosen = select(Payout).where(col(Payout.file_id) == file.id).order_by(col(Payout.file_line))
    return list(session.execute(chosen.execution_options(populate_existing=True)).scalars())


def states(session: Session, file: PaymentFile) -> list[PayoutState]:
    """Where the payouts of a file stand, in the order of its lines."""
    chosen = select(col(Payout.state)).where(col(Payout.file_id) == file.id)
    return list(session.execute(chosen.order_by(col(Payout.file_line))).scalars())
