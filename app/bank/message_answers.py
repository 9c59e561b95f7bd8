"""What a bank answers in messages: status reports of a payment file, notices of money sent back."""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

from app.bank.errors import BankRefusedFile, ReturnFileBroken, ReturnFileEmpty, ReturnFileTooLarge
from app.bank.iso.account_report import AccountReport, read_notices
from app.bank.iso.status_report import PaymentStatus, StatusReport, read_status_report
from app.bank.layout import MessageFormat
from app.bank.records import Figures, RecordField
from app.bank.return_file import ReturnFile
from app.bank.return_lines import REASON_CHARS_MAX, Rest, ReturnLine, table_of
from app.bank.totals import ControlTotals, control_totals
from app.bank.vocabulary import Reason
from app.core.errors import Fault

SENT_BACK = "退汇 / sent back"


def read_status_answer(fmt: MessageFormat, data: bytes) -> ReturnFile:
    """A pain.002 as the answer to a payment file.

    A word on the whole message holds for every payment that is not listed, and only where the
    report repeats count and sum of what was sent. Raises what `read_status_report` raises,
    BankRefusedFile, ReturnFileEmpty where the bank has decided nothing yet, ReturnFileTooLarge, or
    ReturnFileBroken with every payment named twice.
    """
    report = read_status_report(data)
    lines = [_line(fmt, each) for each in report.lines]
    if len(lines) > fmt.returned.rows_max:
        raise ReturnFileTooLarge(
            f"回执有 {len(lines)} 笔，最多 {fmt.returned.rows_max} 笔。请银行分份重发。",
            f"The report has {len(lines)} payments and may have {fmt.returned.rows_max}. Ask the "
            "bank to send it in parts.",
        )
    _refuse_twice(lines)
    rest = _rest(fmt, report, lines)
    if not lines and rest is None:
        raise ReturnFileEmpty(
            f"银行只答复了受理状态（{report.status or '无'}），尚未说明任何一笔是否入账；"
            "请待银行的处理结果。",
            f"The bank has only said where the file stands ({report.status or 'nothing'}) and not "
            "what became of any payment; wait for its result.",
        )
    said: dict[RecordField, int | str] = {"file_number": report.original_id}
    if report.count is not None:
        said["count"] = report.count
    if report.sum_fen is not None:
        said["sum"] = report.sum_fen
    return ReturnFile(table_of(lines), control_totals(lines), sha256(data).digest(), said, rest)


def read_return_notice(
    data: bytes, reasons: Mapping[str, Reason]
) -> tuple[list[AccountReport], ReturnFile]:
    """A camt.054 as payments sent back: its credits that return a payment of ours.

    `reasons` tells what the codes mean of why they came back; one that is not among them stays as
    the bank gives it.
    What else was booked comes again in the statement. Raises what `read_notices` raises,
    ReturnFileEmpty where nothing was sent back, ReturnFileBroken for a payment named twice.
    """
    reports = read_notices(data)
    lines = [
        ReturnLine(
            place,
            0,
            booking.counter_name,
            booking.counter_account,
            booking.amount_fen,
            "",
            "returned",
            reasons[booking.return_code].code if booking.return_code in reasons else None,
            (f"{booking.return_code} {booking.text}".strip() or SENT_BACK)[:REASON_CHARS_MAX],
            booking.reference or booking.bank_reference,
        )
        for place, booking in enumerate(
            (
                each
                for report in reports
                for each in report.bookings
                if each.is_return and each.direction == "credit"
            ),
            start=1,
        )
    ]
    if not lines:
        raise ReturnFileEmpty(
            "通知中没有退回的款项，无需登记；其他收付见对账单。",
            "The notice holds no payment that was sent back, so there is nothing to record; what "
            "else was booked comes with the statement.",
        )
    _refuse_twice(lines)
    said: Figures = {}
    return reports, ReturnFile(table_of(lines), control_totals(lines), sha256(data).digest(), said)


def whole_of(read: ReturnFile, sent: ControlTotals) -> ControlTotals:
    """What the report says of the whole; what it does not say is taken to be what was sent."""
    count, total = read.said.get("count", sent.count), read.said.get("sum", sent.sum_fen)
    return ControlTotals(int(count), int(total), sent.accounts_sha256)


def _line(fmt: MessageFormat, each: PaymentStatus) -> ReturnLine:
    outcome, code = fmt.returned.meaning(each.status, each.reason)
    words = " ".join(part for part in (each.status, each.reason) if part)
    said = words if outcome == "unknown" else f"{words} {each.text}".strip()
    return ReturnLine(
        each.line_no, 0, "", "", each.amount_fen or 0, "", outcome, code,
        said[:REASON_CHARS_MAX], each.end_to_end_id,
    )  # fmt: skip


def _rest(fmt: MessageFormat, report: StatusReport, lines: list[ReturnLine]) -> Rest | None:
    words = " ".join(part for part in (report.status, report.reason) if part)
    outcome, code = fmt.returned.meaning(report.status, report.reason)
    if outcome == "unknown":
        result = fmt.returned.results_by_text.get(report.status)
        # Refused for a reason that leaves open whether an earlier copy of it was paid.
        if result is not None and result.outcome == "failed":
            raise BankRefusedFile(words, "整份被拒", "rejected as a whole")
        return None
    faults = [
        _fault(
            "status_differs", f"整份为 {words}，但本笔不同", f"is not {words} as the whole", line
        )
        for line in lines
        if line.outcome != outcome
    ]
    if report.count is None or report.sum_fen is None:
        zh, en = (
            "未重复原报文的笔数与金额",
            "count and sum of the original message are not repeated",
        )
        faults.append(Fault("not_closing", zh, en, "OrgnlGrpInfAndSts"))
    _refuse(faults)
    return Rest(outcome, code, f"整份：{words} / the whole: {words}"[:REASON_CHARS_MAX])


def _refuse_twice(lines: list[ReturnLine]) -> None:
    times = Counter(line.number for line in lines)
    _refuse(
        [
            _fault("seq_twice", f"{line.number} 出现多次", f"{line.number} is named twice", line)
            for line in lines
            if times[line.number] > 1
        ]
    )


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise ReturnFileBroken(
            f"回执有 {len(faults)} 处错误，整份未接收。请银行更正后重发。",
            f"The report has {len(faults)} faults, so nothing of it was taken. Ask the bank for a "
            "corrected one.",
            faults=faults,
        )


def _fault(code: str, zh: str, en: str, line: ReturnLine) -> Fault:
    place = line.line_no
    return Fault(code, f"第 {place} 笔：{zh}", f"Payment {place}: {en}", f"payment {place}")
