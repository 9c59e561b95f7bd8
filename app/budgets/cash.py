"""Cash beside authority (资金到账 beside 指标下达): where it is kept here, it comes before it goes.

A holder either keeps a dedicated account, into which the treasury pays and out of which the bank
is paid, or asks the treasury to pay direct. Which of the two holds from a fiscal year on, and a
fund line keeps what held when it was opened: half a year's cash in one place and half in the
other is what nobody can reconcile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, literal, select
from sqlmodel import Session, col

from app.audit import service as audit
from app.auth.models import Organisation
from app.budgets.errors import (
    CashInvalid,
    CashRecorded,
    CashShort,
    HolderUnknown,
    ModeTooLate,
)
from app.budgets.models import (
    CashKind,
    CashReceipt,
    FundLine,
    HolderPaymentMode,
    PaymentMode,
)
from app.core import clock, ids
from app.core.actor import Actor, Scope
from app.core.columns import TextEnum
from app.core.errors import Fault
from app.core.scoping import visible
from app.core.staging import Rows
from app.ledger import service as ledger
from app.ledger.errors import Overdrawn
from app.ledger.models import TransferKind
from app.ledger.service import MoveResult

MOVES = {
    CashKind.RECEIVED: TransferKind.RECEIVE_CASH,
    CashKind.HANDED_BACK: TransferKind.HAND_BACK_CASH,
}


@dataclass(frozen=True)
class CashLine:
    """What came of one fund line's cash, or went back; in fen, above zero."""

    fund_line: str
    amount_fen: int


@dataclass(frozen=True)
class CashVoucher:
    """A bank's voucher (到账凭证): its number, the day it was booked, which way, its lines."""

    number: str
    kind: CashKind
    booked_on: date
    lines: Sequence[CashLine]


@dataclass(frozen=True)
class ModeAsked:
    """How a holder pays from a fiscal year on, and why."""

    holder_code: str
    from_year: int
    mode: PaymentMode
    because: str


def set_mode(session: Session, asked: ModeAsked, *, by: Actor) -> HolderPaymentMode:
    """Says how a holder pays from a fiscal year on.

    Raises HolderUnknown, or ModeTooLate where the holder has fund lines of that year or a later
    one, or has been told of that year before: a line's mode never changes.
    """
    holder_id = session.execute(
        select(col(Organisation.id)).where(col(Organisation.code) == asked.holder_code)
    ).scalar_one_or_none()
    if holder_id is None or (by.scope is not Scope.CITY and by.county_id != holder_id):
        raise HolderUnknown(asked.holder_code)
    # Whoever opens the first line of that year, and whoever says how it pays, take turns.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"mode {holder_id}"))))
    _refuse_late(session, holder_id, asked)
    made = HolderPaymentMode(
        holder_id=holder_id,
        county_id=holder_id,
        from_year=asked.from_year,
        mode=asked.mode,
        because=asked.because,
        set_by=by.id,
        set_at=clock.now(),
    )
    session.add(made)
    session.flush()  # fund lines opened in this transaction read it by SQL
    audit.note(session, by=by, did="payment-mode.set", records=[made.id], because=asked.because)
    return made


def _refuse_late(session: Session, holder_id: UUID, asked: ModeAsked) -> None:
    lines = session.execute(
        select(col(FundLine.code))
        .where(col(FundLine.holder_id) == holder_id, col(FundLine.fiscal_year) >= asked.from_year)
        .order_by(col(FundLine.code))
        .limit(1)
    ).scalar_one_or_none()
    told = session.execute(
        select(func.max(col(HolderPaymentMode.from_year))).where(
            col(HolderPaymentMode.holder_id) == holder_id
        )
    ).scalar_one()
    if lines is not None or (told is not None and told >= asked.from_year):
        raise ModeTooLate(asked.holder_code, asked.from_year, lines)


