"""Doors of closed days."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.web import AidRoute
from app.ledger import seals
from app.periods.errors import DayUnknown
from app.periods.schemas import DayOut, DaysOut
from app.periods.service import close_day

router = APIRouter(route_class=AidRoute, tags=["ledger"])


DayText = Annotated[str, Path(max_length=40)]


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


def _day(text: str) -> date:
    """The day of a path. Raises DayUnknown for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayUnknown from None
