"""Doors of recognitions: read, ask for a change or a cancellation, confirm a change."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import clock
from app.core.actor import Actor
from app.core.days import Day
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.recognition import queries, service
from app.recognition.models import RequestKind, RequestState
from app.recognition.queries import RecognitionFilter
from app.recognition.recognition_schemas import (
    AskedOut,
    CancellationIn,
    ChangedOut,
    ChangeIn,
    RecognitionOut,
    RequestOut,
    RulingIn,
)
from app.registry.schemas import SchoolYear

router = APIRouter(route_class=AidRoute, tags=["recognitions"])
MayRead = Annotated[Actor, may(Act.RECOGNITION_READ)]
MayChange = Annotated[Actor, may(Act.RECOGNITION_CHANGE)]
MayCancel = Annotated[Actor, may(Act.RECOGNITION_CANCEL)]


@router.get("/recognitions")
def list_recognitions(
    session: DbSession,
    by: MayRead,
    asked: Paging,
    school: UUID | None = None,
    school_year: Annotated[SchoolYear | None, Query()] = None,
    student: UUID | None = None,
    level: Annotated[int | None, Query(ge=0, le=3)] = None,
    on: Annotated[Day | None, Query()] = None,
    history: Annotated[bool, Query()] = False,
) -> Page[RecognitionOut]:
    """Recognitions valid on a day (today unless said), or with `history` all ever made."""
    day: date = on or clock.office_day()
    wanted = RecognitionFilter(
        school_id=school,
        school_year=school_year,
        student_id=student,
        level=level,
        on=None if history else day,
    )
    found = queries.recognitions(session, by, wanted, asked)
    return page_of(found, asked, key=lambda each: each.id, show=RecognitionOut.of)


@router.post("/recognitions/changes", status_code=201)
def ask_for_change(said: ChangeIn, session: DbSession, by: MayChange) -> AskedOut:
    """Asks for another level during the year; a second officer confirms."""
    return AskedOut(ids=service.ask(session, said.read(), by=by))


@router.get("/recognitions/changes")
def list_changes(
    session: DbSession,
    by: MayChange,
    asked: Paging,
    state: RequestState | None = None,
) -> Page[RequestOut]:
    """Changes asked for within scope."""
    found = queries.requests(session, by, asked, kind=RequestKind.CHANGE, state=state)
    return page_of(found, asked, key=lambda each: each.id, show=RequestOut.of)


@router.post("/recognitions/changes/{change_id}/settle")
def settle_change(change_id: UUID, said: RulingIn, session: DbSession, by: MayChange) -> ChangedOut:
    """Confirms a change, which then holds, or refuses it."""
    return ChangedOut(recognitions=service.change(session, [change_id], said.read(), by=by))


@router.post("/recognitions/cancellations", status_code=201)
def ask_for_cancellation(said: CancellationIn, session: DbSession, by: MayCancel) -> AskedOut:
    """Asks to cancel recognitions for a false statement; a second officer confirms."""
    return AskedOut(ids=service.ask(session, said.read(), by=by))


@router.get("/recognitions/cancellations")
def list_cancellations(
    session: DbSession,
    by: MayCancel,
    asked: Paging,
    state: RequestState | None = None,
) -> Page[RequestOut]:
    """Cancellations asked for within scope."""
    found = queries.requests(session, by, asked, kind=RequestKind.CANCEL, state=state)
    return page_of(found, asked, key=lambda each: each.id, show=RequestOut.of)
