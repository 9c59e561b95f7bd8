"""A city's worth of rows: whatever stands in the big tables, thousands of times over.

A copy of a row keeps what it says and points at the copies of what the row points at; rounds and
schools take the copies in turn. What must be unique gets the copy's number. Keys grow with time, as
they do in service, and the round of the sample is the newest: who walks along the keys in hope of a
few rows of it walks past all that is older.
"""

from collections.abc import Iterator
from typing import Any

import psycopg

from app.core import crypto

COPIES = 6_000
ROUNDS, SCHOOLS, COUNTIES = 16, 120, 12
BIG = (
    "student", "enrolment", "bank_account", "household", "application", "submission", "decision",
    "award", "instalment", "instalment_share", "payout", "payout_part", "payout_finding",
    "return_line", "ledger_transfer", "audit_event", "audit_record", "notice_line",
    "import_row", "recognition", "recognition_form",
)  # fmt: skip
"""The tables that grow with the city's students."""

OF_A_ROUND = (
    "application_round", "decision_batch", "payout_run", "payment_file", "return_file", "notice",
    "sheet_import",
)  # fmt: skip
"""What there is one of a round, for the copies to belong to in turn."""

_KEY = "(age || substr(md5({}::text || {}), 9))::uuid"
_OF_TURN = "CASE turn WHEN 0 THEN {} ELSE {} END"
_DIGEST = "sha256({0} || n::text::bytea)"
_BY_NAME = {
    "id": _KEY.format("{0}", "n"),
    "record_id": _KEY.format("{0}", "n"),
    "refers_to": _KEY.format("{0}", "n"),
    "subject_id": _KEY.format("{0}", "n"),
    "batch": _OF_TURN.format("{0}", _KEY.format("{0}", "turn")),
    "number_index": _DIGEST,
    "school_id": "CASE WHEN {0} IS NOT NULL THEN place.school_id END",
    "county_id": "CASE WHEN {0} IS NOT NULL THEN place.county_id END",
    "period": "CASE turn WHEN 0 THEN {0} ELSE 1992 + turn || '-spring' END",
    "school_year": "CASE turn WHEN 0 THEN {0} ELSE 1991 + turn || '-' || 1992 + turn END",
}
"""Columns that mean the same in every table."""

_UNIQUE = {
    "bytea": _DIGEST,
    "character varying": "left({0}, 8) || n || right({0}, 4)",
    "integer": "{0} + 1000 * n",
    "bigint": "{0} + 1000 * n",
}
Connection = psycopg.Connection[Any]


def multiply(connection: Connection, school: str) -> None:
    """Copies every row of the big tables, past triggers and row security, and lets them be counted.

    The school with this code, and its county, are among those that take copies.
    """
    connection.execute("SET session_replication_role = replica")
    for statement in _PLACES:
        connection.execute(statement, {"code": school, "schools": SCHOOLS, "counties": COUNTIES})
    for table in OF_A_ROUND:
        _copy(connection, table, ROUNDS - 1)
    for table in BIG:
        _copy(connection, table, COPIES)
    for statement in _SPREAD:
        connection.execute(statement)
    _seal_anew(connection)
    connection.execute("SET session_replication_role = DEFAULT")
    connection.execute("VACUUM ANALYZE")


def _copy(connection: Connection, table: str, copies: int) -> None:
    columns, values = zip(*_copied(connection, table), strict=True)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM (SELECT * FROM {table}) o CROSS JOIN generate_series(1, {copies}) n "
        f"CROSS JOIN LATERAL (SELECT n % {ROUNDS} AS turn) r "
        "CROSS JOIN LATERAL (SELECT CASE turn WHEN 0 THEN '70000000' "
        "ELSE lpad(to_hex(turn), 8, '0') END AS age) a "
        f"JOIN place ON place.at = n / {ROUNDS} % {SCHOOLS}"
    )


def _copied(connection: Connection, table: str) -> Iterator[tuple[str, str]]:
    """Each column of a copy, and what it is made of a row `o` and the copy's number `n`."""
    for name, kind, target, unique in connection.execute(_COLUMNS, [table]).fetchall():
        made = f"o.{name}"
        if name in _BY_NAME:
            made = _BY_NAME[name].format(made)
        elif kind == "uuid" and target in BIG:
            made = _KEY.format(made, "n")
        elif kind == "uuid" and target in OF_A_ROUND:
            made = _OF_TURN.format(made, _KEY.format(made, "turn"))
        elif unique and (name == "number" or kind in {"bytea", "integer", "bigint"}):
            made = _UNIQUE[kind].format(made)
        yield name, made


