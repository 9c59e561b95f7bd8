"""The rows of a sheet on their way into the registry: a temporary table and the sets made of it.

Each statement moves the whole set; none asks or writes one row at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import polars as pl
from sqlalchemy import Select, String, TextClause, Uuid, column, select, table, text
from sqlmodel import Session

from app.core import db, ids

_COLUMNS = {
    "place": "bigint",
    "student_id": "uuid",
    "standing": "text",
    "school_id": "uuid",
    "county_id": "uuid",
    "name": "text",
    "sex": "text",
    "birth_on": "date",
    "register_no": "text",
    "guardian_name": "text",
    "resident_id": "bytea",
    "resident_id_index": "bytea",
    "provisional_index": "bytea",
    "guardian_resident_id": "bytea",
    "telephone": "bytea",
    "stage": "text",
    "grade": "int",
    "class_name": "text",
    "boards": "boolean",
    "hukou": "text",
    "household_size": "int",
    "income_per_head_fen": "bigint",
    "special_group": "text",
    "account_id": "uuid",
    "account_kind": "text",
    "account_number": "bytea",
    "account_index": "bytea",
    "account_tail": "text",
    "bank_name": "text",
    "holder": "text",
    "holder_name": "text",
    "relation": "text",
    "reason": "text",
}
STAGED = tuple(_COLUMNS)

_STAGE = (
    "DROP TABLE IF EXISTS pg_temp.registry_intake; CREATE TEMP TABLE registry_intake ("
    + ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    + ") ON COMMIT DROP"
)

_UPDATE_STUDENTS = text("""
UPDATE student s SET name = i.name, sex = coalesce(i.sex, s.sex),
    birth_on = coalesce(i.birth_on, s.birth_on),
    register_no = coalesce(i.register_no, s.register_no),
    guardian_name = coalesce(i.guardian_name, s.guardian_name),
    guardian_resident_id = coalesce(i.guardian_resident_id, s.guardian_resident_id),
    telephone = coalesce(i.telephone, s.telephone),
    resident_id = coalesce(i.resident_id, s.resident_id),
    resident_id_index = coalesce(i.resident_id_index, s.resident_id_index),
    identity = CASE WHEN i.resident_id IS NULL THEN s.identity ELSE 'documented' END,
    version = s.version + 1
FROM registry_intake i
WHERE i.standing = 'here' AND s.id = i.student_id AND s.school_id = i.school_id
AND ((s.name, s.sex, s.birth_on, s.register_no, s.guardian_name) IS DISTINCT FROM
    (i.name, coalesce(i.sex, s.sex), coalesce(i.birth_on, s.birth_on),
    coalesce(i.register_no, s.register_no), coalesce(i.guardian_name, s.guardian_name))
    OR coalesce(i.guardian_resident_id, i.telephone, i.resident_id) IS NOT NULL)
RETURNING s.id::text
""")

# Two sheets may bring the same new student at once: the second waits here for the first, and then
# finds that its row is not wanted. Equal order in both keeps them from waiting for one another.
_ADD_STUDENTS = text("""
INSERT INTO student (id, school_id, county_id, name, sex, birth_on, identity, resident_id,
    resident_id_index, provisional_index, guardian_resident_id, register_no, guardian_name,
    telephone, made_at, made_by, version)
SELECT i.student_id, i.school_id, i.county_id, i.name, i.sex, i.birth_on,
    CASE WHEN i.resident_id IS NULL THEN 'provisional' ELSE 'documented' END, i.resident_id,
    i.resident_id_index, i.provisional_index, i.guardian_resident_id, i.register_no,
    i.guardian_name, i.telephone, :now, :by, 1
FROM registry_intake i WHERE i.standing = 'new'
ORDER BY i.resident_id_index, i.provisional_index, i.place
ON CONFLICT DO NOTHING
""")

_LOST = text("""
SELECT i.student_id FROM registry_intake i WHERE i.standing = 'new'
AND NOT EXISTS (SELECT FROM student s WHERE s.id = i.student_id)
""")

_MATCH_AGAIN = text("""
UPDATE registry_intake i SET student_id = s.id,
    standing = CASE WHEN s.school_id = i.school_id THEN 'here' ELSE 'elsewhere' END
