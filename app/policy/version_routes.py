"""New versions of a programme: drafted, looked at, approved by a second person."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.policy import drafting, queries
from app.policy.models import DraftState
from app.policy.routes import Code
from app.policy.version_schemas import DraftIn, DraftOut, SettleIn, draft_out

router = APIRouter(route_class=AidRoute, tags=["programmes"])


@router.post("/programmes/{code}/versions", status_code=201)
def draft_version(
    code: Code, wanted: DraftIn, session: DbSession, by: Annotated[Actor, may(Act.POLICY_DRAFT)]
) -> DraftOut:
    """Keeps a new version as a draft, if it is sound and its own examples come out."""
    made = drafting.draft(session, code, dict(wanted.version), because=wanted.because, by=by)
    return draft_out(made)


@router.get("/programmes/{code}/drafts")
def list_drafts(
    session: DbSession,
    by: Annotated[Actor, may(Act.POLICY_DRAFT_READ)],
    *,
    code: Code,
    page: Paging,
    state: Annotated[DraftState | None, Query()] = None,
) -> Page[DraftOut]:
    """A programme's drafts, the newest first."""
    del by
    found = queries.drafts(session, code, page, state=state)
    return page_of(found, page, key=lambda each: each.id, show=draft_out)


@router.get("/programmes/{code}/drafts/{draft_id}")
def show_draft(
    code: Code,
    draft_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.POLICY_DRAFT_READ)],
) -> DraftOut:
    """One draft, whole."""
    del by
    return draft_out(drafting.draft_of(session, code, draft_id))


@router.post("/programmes/{code}/drafts/{draft_id}/approve")
def approve_draft(
    code: Code,
    draft_id: UUID,
    wanted: SettleIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.POLICY_APPROVE)],
) -> DraftOut:
    """Publishes a draft that another officer wrote."""
    return draft_out(drafting.approve(session, code, draft_id, because=wanted.because, by=by))


@router.post("/programmes/{code}/drafts/{draft_id}/withdraw")
def withdraw_draft(
    code: Code,
    draft_id: UUID,
    wanted: SettleIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.POLICY_DRAFT)],
) -> DraftOut:
    """Takes a draft back."""
    return draft_out(drafting.withdraw(session, code, draft_id, because=wanted.because, by=by))
