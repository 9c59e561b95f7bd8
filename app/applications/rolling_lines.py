"""A school's list on its way into the books: a temporary table, and what stores it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import text
from sqlmodel import Session

from app.applications.rolling_drafts import Draft
from app.applications.rolling_queries import Forward
from app.core import clock, db, ids
from app.core.actor import Actor

_COLUMNS = {
    "student_id": "uuid",
    "student_name": "text",
    "from_application_id": "uuid",
    "grade": "int",
    "class_name": "text",
    "fate": "text",
    "reasons": "text[]",
    "detail": "text[]",
    "left_on": "date",
    "left_because": "text",
    "amount_fen": "bigint",
}
_NAMES = ", ".join(_COLUMNS)
_KINDS: dict[str, pl.DataType] = {"int": pl.Int64(), "bigint": pl.Int64(), "date": pl.Date()}
_SCHEMA = {name: _KINDS.get(kind, pl.String()) for name, kind in _COLUMNS.items()}
_STAGE = (
    "DROP TABLE IF EXISTS pg_temp.forward_draft; CREATE TEMP TABLE forward_draft ("
    + ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    + ") ON COMMIT DROP"
)

# Who is on the list no more: the case of last time has fallen, or the newcomer has gone again.
_DROP = text("""
WITH gone AS (
    DELETE FROM roll_forward_line l WHERE l.round_id = :round AND l.school_id = :school
    AND NOT EXISTS (SELECT 1 FROM forward_draft d WHERE d.student_id = l.student_id)
    RETURNING l.id)
SELECT count(*) FROM gone
""")
_NOW = ", ".join(f"excluded.{name}" for name in _COLUMNS if name != "student_id")
_SET = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "student_id")
_THERE = ", ".join(f"l.{name}" for name in _COLUMNS if name != "student_id")
_PUT = text(f"""
WITH written AS (
    INSERT INTO roll_forward_line AS l (id, round_id, from_period, school_id, county_id, {_NAMES},
        made_by, made_at)
    SELECT {ids.SQL_UUID7}, :round, :period, :school, :county, {_NAMES}, :by, :now
    FROM forward_draft ORDER BY student_id
    ON CONFLICT (round_id, school_id, student_id) DO UPDATE
        SET from_period = excluded.from_period, made_by = excluded.made_by,
            made_at = excluded.made_at, {_SET}
        WHERE (l.from_period, {_THERE}) IS DISTINCT FROM (excluded.from_period, {_NOW})
    RETURNING xmax = 0 AS added)
SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM written
""")  # noqa: S608 the parts put in are constants


def put(
    session: Session, forward: Forward, drafts: Sequence[Draft], *, by: Actor
) -> tuple[int, int, int]:
    """Makes the school's list say the drafts; answers how many lines came, changed and went."""
    rows = [_line(draft) for draft in drafts]
    session.connection().exec_driver_sql(_STAGE)
    csv = pl.DataFrame(rows, schema=_SCHEMA).write_csv(include_header=False)
    db.copy_rows(session, "forward_draft", tuple(_COLUMNS), csv.encode())
    session.connection().exec_driver_sql("ANALYZE forward_draft")
    place: dict[str, UUID] = {"round": forward.round_.id, "school": forward.school.id}
    dropped = session.execute(_DROP, place).scalar_one()
    added, changed = session.execute(
        _PUT,
        {
            **place,
            "county": forward.school.county_id,
            "period": forward.from_period,
            "by": by.id,
            "now": clock.now(),
        },
    ).one()
    return added, changed, dropped


def _line(draft: Draft) -> dict[str, Any]:
    return {
        "student_id": str(draft.student_id),
        "student_name": draft.student_name,
        "from_application_id": draft.from_application_id and str(draft.from_application_id),
        "grade": draft.grade,
        "class_name": draft.class_name,
        "fate": draft.fate.value,
        "reasons": _array(draft.reasons),
        "detail": _array(draft.detail),
        "left_on": draft.left_on,
        "left_because": draft.left_because,
        "amount_fen": draft.amount_fen,
    }


def _array(codes: Sequence[str]) -> str:
    """A list of identifiers in PostgreSQL's notation."""
    return "{" + ",".join(codes) + "}"
