"""Reads what a school's working list of a new round is made from, and the list itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Row, Select, and_, select, text
from sqlmodel import Session, col

from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    Fate,
    RollForwardLine,
)
from app.applications.rules import OVER
from app.core import db
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.policy.calendar import parse_period
from app.policy.queries import LoadedVersion
from app.registry.models import School, Student


@dataclass(frozen=True)
class Forward:
    """A school's turn from one period of a programme to the round of another."""

    round_: ApplicationRound
    loaded: LoadedVersion
    from_period: str
    school: School

    @property
    def school_year(self) -> str:
        """The school year of the new period."""
        return parse_period(self.round_.period).school_year

    @property
    def turns(self) -> int:
        """How many school years lie between the two periods."""
        last = parse_period(self.from_period).school_year
        return int(self.school_year[:4]) - int(last[:4])

    @property
    def year_begins(self) -> date:
        """The first day of the new period's school year."""
        return self.loaded.programme.calendar.days_of(self.school_year)[0]

    @property
    def last_day(self) -> date:
        """The last day of the period before."""
        return self.loaded.programme.calendar.days_of(self.from_period)[1]


# Who moved away is out of sight as a student; the enrolment that was closed here is not.
_LAST_CASES = text("""
SELECT a.id AS application_id, a.student_id, a.student_name, a.stage AS stage_before,
    a.grade AS grade_before, s.facts, p.name, p.identity, p.resident_id, p.birth_on,
    p.guardian_resident_id, e.id IS NOT NULL AS enrolled, e.stage, e.grade, e.class_name, e.boards,
    EXISTS (SELECT 1 FROM enrolment o WHERE o.student_id = a.student_id
        AND o.school_id = a.school_id AND o.left_on IS NULL) AS still_here,
    gone.left_on, gone.left_because, gone.graduated, h.hukou, h.members AS household_size,
    h.income_per_head_fen, h.special_group
FROM application a
JOIN submission s ON s.application_id = a.id AND s.submission_no = a.submission_no
LEFT JOIN student p ON p.id = a.student_id AND p.school_id = a.school_id
LEFT JOIN enrolment e ON e.student_id = p.id AND e.school_id = a.school_id
    AND e.school_year = CAST(:year AS text) AND e.left_on IS NULL
LEFT JOIN household h ON h.student_id = p.id AND h.school_id = a.school_id
    AND h.school_year = CAST(:year AS text)
LEFT JOIN LATERAL (
    SELECT x.left_on, x.left_because, x.graduated FROM enrolment x
    WHERE x.student_id = a.student_id AND x.school_id = a.school_id AND x.left_on IS NOT NULL
    ORDER BY x.school_year DESC, x.left_on DESC LIMIT 1) gone ON true
WHERE a.school_id = :school AND a.programme = :programme AND a.period = :period
AND a.state IN ('approved', 'announced', 'confirmed')
ORDER BY a.id
""")

_NEWCOMERS = text("""
SELECT p.id AS student_id, p.name, e.grade, e.class_name, h.special_group
FROM enrolment e
JOIN student p ON p.id = e.student_id AND p.school_id = e.school_id
LEFT JOIN household h ON h.student_id = p.id AND h.school_year = CAST(:year AS text)
WHERE e.school_id = :school AND e.school_year = CAST(:year AS text) AND e.left_on IS NULL
AND NOT EXISTS (SELECT 1 FROM enrolment b WHERE b.student_id = e.student_id
    AND b.school_id = e.school_id AND b.entered_on <= CAST(:last_day AS date))
ORDER BY p.id
""")

_AWARDED = text("""
SELECT DISTINCT student_id FROM award
WHERE student_id = ANY(CAST(:students AS uuid[])) AND programme = :programme AND period = :period
AND state <> 'cancelled' AND school_id <> :school
""")

Lines: TypeAlias = Select[RollForwardLine, str, ApplicationState, bytes | None]


def last_cases(session: Session, forward: Forward) -> Sequence[Row[Any]]:
    """The school's cases that were approved last time, with where their students stand now."""
    return session.execute(_LAST_CASES, _given(forward)).all()


def newcomers(session: Session, forward: Forward) -> Sequence[Row[Any]]:
    """Who is enrolled for the new period and was not at the school in the last."""
    return session.execute(_NEWCOMERS, _given(forward)).all()


def awarded_elsewhere(
    session: Session, forward: Forward, students: Sequence[UUID], *, by: Actor
) -> set[UUID]:
    """Those who had the programme's aid last time at another school; not which one."""
    with db.city_scope(session, by):
        found = session.execute(_AWARDED, {**_given(forward), "students": list(students)})
        return set(found.scalars())


def _given(forward: Forward) -> dict[str, object]:
    return {
        "school": forward.school.id,
        "programme": forward.round_.programme,
        "period": forward.from_period,
        "year": forward.school_year,
        "last_day": forward.last_day,
    }


def from_period_of(session: Session, round_id: UUID, school_id: UUID) -> str | None:
    """The period that the school's list was made from; None where there is no list yet."""
    line = RollForwardLine
    return session.execute(
        select(col(line.from_period))
        .where(col(line.round_id) == round_id, col(line.school_id) == school_id)
        .limit(1)
    ).scalar_one_or_none()


def line_ids(session: Session, forward: Forward) -> dict[UUID, UUID]:
    """The student of each line of a school's list."""
    line = RollForwardLine
    found = session.execute(
        select(col(line.id), col(line.student_id)).where(
            col(line.round_id) == forward.round_.id, col(line.school_id) == forward.school.id
        )
    )
    return {row.id: row.student_id for row in found}


def lines(round_id: UUID, school_id: UUID, fate: Fate | None, *, by: Actor) -> Lines:
    """A select of (line, number and state of the new application, sealed resident id), by id."""
    line, a = RollForwardLine, Application
    applied = and_(
        col(a.student_id) == line.student_id,
        col(a.school_id) == line.school_id,
        col(a.round_id) == line.round_id,
        col(a.state).not_in(OVER),
    )
    found = (
        select(line, col(a.number), col(a.state), col(Student.resident_id))
        .outerjoin(a, applied)
        .outerjoin(Student, col(Student.id) == line.student_id)
        .where(visible(line, by), col(line.round_id) == round_id, col(line.school_id) == school_id)
        .order_by(col(line.id))
    )
    return found if fate is None else found.where(col(line.fate) == fate)


def page_of_lines(session: Session, wanted: Lines, asked: PageAsked) -> Sequence[Row[Any]]:
    """One page of a select of lines."""
    if asked.after is not None:
        wanted = wanted.where(col(RollForwardLine.id) > asked.after)
    return session.execute(wanted.limit(asked.fetch)).all()
