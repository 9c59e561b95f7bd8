"""Doors of cash: vouchers of what came and went back, and how each holder pays."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.auth.guards import may
from app.auth.permissions import Act
from app.budgets import cash, cash_queries
from app.budgets.cash_schemas import CashIn, CashOut, CashTakenOut, ModeIn, ModeOut
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["budget"])


@router.post("/cash-vouchers", status_code=201)
def record_cash(
    sent: CashIn, session: DbSession, by: Annotated[Actor, may(Act.CASH_RECORD)]
) -> CashTakenOut:
    """Records cash that came to a dedicated account, or was handed back to the treasury."""
    moved = cash.record(session, sent.as_voucher(), by=by)
    return CashTakenOut(lines=moved.count, amount=moved.amount_fen)


@router.get("/cash-vouchers")
def list_cash(
    session: DbSession,
    by: Annotated[Actor, may(Act.BUDGET_READ)],
    asked: Paging,
    fund_line: Annotated[str | None, Query(max_length=100)] = None,
    voucher: Annotated[str | None, Query(max_length=80)] = None,
) -> Page[CashOut]:
    """Recorded lines of vouchers within the caller's scope."""
    rows = cash_queries.receipts(session, by, asked, fund_line=fund_line, voucher=voucher)
    return page_of(rows, asked, key=lambda row: row.id, show=CashOut.of)


@router.post("/payment-modes", status_code=201)
def set_mode(
    sent: ModeIn, session: DbSession, by: Annotated[Actor, may(Act.PAYMENT_MODE_SET)]
) -> ModeOut:
    """Says how a holder pays from a fiscal year on of which no fund line is open yet."""
    made = cash.set_mode(session, sent.asked(), by=by)
    return ModeOut.of(cash_queries.mode(session, made.id))


@router.get("/payment-modes")
def list_modes(
    session: DbSession,
    by: Annotated[Actor, may(Act.BUDGET_READ)],
    asked: Paging,
) -> Page[ModeOut]:
    """How holders within the caller's scope pay; who is not named has the treasury pay direct."""
    rows = cash_queries.modes(session, by, asked)
    return page_of(rows, asked, key=lambda row: row.id, show=ModeOut.of)
