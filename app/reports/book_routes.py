"""Doors of the books as accountants take them home."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import attached, described, workbook
from app.core.media import CSV, XLSX
from app.core.web import AidRoute
from app.reports import books
from app.reports.errors import ExportTooLong, PeriodTurned
from app.reports.exports import SHEET_ROWS_MAX
from app.reports.schemas import NO_NUL, Format
from app.sheets.annotate import write_csv, write_sheet

router = APIRouter(route_class=AidRoute, tags=["ledger"])


@router.get("/ledger/vouchers", responses=described("The vouchers.", XLSX, CSV))
def export_vouchers(
    from_on: date,
    to_on: date,
    session: DbSession,
    by: Annotated[Actor, may(Act.LEDGER_READ)],
    form: Annotated[Format, Query(alias="format")] = "xlsx",
) -> Response:
    """Every posting of a period for an accounting program; debits are credits, act by act."""
    period = _period(from_on, to_on)
    titles = [column.title for column in books.layout().column]
    name = f"凭证-{from_on}-{to_on}"
    return _file(form, titles, list(books.vouchers(session, period, by=by)), name)


@router.get("/ledger/detail", responses=described("The detailed account.", XLSX, CSV))
def export_detail(
    fund_line: Annotated[str, Query(min_length=1, max_length=100, pattern=NO_NUL)],
    from_on: date,
    to_on: date,
    session: DbSession,
    by: Annotated[Actor, may(Act.LEDGER_READ)],
    form: Annotated[Format, Query(alias="format")] = "xlsx",
) -> Response:
    """A fund line's detailed account (明细账) of a period, with opening and closing balances."""
    rows = books.detail(session, fund_line, _period(from_on, to_on), by=by)
    name = f"明细账-{fund_line.replace('/', '-')}-{from_on}-{to_on}"
    return _file(form, books.DETAIL_COLUMNS, rows, name)


def _period(from_on: date, to_on: date) -> books.Period:
    if from_on > to_on:
        raise PeriodTurned
    return books.Period(from_on, to_on)


def _file(form: Format, titles: Sequence[str], rows: Sequence[list[str]], name: str) -> Response:
    if form == "csv":
        return Response(write_csv(titles, rows), media_type=CSV, headers=attached(f"{name}.csv"))
    if len(rows) > SHEET_ROWS_MAX:
        raise ExportTooLong(len(rows), SHEET_ROWS_MAX)
    return workbook(write_sheet(titles, rows), f"{name}.xlsx")
