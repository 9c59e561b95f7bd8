"""A resident id recorded wrong: the school proposes the right one, an officer confirms it."""

from typing import Annotated

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry import service_id_corrections as service
from app.registry.id_correction_models import CorrectionState
from app.registry.id_correction_schemas import (
    CorrectionIdsIn,
    CorrectionOut,
    CorrectionsIn,
    CorrectionsRefusedIn,
)
from app.registry.schemas import DoneOut

router = APIRouter(route_class=AidRoute, tags=["students"])
MaySettle = Annotated[Actor, may(Act.ID_CORRECTION_SETTLE)]


@router.post("/students/resident-id-corrections", status_code=201)
def propose_corrections(
    session: DbSession, asked: CorrectionsIn, by: Annotated[Actor, may(Act.ID_CORRECTION_PROPOSE)]
) -> list[CorrectionOut]:
    """Proposes the right resident id of students whose number was recorded wrong."""
    wanted = [service.Corrected(**dict(each)) for each in asked.corrections]
    made = service.propose_corrections(session, wanted, because=asked.reason, by=by)
    return [CorrectionOut.of(each) for each in made]


@router.get("/students/resident-id-corrections")
def list_corrections(
    session: DbSession,
    by: Annotated[Actor, may(Act.ID_CORRECTION_READ)],
    asked: Paging,
    state: CorrectionState | None = None,
) -> Page[CorrectionOut]:
    """The proposed corrections in sight."""
    found = service.corrections(session, by, asked, state)
    return page_of(found, asked, key=lambda one: one.id, show=CorrectionOut.of)


@router.post("/students/resident-id-corrections/confirm")
def confirm_corrections(session: DbSession, asked: CorrectionIdsIn, by: MaySettle) -> DoneOut:
    """Confirms corrections that others proposed; the students have the right number at once."""
    return DoneOut(count=service.confirm_corrections(session, asked.ids, by=by))


@router.post("/students/resident-id-corrections/refuse")
def refuse_corrections(session: DbSession, asked: CorrectionsRefusedIn, by: MaySettle) -> DoneOut:
    """Refuses corrections that others proposed; the recorded number stays."""
    done = service.refuse_corrections(session, asked.ids, because=asked.reason, by=by)
    return DoneOut(count=done)
