"""A city in the midst of a round: students enrolled, a tenth with a case before the county.

Made set-wise, and with people who can log in. The round is open, so schools go on handing in.
"""

import csv
from collections.abc import Iterator
from datetime import date
from io import StringIO
from typing import Any
from uuid import UUID

import orjson
import polars as pl
import psycopg

from app.auth import passwords
from app.core import clock, crypto, db
from app.core.actor import SYSTEM
from app.policy.queries import version_for
from app.policy.service import load_catalogue
from benchmarks.registers import people

OFFICE_DAY = date(2008, 4, 20)
PROGRAMME, PERIOD, SCHOOL_YEAR = "boarding-subsidy", "2008-spring", "2007-2008"
AMOUNT_FEN = 250_00
COUNTIES, SCHOOLS = 12, 240
CLERKS = 16
"""The clerks of the first so many schools, and as many officers, can log in."""

PASSWORD = "Yige-Hen-Chang-De-Mima-2008"  # noqa: S105 of people who are made up
CASES_PART = 10
NEW_FROM = 3_000_000
"""From this place on are the students whom the schools hand in while it is measured."""

_CHUNK = 50_000
_FACTS = {
    "stage": "junior", "school_area": "rural", "school_run_by": "county", "year": 1,
    "boards": True, "hardship": 1, "special_group": "none", "household_size": 4,
    "income_per_head_fen": 120_000,
}  # fmt: skip


def clerk(place: int) -> str:
    """The user name of a school's clerk."""
    return f"clerk-{place}"


def officer(place: int) -> str:
    """The user name of an officer of a county."""
    return f"officer-{place}"


def school_code(place: int) -> str:
    """The code of a school."""
    return str(2_137_000_000 + place)


def case_id(place: int) -> UUID:
    """The case of the student at that place."""
    return UUID(f"{_CASE:08d}-0000-7000-8000-{place:012x}")


def new_students(start: int, count: int) -> list[tuple[str, str]]:
    """Resident id and name of students whom nobody has handed in yet."""
    return people(pl.int_range(NEW_FROM + start, NEW_FROM + start + count, eager=True)).rows()


def make(connection: psycopg.Connection[object], students: int) -> None:
    """Everything, in the database of the connection, which must bypass row security."""
    with db.scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        version = version_for(session, PROGRAMME, PERIOD).id
    connection.execute("SET session_replication_role = replica")  # made to fit: nothing to check
    connection.execute(
        "CREATE UNLOGGED TABLE made (at int PRIMARY KEY, name text, sealed bytea, found bytea)"
    )
    with connection.cursor() as cursor, cursor.copy("COPY made FROM STDIN (FORMAT csv)") as copy:
        for piece in _sealed(students):
            copy.write(piece)
    facts = {
        name: {"value": value, "source": "school_form", "as_of": "2008-03-10"}
        for name, value in _FACTS.items()
    }
    told: dict[str, Any] = {
        "version": version, "programme": PROGRAMME, "period": PERIOD, "year": SCHOOL_YEAR,
        "fen": AMOUNT_FEN, "counties": COUNTIES, "schools": SCHOOLS, "clerks": CLERKS,
        "cases": students // CASES_PART, "facts": orjson.dumps(facts).decode(),
        "hash": passwords.hashed(PASSWORD), "who": _key(_OTHER, 1), "now": clock.now(),
    }  # fmt: skip
    for statement in _SEED:
        connection.execute(statement, told)
    connection.execute("DROP TABLE made")
    connection.execute("SET session_replication_role = DEFAULT")
    connection.execute("VACUUM ANALYZE")


def _sealed(students: int) -> Iterator[bytes]:
    for start in range(0, students, _CHUNK):
        places = pl.int_range(start, min(students, start + _CHUNK), eager=True)
        out = StringIO()
        writer = csv.writer(out)
        for at, (number, name) in zip(places, people(places).iter_rows(), strict=True):
            where = {"table": "student", "column": "resident_id"}
            sealed = crypto.encrypt(number, record=_key(_STUDENT, at), **where)
            found = crypto.blind_index(number, **where)
            writer.writerow((at, name, f"\\x{sealed.hex()}", f"\\x{found.hex()}"))
        yield out.getvalue().encode()


_ORGANISATION, _STUDENT, _CASE, _STAFF, _OTHER = range(1, 6)


def _key(table: int, number: int) -> UUID:
    return UUID(f"{table:08d}-0000-7000-8000-{number:012x}")


