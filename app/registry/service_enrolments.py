"""Corrects and closes enrolments, keeps households, and takes a school's word on who is there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from app.audit import service as audit
from app.core import clock, etags, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import visible
from app.registry import queries, rules
from app.registry.errors import EnrolmentClosed, EnrolmentNotFound, EnrolmentOpen, EnrolmentsMoved
from app.registry.models import (
    AbsenceKind,
    Enrolment,
    EnrolmentAbsence,
    EnrolmentConfirmation,
    Household,
    School,
    Student,
)
from app.registry.service_students import lock_students

_CLOSE = text("""
UPDATE enrolment e SET left_on = gone.day, left_because = gone.why, version = e.version + 1
FROM unnest(CAST(:who AS uuid[]), CAST(:days AS date[]), CAST(:why AS text[])) gone (who, day, why)
WHERE e.student_id = gone.who AND e.left_on IS NULL
""")
CLOSING = {AbsenceKind.LEFT: "离校", AbsenceKind.DIED: "死亡"}


@dataclass(frozen=True, kw_only=True)
class Absence:
    """A student who is not there this term."""

    student_id: UUID
    kind: AbsenceKind
    since: date
    remark: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewEnrolment:
    """A student's place in a school year at the present school."""

    school_year: str
    grade: int
    class_name: str | None
    boards: bool | None
    entered_on: date


def open_enrolment(
    session: Session, student_id: UUID, new: NewEnrolment, *, by: Actor
) -> Enrolment:
    """Enrols a student of the school for a school year. Raises StudentNotFound, EnrolmentOpen."""
    [student] = lock_students(session, [student_id], by)
    there = session.exec(
        select(Enrolment.id).where(
            col(Enrolment.student_id) == student_id,
            col(Enrolment.school_year) == new.school_year,
            col(Enrolment.left_on).is_(None),
        )
    ).first()
    if there is not None:
        raise EnrolmentOpen(new.school_year)
    made = Enrolment(
        student_id=student.id,
        school_id=student.school_id,
        county_id=student.county_id,
        school_year=new.school_year,
        stage=queries.school(session, student.school_id, by).stage,
        grade=new.grade,
        class_name=new.class_name,
        boards=new.boards,
        entered_on=new.entered_on,
        made_at=clock.now(),
        made_by=by.id,
    )
    session.add(made)
    session.flush()  # the reply shows what is stored
    audit.note(session, by=by, did="enrolment.opened", records=[made.id, student.id])
    return made


