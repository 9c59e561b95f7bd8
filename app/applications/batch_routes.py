"""Doors of reporting."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from app.applications import batches, place_queries, queries, reporting, rivals
from app.applications.batch_schemas import (
    BatchIn,
    BatchOut,
    BatchWithCountsOut,
    BoardOut,
    FillingIn,
    ReportedOut,
    SchoolStandingOut,
    Standing,
    ZeroIn,
)
from app.applications.models import BatchState, ReportingBatch
from app.auth.guards import may
from app.auth.permissions import Act
from app.core import etags
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.etags import IfMatch
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["reporting"])


def _shown(session: Session, batch: ReportingBatch, by: Actor) -> BatchWithCountsOut:
    counts, places = reporting.counts(session, batch), place_queries.places_of(session, batch)
    beside = rivals.beside(session, batch, by=by)
    return BatchWithCountsOut.whole(batch, counts, places, beside)


@router.get("/batches")
def list_batches(
    session: DbSession,
    by: Annotated[Actor, may(Act.BATCH_READ)],
    asked: Paging,
    round_id: UUID | None = None,
    state: BatchState | None = None,
) -> Page[BatchOut]:
    """Reporting batches within scope."""
    found = reporting.batches(session, asked, by=by, round_id=round_id, state=state)
    return page_of(found, asked, key=lambda each: each.id, show=BatchOut.of)


@router.get("/batches/{batch_id}")
def show_batch(
    batch_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.BATCH_READ)],
    response: Response,
) -> BatchWithCountsOut:
    """One batch and where its cases stand."""
    batch = reporting.batch(session, batch_id, by=by)
    etags.tag(response, batch.version)
    return _shown(session, batch, by)


@router.post("/batches", status_code=201)
def fill_batch(
    said: BatchIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.BATCH_FILL)],
    response: Response,
) -> BatchWithCountsOut:
    """Starts a school's batch in a round."""
    batch = batches.fill(
        session, said.read(), round_id=said.round_id, school_id=said.school_id, by=by
    )
    etags.tag(response, batch.version)
    return _shown(session, batch, by)


@router.post("/batches/zero", status_code=201)
def report_zero(
    said: ZeroIn, session: DbSession, by: Annotated[Actor, may(Act.BATCH_REPORT)]
) -> BatchOut:
    """A zero report: nobody at the school applies."""
    return BatchOut.of(
        batches.report_zero(session, round_id=said.round_id, school_id=said.school_id, by=by)
    )


@router.put("/batches/{batch_id}")
def change_batch(
    batch_id: UUID,
    said: FillingIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.BATCH_FILL)],
    seen: IfMatch,
    response: Response,
) -> BatchWithCountsOut:
    """Fills a batch in anew; an endorsement falls with it."""
    batch = batches.change(session, batch_id, said.read(), seen=seen, by=by)
    etags.tag(response, batch.version)
    return _shown(session, batch, by)


@router.post("/batches/{batch_id}/endorse")
def endorse_batch(
    batch_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.BATCH_ENDORSE)]
) -> BatchWithCountsOut:
    """The head stands for the batch."""
    batch = batches.endorse(session, batch_id, by=by)
    return _shown(session, batch, by)


@router.post("/batches/{batch_id}/report")
def report_batch(
    batch_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.BATCH_REPORT)]
) -> ReportedOut:
    """Hands the school's cases up."""
    handed_up = batches.report(session, batch_id, by=by)
    batch = reporting.batch(session, batch_id, by=by)
    return ReportedOut(handed_up=handed_up, batch=_shown(session, batch, by))


@router.get("/rounds/{round_id}/reporting")
def show_board(
    round_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.BATCH_READ)],
    asked: Paging,
    state: Annotated[Standing | None, Query()] = None,
) -> BoardOut:
    """Which schools of the caller's scope have reported in a round, and which have not."""
    round_ = queries.round_by_id(session, round_id)
    page = page_of(
        reporting.board(session, round_, asked, by=by, state=state),
        asked,
        key=lambda row: row.school_id,
        show=SchoolStandingOut.of,
    )
    return BoardOut(
        round_id=round_id,
        schools=reporting.board_totals(session, round_, by=by),
        items=page.items,
        next=page.next,
    )
