"""A transfer moves the student and their aid in one act, and tells both schools."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.applications import entitlements
from app.applications.entitlement_schemas import TransferToldOut
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["transfers"])


@router.get("/transfers/{transfer_id}")
def show_transfer(
    transfer_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.STUDENT_READ)]
) -> TransferToldOut:
    """A transfer, with what the student has for periods that are not over and who pays the rest."""
    return TransferToldOut.told(entitlements.told(session, transfer_id, by=by))


@router.post("/transfers/{transfer_id}/confirm")
def confirm_transfer(
    transfer_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.TRANSFER_SETTLE)]
) -> TransferToldOut:
    """The old school, its county or the city lets the student go."""
    return TransferToldOut.told(entitlements.confirm_transfer(session, transfer_id, by=by))