def _sql_key(table: int, number: str) -> str:
    return f"('{table:08d}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


_SCHOOL = _sql_key(_ORGANISATION, "1000 + at %% %(schools)s")
_COUNTY = _sql_key(_ORGANISATION, "1 + at %% %(schools)s %% %(counties)s")
_PLACE = f"{_SCHOOL}, {_COUNTY}"
_CITY = _sql_key(_ORGANISATION, "0")
_SEED = (
    f"""INSERT INTO organisation (id, kind, code, name, parent_id, made_at)
        SELECT {_CITY}, 'city_centre', '370800', '济宁市学生资助管理中心', NULL, %(now)s
        UNION ALL SELECT {_sql_key(_ORGANISATION, "n")}, 'county_centre', (370800 + n)::text,
            '第' || n || '县', {_CITY}, %(now)s FROM generate_series(1, %(counties)s) n
        UNION ALL SELECT {_SCHOOL}, 'school', (2137000000 + at)::text, '第' || at || '学校',
            {_COUNTY}, %(now)s FROM generate_series(0, %(schools)s - 1) at""",
    f"""INSERT INTO school (id, county_id, code, name, stage, school_area, run_by, division_code,
            active, made_at, version)
        SELECT {_PLACE}, (2137000000 + at)::text, '第' || at || '学校', 'junior', 'rural',
            'county', (370801 + at %% %(counties)s)::text, true, %(now)s, 1
        FROM generate_series(0, %(schools)s - 1) at""",
    f"""INSERT INTO staff_member (id, username, name, password_hash, former_hashes,
            organisation_id, roles, active, made_at)
        SELECT {_sql_key(_STAFF, "at")}, 'clerk-' || at, '经办' || at, %(hash)s,
            ARRAY[]::text[], {_SCHOOL}, ARRAY['school_clerk'], true, %(now)s
        FROM generate_series(0, %(clerks)s - 1) at
        UNION ALL SELECT {_sql_key(_STAFF, "1000 + at")}, 'officer-' || at, '审核' || at,
            %(hash)s, ARRAY[]::text[], {_COUNTY}, ARRAY['county_officer'], true, %(now)s
        FROM generate_series(0, %(clerks)s - 1) at""",
    """INSERT INTO application_round (id, programme, period, opens_on, closes_on, opened_by,
            opened_at, version)
        VALUES (%(who)s, %(programme)s, %(period)s, '2008-02-01', '2008-06-30', %(who)s, %(now)s,
            1)""",
    f"""INSERT INTO student (id, school_id, county_id, name, identity, resident_id,
            resident_id_index, made_at, made_by, version)
        SELECT {_sql_key(_STUDENT, "at")}, {_PLACE}, name, 'documented', sealed, found, %(now)s,
            %(who)s, 1 FROM made ORDER BY at""",
    f"""INSERT INTO enrolment (id, student_id, school_id, county_id, school_year, stage, grade,
            class_name, boards, entered_on, made_at, made_by, version)
        SELECT {_sql_key(_OTHER, "16 + at")}, {_sql_key(_STUDENT, "at")}, {_PLACE}, %(year)s,
            'junior', 1, '1', true, '2007-09-01', %(now)s, %(who)s, 1 FROM made ORDER BY at""",
    f"""INSERT INTO application (id, number, student_id, school_id, county_id, round_id,
            programme, period, state, step, submission_no, student_name, grade, class_name, stage,
            hardship, eligible, amount_fen, failed, missing, uploaded_by, made_at, reported_at)
        SELECT {_sql_key(_CASE, "at")}, 'BS-2007A-' || lpad(at::text, 7, '0'),
            {_sql_key(_STUDENT, "at")}, {_PLACE}, %(who)s, %(programme)s, %(period)s,
            'in_review', 'county', 1, name, 1, '1', 'junior', 1, true, %(fen)s, '{{}}', '{{}}',
            %(who)s, %(now)s, %(now)s FROM made WHERE at < %(cases)s ORDER BY at""",
    f"""INSERT INTO submission (application_id, submission_no, school_id, county_id,
            policy_version_id, facts, eligible, amount_fen, failed, missing, made_by, made_at)
        SELECT {_sql_key(_CASE, "at")}, 1, {_PLACE}, %(version)s, %(facts)s, true, %(fen)s, '{{}}',
            '{{}}', %(who)s, %(now)s FROM made WHERE at < %(cases)s ORDER BY at""",
)