FROM student s WHERE i.student_id = ANY(CAST(:lost AS uuid[]))
AND (s.resident_id_index = i.resident_id_index OR s.provisional_index = i.provisional_index)
""")

_UPDATE_ENROLMENTS = text("""
UPDATE enrolment e SET stage = coalesce(i.stage, e.stage), grade = coalesce(i.grade, e.grade),
    class_name = coalesce(i.class_name, e.class_name), boards = coalesce(i.boards, e.boards),
    version = e.version + 1
FROM registry_intake i
WHERE i.standing = 'here' AND e.student_id = i.student_id AND e.school_id = i.school_id
AND e.school_year = CAST(:year AS text) AND e.left_on IS NULL
AND (e.stage, e.grade, e.class_name, e.boards) IS DISTINCT FROM (coalesce(i.stage, e.stage),
    coalesce(i.grade, e.grade), coalesce(i.class_name, e.class_name), coalesce(i.boards, e.boards))
RETURNING e.student_id::text
""")

_ENROL = f"""
INSERT INTO enrolment (id, student_id, school_id, county_id, school_year, stage, grade, class_name,
    boards, entered_on, made_at, made_by, version)
SELECT {ids.SQL_UUID7}, i.student_id, i.school_id, i.county_id, CAST(:year AS text),
    coalesce(i.stage, c.stage), i.grade, i.class_name, i.boards, :entered_on, :now, :by, 1
FROM registry_intake i JOIN school c ON c.id = i.school_id
"""  # noqa: S608 the one part put in is a constant

# Who is new has no enrolment yet: nothing is to be looked for, and nothing to be told.
_ENROL_NEW = text(f"{_ENROL} WHERE i.standing = 'new' ORDER BY i.place")

# Who is enrolled already is passed over by the unique index: asked for with NOT EXISTS, a planner
# that does not know yet how large the table is reads the whole of it for every row.
_ENROL_HERE = text(
    f"{_ENROL} WHERE i.standing = 'here' ORDER BY i.place "
    "ON CONFLICT DO NOTHING RETURNING student_id::text"
)

_UPDATE_HOUSEHOLDS = text("""
UPDATE household h SET hukou = coalesce(i.hukou, h.hukou),
    members = coalesce(i.household_size, h.members),
    income_per_head_fen = coalesce(i.income_per_head_fen, h.income_per_head_fen),
    special_group = coalesce(i.special_group, h.special_group), version = h.version + 1
FROM registry_intake i
WHERE i.standing = 'here' AND h.student_id = i.student_id AND h.school_id = i.school_id
AND h.school_year = CAST(:year AS text)
AND (h.hukou, h.members, h.income_per_head_fen, h.special_group) IS DISTINCT FROM (
    coalesce(i.hukou, h.hukou), coalesce(i.household_size, h.members),
    coalesce(i.income_per_head_fen, h.income_per_head_fen),
    coalesce(i.special_group, h.special_group))
RETURNING h.student_id::text
""")

_ADD_HOUSEHOLDS = text(f"""
INSERT INTO household (id, student_id, school_id, county_id, school_year, hukou, members,
    income_per_head_fen, special_group, made_at, made_by, version)
SELECT {ids.SQL_UUID7}, i.student_id, i.school_id, i.county_id, CAST(:year AS text),
    i.hukou, i.household_size, i.income_per_head_fen, i.special_group, :now, :by, 1
FROM registry_intake i
WHERE i.standing <> 'elsewhere' AND (i.hukou IS NOT NULL OR i.household_size IS NOT NULL
    OR i.income_per_head_fen IS NOT NULL OR i.special_group IS NOT NULL)
ORDER BY i.place ON CONFLICT DO NOTHING RETURNING student_id::text
""")  # noqa: S608 the one part put in is a constant

_SAME = (
    "(a.number_index, a.kind, a.holder, a.holder_name) = "
    "(i.account_index, i.account_kind, i.holder, i.holder_name)"
)

_REPLACE_ACCOUNTS = text(f"""
UPDATE bank_account b SET state = 'replaced'
FROM registry_intake i
WHERE i.standing <> 'elsewhere' AND i.account_index IS NOT NULL AND b.student_id = i.student_id
AND b.school_id = i.school_id AND b.state = 'unconfirmed' AND NOT EXISTS (
    SELECT 1 FROM bank_account a WHERE a.student_id = i.student_id
    AND a.state IN ('confirmed', 'unconfirmed') AND {_SAME})
""")  # noqa: S608 the one part put in is a constant

_ADD_ACCOUNTS = text(f"""
INSERT INTO bank_account (id, student_id, school_id, county_id, kind, number, number_index,
    number_tail, bank_name, holder, holder_name, relation, reason, state, replaces_id, made_at,
    made_by)
