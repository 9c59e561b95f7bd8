"""Graduates come to a school of the next stage, which takes them in without a transfer request.

The old school has let them go by graduating them. Resident id and name must both fit, as for a
transfer, so that a number mistyped takes nobody else's record.
"""

from dataclasses import dataclass
from uuid import UUID

import polars as pl
from sqlalchemy import text
from sqlmodel import Session

from app.core import db
from app.core.actor import Actor
from app.registry import rules

# The enrolment that counts is an open one, else the newest.
_FIND = text("""
SELECT w.place, s.id, s.guardian_resident_id, s.telephone
FROM unnest(CAST(:places AS bigint[]), CAST(:numbers AS bytea[]), CAST(:names AS text[]),
    CAST(:schools AS uuid[])) w (place, number, name, school)
JOIN student s ON s.resident_id_index = w.number AND s.name = w.name AND s.school_id <> w.school
JOIN school c ON c.id = w.school
CROSS JOIN LATERAL (
    SELECT e.stage, e.graduated, e.school_year FROM enrolment e WHERE e.student_id = s.id
    ORDER BY e.left_on IS NULL DESC, e.school_year DESC LIMIT 1) newest
JOIN unnest(CAST(:stages AS text[]), CAST(:goes_on AS text[])) n (stage, goes_on)
    ON n.stage = newest.stage AND n.goes_on = c.stage
WHERE newest.graduated AND newest.school_year < CAST(:year AS text)
""")
_LOCK = text("SELECT id FROM student WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")

_MOVE = (
    text("""
    UPDATE student s SET school_id = i.school_id, county_id = i.county_id, version = s.version + 1
    FROM registry_intake i WHERE i.standing = 'moved' AND s.id = i.student_id
    """),
    text("""
    UPDATE household h SET school_id = s.school_id, county_id = s.county_id
    FROM student s WHERE h.student_id = s.id
    AND s.id IN (SELECT student_id FROM registry_intake WHERE standing = 'moved')
    """),
    text("""
    UPDATE bank_account b SET school_id = s.school_id, county_id = s.county_id
    FROM student s WHERE b.student_id = s.id
    AND s.id IN (SELECT student_id FROM registry_intake WHERE standing = 'moved')
    """),
    # Of two schools that bring one graduate in one sheet, the one that has the student now.
    text("""
    UPDATE registry_intake i SET standing =
        CASE WHEN s.school_id = i.school_id THEN 'here' ELSE 'elsewhere' END
    FROM student s WHERE i.standing = 'moved' AND s.id = i.student_id
    """),
)


@dataclass(frozen=True)
class Graduate:
    """A student of another school who has graduated there and may be taken in."""

    id: UUID
    guardian_resident_id: bytes | None
    telephone: bytes | None


def graduates(
    session: Session, rows: pl.DataFrame, *, school_year: str, by: Actor
) -> dict[int, Graduate]:
    """Those of the rows (`place`, `resident_id_index`, `name`, `school_id`) that bring a graduate.

    Each graduate is held until the transaction is over: nobody else takes the student meanwhile,
    and the turn of the year is not undone. By place.
    """
    if rows.is_empty():
        return {}
    with db.city_scope(session, by):
        found = _find(session, rows, school_year)
        if found:
            session.execute(_LOCK, {"ids": [each.id for each in found.values()]})
            found = _find(session, rows, school_year)
    return found


def move(session: Session, *, by: Actor) -> None:
    """Moves the graduates staged as `moved`, with families and accounts, to the new school.

    Old enrolments and applications stay with the old school.
    """
    with db.city_scope(session, by):
        for statement in _MOVE:
            session.execute(statement)


def _find(session: Session, rows: pl.DataFrame, school_year: str) -> dict[int, Graduate]:
    stages, goes_on = zip(*rules.NEXT_STAGES, strict=True)
    found = session.execute(
        _FIND,
        {
            "places": rows["place"].to_list(),
            "numbers": rows["resident_id_index"].to_list(),
            "names": rows["name"].to_list(),
            "schools": rows["school_id"].to_list(),
            "stages": list(stages),
            "goes_on": list(goes_on),
            "year": school_year,
        },
    )
    return {row[0]: Graduate(row[1], row[2], row[3]) for row in found}
