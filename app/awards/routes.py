"""Appropriation documents come in here, since promises wait for them; awards are read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.auth.guards import may
from app.auth.permissions import Act
from app.awards import queries, service
from app.awards.models import AwardState
from app.awards.queries import AwardFilter
from app.awards.schemas import AppropriationIn, AppropriationTakenOut, AwardDetailOut, AwardOut
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["awards"])


@router.post("/appropriations", status_code=201)
def record_appropriation(
    session: DbSession, by: Annotated[Actor, may(Act.APPROPRIATE)], body: AppropriationIn
) -> AppropriationTakenOut:
    """Records an appropriation document; instalments that waited for its money are committed."""
    return AppropriationTakenOut.of(service.take_appropriation(session, body.document(), by))


@router.get("/awards")
def list_awards(
    session: DbSession,
    by: Annotated[Actor, may(Act.AWARD_READ)],
    asked: Paging,
    programme: Annotated[str | None, Query(max_length=40)] = None,
    period: Annotated[str | None, Query(max_length=11)] = None,
    school_id: UUID | None = None,
    application_id: UUID | None = None,
    allocation_id: UUID | None = None,
    state: AwardState | None = None,
) -> Page[AwardOut]:
    """Awards within the caller's scope, oldest first."""
    wanted = AwardFilter(
        programme=programme,
        period=period,
        school_id=school_id,
        application_id=application_id,
        allocation_id=allocation_id,
        state=state,
    )
    rows = queries.awards(session, by, wanted, asked)
    return page_of(rows, asked, key=lambda row: row.award.id, show=AwardOut.of)


@router.get("/awards/{award_id}")
def show_award(
    session: DbSession, by: Annotated[Actor, may(Act.AWARD_READ)], award_id: UUID
) -> AwardDetailOut:
    """One award with its instalments and shares."""
    return AwardDetailOut.of_detail(queries.award(session, by, award_id))