def _seal_anew(connection: Connection) -> None:
    """A sealed number opens under its own record alone."""
    for table, column in (("student", "resident_id"), ("bank_account", "number")):
        index = f"{column}_index"
        rows = connection.execute(f"SELECT id, {index} FROM {table}").fetchall()
        sealed = [
            (key, crypto.encrypt(known.hex()[:18], table=table, column=column, record=key))
            for key, known in rows
        ]
        connection.execute("CREATE TEMP TABLE sealed (id uuid, body bytea)")
        with connection.cursor().copy("COPY sealed FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["uuid", "bytea"])
            for row in sealed:
                copy.write_row(row)
        connection.execute(
            f"UPDATE {table} o SET {column} = sealed.body FROM sealed WHERE sealed.id = o.id"
        )
        connection.execute("DROP TABLE sealed")


_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL),
        (SELECT r.relname FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid
            WHERE c.contype = 'f' AND c.conrelid = a.attrelid AND c.conkey = ARRAY[a.attnum]
            LIMIT 1),
        EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique
            AND a.attnum = i.indkey[i.indnkeyatts - 1])
    FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
    ORDER BY a.attnum
"""
_PLACES = (
    """CREATE TEMP TABLE place AS
        SELECT at, CASE at WHEN 0 THEN s.id ELSE md5('school' || at)::uuid END AS school_id,
            CASE at %% %(counties)s WHEN 0 THEN s.county_id
                ELSE md5('county' || at %% %(counties)s)::uuid END AS county_id
        FROM generate_series(0, %(schools)s - 1) at CROSS JOIN school s WHERE s.code = %(code)s""",
    """INSERT INTO organisation (id, kind, code, name, parent_id, made_at)
        SELECT DISTINCT ON (p.county_id) p.county_id, 'county_centre', '37' || 9000 + p.at,
            '第' || p.at || '县', NULL::uuid, now() FROM place p
        WHERE NOT EXISTS (SELECT FROM organisation o WHERE o.id = p.county_id)
        UNION ALL SELECT p.school_id, 'school', (4137000000 + p.at)::text, '第' || p.at || '学校',
            p.county_id, now() FROM place p WHERE p.at > 0""",
    """INSERT INTO school (id, county_id, code, name, stage, school_area, run_by, division_code,
            active, made_at, version)
        SELECT p.school_id, p.county_id, (4137000000 + p.at)::text, '第' || p.at || '学校',
            s.stage, s.school_area, s.run_by, s.division_code, true, now(), 1
        FROM place p JOIN school s ON s.code = %(code)s WHERE p.at > 0""",
    # What the sample has no row of.
    """INSERT INTO household (id, student_id, school_id, county_id, school_year, made_at, made_by,
            version)
        SELECT gen_random_uuid(), id, school_id, county_id, '2007-2008', made_at, made_by, 1
        FROM student""",
    """INSERT INTO recognition (id, student_id, school_id, county_id, school_year, level, groups,
            basis, valid_from, decided_by, because, made_at)
        SELECT gen_random_uuid(), id, school_id, county_id, '2007-2008', 1, '{}', 'form',
            '2007-09-10', made_by, '困难', made_at FROM student""",
    """INSERT INTO notice_line (id, notice_id, subject_id, line_no, school_id, county_id, name,
            school_name, grade, class_name)
        SELECT gen_random_uuid(), (SELECT id FROM notice LIMIT 1), a.id, row_number() OVER (),
            a.school_id, a.county_id, a.student_name, '某校', a.grade, a.class_name
        FROM application a""",
    """INSERT INTO import_row (import_id, school_id, county_id, sheet_no, sheet, row_no, name,
            outcome, kinds, detail, application_id)
        SELECT i.id, a.school_id, a.county_id, 1, '表', row_number() OVER (), a.student_name,
            'eligible', '{}', '', a.id FROM application a CROSS JOIN sheet_import i""",
)
_SPREAD = (
    """INSERT INTO work_item (id, kind, return_line_id, payout_id, school_id, county_id, reason,
            state, opened_at)
        SELECT gen_random_uuid(), outcome, id, payout_id, school_id, county_id, '户名不符', 'open',
            now() FROM return_line WHERE outcome <> 'paid'""",
    """UPDATE student SET name = substr('王李张刘陈杨赵黄周吴', 1 + get_byte(key, 9) % 10, 1)
            || substr('芳伟娜敏静强磊军洋勇艳杰', 1 + get_byte(key, 10) % 12, 1)
            || substr('华明玉兰国平东文辉', 1 + get_byte(key, 11) % 9, 1)
        FROM (SELECT id AS one, uuid_send(id) AS key FROM student) t WHERE id = one""",
    "UPDATE application a SET student_name = s.name FROM student s WHERE s.id = a.student_id",
    "UPDATE application SET state = 'in_review', step = 'county' WHERE period = '2008-spring'",
)
