"""Doors of deciding."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.applications import decision_queries, decisions
from app.applications.decision_schemas import (
    DecidedOut,
    DecisionBatchOut,
    DecisionIn,
    MemberOut,
    PreviewIn,
    PreviewOut,
    SaidOut,
)
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["decisions"])


@router.post("/decisions/preview")
def preview(
    asked: PreviewIn, session: DbSession, by: Annotated[Actor, may(Act.DECIDE)]
) -> PreviewOut:
    """Count and amount of what the same filter would decide now."""
    seen = decisions.preview(session, asked.filter.read(), verdict=asked.verdict, by=by)
    return PreviewOut.of(seen)


@router.post("/decisions", status_code=201)
def decide(
    said: DecisionIn, session: DbSession, by: Annotated[Actor, may(Act.DECIDE)]
) -> DecidedOut:
    """Approves, returns or rejects cases, all of them or none."""
    return DecidedOut.of(decisions.decide(session, said.read(), by=by))


@router.get("/decision-batches/{batch_id}")
def show_batch(
    batch_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.APPLICATION_READ)],
    asked: Paging,
) -> DecisionBatchOut:
    """One act of deciding and a page of its members."""
    batch, totals = decision_queries.batch(session, batch_id, by=by)
    page = page_of(
        decision_queries.members(session, batch_id, asked, by=by),
        asked,
        key=lambda row: row.application_id,
        show=lambda row: MemberOut(
            application_id=row.application_id,
            number=row.number,
            school_id=row.school_id,
            submission_no=row.submission_no,
            amount=row.amount_fen,
        ),
    )
    return DecisionBatchOut.of(batch, totals, page.items, page.next)


@router.get("/applications/{application_id}/decisions")
def decisions_of(
    application_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.APPLICATION_READ)]
) -> list[SaidOut]:
    """What officers said to one case, oldest first: at most one a step and submission."""
    return [SaidOut.of(each) for each in decision_queries.said_to(session, application_id, by=by)]
