"""Payment files that are messages: the same lines, totals and checks, in pain.001.001.09."""

from hashlib import sha256

from app.bank.iso.credit_transfer import Message, write_credit_transfer
from app.bank.layout import MessageFormat
from app.bank.line_faults import LinesOfFile
from app.bank.payment_file import PaymentFile, refuse_unfit
from app.bank.totals import control_totals


def write_payment_message(fmt: MessageFormat, message: Message, lines: LinesOfFile) -> PaymentFile:
    """The message's bytes, with the totals of the lines it was made from, in their order.

    Raises LinesUnfit with every fault before anything is written.
    """
    refuse_unfit(fmt, lines)
    content = b"".join(write_credit_transfer(message))
    return PaymentFile(content, sha256(content).digest(), control_totals(lines))
