"""The turn of the school year (升级): everybody a grade up, the last grade graduated, set-wise.

An enrolment of the old year stays open when its student goes up: that the student was there to the
end stays true, and the newest open year is the present one. Whoever graduates has every enrolment
closed, until a school of the next stage takes the student in (`admission`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, or_, text
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from app.audit import service as audit
from app.core import clock, db, ids
from app.core.actor import Actor, Scope
from app.core.scoping import visible
from app.registry import queries, rules
from app.registry.errors import (
    NothingToRoll,
    RollOverEarly,
    RollOverFollowed,
    RollOverNotFound,
    RollOverUndone,
)
from app.registry.models import Enrolment, RollOver, RollOverState

GRADUATED = "毕业"


@dataclass(frozen=True)
class Turn:
    """Two school years that follow each other, the last day of the one, the first of the other."""

    from_year: str
    to_year: str
    last_day: date
    first_day: date


@dataclass(frozen=True)
class Part:
    """Whose schools turn: one school, one county's, or (both None) all in the caller's sight."""

    county_id: UUID | None = None
    school_id: UUID | None = None


@dataclass(frozen=True)
class Counts:
    """What the turn makes of the students of one school, or of all."""

    promoted: int = 0
    graduates: int = 0
    already_there: int = 0
    unknown_grade: int = 0


@dataclass(frozen=True)
class SchoolCounts:
    """One school's part of a turn."""

    school_id: UUID
    code: str
    name: str
    counts: Counts


@dataclass(frozen=True)
class Rolled:
    """What a turn came to, by school; `made` is None after a dry run."""

    made: RollOver | None
    schools: list[SchoolCounts]

    @property
    def total(self) -> Counts:
        """All schools together."""
        return _total(self.schools)


@dataclass(frozen=True)
class Undone:
    """A turn taken back: enrolments removed, opened again, and students left as they are now."""

    roll_over: RollOver
    removed: int
    reopened: int
    kept: int


# Whose enrolment of the old year is open at the school that has the student.
OPEN_IN = """
e.school_year = CAST(:from_year AS text) AND e.left_on IS NULL
AND (CAST(:county AS uuid) IS NULL OR e.county_id = CAST(:county AS uuid))
AND (CAST(:school AS uuid) IS NULL OR e.school_id = CAST(:school AS uuid))
"""
_LOCK = text(f"""
SELECT count(*) FROM (
    SELECT s.id FROM student s WHERE s.id IN (SELECT e.student_id FROM enrolment e WHERE {OPEN_IN})
    ORDER BY s.id FOR NO KEY UPDATE OF s) AS held
""")  # noqa: S608 the one part put in is a constant

# A whole city in one statement outlasts what a request is otherwise given.
_PATIENCE = text("SET LOCAL statement_timeout = '20min'")

_STAGE = """
DROP TABLE IF EXISTS pg_temp.roll_over_case;
CREATE TEMP TABLE roll_over_case (student_id uuid, school_id uuid, county_id uuid, stage text,
    next_grade int, class_name text, boards boolean, fate text) ON COMMIT DROP
"""
GRADE_AFTER = """
LEFT JOIN unnest(CAST(:stages AS text[]), CAST(:years AS int[]), CAST(:grades AS int[]),
        CAST(:nexts AS int[])) step (stage, years, grade, after)
    ON step.stage = e.stage AND step.grade = e.grade
    AND step.years = CASE WHEN c.stage = e.stage THEN coalesce(c.years, 0) ELSE 0 END
"""
_FILL = text(f"""
INSERT INTO roll_over_case
SELECT e.student_id, e.school_id, e.county_id, e.stage, step.after, e.class_name, e.boards,
    CASE WHEN there.student_id IS NOT NULL THEN 'already_there'
        WHEN step.after IS NULL THEN 'unknown_grade'
        WHEN step.after = {rules.GRADUATES} THEN 'graduates' ELSE 'promoted' END
FROM enrolment e
JOIN student s ON s.id = e.student_id AND s.school_id = e.school_id
JOIN school c ON c.id = e.school_id
{GRADE_AFTER}
LEFT JOIN (SELECT DISTINCT student_id FROM enrolment WHERE school_year >= CAST(:to_year AS text))
    there ON there.student_id = e.student_id
WHERE {OPEN_IN}
""")  # noqa: S608 the parts put in are constants

