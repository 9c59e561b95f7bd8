"""Reads forms, objections, requests and recognitions; tells others what a student is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.core import db
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import among, visible, visible_class
from app.policy.facts import FACTS
from app.recognition.errors import ObjectionsOpen, RecognitionCancelled
from app.recognition.models import (
    Basis,
    FormDecision,
    FormMember,
    FormObjection,
    FormState,
    Recognition,
    RecognitionForm,
    RecognitionRequest,
    RequestKind,
    RequestState,
    ReviewState,
)
from app.registers import permission
from app.registers.permission import Signed
from app.registry.models import Student
from app.registry.queries import student_visible

FACTS_SCHEMA: dict[str, pl.DataType] = {
    "student_id": pl.String(),
    "hardship": pl.Int64(),
    "special_group": pl.String(),
    "valid_from": pl.Date(),
    "basis": pl.String(),
}
Students = Select[Any] | Collection[UUID]
"""Ids of students, or a select of one column of them."""


@dataclass(frozen=True, kw_only=True)
class FormFilter:
    """Which forms; None asks for nothing."""

    school_id: UUID | None = None
    school_year: str | None = None
    student_id: UUID | None = None
    grade: int | None = None
    class_name: str | None = None
    state: FormState | None = None


@dataclass(frozen=True, kw_only=True)
class RecognitionFilter:
    """Which recognitions: those valid on a day, or with `on` None every one ever made."""

    school_id: UUID | None = None
    school_year: str | None = None
    student_id: UUID | None = None
    level: int | None = None
    on: date | None = None


@dataclass(frozen=True)
class FormWhole:
    """A form with its family, what was said of it, and the objections; oldest first."""

    form: RecognitionForm
    members: Sequence[FormMember]
    decisions: Sequence[FormDecision]
    objections: Sequence[FormObjection]


def facts_for(
    session: Session, students: Students, *, school_year: str, on: date, by: Actor
) -> pl.DataFrame:
    """What the students are recognised as on a day; nobody's row where nobody recognised them.

    Columns of FACTS_SCHEMA. Of several groups the one that the vocabulary lists first counts. A
    cancellation is valid in the whole school year, whatever was recognised before it. The caller
    has checked that the students are theirs: a recognition made at the school before is theirs
    too, so the look-up is city-wide.
    """
    r, order = Recognition, [str(each) for each in FACTS["special_group"].listed]
    group = func.unnest(col(r.groups)).column_valued("listed")
    first = (
        select(group)
        .order_by(func.array_position(literal(order, ARRAY(String)), group))
        .limit(1)
        .correlate(r)
        .scalar_subquery()
    )
    found = (
        select(
            col(r.student_id),
            col(r.level),
            func.coalesce(first, "none").label("special_group"),
            col(r.valid_from),
            col(r.basis),
        )
        .where(
            _among(col(r.student_id), students),
            col(r.school_year) == school_year,
            # What stood before a cancellation rested on a false statement, and counts on no day.
            or_(col(r.valid_from) <= on, col(r.basis) == Basis.CANCELLED),
        )
        .order_by(col(r.student_id), col(r.valid_from).desc())
        .ext(distinct_on(col(r.student_id)))
    )
    with db.city_scope(session, by):
        rows = session.execute(found).all()
    return pl.DataFrame(
        [(str(row[0]), row[1], row[2], row[3], row[4].value) for row in rows],
        schema=FACTS_SCHEMA,
        orient="row",
    )


@permission.source
def signed() -> Signed:
    """The students whose family lets the office look into registers, with each kind of these."""
    form = RecognitionForm
    kind = func.unnest(col(form.authorised_kinds), type_=String).label("kind")
    asked = select(col(form.student_id), kind).where(col(form.authorised_on).is_not(None))
    return asked.distinct()  # a pupil who changed schools in the year may have signed twice


def forms(
    session: Session, by: Actor, wanted: FormFilter, page: PageAsked
) -> Sequence[RecognitionForm]:
    """One page of forms within scope, in the order in which they came."""
    form = RecognitionForm
    query = page.cut(
        select(form).where(visible_class(form, by), *_equal(form, vars(wanted))), col(form.id)
    )
    return session.execute(query).scalars().all()


def whole(session: Session, form: RecognitionForm) -> FormWhole:
    """A form with everything that hangs on it, in three statements."""
    m, d, o = FormMember, FormDecision, FormObjection
    members = select(m).where(col(m.form_id) == form.id).order_by(col(m.seq))
    decisions = select(d).where(col(d.form_id) == form.id).order_by(col(d.id))
    objections = select(o).where(col(o.form_id) == form.id).order_by(col(o.id))
    return FormWhole(
        form,
        session.execute(members).scalars().all(),
        session.execute(decisions).scalars().all(),
        session.execute(objections.execution_options(populate_existing=True)).scalars().all(),
    )


def form_of(session: Session, row: Mapping[str, Any]) -> UUID | None:
    """The form that stands at the school for the student and year of a row that was not added."""
    form = RecognitionForm
    found: UUID | None = session.execute(
        select(col(form.id)).where(
            col(form.student_id) == row["student_id"],
            col(form.school_id) == row["school_id"],
            col(form.school_year) == row["school_year"],
        )
    ).scalar_one_or_none()
    return found


def refuse_cancelled(session: Session, asked: Sequence[tuple[UUID, str]], *, by: Actor) -> None:
    """Raises RecognitionCancelled for students cancelled in that year for a false statement.

    A form would be filed and nobody recognised by it: only two officers change what is cancelled.
    """
    r = Recognition
    newest = (
        select(col(r.student_id), col(r.basis))
        .where(tuple_(col(r.student_id), col(r.school_year)).in_(asked))
        .ext(distinct_on(col(r.student_id), col(r.school_year)))
        .order_by(col(r.student_id), col(r.school_year), col(r.valid_from).desc())
        .subquery()
    )
    chosen = (
        select(newest.c.student_id)
        .where(newest.c.basis == Basis.CANCELLED)
        .order_by(newest.c.student_id)
    )
    # It may have been cancelled at the school the student has left since.
    with db.city_scope(session, by):
        cancelled = list(session.execute(chosen).scalars())
    if cancelled:
        raise RecognitionCancelled(cancelled)


def recognitions(
    session: Session, by: Actor, wanted: RecognitionFilter, page: PageAsked
) -> Sequence[Recognition]:
    """One page of recognitions within scope, in the order in which they were made."""
    r = Recognition
    told = {name: value for name, value in vars(wanted).items() if name != "on"}
    query = select(r).where(visible(r, by), _own_class(by), *_equal(r, told))
    if wanted.on is not None:
        later = aliased(r)
        newer = exists().where(
            col(later.student_id) == r.student_id,
            col(later.school_year) == r.school_year,
            col(later.valid_from) > r.valid_from,
            col(later.valid_from) <= wanted.on,
        )
        query = query.where(col(r.valid_from) <= wanted.on, ~newer)
    return session.execute(page.cut(query, col(r.id))).scalars().all()


def objections(
    session: Session, by: Actor, page: PageAsked, *, state: ReviewState | None
) -> Sequence[FormObjection]:
    """One page of objections within scope, in the order in which they came."""
    o = FormObjection
    query = select(o).where(visible(o, by))
    if state is not None:
        query = query.where(col(o.state) == state)
    return session.execute(page.cut(query, col(o.id))).scalars().all()


def requests(
    session: Session,
    by: Actor,
    page: PageAsked,
    *,
    kind: RequestKind,
    state: RequestState | None,
) -> Sequence[RecognitionRequest]:
    """One page of requests of one kind within scope, in the order in which they came."""
    r = RecognitionRequest
    query = select(r).where(visible(r, by), col(r.kind) == kind)
    if state is not None:
        query = query.where(col(r.state) == state)
    return session.execute(page.cut(query, col(r.id))).scalars().all()


def objected(form_id: Any) -> ColumnElement[bool]:
    """Whether an objection to the form is open."""
    return exists().where(
        col(FormObjection.form_id) == form_id, col(FormObjection.state) == ReviewState.OPEN
    )


def refuse_objected(session: Session, form_ids: Students) -> None:
    """Raises ObjectionsOpen with every form that has an open objection."""
    o = FormObjection
    waiting = session.execute(
        select(col(o.form_id))
        .where(_among(col(o.form_id), form_ids), col(o.state) == ReviewState.OPEN)
        .distinct()
        .order_by(col(o.form_id))
    ).scalars()
    listed = list(waiting)
    if listed:
        raise ObjectionsOpen(listed)


def _among(column: Any, ids: Students) -> ColumnElement[bool]:
    if not isinstance(ids, Select):
        return among(column, ids)
    chosen: ColumnElement[bool] = column.in_(ids)
    return chosen


def _equal(table: Any, told: dict[str, Any]) -> list[ColumnElement[bool]]:
    return [getattr(table, name) == value for name, value in told.items() if value is not None]


def _own_class(by: Actor) -> ColumnElement[bool]:
    if not by.own_class_only:
        return true()
    return col(Recognition.student_id).in_(select(col(Student.id)).where(student_visible(by)))
