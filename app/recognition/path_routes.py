"""Doors of the form's path: class panel, the school's group, notice, filing, objection, review."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.notices.schemas import NoticeOut
from app.recognition import objections, panels, queries, school_notices
from app.recognition.models import ReviewState
from app.recognition.path_schemas import (
    DecidedOut,
    DecideIn,
    FiledOut,
    FormObjectionIn,
    NoticeIn,
    PanelIn,
    PanelOut,
    ReviewIn,
)
from app.recognition.schemas import FormObjectionOut
from app.registry.queries import school_for

router = APIRouter(route_class=AidRoute, tags=["recognitions"])


@router.post("/recognitions/panel", status_code=201)
def propose(
    said: PanelIn, session: DbSession, by: Annotated[Actor, may(Act.RECOGNITION_PANEL)]
) -> PanelOut:
    """Records a class panel and what it proposes for the forms of the class; all or none."""
    return PanelOut.of(panels.propose(session, said.sitting(), said.spoken(), by=by))


@router.post("/recognitions/decide")
def decide(
    said: DecideIn, session: DbSession, by: Annotated[Actor, may(Act.RECOGNITION_DECIDE)]
) -> DecidedOut:
    """The school's group accepts, returns or refuses forms; all or none."""
    return DecidedOut.of(panels.decide(session, said.spoken(), by=by))


@router.post("/recognitions/notices", status_code=201)
def post_notice(
    said: NoticeIn, session: DbSession, by: Annotated[Actor, may(Act.RECOGNITION_NOTICE)]
) -> NoticeOut:
    """Posts the class's or the school's notice; it shows name, school, grade and class alone."""
    school = school_for(session, said.school_id, by)
    return NoticeOut.of(school_notices.post(session, said.read(school), by=by))


@router.post("/recognitions/notices/{notice_id}/file")
def file(
    notice_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.RECOGNITION_NOTICE)]
) -> FiledOut:
    """Files the forms of a closed school's notice; their students are recognised."""
    return FiledOut.of(school_notices.file(session, notice_id, by=by))


@router.post("/recognitions/objections", status_code=201)
def object_to(
    said: FormObjectionIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.RECOGNITION_OBJECT)],
) -> FormObjectionOut:
    """Records an objection to a form that is shown or was refused."""
    made = objections.object_to(session, said.form_id, said.words.strip(), by=by)
    return FormObjectionOut.of(made)


@router.get("/recognitions/objections")
def list_objections(
    session: DbSession,
    by: Annotated[Actor, may(Act.RECOGNITION_OBJECT)],
    asked: Paging,
    state: ReviewState | None = None,
) -> Page[FormObjectionOut]:
    """Objections within scope, with the day by which each is to be answered."""
    found = queries.objections(session, by, asked, state=state)
    return page_of(found, asked, key=lambda each: each.id, show=FormObjectionOut.of)


@router.post("/recognitions/reviews")
def review(
    said: ReviewIn, session: DbSession, by: Annotated[Actor, may(Act.RECOGNITION_REVIEW)]
) -> FormObjectionOut:
    """Answers an objection: upheld, or changed to another level."""
    return FormObjectionOut.of(objections.review(session, said.objection_id, said.read(), by=by))