def mode_of(holder_id: ColumnElement[UUID], year: ColumnElement[int]) -> ColumnElement[str]:
    """How a holder pays in a fiscal year, for the rows of another statement."""
    told = (
        select(col(HolderPaymentMode.mode))
        .where(
            col(HolderPaymentMode.holder_id) == holder_id,
            col(HolderPaymentMode.from_year) <= year,
        )
        .order_by(col(HolderPaymentMode.from_year).desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(told, literal(PaymentMode.TREASURY_DIRECT, TextEnum(PaymentMode)))


def kept_among(fund_line_codes: Rows) -> Rows:
    """Those of the fund lines whose cash is on a dedicated account."""
    return select(col(FundLine.code)).where(
        col(FundLine.code).in_(fund_line_codes),
        col(FundLine.payment_mode) == PaymentMode.DEDICATED_ACCOUNT,
    )


def record(session: Session, voucher: CashVoucher, *, by: Actor) -> MoveResult:
    """Records cash that came, or was handed back, and moves it, for every line or none.

    Raises CashInvalid with every line that cannot stand, CashRecorded for a voucher recorded
    before, CashShort where more is handed back than lies unsent.
    """
    lines = _lines(session, voucher, by)
    _refuse_recorded(session, voucher, lines)
    batch, now = ids.new(), clock.now()
    rows = [
        CashReceipt(
            voucher=voucher.number,
            kind=voucher.kind,
            booked_on=voucher.booked_on,
            fund_line_id=lines[line.fund_line].id,
            county_id=lines[line.fund_line].county_id,
            amount_fen=line.amount_fen,
            batch=batch,
            recorded_by=by.id,
            recorded_at=now,
        )
        for line in voucher.lines
    ]
    session.execute(insert(CashReceipt), [row.model_dump() for row in rows])
    moving = (
        select(col(FundLine.code), col(CashReceipt.id), col(CashReceipt.amount_fen))
        .join(FundLine, col(FundLine.id) == col(CashReceipt.fund_line_id))
        .where(col(CashReceipt.batch) == batch)
    )
    try:
        moved = ledger.move(session, kind=MOVES[voucher.kind], batch=batch, by=by, lines=moving)
    except Overdrawn as overdrawn:
        raise CashShort.of(overdrawn) from overdrawn
    audit.note(
        session,
        by=by,
        did=f"cash.{voucher.kind.value.replace('_', '-')}",
        records=[row.id for row in rows],
        detail={"voucher": voucher.number, "fen": moved.amount_fen},
    )
    return moved


def _lines(session: Session, voucher: CashVoucher, by: Actor) -> dict[str, FundLine]:
    codes = [line.fund_line for line in voucher.lines]
    found = session.execute(
        select(FundLine).where(col(FundLine.code).in_(codes), visible(FundLine, by))
    ).scalars()
    lines = {line.code: line for line in found}
    faults: list[Fault] = []
    if voucher.booked_on > clock.office_day():
        faults.append(
            Fault(
                "booked-later",
                f"到账日 {voucher.booked_on} 晚于今天；请核对凭证。",
                f"The booking day {voucher.booked_on} is still to come; check the voucher.",
                "/booked_on",
            )
        )
    for place, code in enumerate(codes):
        faults += _line_faults(
            lines.get(code), code, f"/lines/{place}", repeated=code in codes[:place]
        )
    if faults:
        raise CashInvalid(faults)
    return lines


def _line_faults(line: FundLine | None, code: str, at: str, *, repeated: bool) -> list[Fault]:
    if line is None:
        return [
            Fault(
                "line-unknown",
                f"没有指标明细 {code}，请核对；先登记指标文件，再登记到账。",
                f"There is no fund line {code}; check it, and record its appropriation first.",
                at,
            )
        ]
    if repeated:
        return [
            Fault(
                "line-repeated",
                f"指标明细 {code} 在同一凭证中出现两次，请合并为一行。",
                f"Fund line {code} stands in the voucher twice; make it one line.",
                at,
            )
        ]
    if line.payment_mode is not PaymentMode.DEDICATED_ACCOUNT:
        return [
            Fault(
                "line-paid-direct",
                f"指标明细 {code} 由国库直接支付，不经专户，无需登记到账。",
                f"Fund line {code} is paid by the treasury direct; no cash of it comes here.",
                at,
            )
        ]
    return []


def _refuse_recorded(session: Session, voucher: CashVoucher, lines: dict[str, FundLine]) -> None:
    before = (
        session.execute(
            select(col(FundLine.code))
            .join(CashReceipt, col(CashReceipt.fund_line_id) == col(FundLine.id))
            .where(
                col(CashReceipt.voucher) == voucher.number,
                col(CashReceipt.kind) == voucher.kind,
                col(FundLine.id).in_([line.id for line in lines.values()]),
            )
            .order_by(col(FundLine.code))
        )
        .scalars()
        .all()
    )
    if before:
        raise CashRecorded(voucher.number, before)