_COUNT = text("""
SELECT c.id, c.code, c.name, count(*) FILTER (WHERE r.fate = 'promoted'),
    count(*) FILTER (WHERE r.fate = 'graduates'), count(*) FILTER (WHERE r.fate = 'already_there'),
    count(*) FILTER (WHERE r.fate = 'unknown_grade')
FROM roll_over_case r JOIN school c ON c.id = r.school_id
GROUP BY c.id, c.code, c.name ORDER BY c.code
""")

_PROMOTE = text(f"""
INSERT INTO enrolment (id, student_id, school_id, county_id, school_year, stage, grade, class_name,
    boards, entered_on, made_at, made_by, version, roll_over_id)
SELECT {ids.SQL_UUID7}, r.student_id, r.school_id, r.county_id, CAST(:to_year AS text), r.stage,
    r.next_grade, r.class_name, r.boards, CAST(:first_day AS date), :now, :by, 1, :roll_over
FROM roll_over_case r
JOIN enrolment e ON e.student_id = r.student_id AND e.school_year = CAST(:from_year AS text)
    AND e.left_on IS NULL
WHERE r.fate = 'promoted'
ORDER BY r.student_id ON CONFLICT DO NOTHING
""")  # noqa: S608 the one part put in is a constant

_GRADUATE = text("""
UPDATE enrolment e SET left_on = greatest(CAST(:last_day AS date), e.entered_on),
    left_because = :because, graduated = true, closed_by_roll_over_id = :roll_over,
    version = e.version + 1
FROM roll_over_case r
WHERE r.fate = 'graduates' AND e.student_id = r.student_id AND e.left_on IS NULL
AND e.school_year <= CAST(:from_year AS text)
""")

_HOLD = text("""
SELECT count(*) FROM (
    SELECT s.id FROM student s WHERE s.id IN (
        SELECT student_id FROM enrolment WHERE roll_over_id = :id
        UNION ALL SELECT student_id FROM enrolment WHERE closed_by_roll_over_id = :id)
    ORDER BY s.id FOR NO KEY UPDATE OF s) AS held
""")
_LATER = text("""
SELECT count(DISTINCT later.student_id) FROM enrolment later
WHERE later.school_year > :to_year AND later.student_id IN (
    SELECT student_id FROM enrolment WHERE roll_over_id = :id
    UNION ALL SELECT student_id FROM enrolment WHERE closed_by_roll_over_id = :id)
""")
# What somebody has changed or closed since is theirs, and stays.
_REMOVE = text("""
WITH gone AS (DELETE FROM enrolment
    WHERE roll_over_id = :id AND version = 1 AND left_on IS NULL RETURNING student_id)
SELECT count(*) FROM gone
""")
# Who has been taken in by another school has gone on, whatever becomes of the turn.
_REOPEN = text("""
WITH opened AS (
    UPDATE enrolment e SET left_on = NULL, left_because = NULL, graduated = false,
        closed_by_roll_over_id = NULL, version = e.version + 1
    FROM student s WHERE e.closed_by_roll_over_id = :id AND e.graduated
    AND s.id = e.student_id AND s.school_id = e.school_id RETURNING e.id)
SELECT count(*) FROM opened
""")


def roll_over(
    session: Session, turn: Turn, part: Part, *, by: Actor, dry_run: bool = False
) -> Rolled:
    """Turns the school year for everybody enrolled in the old one and not yet in the new.

    A dry run writes nothing. A fixed number of statements, however many students. Done again, it
    takes up only who has come since. Raises RollOverEarly before the old year's last day, and
    NothingToRoll.
    """
    scope = params(turn, part)
    session.execute(_PATIENCE)
    if not dry_run:
        if clock.office_day() < turn.last_day:
            raise RollOverEarly(turn.from_year, turn.last_day)
        session.execute(_LOCK, scope)
    schools = _staged(session, scope)
    if dry_run:
        return Rolled(None, schools)
    total = _total(schools)
    if not total.promoted + total.graduates:
        raise NothingToRoll(turn.from_year, unknown=total.unknown_grade)
    made = RollOver(
        from_year=turn.from_year,
        to_year=turn.to_year,
        school_id=part.school_id,
        county_id=part.county_id,
        counts=dict(vars(total)),
        state=RollOverState.DONE,
        made_by=by.id,
        made_at=clock.now(),
    )
    session.add(made)
    session.flush()  # the enrolments point at it
    given = {**scope, **vars(turn), "roll_over": made.id, "now": made.made_at, "by": by.id}
    session.execute(_PROMOTE, given)
    session.execute(_GRADUATE, {**given, "because": GRADUATED})
    _note(session, made, "year.rolled_over", by=by, detail={"year": turn.to_year, **made.counts})
    return Rolled(made, schools)


