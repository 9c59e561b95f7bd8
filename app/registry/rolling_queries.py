"""Reads the turns of the school year, and whom one could not take along."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.registry.errors import RollOverNotFound
from app.registry.models import RollOver
from app.registry.rolling import GRADE_AFTER, OPEN_IN, Part, Turn, params


@dataclass(frozen=True)
class Unclear:
    """A student whose grade does not say what comes after it."""

    enrolment_id: UUID
    student_id: UUID
    name: str
    school_code: str
    school_name: str
    stage: str
    grade: int | None
    class_name: str | None


_UNCLEAR = text(f"""
SELECT e.id, s.id, s.name, c.code, c.name, e.stage, e.grade, e.class_name
FROM enrolment e
JOIN student s ON s.id = e.student_id AND s.school_id = e.school_id
JOIN school c ON c.id = e.school_id
{GRADE_AFTER}
WHERE {OPEN_IN} AND step.after IS NULL
AND (CAST(:past AS uuid) IS NULL OR e.id > CAST(:past AS uuid))
AND NOT EXISTS (SELECT 1 FROM enrolment there WHERE there.student_id = e.student_id
    AND there.school_year >= CAST(:to_year AS text))
ORDER BY e.id LIMIT :most
""")  # noqa: S608 the parts put in are constants


def roll_overs(session: Session, by: Actor, asked: PageAsked) -> Sequence[RollOver]:
    """The turns in sight, oldest first."""
    wanted = asked.cut(select(RollOver).where(visible(RollOver, by)), col(RollOver.id))
    return session.exec(wanted).all()


def roll_over(session: Session, roll_over_id: UUID, by: Actor) -> RollOver:
    """One turn. Raises RollOverNotFound."""
    found = session.exec(
        select(RollOver).where(col(RollOver.id) == roll_over_id, visible(RollOver, by))
    ).one_or_none()
    if found is None:
        raise RollOverNotFound
    return found


def unclear(session: Session, turn: Turn, part: Part, asked: PageAsked) -> list[Unclear]:
    """The students whom the turn would leave behind for their grade, by enrolment."""
    given = {**params(turn, part), "past": asked.after, "most": asked.fetch}
    return [Unclear(*row) for row in session.execute(_UNCLEAR, given)]
