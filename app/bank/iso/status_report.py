"""pain.002.001.10, the bank's report on the credit transfers it was sent."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from lxml.etree import _Element as Element

from app.bank.iso.amounts import read_count, read_yuan
from app.bank.iso.errors import MessageTotalsDiffer
from app.bank.iso.streaming import broken, drop, finder, walk
from app.core.errors import Fault
from app.core.money import show_yuan

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"

_text_at = finder(NAMESPACE)


class PaymentStatus(NamedTuple):
    """What the bank says of one payment: its own status and reason code, and its words."""

    line_no: int
    end_to_end_id: str
    group_id: str
    status: str
    reason: str
    text: str
    amount_fen: int | None


@dataclass(frozen=True)
class StatusReport:
    """A report on one message; `status` is the bank's word on the whole where it gives one.

    `count` and `sum_fen` are the original message's as the bank has them.
    """

    id: str
    original_id: str
    status: str
    reason: str
    count: int | None
    sum_fen: int | None
    lines: tuple[PaymentStatus, ...]
    sha256: bytes


@dataclass
class _Found:
    header: Element | None = None
    report_id: str = ""
    group_id: str = ""
    lines: list[PaymentStatus] = field(default_factory=list)
    original: dict[str, str] = field(default_factory=dict)


def read_status_report(data: bytes) -> StatusReport:
    """The report, read whole or refused whole.

    Raises MessageTooLarge, MessageForbidden, MessageBroken, or MessageTotalsDiffer where the lines
    listed are more, or more money, than the original message has.
    """
    found = _Found()
    for event, name, element in walk(data, namespace=NAMESPACE):
        if event == "end":
            _take(found, name, element)
    if not found.original.get("OrgnlMsgId"):
        raise broken(None, "缺少原报文编号 OrgnlMsgId", "it names no original message (OrgnlMsgId)")
    count, total = found.original["OrgnlNbOfTxs"], found.original["OrgnlCtrlSum"]
    report = StatusReport(
        id=found.report_id,
        original_id=found.original["OrgnlMsgId"],
        status=found.original["GrpSts"],
        reason=found.original["reason"],
        count=read_count(count, None) if count else None,
        sum_fen=read_yuan(total, None) if total else None,
        lines=tuple(found.lines),
        sha256=sha256(data).digest(),
    )
    _check_within(report)
    return report


def _take(found: _Found, name: str, element: Element) -> None:
    if name == "GrpHdr":
        found.report_id = _text_at(element, "MsgId")
    elif name == "OrgnlGrpInfAndSts":
        for part in ("OrgnlMsgId", "OrgnlNbOfTxs", "OrgnlCtrlSum", "GrpSts"):
            found.original[part] = _text_at(element, part)
        found.original["reason"] = _reason(element)
    elif name == "OrgnlPmtInfId":
        found.group_id = (element.text or "").strip()
    elif name == "TxInfAndSts":
        found.lines.append(_line(element, found))
        drop(element)


def _line(element: Element, found: _Found) -> PaymentStatus:
    end_to_end_id, status = _text_at(element, "OrgnlEndToEndId"), _text_at(element, "TxSts")
    if not end_to_end_id:
        raise broken(element.sourceline, "缺少 OrgnlEndToEndId", "OrgnlEndToEndId is missing")
    if not status:
        raise broken(element.sourceline, "缺少 TxSts", "TxSts is missing")
    amount = _text_at(element, "OrgnlTxRef/Amt/InstdAmt")
    return PaymentStatus(
        line_no=len(found.lines) + 1,
        end_to_end_id=end_to_end_id,
        group_id=found.group_id,
        status=status,
        reason=_reason(element),
        text=_text_at(element, "StsRsnInf/AddtlInf"),
        amount_fen=read_yuan(amount, element.sourceline) if amount else None,
    )


def _reason(element: Element) -> str:
    return _text_at(element, "StsRsnInf/Rsn/Cd") or _text_at(element, "StsRsnInf/Rsn/Prtry")


def _check_within(report: StatusReport) -> None:
    listed = sum(line.amount_fen or 0 for line in report.lines)
    faults = []
    if report.count is not None and len(report.lines) > report.count:
        faults.append(
            Fault(
                "count_differs",
                f"笔数不符：报文称原有 {report.count} 笔，列出 {len(report.lines)} 笔",
                f"The report says {report.count} payments were sent and lists {len(report.lines)}",
                "OrgnlNbOfTxs",
            )
        )
    if report.sum_fen is not None and listed > report.sum_fen:
        whole, lines = show_yuan(report.sum_fen), show_yuan(listed)
        faults.append(
            Fault(
                "sum_differs",
                f"金额不符：报文称原有 {whole} 元，列出 {lines} 元",
                f"The report says {whole} yuan were sent and lists {lines}",
                "OrgnlCtrlSum",
            )
        )
    if faults:
        raise MessageTotalsDiffer(
            "回执的合计与其明细不符，整份未接收。请银行重发。",
            "The report's totals are not those of its lines, so nothing of it was taken. "
            "Ask the bank to send it again.",
            faults=faults,
        )
