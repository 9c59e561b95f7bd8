"""A camt.053 as the statement of one account, like any other bank's."""

from app.bank.errors import StatementBroken
from app.bank.iso.account_report import AccountReport, Booking, read_statements
from app.bank.statements import Statement, StatementLine
from app.core.errors import Fault

FORMAT = "iso20022-camt-053"
"""The code under which a camt.053.001.08 is handed in; its shape is the standard's, not data."""


def read_camt_statement(data: bytes) -> Statement:
    """The one statement of a camt.053. Raises what `read_statements` raises, StatementBroken.

    Each booking has a number of the statement's own (`7/12`), for the bank's reference is an
    entry's, and one entry may hold many bookings.
    """
    report, *more = read_statements(data)
    if more:
        raise _broken(
            "statements_many",
            f"报文含 {len(more) + 1} 份对账单，一次只能上传一份",
            f"the message has {len(more) + 1} statements; hand in one at a time",
        )
    days = [booking.booked_on for booking in report.bookings]
    opened_on = report.from_on or min(days, default=None)
    closed_on = report.to_on or max(days, default=None)
    if report.sequence is None or opened_on is None or closed_on is None:
        raise _broken(
            "head_incomplete",
            "缺少对账单序号 ElctrncSeqNb 或起止日期 FrToDt",
            "its number (ElctrncSeqNb) or its days (FrToDt) are missing",
        )
    if report.opening_fen is None or report.closing_fen is None:
        raise _broken("balances", "缺少期初或期末余额", "a balance is missing")
    return Statement(
        account=report.account,
        number=report.sequence,
        opened_on=opened_on,
        closed_on=closed_on,
        opening_fen=report.opening_fen,
        closing_fen=report.closing_fen,
        lines=tuple(_line(report, booking) for booking in report.bookings),
    )


def _line(report: AccountReport, booking: Booking) -> StatementLine:
    return StatementLine(
        line_no=booking.line_no,
        booked_on=booking.booked_on,
        sequence=f"{report.sequence}/{booking.line_no}",
        reference=booking.reference or None,
        counter_account=booking.counter_account or None,
        counter_name=booking.counter_name or None,
        amount_fen=booking.amount_fen,
        direction=booking.direction,
        is_return=booking.is_return,
        text=booking.text,
    )


def _broken(code: str, zh: str, en: str) -> StatementBroken:
    return StatementBroken(
        f"对账单有误：{zh}；整份未接收。请银行重发。",
        f"The statement is wrong: {en}; nothing of it was taken. Ask the bank to send it again.",
        faults=[Fault(code, zh, en, "statement")],
    )
