"""Recognises students, and changes or cancels what they are recognised as by two persons."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import (
    Column,
    Integer,
    String,
    Table,
    Uuid,
    cast,
    func,
    literal,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, db, ids
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.scoping import visible
from app.core.staging import Rows, empty, stage
from app.notices import service as notices
from app.recognition import rules
from app.recognition.errors import (
    DayOutsideYear,
    DayTaken,
    NotRecognised,
    OwnRequest,
    RequestMoved,
    RequestSettled,
    RequestUnknown,
    RequestWaits,
)
from app.recognition.models import (
    Basis,
    FormState,
    Recognition,
    RecognitionForm,
    RecognitionRequest,
    RequestKind,
    RequestState,
)
from app.registry.models import Student
from app.registry.service_students import lock_students

RECOGNISED = (
    "student_id", "school_id", "county_id", "school_year", "level", "groups", "basis", "form_id",
    "register_ref", "valid_from", "because",
)  # fmt: skip
"""The columns of the rows of `recognise`, in order; groups and valid_from may be null."""


@dataclass(frozen=True, kw_only=True)
class Wished:
    """What an officer asks a second one to confirm for some students of a school year."""

    kind: RequestKind
    student_ids: tuple[UUID, ...]
    school_year: str
    level: int | None = None
    groups: tuple[str, ...] | None = None
    valid_from: date | None = None
    because: str


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What the second officer says, and why."""

    confirm: bool
    because: str


@dataclass(frozen=True)
class Cancelled:
    """A student whose recognition of a school year is cancelled: money of it is owed back."""

    student_id: UUID
    school_year: str
    because: str


def recognise(session: Session, rows: Rows, *, by: Actor) -> int:
    """Adds a recognition for every row; answers how many were added.

    `rows` yields the columns of RECOGNISED, one row a student and school year, and is read once.
    Null groups are those that stand. A null valid_from is today, or the day after the one that
    stands. By register a student is recognised at least at REGISTER_LEVEL, never lower than
    before, with the groups of both; one whom that would not change gets no row, nor does one whose
    recognition is cancelled, unless two officers change it. Raises DayTaken where a
    recognition is valid from the given day or later.
    """
    staged = stage(session, "recognising", rows, RECOGNISED)
    told = {
        "now": clock.now(),
        "today": clock.office_day(),
        "by": by.id,
        "least": rules.REGISTER_LEVEL,
    }
    # A student may have been recognised at another school before; only the ids given are written.
    made = empty(session, "recognised", [Column("id", Uuid())])
    with db.city_scope(session, by):
        hold(session, staged)
        _refuse_taken(session, staged)
        session.execute(text(_ADD.format(staged=staged.name, made=made.name)), told)
    audit.note(session, by=by, did="recognition.made", records=select(made.c.id))
    return int(session.execute(select(func.count()).select_from(made)).scalar_one())


def ask(session: Session, wished: Wished, *, by: Actor) -> list[UUID]:
    """Keeps the wish for each student until a second officer confirms it; answers its ids.

    Raises DayOutsideYear, StudentNotFound, NotRecognised, RequestWaits.
    """
    day = wished.valid_from
    if day is not None and not rules.is_in_year(day, wished.school_year):
        raise DayOutsideYear(day, wished.school_year)
    students = lock_students(session, wished.student_ids, by)
    _refuse_unrecognised(session, wished, by=by)
    rows = [
        {
            "id": ids.new(),
            "kind": wished.kind,
            "student_id": student.id,
            "school_id": student.school_id,
            "county_id": student.county_id,
            "school_year": wished.school_year,
            "level": wished.level,
            "groups": None if wished.groups is None else list(wished.groups),
            "valid_from": wished.valid_from,
            "because": wished.because,
            "state": RequestState.OPEN,
            "requested_by": by.id,
            "requested_at": clock.now(),
        }
        for student in students
    ]
    table = RecognitionRequest
    added = session.execute(
        insert_once(table).values(rows).on_conflict_do_nothing().returning(col(table.id))
    )
    made = sorted(added.scalars())
    if len(made) < len(rows):
        raise RequestWaits(
            "其中有学生的变更或取消申请正等待第二人确认；请先处理。",
            "A request about some of the students waits for its second person; settle it first.",
        )
    audit.note(
        session,
        by=by,
        did=f"recognition.{wished.kind.value}-asked",
        records=made,
        because=wished.because,
    )
    return made


