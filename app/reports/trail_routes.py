"""One door to the whole paper trail."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Paging
from app.core.web import AidRoute
from app.reports.schemas import NO_NUL
from app.reports.trail import trail
from app.reports.trail_schemas import TrailOut

router = APIRouter(route_class=AidRoute, tags=["trail"])


# A path, for the code of a fund line has slashes in it.
@router.get("/trail/{asked:path}")
def show_trail(
    asked: Annotated[str, Path(max_length=120, pattern=NO_NUL)],
    *,
    session: DbSession,
    by: Annotated[Actor, may(Act.TRAIL_READ)],
    page: Paging,
) -> TrailOut:
    """The chain around any id or number of the office, from appropriation to the bank's word."""
    return trail(session, asked, by=by, page=page)
