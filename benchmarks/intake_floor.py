"""The bare floor of an intake: the rows that the service wrote, into the same tables by `COPY`.

As the superuser, so past row security; indexes and constraints stay. Nothing is read, matched,
judged or sealed, and what the service changed of records that stood there is left out.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]

TABLES = {
    "document": "id", "sheet_import": "id", "student": "id", "enrolment": "id",
    "household": "id", "bank_account": "id", "application": "id", "submission": "application_id",
    "import_row": "import_id", "audit_event": "id", "audit_record": "event_id",
}  # fmt: skip
"""The tables an intake adds to, in the order of their keys, and the column that says since when."""

_COLUMNS = """
    SELECT attname FROM pg_attribute WHERE attrelid = {}::regclass AND attnum > 0
    AND NOT attisdropped AND attidentity = '' ORDER BY attnum
"""


@dataclass(frozen=True)
class Written:
    """What one transaction of the service added to one table, as `COPY` reads it again."""

    table: sql.Composed
    rows: bytes


def columns(connection: Connection, table: str) -> list[sql.Identifier]:
    """The columns of a table, but for numbers that the database gives."""
    told = connection.execute(sql.SQL(_COLUMNS).format(sql.Literal(table)))
    return [sql.Identifier(row[0]) for row in told]


def written(connection: Connection, since: UUID) -> list[Written]:
    """The rows whose keys were made since: keys rise with time."""
    found = []
    for name, key in TABLES.items():
        asked = columns(connection, name)
        target = sql.SQL("{} ({})").format(sql.Identifier(name), sql.SQL(", ").join(asked))
        told = sql.SQL("COPY (SELECT {} FROM {} WHERE {} >= {} ORDER BY {}) TO STDOUT").format(
            sql.SQL(", ").join(asked), sql.Identifier(name), sql.Identifier(key), since,
            sql.Identifier(key),
        )  # fmt: skip
        with connection.cursor() as cursor, cursor.copy(told) as out:
            found.append(Written(target, b"".join(bytes(piece) for piece in out)))
    return found


def write(connection: Connection, added: list[Written]) -> None:
    """The rows once more, in one transaction; committed."""
    with connection.transaction(), connection.cursor() as cursor:
        for each in added:
            if each.rows:
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(each.table)) as copy:
                    copy.write(each.rows)
