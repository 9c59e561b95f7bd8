"""Fund lines, appropriations and the books of the fund lines a caller sees.

The ledger knows no counties; it is read here, where each fund line's holder is known.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.auth.guards import may
from app.auth.permissions import Act
from app.budgets import queries
from app.budgets.queries import FundLineFilter
from app.budgets.schemas import AppropriationOut, FundLineOut, TransferOut, TrialBalanceOut
from app.core import clock
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.ledger import queries as books
from app.ledger.queries import TransferFilter

router = APIRouter(route_class=AidRoute, tags=["budget"])

FundLineCode = Annotated[str | None, Query(max_length=100)]


@router.get("/fund-lines")
def list_fund_lines(
    session: DbSession,
    by: Annotated[Actor, may(Act.BUDGET_READ)],
    asked: Paging,
    year: Annotated[int | None, Query(ge=1980, le=2100)] = None,
    programme: Annotated[str | None, Query(max_length=40)] = None,
    holder: Annotated[str | None, Query(max_length=20)] = None,
) -> Page[FundLineOut]:
    """Fund lines with their balances; `holder` is the code of a city or county centre."""
    wanted = FundLineFilter(fiscal_year=year, programme=programme, holder_code=holder)
    rows = queries.fund_lines(session, by, wanted, asked)
    return page_of(rows, asked, key=lambda row: row.id, show=FundLineOut.of)


@router.get("/appropriations")
def list_appropriations(
    session: DbSession,
    by: Annotated[Actor, may(Act.BUDGET_READ)],
    asked: Paging,
    document_number: Annotated[str | None, Query(max_length=80)] = None,
    fund_line: FundLineCode = None,
) -> Page[AppropriationOut]:
    """Recorded lines of appropriation documents."""
    rows = queries.appropriations(
        session, by, asked, document_number=document_number, fund_line=fund_line
    )
    return page_of(rows, asked, key=lambda row: row.id, show=AppropriationOut.of)


@router.get("/trial-balance")
def show_trial_balance(
    session: DbSession, by: Annotated[Actor, may(Act.LEDGER_READ)]
) -> TrialBalanceOut:
    """The trial balance over the fund lines within the caller's scope."""
    rows = books.trial_balance(session, queries.visible_codes(by))
    return TrialBalanceOut.of(rows, clock.office_day())


@router.get("/ledger/transfers")
def list_transfers(
    session: DbSession,
    by: Annotated[Actor, may(Act.LEDGER_READ)],
    asked: Paging,
    fund_line: FundLineCode = None,
    refers_to: UUID | None = None,
    batch: UUID | None = None,
) -> Page[TransferOut]:
    """Transfers by id: of a fund line, of an appropriation or instalment, of one act."""
    found = books.transfers(
        session,
        TransferFilter(fund_line=fund_line, refers_to=refers_to, batch=batch),
        fund_line_codes=queries.visible_codes(by),
        page=asked,
    )
    return page_of(
        found, asked, key=lambda transfer: UUID(int=transfer.id or 0), show=TransferOut.of
    )
