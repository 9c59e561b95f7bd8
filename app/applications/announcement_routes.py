"""Doors of the centre's notice: announce, object, settle, confirm."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.applications import announcement, objections
from app.applications.announcement_schemas import (
    AnnouncementIn,
    ConfirmedOut,
    ObjectionIn,
    ObjectionOut,
    SettlementIn,
)
from app.applications.models import ObjectionState
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.notices.schemas import NoticeOut

router = APIRouter(route_class=AidRoute, tags=["announcements"])


@router.post("/announcements", status_code=201)
def announce(
    said: AnnouncementIn, session: DbSession, by: Annotated[Actor, may(Act.ANNOUNCE)]
) -> NoticeOut:
    """Posts the public notice of approved cases."""
    return NoticeOut.of(announcement.announce(session, said.read(), by=by))


@router.post("/announcements/{notice_id}/confirm")
def confirm(
    notice_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.ANNOUNCE)]
) -> ConfirmedOut:
    """Confirms the cases of a closed notice; their awards are granted."""
    return ConfirmedOut.of(announcement.confirm(session, notice_id, by=by))


@router.post("/objections", status_code=201)
def object_to(
    said: ObjectionIn, session: DbSession, by: Annotated[Actor, may(Act.OBJECTION_RECORD)]
) -> ObjectionOut:
    """Records an objection to a case in an open notice."""
    number = said.number
    if said.application_id is not None:
        number = objections.number_of(session, said.application_id, by=by)
    return ObjectionOut.of(objections.object_to(session, number or "", said.words.strip(), by=by))


@router.get("/objections")
def list_objections(
    session: DbSession,
    by: Annotated[Actor, may(Act.OBJECTION_RECORD)],
    asked: Paging,
    state: ObjectionState | None = None,
) -> Page[ObjectionOut]:
    """Objections within scope."""
    found = objections.objections(session, asked, by=by, state=state)
    return page_of(found, asked, key=lambda each: each.id, show=ObjectionOut.of)


@router.post("/objections/{objection_id}/settle")
def settle(
    objection_id: UUID,
    said: SettlementIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.OBJECTION_SETTLE)],
) -> ObjectionOut:
    """Upholds or dismisses an objection."""
    return ObjectionOut.of(objections.settle(session, objection_id, said.read(), by=by))