def hold(session: Session, roll_over_id: UUID, *, by: Actor) -> RollOver:
    """A turn that is about to be undone, with its students held until the transaction is over.

    Raises RollOverNotFound, RollOverUndone.
    """
    found = session.exec(
        select(RollOver)
        .where(col(RollOver.id) == roll_over_id, visible(RollOver, by))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise RollOverNotFound
    if found.state is RollOverState.UNDONE:
        raise RollOverUndone
    session.execute(_PATIENCE)
    session.execute(_HOLD, {"id": roll_over_id})
    return found


def undo(session: Session, held: RollOver, *, because: str, by: Actor) -> Undone:
    """Takes a held turn back: what it made goes, what it closed is open again.

    The caller has made sure that nobody above the registry stands on it. Enrolments changed since,
    and graduates whom another school has taken in, stay as they are. Raises RollOverFollowed.
    """
    done = {"id": held.id}
    with db.city_scope(session, by):
        later: int = session.execute(_LATER, {**done, "to_year": held.to_year}).scalar_one()
    if later:
        raise RollOverFollowed(held.to_year, later)
    _note(session, held, "year.rolled_back", by=by, because=because)
    removed = session.execute(_REMOVE, done).scalar_one()
    reopened = session.execute(_REOPEN, done).scalar_one()
    kept = session.execute(select(func.count()).select_from(_students(held).subquery()))
    held.state = RollOverState.UNDONE
    held.undone_by = by.id
    held.undone_at = clock.now()
    session.flush()  # the reply shows what is stored
    return Undone(held, removed, reopened, kept.scalar_one())


def part_for(
    session: Session, *, school_id: UUID | None, county_id: UUID | None, by: Actor
) -> Part:
    """The schools an office names, within its own. Raises SchoolNotFound."""
    if school_id is not None:
        school = queries.school(session, school_id, by)
        return Part(school.county_id, school.id)
    return Part(by.county_id if by.scope is Scope.COUNTY else county_id)


def params(turn: Turn, part: Part) -> dict[str, object]:
    """What the statements with OPEN_IN and GRADE_AFTER are given."""
    stages, years, grades, nexts = zip(*rules.grades_after(), strict=True)
    return {
        "from_year": turn.from_year,
        "to_year": turn.to_year,
        "county": part.county_id,
        "school": part.school_id,
        "stages": list(stages),
        "years": list(years),
        "grades": list(grades),
        "nexts": list(nexts),
    }


def _staged(session: Session, scope: Mapping[str, object]) -> list[SchoolCounts]:
    connection = session.connection()
    connection.exec_driver_sql(_STAGE)
    session.execute(_FILL, scope)
    connection.exec_driver_sql("ANALYZE roll_over_case")
    return [
        SchoolCounts(row[0], row[1], row[2], Counts(*row[3:])) for row in session.execute(_COUNT)
    ]


def _total(schools: list[SchoolCounts]) -> Counts:
    return Counts(*(sum(getattr(each.counts, name) for each in schools) for name in vars(Counts())))


def _note(
    session: Session,
    roll_over: RollOver,
    did: str,
    *,
    by: Actor,
    because: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    records = _students(roll_over)
    audit.note(session, by=by, did=did, because=because, detail=detail, records=records)


def _students(roll_over: RollOver) -> Select[UUID]:
    """Whose enrolments the turn made or closed, as far as they stand."""
    e = Enrolment
    touched = (col(e.roll_over_id) == roll_over.id, col(e.closed_by_roll_over_id) == roll_over.id)
    return sql_select(col(e.student_id)).where(or_(*touched)).distinct()
