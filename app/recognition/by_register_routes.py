"""The door behind which a list of another department recognises its students."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.web import AidRoute
from app.recognition import by_register
from app.recognition.by_register_schemas import ListedIn, ListedOut

router = APIRouter(route_class=AidRoute, tags=["recognitions"])


@router.post("/registers/{register_id}/recognitions", status_code=201)
def recognise_listed(
    register_id: UUID,
    said: ListedIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.RECOGNITION_BY_REGISTER)],
) -> ListedOut:
    """Recognises whom the list names, without an application; `dry_run` only counts them."""
    asked = said.read(register_id)
    return ListedOut.of(asked, by_register.recognise_listed(session, asked, by=by))