SELECT i.account_id, i.student_id, i.school_id, i.county_id, i.account_kind, i.account_number,
    i.account_index, i.account_tail, i.bank_name, i.holder, i.holder_name, i.relation, i.reason,
    'unconfirmed', c.id, :now, :by
FROM registry_intake i
LEFT JOIN bank_account c ON c.student_id = i.student_id AND c.state = 'confirmed'
WHERE i.standing <> 'elsewhere' AND i.account_index IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM bank_account a WHERE a.student_id = i.student_id
    AND a.state IN ('confirmed', 'unconfirmed') AND {_SAME})
ORDER BY i.place ON CONFLICT DO NOTHING RETURNING student_id::text
""")  # noqa: S608 the one part put in is a constant

_BECAME = text("""
SELECT i.place, CASE WHEN i.standing = 'here' THEN i.student_id::text END, i.standing, s.identity
FROM registry_intake i LEFT JOIN student s ON s.id = i.student_id AND i.standing = 'here'
WHERE i.standing <> 'new'
""")
_BECAME_SCHEMA: dict[str, pl.DataType] = {
    "place": pl.Int64(),
    "student_id": pl.String(),
    "standing": pl.String(),
    "identity": pl.String(),
}
_INTAKE = table("registry_intake", column("student_id", Uuid), column("standing", String))


def fill(session: Session, staged: pl.DataFrame) -> None:
    """Puts the rows into the temporary table, which is gone with the transaction."""
    session.connection().exec_driver_sql(_STAGE)
    csv = staged.select(STAGED).write_csv(include_header=False).encode()
    db.copy_rows(session, "registry_intake", STAGED, csv)
    # What is joined by; of the rest the planner asks nothing.
    session.connection().exec_driver_sql(
        "ANALYZE registry_intake (student_id, standing, school_id, account_index)"
    )


def update_students(session: Session) -> set[str]:
    """Writes what differs for students who are here; answers who changed."""
    return _ids(session, _UPDATE_STUDENTS, {})


def add_students(session: Session, *, now: datetime, by: UUID, wanted: int) -> list[UUID]:
    """Adds the new students; answers those of `wanted` whom another transaction has added first."""
    added = session.execute(_ADD_STUDENTS, {"now": now, "by": by})
    if added.rowcount == wanted:  # type: ignore[attr-defined]
        return []
    return list(session.execute(_LOST).scalars())


def match_again(session: Session, lost: list[UUID]) -> None:
    """Finds, in city scope, the students whom another transaction has added meanwhile."""
    session.execute(_MATCH_AGAIN, {"lost": lost})


def added() -> Select[UUID]:
    """The students who are new, once `match_again` has said who is not."""
    return select(_INTAKE.c.student_id).where(_INTAKE.c.standing == "new")


@dataclass(frozen=True)
class Parts:
    """What there is among the rows: a statement with nothing to do is not asked."""

    new: bool
    here: bool
    households: bool
    accounts: bool


def add_the_rest(
    session: Session, parts: Parts, *, school_year: str, entered_on: date, now: datetime, by: UUID
) -> set[str]:
    """Writes enrolments, households and accounts; answers whose changed, of who was here."""
    given = {"year": school_year, "entered_on": entered_on, "now": now, "by": by}
    changed: set[str] = set()
    if parts.here:
        changed |= _ids(session, _UPDATE_ENROLMENTS, given)
        changed |= _ids(session, _ENROL_HERE, given)
    if parts.new:
        session.execute(_ENROL_NEW, given)
    if parts.households:
        changed |= _ids(session, _UPDATE_HOUSEHOLDS, given)
        changed |= _ids(session, _ADD_HOUSEHOLDS, given)
    if parts.accounts:
        session.execute(_REPLACE_ACCOUNTS)
        changed |= _ids(session, _ADD_ACCOUNTS, given)
    return changed


def became(session: Session) -> pl.DataFrame:
    """`place`, `student_id`, `standing`, `identity` of the rows that are no new student's.

    Elsewhere answers no id.
    """
    found = [tuple(row) for row in session.execute(_BECAME)]
    return pl.DataFrame(found, schema=_BECAME_SCHEMA, orient="row")


def _ids(session: Session, statement: TextClause, given: Mapping[str, object]) -> set[str]:
    return set(session.execute(statement, given).scalars())
