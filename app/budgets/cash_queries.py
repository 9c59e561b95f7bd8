"""Reads vouchers of cash and how holders pay."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlmodel import Session, col

from app.auth.models import Organisation
from app.budgets.models import CashReceipt, FundLine, HolderPaymentMode
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible


def modes(session: Session, by: Actor, asked: PageAsked) -> Sequence[Row[Any]]:
    """What was said of how holders in the caller's scope pay, in the order it was said."""
    query: Select[*tuple[Any, ...]] = _MODES.where(visible(HolderPaymentMode, by))
    return session.execute(asked.cut(query, col(HolderPaymentMode.id))).all()


def mode(session: Session, mode_id: UUID) -> Row[Any]:
    """What was said once; it is there."""
    return session.execute(_MODES.where(col(HolderPaymentMode.id) == mode_id)).one()


_MODES: Select[*tuple[Any, ...]] = select(
    col(HolderPaymentMode.id),
    col(Organisation.code).label("holder_code"),
    col(Organisation.name).label("holder_name"),
    col(HolderPaymentMode.from_year),
    col(HolderPaymentMode.mode),
    col(HolderPaymentMode.because),
    col(HolderPaymentMode.set_at),
).join(Organisation, col(Organisation.id) == col(HolderPaymentMode.holder_id))


def receipts(
    session: Session, by: Actor, asked: PageAsked, *, fund_line: str | None, voucher: str | None
) -> Sequence[Row[Any]]:
    """Recorded lines of vouchers within the caller's scope, by id."""
    table = CashReceipt
    query: Select[*tuple[Any, ...]] = (
        select(
            col(table.id),
            col(table.voucher),
            col(table.kind),
            col(table.booked_on),
            col(FundLine.code).label("fund_line"),
            col(table.amount_fen).label("amount"),
            col(table.recorded_by),
            col(table.recorded_at),
        )
        .join(FundLine, col(FundLine.id) == col(table.fund_line_id))
        .where(visible(table, by))
    )
    if fund_line is not None:
        query = query.where(col(FundLine.code) == fund_line)
    if voucher is not None:
        query = query.where(col(table.voucher) == voucher)
    return session.execute(asked.cut(query, col(table.id))).all()