def change(session: Session, request_ids: Collection[UUID], ruling: Ruling, *, by: Actor) -> int:
    """Confirms changes of level, which then hold, or refuses them; answers how many recognitions.

    Raises RequestUnknown, RequestSettled, OwnRequest, DayTaken, RequestMoved.
    """
    settled = _settle(session, request_ids, RequestKind.CHANGE, ruling, by=by)
    if not ruling.confirm:
        return 0
    return _recognise_asked(session, settled, Basis.CHANGE, by=by)


def cancel_for_false_statement(
    session: Session, request_ids: Collection[UUID], ruling: Ruling, *, by: Actor
) -> Sequence[Cancelled]:
    """Confirms cancellations, or refuses them; answers whose money must be marked recoverable.

    A student cancelled is recognised at level 0 for the whole school year, and forms of it that
    are not filed are refused and leave their notices. Raises as `change`.
    """
    settled = _settle(session, request_ids, RequestKind.CANCEL, ruling, by=by)
    if not ruling.confirm:
        return []
    _recognise_asked(session, settled, Basis.CANCELLED, by=by)
    _refuse_forms(session, settled, because=ruling.because, by=by)
    table = RecognitionRequest
    found = session.execute(
        select(col(table.student_id), col(table.school_year), col(table.because))
        .join(settled, settled.c.id == table.id)
        .order_by(col(table.student_id))
    )
    return [Cancelled(*row) for row in found]


def hold(session: Session, staged: Table) -> None:
    """Lets two acts on one student follow one another: the later sees what the earlier made.

    `staged` has the students' `student_id`; the caller sees the city.
    """
    held = (
        select(col(Student.id))
        .where(col(Student.id).in_(select(staged.c.student_id)))
        .order_by(col(Student.id))
        .with_for_update(key_share=True)
        .subquery("held")
    )
    session.execute(select(func.count()).select_from(held))


def _refuse_taken(session: Session, staged: Table) -> None:
    taken = session.execute(
        select(staged.c.student_id)
        .join(
            Recognition,
            (col(Recognition.student_id) == staged.c.student_id)
            & (col(Recognition.school_year) == staged.c.school_year)
            & (col(Recognition.valid_from) >= staged.c.valid_from),
        )
        .distinct()
        .order_by(staged.c.student_id)
    ).scalars()
    students = list(taken)
    if students:
        raise DayTaken(students)


def _refuse_unrecognised(session: Session, wished: Wished, *, by: Actor) -> None:
    """Who was never recognised has none to change, and what is cancelled is not cancelled again."""
    with db.city_scope(session, by):
        standing = set(
            session.execute(
                text(_STANDING),
                {
                    "students": list(wished.student_ids),
                    "school_year": wished.school_year,
                    "change": wished.kind is RequestKind.CHANGE,
                },
            ).scalars()
        )
    without = sorted(set(wished.student_ids) - standing)
    if without:
        raise NotRecognised(without)


def _settle(
    session: Session,
    request_ids: Collection[UUID],
    kind: RequestKind,
    ruling: Ruling,
    *,
    by: Actor,
) -> Table:
    table = RecognitionRequest
    students = select(col(table.student_id)).where(
        visible(table, by), col(table.kind) == kind, col(table.id).in_(request_ids)
    )
    concerned = stage(session, "settling_students", students, ("student_id",))
    with db.city_scope(session, by):
        hold(session, concerned)  # students come before requests in the order of locks
    asked = (
        select(col(table.id), col(table.state), col(table.requested_by))
        .where(visible(table, by), col(table.kind) == kind, col(table.id).in_(request_ids))
        .order_by(col(table.id))
        .with_for_update()
    )
    settled = stage(session, "settling", asked, ("id", "state", "requested_by"))
    rows = session.execute(select(settled)).all()
    if len(rows) < len(set(request_ids)):
        raise RequestUnknown(
            "没有找到该申请，请核对编号。", "There is no such request; check its id."
        )
    if over := [(row.id, row.state) for row in rows if row.state is not RequestState.OPEN]:
        raise RequestSettled(sorted(over))
    if any(row.requested_by == by.id for row in rows):
        raise OwnRequest(
            "该申请由您本人提出，须由第二人确认。",
            "You made the request yourself; a second person must settle it.",
        )
    state = RequestState.CONFIRMED if ruling.confirm else RequestState.REFUSED
    session.execute(
        update(table)
        .where(col(table.id) == settled.c.id)
        .values(
            state=state, settled_by=by.id, settled_because=ruling.because, settled_at=clock.now()
        )
        .execution_options(synchronize_session=False)
    )
    audit.note(
        session,
        by=by,
        did=f"recognition.{kind.value}-{state.value}",
        records=select(settled.c.id),
        because=ruling.because,
    )
    return settled


