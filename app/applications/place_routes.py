"""Doors of the waiting list (候补)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.applications import freeing, place_queries
from app.applications.place_models import PlaceState
from app.applications.place_queries import PlaceFilter
from app.applications.place_schemas import PassIn, PlaceListedOut, PlaceOut
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["places"])


@router.get("/places")
def list_places(
    session: DbSession,
    by: Annotated[Actor, may(Act.QUOTA_READ)],
    asked: Paging,
    round_id: UUID | None = None,
    school_id: UUID | None = None,
    state: PlaceState | None = None,
) -> Page[PlaceListedOut]:
    """Who waits, was offered a place, took it or passed, in the order of the ranking."""
    wanted = PlaceFilter(round_id=round_id, school_id=school_id, state=state)
    return page_of(
        place_queries.listed(session, wanted, asked, by=by),
        asked,
        key=lambda row: row[0].id,
        show=lambda row: PlaceListedOut.numbered(row[0], row[1]),
    )


@router.post("/places/{place_id}/pass")
def pass_place(
    place_id: UUID,
    said: PassIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.BATCH_REPORT)],
) -> PlaceOut:
    """Gives a case's turn up; the next who waits is offered the place."""
    return PlaceOut.of(freeing.pass_on(session, place_id, because=said.because.strip(), by=by))