def change_enrolment(
    session: Session, enrolment_id: UUID, change: Mapping[str, object], *, seen: int, by: Actor
) -> Enrolment:
    """Writes the fields given. Raises EnrolmentNotFound, VersionStale, EnrolmentClosed."""
    enrolment = session.exec(
        select(Enrolment)
        .where(col(Enrolment.id) == enrolment_id, visible(Enrolment, by))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if enrolment is None:
        raise EnrolmentNotFound
    etags.check(seen, enrolment.version)
    if enrolment.left_on is not None:
        raise EnrolmentClosed
    for field, value in change.items():
        setattr(enrolment, field, value)
    enrolment.version += 1
    session.flush()  # the reply shows what is stored
    audit.note(
        session,
        by=by,
        did="enrolment.changed",
        records=[enrolment.id, enrolment.student_id],
        detail={"fields": [*change]},
    )
    return enrolment


def leave(
    session: Session, student_ids: Collection[UUID], *, left_on: date, because: str, by: Actor
) -> int:
    """Closes the students' open enrolments; all or none; answers how many students left.

    Raises StudentNotFound, EnrolmentsMoved.
    """
    lock_students(session, student_ids, by)
    days = dict.fromkeys(student_ids, left_on)
    reasons = dict.fromkeys(student_ids, because)
    _close(session, days, reasons, by)
    audit.note(session, by=by, did="student.left", records=sorted({*student_ids}), because=because)
    return len(days)


def _close(
    session: Session, days: Mapping[UUID, date], reasons: Mapping[UUID, str], by: Actor
) -> None:
    """Closes each student's open enrolments on a day of its own.

    Those of later years too: who left before a turn of the year became known never came in it.
    """
    rows = session.exec(
        select(Enrolment.student_id, func.min(Enrolment.entered_on))
        .where(
            col(Enrolment.student_id).in_(days),
            col(Enrolment.left_on).is_(None),
            visible(Enrolment, by),
        )
        .group_by(col(Enrolment.student_id))
    )
    entered: dict[UUID, date] = {row[0]: row[1] for row in rows}
    today = clock.office_day()
    found = [
        rules.leaving_fault(
            str(student_id), entered_on=entered.get(student_id), left_on=day, today=today
        )
        for student_id, day in days.items()
    ]
    faults = [fault for fault in found if fault is not None]
    if faults:
        raise EnrolmentsMoved(faults)
    if not days:
        return
    session.execute(
        _CLOSE, {"who": [*days], "days": [*days.values()], "why": [reasons[one] for one in days]}
    )


def put_household(
    session: Session, student_id: UUID, school_year: str, facts: Mapping[str, Any], *, by: Actor
) -> Household:
    """Writes the whole of what is known of the family in a school year. Raises StudentNotFound."""
    [student] = lock_students(session, [student_id], by)
    household = session.exec(
        select(Household)
        .where(col(Household.student_id) == student_id, col(Household.school_year) == school_year)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if household is None:
        household = Household(
            student_id=student.id,
            school_id=student.school_id,
            county_id=student.county_id,
            school_year=school_year,
            made_at=clock.now(),
            made_by=by.id,
            version=0,
        )
        session.add(household)
    for field, value in facts.items():
        setattr(household, field, value)
    household.version += 1
    session.flush()  # the reply shows what is stored
    audit.note(session, by=by, did="household.written", records=[student.id, household.id])
    return household


def confirm_enrolment(
    session: Session, school: School, term: str, absences: Sequence[Absence], *, by: Actor
) -> EnrolmentConfirmation:
    """A school's word on who is there this term: everybody enrolled but the absences named.

    Who left or died has the enrolment closed. Raises EnrolmentsMoved, which lists every student
    who is not enrolled here or is named twice.
    """
    enrolled = _lock_enrolled(session, school, term, by)
    _refuse_absences(set(enrolled), absences)
    made = EnrolmentConfirmation(
        id=ids.new(),
        school_id=school.id,
        county_id=school.county_id,
        term=term,
        students=len(enrolled),
        absences=len(absences),
        made_by=by.id,
        made_at=clock.now(),
    )
    session.add(made)
    session.flush()  # the absences point at it
    session.add_all(
        EnrolmentAbsence(
            confirmation_id=made.id,
            student_id=absence.student_id,
            school_id=school.id,
            county_id=school.county_id,
            kind=absence.kind,
            since=absence.since,
            remark=absence.remark,
        )
        for absence in absences
    )
    session.flush()  # before the enrolments close
    gone = {one.student_id: one for one in absences if one.kind in CLOSING}
    days = {student_id: one.since for student_id, one in gone.items()}
    _close(session, days, {who: one.remark or CLOSING[one.kind] for who, one in gone.items()}, by)
    touched = [made.id, *sorted(absence.student_id for absence in absences)]
    audit.note(session, by=by, did="enrolment.confirmed", records=touched, detail={"term": term})
    return made


def _lock_enrolled(session: Session, school: School, term: str, by: Actor) -> Sequence[UUID]:
    """Who is enrolled for the term; the students are locked first, as a turn of the year does."""
    there = (
        select(col(Enrolment.student_id))
        .join(Student, queries.enrolled_for(term))
        .where(col(Enrolment.school_id) == school.id, visible(Enrolment, by))
    )
    held = session.exec(
        there.order_by(col(Student.id)).with_for_update(of=Student, key_share=True)
    ).all()
    # Read anew: what held the students meanwhile may have closed or opened enrolments.
    return session.exec(
        there.where(col(Enrolment.student_id).in_(held))
        .order_by(col(Enrolment.id))
        .with_for_update(of=Enrolment)
    ).all()


def _refuse_absences(enrolled: set[UUID], absences: Sequence[Absence]) -> None:
    named = [absence.student_id for absence in absences]
    faults = [
        Fault(
            "enrolment.none-open",
            "该学生本学年不在本校就读。",
            "The student is not enrolled here in this school year.",
            str(one),
        )
        for one in named
        if one not in enrolled
    ]
    twice = {one for place, one in enumerate(named) if one in named[:place]}
    faults += [
        Fault("absence.twice", "该学生重复列出。", "The student is named twice.", str(one))
        for one in sorted(twice)
    ]
    if faults:
        raise EnrolmentsMoved(faults)
