"""The door behind which a false statement is settled, and the money with it."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from app.applications import false_statements
from app.applications.false_statements import Undone
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.money import YuanOut
from app.core.web import AidRoute
from app.recognition.recognition_schemas import RulingIn

router = APIRouter(route_class=AidRoute, tags=["recognitions"])


class UndoneOut(BaseModel):
    """What a cancellation came to: all zero where it is refused.

    `applications` are rejected; `returned` are with their school, to be handed in anew.
    """

    students: int
    applications: list[str]
    returned: list[str]
    released: YuanOut
    recoverable: YuanOut

    @classmethod
    def of(cls, undone: Undone) -> Self:
        """The reply for a cancellation."""
        return cls(
            students=undone.students,
            applications=undone.applications,
            returned=undone.returned,
            released=undone.released_fen,
            recoverable=undone.recoverable_fen,
        )


@router.post("/recognitions/cancellations/{cancellation_id}/settle")
def settle_cancellation(
    cancellation_id: UUID,
    said: RulingIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.RECOGNITION_CANCEL)],
) -> UndoneOut:
    """Confirms a cancellation for a false statement, or refuses it; the second officer's word."""
    undone = false_statements.settle_cancellation(session, [cancellation_id], said.read(), by=by)
    return UndoneOut.of(undone)
