"""camt.053.001.08, statements of an account, and camt.054.001.08, notices of single bookings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from lxml.etree import _Element as Element

from app.bank.iso.amounts import read_day, read_yuan
from app.bank.iso.errors import MessageTotalsDiffer
from app.bank.iso.streaming import broken, drop, finder, walk
from app.core.errors import Fault
from app.core.money import show_yuan

STATEMENT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
NOTICE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
CURRENCY = "CNY"

Direction = Literal["credit", "debit"]
_DIRECTIONS: dict[str, Direction] = {"CRDT": "credit", "DBIT": "debit"}
_REPORTS = {STATEMENT: "Stmt", NOTICE: "Ntfctn"}
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)


class Booking(NamedTuple):
    """One amount on an account; those of one entry share its number and sum to the entry.

    `reference` is our own end-to-end id where the bank carries it, `bank_reference` the bank's.
    `is_return` where the bank sends back a payment of ours or takes a booking back; `return_code`
    is its code for why, where it gives one.
    """

    line_no: int
    entry_no: int
    booked_on: date
    reference: str
    bank_reference: str
    counter_account: str
    counter_name: str
    amount_fen: int
    direction: Direction
    is_return: bool
    return_code: str
    text: str


@dataclass(frozen=True)
class AccountReport:
    """What happened on one account; a notice has no balances. Amounts in fen, debit below zero."""

    id: str
    account: str
    sequence: int | None
    from_on: date | None
    to_on: date | None
    opening_fen: int | None
    closing_fen: int | None
    bookings: tuple[Booking, ...]


@dataclass
class _Found:
    """What has been read of the report that is open, as the bank writes it."""

    entries: int = 0
    bookings: list[Booking] = field(default_factory=list)
    balances: dict[str, int] = field(default_factory=dict)
    account: str = ""


def read_statements(data: bytes) -> list[AccountReport]:
    """The statements of a camt.053, in its order, each with opening + bookings = closing.

    Raises MessageTooLarge, MessageForbidden, MessageBroken, or MessageTotalsDiffer with every
    entry or balance that does not add up.
    """
    return _Reader(STATEMENT).read(data)


def read_notices(data: bytes) -> list[AccountReport]:
    """The notices of a camt.054; raises as `read_statements` does."""
    return _Reader(NOTICE).read(data)


class _Reader:
    def __init__(self, namespace: str) -> None:
        self.namespace, self.report = namespace, _REPORTS[namespace]
        self.text_at = finder(namespace)
        self.faults: list[Fault] = []

    def read(self, data: bytes) -> list[AccountReport]:
        reports: list[AccountReport] = []
        found = _Found()
        for event, name, element in walk(data, namespace=self.namespace):
            if event == "end" and name == self.report:
                reports.append(self._report(element, found))
                drop(element)
                found = _Found()
            elif event == "end":
                self._take(name, element, found)
        if not reports:
            raise broken(None, f"没有 {self.report}", f"it has no {self.report}")
        if self.faults:
            raise MessageTotalsDiffer(
                "报文的合计与其明细不符，整份未接收。请银行重发。",
                "The message's totals are not those of its lines, so nothing of it was taken. "
                "Ask the bank to send it again.",
                faults=self.faults,
            )
        return reports

    def _take(self, name: str, element: Element, found: _Found) -> None:
        if name == "Ntry":
            self._entry(element, found)
            drop(element)
        elif name == "Bal":
            self._balance(element, found)
        elif name == "Acct" and not found.account:
            found.account = self._account(element)

    def _account(self, element: Element) -> str:
        currency = self.text_at(element, "Ccy")
        if currency and currency != CURRENCY:
            raise broken(
                element.sourceline,
                f"账户币种为 {currency}，应为 {CURRENCY}",
                f"the account is in {currency}, not in {CURRENCY}",
            )
        number = self.text_at(element, "Id/Othr/Id") or self.text_at(element, "Id/IBAN")
        if not number:
            raise broken(element.sourceline, "缺少账号", "the account has no number")
        return number

    def _balance(self, element: Element, found: _Found) -> None:
        kind = self.text_at(element, "Tp/CdOrPrtry/Cd")
        if kind in (*_OPENING, *_CLOSING):
            found.balances[kind] = self._signed(element)

    def _signed(self, element: Element) -> int:
        fen, direction = self._amount(element), self._direction(element)
        return fen if direction == "credit" else -fen

    def _amount(self, element: Element) -> int:
        amount = element.find(f"{{{self.namespace}}}Amt")
        if amount is None:
            raise broken(element.sourceline, "缺少金额 Amt", "an amount (Amt) is missing")
        if amount.get("Ccy") != CURRENCY:
            raise broken(
                amount.sourceline,
                f"币种为 {amount.get('Ccy')}，应为 {CURRENCY}",
                f"the currency is {amount.get('Ccy')}, not {CURRENCY}",
            )
        return read_yuan((amount.text or "").strip(), amount.sourceline)

    def _direction(self, element: Element) -> Direction:
        said = self.text_at(element, "CdtDbtInd")
        if said not in _DIRECTIONS:
            raise broken(
                element.sourceline, "借贷标志应为 CRDT 或 DBIT", "CdtDbtInd must be CRDT or DBIT"
            )
        return _DIRECTIONS[said]

    def _entry(self, element: Element, found: _Found) -> None:
        status = self.text_at(element, "Sts/Cd") or self.text_at(element, "Sts/Prtry")
        found.entries += 1
        if status != "BOOK":  # announced, not yet booked: it comes again when it is
            return
        whole, direction = self._amount(element), self._direction(element)
        details = element.findall(f"{{{self.namespace}}}NtryDtls/{{{self.namespace}}}TxDtls") or [
            element
        ]
        parts = []
        for detail in details:
            fen = self._amount(detail) if self._has_amount(detail) else whole
            parts.append(self._booking(element, detail, found, fen, direction))
            found.bookings.append(parts[-1])
        listed = sum(part.amount_fen for part in parts)
        if listed != whole:
            self._differs(f"第 {found.entries} 笔分录", f"Entry {found.entries}", whole, listed)

    def _has_amount(self, detail: Element) -> bool:
        return detail.find(f"{{{self.namespace}}}Amt") is not None

    def _booking(
        self, entry: Element, detail: Element, found: _Found, fen: int, direction: Direction
    ) -> Booking:
        at = self.text_at
        party = "Cdtr" if direction == "debit" else "Dbtr"
        day = at(entry, "BookgDt/Dt") or at(entry, "BookgDt/DtTm")
        reversal = at(entry, "RvslInd") in {"true", "1"}
        returned = detail.find(f"{{{self.namespace}}}RtrInf") is not None
        why = at(detail, "RtrInf/Rsn/Cd") or at(detail, "RtrInf/Rsn/Prtry")
        return Booking(
            line_no=len(found.bookings) + 1,
            entry_no=found.entries,
            booked_on=read_day(day, entry.sourceline),
            reference=_given(at(detail, "Refs/EndToEndId")),
            bank_reference=at(detail, "Refs/AcctSvcrRef") or at(entry, "AcctSvcrRef"),
            counter_account=at(detail, f"RltdPties/{party}Acct/Id/Othr/Id"),
            counter_name=at(detail, f"RltdPties/{party}/Pty/Nm"),
            amount_fen=fen,
            direction=direction,
            is_return=reversal or returned,
            return_code=why,
            text=at(detail, "RmtInf/Ustrd") or at(entry, "AddtlNtryInf"),
        )

    def _report(self, element: Element, found: _Found) -> AccountReport:
        at = self.text_at
        sequence = at(element, "ElctrncSeqNb") or at(element, "LglSeqNb")
        report = AccountReport(
            id=at(element, "Id"),
            account=found.account,
            sequence=int(sequence) if sequence.isascii() and sequence.isdigit() else None,
            from_on=self._day(element, "FrToDt/FrDtTm"),
            to_on=self._day(element, "FrToDt/ToDtTm"),
            opening_fen=_first(found.balances, _OPENING),
            closing_fen=_first(found.balances, _CLOSING),
            bookings=tuple(found.bookings),
        )
        if not report.account:
            raise broken(element.sourceline, "缺少账户 Acct", "the account (Acct) is missing")
        if self.namespace == STATEMENT:
            self._check_balances(element, report)
        return report

    def _day(self, element: Element, path: str) -> date | None:
        text = self.text_at(element, path)
        return read_day(text, element.sourceline) if text else None

    def _check_balances(self, element: Element, report: AccountReport) -> None:
        if report.opening_fen is None or report.closing_fen is None:
            raise broken(
                element.sourceline,
                "缺少期初余额（OPBD）或期末余额（CLBD）",
                "the opening (OPBD) or closing (CLBD) balance is missing",
            )
        moved = sum(
            booking.amount_fen if booking.direction == "credit" else -booking.amount_fen
            for booking in report.bookings
        )
        if report.opening_fen + moved != report.closing_fen:
            self._differs(
                f"对账单 {report.id} 期末余额",
                f"Closing balance of statement {report.id}",
                report.closing_fen,
                report.opening_fen + moved,
            )

    def _differs(self, zh: str, en: str, stated_fen: int, listed_fen: int) -> None:
        stated, listed = show_yuan(stated_fen), show_yuan(listed_fen)
        self.faults.append(
            Fault(
                "sum_differs",
                f"{zh}：报文写 {stated} 元，按明细为 {listed} 元",
                f"{en}: the message states {stated} yuan, its lines give {listed}",
            )
        )


def _given(reference: str) -> str:
    # The standard's word for «none was given».
    return "" if reference == "NOTPROVIDED" else reference


def _first(balances: dict[str, int], kinds: Sequence[str]) -> int | None:
    return next((balances[kind] for kind in kinds if kind in balances), None)
