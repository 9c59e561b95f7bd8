"""Doors of reviews: ask, list, decide."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.applications import review_queries, reviews
from app.applications.models import ReviewState
from app.applications.review_schemas import FindingIn, ReviewIn, ReviewOut
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["reviews"])


@router.post("/applications/{application_id}/reviews", status_code=201)
def ask_review(
    application_id: UUID,
    asked: ReviewIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.REVIEW_RECORD)],
) -> ReviewOut:
    """Records a family's request for a review of a rejection."""
    return ReviewOut.of(reviews.ask_review(session, application_id, asked.read(), by=by))


@router.get("/applications/{application_id}/reviews")
def reviews_of(
    application_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.APPLICATION_READ)]
) -> list[ReviewOut]:
    """The reviews of one case, oldest first: at most one a submission."""
    found = review_queries.of_case(session, application_id, by=by)
    return [ReviewOut.of(each) for each in found]


@router.get("/reviews")
def list_reviews(
    session: DbSession,
    by: Annotated[Actor, may(Act.APPLICATION_READ)],
    asked: Paging,
    state: ReviewState | None = None,
) -> Page[ReviewOut]:
    """Reviews within scope; the open ones are an officer's worklist."""
    found = review_queries.reviews(session, asked, by=by, state=state)
    return page_of(found, asked, key=lambda each: each.id, show=ReviewOut.of)


@router.post("/reviews/{review_id}/decide")
def decide_review(
    review_id: UUID,
    found: FindingIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.REVIEW_DECIDE)],
) -> ReviewOut:
    """Upholds the rejection, or sends the case back to the school; it never approves."""
    return ReviewOut.of(reviews.decide_review(session, review_id, found.read(), by=by))
