"""Doors of closed days, months and years."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.auth.guards import may
from app.auth.permissions import Act
from app.budgets import year_ends
from app.core.actor import Actor, Scope
from app.core.db import DbSession
from app.core.web import AidRoute
from app.ledger import seals
from app.periods import months, years
from app.periods.errors import DayUnknown
from app.periods.schemas import (
    BankBalanceOut,
    DayOut,
    DaysOut,
    MonthOut,
    YearEndIdsIn,
    YearEndIn,
    YearEndOut,
    YearEndProposedOut,
    YearEndRefusalIn,
    YearEndsAnsweredOut,
    YearOut,
)
from app.periods.service import close_day
from app.reconciliation.bank_balances import bank_balances

router = APIRouter(route_class=AidRoute, tags=["ledger"])


DayText = Annotated[str, Path(max_length=40)]
MonthText = Annotated[str, Path(max_length=40)]
Year = Annotated[int, Path(ge=1980, le=2100)]


@router.post("/ledger/days/{day}/close", status_code=201)
def close(day: DayText, session: DbSession, by: Annotated[Actor, may(Act.DAY_CLOSE)]) -> DayOut:
    """Closes and seals a day once books, payouts and records agree."""
    return DayOut.of(close_day(session, _day(day), by=by))


@router.get("/ledger/days")
def list_days(
    session: DbSession,
    by: Annotated[Actor, may(Act.LEDGER_READ)],
    after: date | None = None,
    limit: Annotated[int, Query(ge=1, le=400)] = 100,
) -> DaysOut:
    """Closed days with their seals, which chain them."""
    del by  # seals say nothing of any county
    found = seals.days(session, after=after, limit=limit + 1)
    more = len(found) > limit
    items = found[:limit]
    return DaysOut(items=[DayOut.of(each) for each in items], next=items[-1].day if more else None)


@router.get("/ledger/days/{day}")
def show_day(
    day: DayText, session: DbSession, by: Annotated[Actor, may(Act.LEDGER_READ)]
) -> DayOut:
    """One closed day."""
    del by  # as above
    found = seals.closed_day(session, _day(day))
    if found is None:
        raise DayUnknown
    return DayOut.of(found)


@router.get("/ledger/bank-balances")
def show_bank_balances(
    session: DbSession, by: Annotated[Actor, may(Act.LEDGER_READ)], on: date
) -> list[BankBalanceOut]:
    """The books of each holder beside the bank's statements on a day, item by item."""
    county = by.county_id if by.scope is Scope.COUNTY else None
    return [BankBalanceOut.of(each) for each in bank_balances(session, on, county_id=county)]


@router.post("/ledger/months/{month}/close", status_code=201)
def close_ledger_month(
    month: MonthText, session: DbSession, by: Annotated[Actor, may(Act.DAY_CLOSE)]
) -> MonthOut:
    """Closes a month and keeps the bank balance statements of its last day."""
    return MonthOut.of(months.close_month(session, month, by=by), by)


@router.get("/ledger/months")
def list_months(session: DbSession, by: Annotated[Actor, may(Act.LEDGER_READ)]) -> list[MonthOut]:
    """Closed months with their bank balance statements."""
    return [MonthOut.of(each, by) for each in months.months(session)]


@router.post("/ledger/years/{year}/close", status_code=201)
def close_ledger_year(
    year: Year, session: DbSession, by: Annotated[Actor, may(Act.DAY_CLOSE)]
) -> YearOut:
    """Closes a fiscal year: what is not paid is carried, or goes back, by each line's rule."""
    return YearOut.of(years.close_year(session, year, by=by))


@router.get("/ledger/years")
def list_years(session: DbSession, by: Annotated[Actor, may(Act.LEDGER_READ)]) -> list[YearOut]:
    """Closed fiscal years."""
    del by  # sums of the whole city say nothing of a county
    return [YearOut.of(each) for each in years.closed_years(session)]


@router.post("/ledger/year-ends", status_code=201)
def propose_year_ends(
    sent: YearEndIn, session: DbSession, by: Annotated[Actor, may(Act.YEAR_END_PROPOSE)]
) -> list[YearEndProposedOut]:
    """Proposes what becomes of fund lines when their year is over; what held goes on holding."""
    asked = year_ends.YearEndAsked(sent.fund_lines, sent.rule, sent.because)
    made = year_ends.propose_year_ends(session, asked, by=by)
    return [YearEndProposedOut(fund_line=code, id=key) for code, key in made.items()]


@router.post("/ledger/year-ends/confirm")
def confirm_year_ends(
    sent: YearEndIdsIn, session: DbSession, by: Annotated[Actor, may(Act.YEAR_END_CONFIRM)]
) -> YearEndsAnsweredOut:
    """Confirms what others proposed, all or none; it is the rule of the lines from then on."""
    return YearEndsAnsweredOut(count=year_ends.confirm_year_ends(session, sent.ids, by=by))


@router.post("/ledger/year-ends/refuse")
def refuse_year_ends(
    sent: YearEndRefusalIn, session: DbSession, by: Annotated[Actor, may(Act.YEAR_END_CONFIRM)]
) -> YearEndsAnsweredOut:
    """Refuses what others proposed, all or none, with the reason."""
    count = year_ends.refuse_year_ends(session, sent.ids, because=sent.because, by=by)
    return YearEndsAnsweredOut(count=count)


@router.get("/ledger/year-ends")
def list_year_ends(
    year: Annotated[int, Query(ge=1980, le=2100)],
    session: DbSession,
    by: Annotated[Actor, may(Act.LEDGER_READ)],
) -> list[YearEndOut]:
    """The fund lines of a fiscal year, what becomes of each, and what waits for an answer."""
    return [YearEndOut.of(row) for row in year_ends.year_ends(session, year, by)]


def _day(text: str) -> date:
    """The day of a path. Raises DayUnknown for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayUnknown from None