def _recognise_asked(session: Session, settled: Table, basis: Basis, *, by: Actor) -> int:
    """Recognises as confirmed requests say; a student may have left the officer's county since."""
    with db.city_scope(session, by):
        staged = stage(session, "asked", _asked_for(settled, basis), RECOGNISED)
    made = recognise(session, select(*(staged.c[name] for name in RECOGNISED)), by=by)
    asked = session.execute(select(func.count()).select_from(settled)).scalar_one()
    if made != asked:
        raise RequestMoved(int(asked), made)
    return made


def _refuse_forms(session: Session, settled: Table, *, because: str, by: Actor) -> None:
    """The year's forms of who stated something false are over, wherever they were handed in."""
    form, request = RecognitionForm, RecognitionRequest
    standing = (
        select(col(form.id))
        .join(
            request,
            (col(request.student_id) == form.student_id)
            & (col(request.school_year) == form.school_year),
        )
        .join(settled, settled.c.id == request.id)
        .where(col(form.state).not_in((FormState.FILED, FormState.REJECTED)))
        .order_by(col(form.id))
        .with_for_update(of=form)
    )
    with db.city_scope(session, by):
        found = stage(session, "refused_forms", standing, ("id",))
        session.execute(
            update(form)
            .where(col(form.id) == found.c.id)
            .values(state=FormState.REJECTED, level=0, version=col(form.version) + 1)
            .execution_options(synchronize_session=False)
        )
        notices.strike(session, list(session.execute(select(found.c.id)).scalars()))
    audit.note(
        session,
        by=by,
        did="recognition.form-refused",
        records=select(found.c.id),
        because=because,
    )


def _asked_for(settled: Table, basis: Basis) -> Rows:
    """The rows that `recognise` takes for confirmed requests, at the students' present school."""
    table = RecognitionRequest
    cancelled = basis is Basis.CANCELLED
    return (
        select(
            col(table.student_id),
            col(Student.school_id),
            col(Student.county_id),
            col(table.school_year),
            literal(0, Integer) if cancelled else col(table.level),
            literal([], ARRAY(String)) if cancelled else col(table.groups),
            literal(basis, TextEnum(Basis)),
            cast(null(), Uuid()),
            cast(null(), Uuid()),
            col(table.valid_from),
            col(table.because),
        )
        .join(settled, settled.c.id == table.id)
        .join(Student, col(Student.id) == table.student_id)
    )


_STANDING = """
SELECT student_id FROM (
    SELECT DISTINCT ON (student_id) student_id, basis FROM recognition
    WHERE student_id = ANY(:students) AND school_year = :school_year
    ORDER BY student_id, valid_from DESC) newest
WHERE :change OR basis <> 'cancelled'
"""
_ADD = f"""
WITH added AS (INSERT INTO recognition (id, student_id, school_id, county_id, school_year, level,
    groups, basis, form_id, register_ref, valid_from, decided_by, because, made_at)
SELECT {ids.SQL_UUID7}, s.student_id, s.school_id, s.county_id, s.school_year,
    CASE s.basis WHEN 'register' THEN greatest(s.level, :least, stands.level) ELSE s.level END,
    CASE s.basis WHEN 'register' THEN ARRAY(SELECT DISTINCT listed FROM
            unnest(coalesce(stands.groups, '{{{{}}}}') || coalesce(s.groups, '{{{{}}}}')) listed
            ORDER BY listed)
        ELSE coalesce(s.groups, stands.groups, '{{{{}}}}') END,
    s.basis, s.form_id, s.register_ref,
    coalesce(s.valid_from, greatest(CAST(:today AS date), stands.valid_from + 1)),
    :by, s.because, :now
FROM {{staged}} s LEFT JOIN LATERAL (
    SELECT r.level, r.groups, r.basis, r.valid_from FROM recognition r
    WHERE r.student_id = s.student_id AND r.school_year = s.school_year
    ORDER BY r.valid_from DESC LIMIT 1) stands ON true
WHERE (s.basis = 'change' OR stands.basis IS DISTINCT FROM 'cancelled')
    AND (s.basis <> 'register' OR stands.level IS NULL OR stands.level < greatest(s.level, :least)
    OR NOT coalesce(s.groups, '{{{{}}}}') <@ stands.groups)
RETURNING id)
INSERT INTO {{made}} SELECT id FROM added
"""  # noqa: S608 own text
