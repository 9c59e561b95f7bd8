"""Doors of the yearly form: hand in, read, change, reveal."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import etags
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.etags import IfMatch
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.recognition import forms, queries, selection
from app.recognition.models import FormState
from app.recognition.queries import FormFilter
from app.recognition.schemas import (
    FormIn,
    FormOut,
    FormRevealIn,
    FormRevealOut,
    FormWholeOut,
    ToldIn,
)
from app.registry.schemas import ClassName, SchoolYear

router = APIRouter(route_class=AidRoute, tags=["recognitions"])
MayRead = Annotated[Actor, may(Act.RECOGNITION_READ)]
MayFill = Annotated[Actor, may(Act.RECOGNITION_FILL)]


@router.post("/recognitions/forms", status_code=201)
def hand_in(said: FormIn, session: DbSession, by: MayFill, response: Response) -> FormWholeOut:
    """Hands in a student's form of a school year; what it does not say it asks."""
    [form_id] = forms.hand_in(session, [said.read()], by=by)
    return _whole(session, form_id, by, response)


@router.get("/recognitions/forms")
def list_forms(
    session: DbSession,
    by: MayRead,
    asked: Paging,
    school: UUID | None = None,
    school_year: Annotated[SchoolYear | None, Query()] = None,
    student: UUID | None = None,
    grade: Annotated[int | None, Query(ge=1, le=12)] = None,
    class_name: Annotated[ClassName | None, Query()] = None,
    state: FormState | None = None,
) -> Page[FormOut]:
    """Forms within scope; a class teacher's are those of the own class."""
    wanted = FormFilter(
        school_id=school,
        school_year=school_year,
        student_id=student,
        grade=grade,
        class_name=class_name,
        state=state,
    )
    found = queries.forms(session, by, wanted, asked)
    return page_of(found, asked, key=lambda each: each.id, show=FormOut.of)


@router.get("/recognitions/forms/{form_id}")
def show_form(form_id: UUID, session: DbSession, by: MayRead, response: Response) -> FormWholeOut:
    """A form with the family, what was said of it, and the objections."""
    return _whole(session, form_id, by, response)


@router.put("/recognitions/forms/{form_id}")
def change_form(
    form_id: UUID,
    said: ToldIn,
    session: DbSession,
    by: MayFill,
    seen: IfMatch,
    response: Response,
) -> FormWholeOut:
    """Hands a form in again, whole, while nobody has spoken on it or once it was sent back."""
    form = selection.one_form(session, form_id, by=by)
    filled = said.filled(form.student_id, form.school_year)
    forms.change(session, form_id, filled, seen=seen, by=by)
    return _whole(session, form_id, by, response)


@router.post("/recognitions/forms/{form_id}/reveal")
def reveal(
    form_id: UUID,
    said: FormRevealIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.STUDENT_REVEAL)],
) -> FormRevealOut:
    """Telephones and address in clear; the trail keeps who asked and why."""
    values = forms.reveal(session, form_id, said.fields, because=said.reason, by=by)
    return FormRevealOut(values=values)


def _whole(session: DbSession, form_id: UUID, by: Actor, response: Response) -> FormWholeOut:
    form = selection.one_form(session, form_id, by=by)
    etags.tag(response, form.version)
    return FormWholeOut.of_whole(queries.whole(session, form))
