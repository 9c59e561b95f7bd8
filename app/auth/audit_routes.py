"""The audit trail, for the auditor; audit itself has no routes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.audit import queries
from app.audit.queries import EventFilter
from app.auth.errors import NoSuchEvent
from app.auth.guards import may
from app.auth.permissions import Act
from app.auth.schemas import EventOut
from app.core.actor import Actor
from app.core.days import Day
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["audit"])


def _wanted(
    *,
    record_id: UUID | None = None,
    actor_id: UUID | None = None,
    did: Annotated[str | None, Query(max_length=80)] = None,
    refused: bool | None = None,
    since: Annotated[Day | None, Query(alias="from")] = None,
    until: Annotated[Day | None, Query(alias="to")] = None,
) -> EventFilter:
    return EventFilter(
        record_id=record_id,
        actor_id=actor_id,
        did=did,
        refused=refused,
        since=since,
        until=until,
    )


@router.get("/audit/events")
def list_events(
    session: DbSession,
    by: Annotated[Actor, may(Act.AUDIT_READ)],
    asked: Paging,
    wanted: Annotated[EventFilter, Depends(_wanted)],
) -> Page[EventOut]:
    """Who did what, newest first; `from` and `to` are civil days, both included."""
    del by
    rows = queries.events(session, asked, wanted=wanted)
    counts = queries.counts_of_records(session, [row.id for row in rows])
    return page_of(
        rows,
        asked,
        key=lambda row: row.id,
        show=lambda row: EventOut.of(row, counts.get(row.id, 0)),
    )


@router.get("/audit/events/{event_id}/records")
def list_records(
    session: DbSession,
    event_id: UUID,
    by: Annotated[Actor, may(Act.AUDIT_READ)],
    asked: Paging,
) -> Page[UUID]:
    """The ids of the records that an event touched."""
    del by
    rows = queries.records(session, event_id, asked)
    if rows is None:
        raise NoSuchEvent
    return page_of(rows, asked, key=lambda row: row, show=lambda row: row)
