"""Open cases judged again under the version in force now, on request."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from app.applications import reassessing
from app.applications.reassessing import Flip
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.asked import Asked, Flag
from app.core.db import DbSession
from app.core.money import YuanOut
from app.core.web import AidRoute
from app.policy.routes import Code
from app.policy.schemas import Period

router = APIRouter(route_class=AidRoute, tags=["applications"])


class ReassessIn(Asked):
    """Which period's open cases; a dry run only says what would flip."""

    period: Period
    dry_run: Flag = True


class FlippedOut(BaseModel):
    """One case that comes out otherwise: what becomes of it, before and after."""

    application_id: UUID
    number: str
    flip: Flip
    amount_before: YuanOut | None
    amount_after: YuanOut | None
    failed: list[str]
    missing: list[str]


class ReassessedOut(BaseModel):
    """What was found, and whether it was written."""

    state: Literal["tried", "written"]
    cases: int
    alike: int
    left_alone: int
    flips: list[FlippedOut]


@router.post("/programmes/{code}/reassess")
def reassess(
    code: Code, wanted: ReassessIn, session: DbSession, by: Annotated[Actor, may(Act.REASSESS)]
) -> ReassessedOut:
    """Judges open, undecided cases under the version in force now; lists those that flip."""
    found = reassessing.reassess(session, code, wanted.period, by=by, dry_run=wanted.dry_run)
    return ReassessedOut(
        state="tried" if wanted.dry_run else "written",
        cases=found.cases,
        alike=found.alike,
        left_alone=found.left_alone,
        flips=[
            FlippedOut(
                application_id=each.application_id,
                number=each.number,
                flip=each.flip,
                amount_before=each.amount_fen_before,
                amount_after=each.amount_fen_after,
                failed=list(each.failed),
                missing=list(each.missing),
            )
            for each in found.flips
        ],
    )
