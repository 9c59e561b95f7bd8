"""Arrears: what a rate published late owes to awards made before it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.applications import arrears
from app.applications.arrears import Fate
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.asked import Asked, Flag
from app.core.db import DbSession
from app.core.money import YuanOut
from app.core.web import AidRoute
from app.policy.routes import Code
from app.policy.schemas import Period

router = APIRouter(route_class=AidRoute, tags=["awards"])


class ArrearsIn(Asked):
    """Which period's awards; a dry run only reckons."""

    period: Period
    dry_run: Flag = True


class ArrearOut(BaseModel):
    """What one award is owed."""

    award_id: UUID
    number: str
    school_id: UUID
    amount: YuanOut


class ArrearsOut(BaseModel):
    """What the awards are owed; `fates` counts how each came out."""

    state: Literal["tried", "written"]
    batch: UUID | None = Field(description="the movement in the books; null for a dry run")
    amount: YuanOut
    fates: dict[Fate, int]
    owed: list[ArrearOut]


@router.post("/programmes/{code}/arrears")
def settle_arrears(
    code: Code,
    wanted: ArrearsIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.ARREARS_SETTLE)],
) -> ArrearsOut:
    """Brings granted awards up to rates published since, each by one supplementary instalment."""
    found = arrears.settle(session, code, wanted.period, by=by, dry_run=wanted.dry_run)
    return ArrearsOut(
        state="tried" if wanted.dry_run else "written",
        batch=None if wanted.dry_run else found.batch,
        amount=found.amount_fen,
        fates=dict(found.fates),
        owed=[
            ArrearOut(
                award_id=each.award_id,
                number=each.number,
                school_id=each.school_id,
                amount=each.amount_fen,
            )
            for each in found.owed
        ],
    )
