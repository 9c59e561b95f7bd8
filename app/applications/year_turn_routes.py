"""The turn of the school year over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.applications import year_turn
from app.applications.year_turn_schemas import (
    RolledOut,
    RollOverIn,
    RollOverOut,
    UnclearOut,
    UndoneOut,
)
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry import rolling, rolling_queries
from app.registry.schemas import ReasonIn, SchoolYear

router = APIRouter(route_class=AidRoute, tags=["roll-overs"])
MayRoll = Annotated[Actor, may(Act.ROLL_OVER)]


@router.post("/roll-overs", status_code=201)
def roll_over(session: DbSession, response: Response, asked: RollOverIn, by: MayRoll) -> RolledOut:
    """Takes everybody a grade up and graduates the last; a dry run answers 200, writes nothing."""
    turn = year_turn.turn_of(asked.from_year)
    part = rolling.part_for(session, school_id=asked.school_id, county_id=asked.county_id, by=by)
    done = rolling.roll_over(session, turn, part, by=by, dry_run=asked.dry_run)
    if asked.dry_run:
        response.status_code = 200
    return RolledOut.of(turn, done)


@router.get("/roll-overs")
def list_roll_overs(session: DbSession, by: MayRoll, asked: Paging) -> Page[RollOverOut]:
    """The turns in sight, oldest first."""
    found = rolling_queries.roll_overs(session, by, asked)
    return page_of(found, asked, key=lambda one: one.id, show=RollOverOut.of)


@router.get("/roll-overs/unclear")
def list_unclear(
    *,
    session: DbSession,
    by: MayRoll,
    asked: Paging,
    from_year: Annotated[SchoolYear, Query()],
    school_id: UUID | None = None,
) -> Page[UnclearOut]:
    """Who would be left behind because the grade is not known or is none of the stage."""
    turn = year_turn.turn_of(from_year)
    part = rolling.part_for(session, school_id=school_id, county_id=None, by=by)
    found = rolling_queries.unclear(session, turn, part, asked)
    return page_of(found, asked, key=lambda one: one.enrolment_id, show=UnclearOut.of)


@router.get("/roll-overs/{roll_over_id}")
def show_roll_over(session: DbSession, roll_over_id: UUID, by: MayRoll) -> RollOverOut:
    """One turn."""
    return RollOverOut.of(rolling_queries.roll_over(session, roll_over_id, by))


@router.post("/roll-overs/{roll_over_id}/undo")
def undo_roll_over(
    session: DbSession, roll_over_id: UUID, asked: ReasonIn, by: MayRoll
) -> UndoneOut:
    """Takes a turn back, until the first application for the new year."""
    held = rolling.hold(session, roll_over_id, by=by)
    return UndoneOut.of(year_turn.undo(session, held, because=asked.reason, by=by))
