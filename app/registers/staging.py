"""Writes a list's people and refusals: `COPY` into a temporary table, one `INSERT … SELECT`."""

import polars as pl
from sqlalchemy import text
from sqlmodel import Session

from app.core import crypto, db
from app.registers.models import OutsideRegister
from app.registers.rules import name_indexes

_STAGE_PEOPLE = text(
    "CREATE TEMP TABLE IF NOT EXISTS register_people (resident_id_index bytea, name_index bytea, "
    "relation text, since date, until date) ON COMMIT DROP"
)
_PEOPLE = ("resident_id_index", "name_index", "relation", "since", "until")
_KEEP_PEOPLE = text(
    "INSERT INTO outside_register_row (register_id, county_id, resident_id_index, name_index, "
    "relation, since, until) SELECT :register, :county, resident_id_index, name_index, relation, "
    "since, until FROM register_people"
)
_NO_PEOPLE = text("TRUNCATE pg_temp.register_people")
_STAGE_REFUSED = text(
    "CREATE TEMP TABLE IF NOT EXISTS register_refused (sheet text, row_no int, code text) "
    "ON COMMIT DROP"
)
_KEEP_REFUSED = text(
    "INSERT INTO register_refusal (register_id, county_id, sheet, row_no, code) "
    "SELECT :register, :county, sheet, row_no, code FROM register_refused ORDER BY sheet, row_no"
)
_NO_REFUSED = text("TRUNCATE pg_temp.register_refused")


def keep_people(session: Session, register: OutsideRegister, people: pl.DataFrame) -> None:
    """Stores the good rows of one chunk: four statements, however many there are."""
    if people.is_empty():
        return
    staged = people.select(
        _bytea("resident_id_index", _person_indexes(people["resident_id"])),
        _bytea("name_index", _name_indexes(people["name"])),
        "relation",
        "since",
        "until",
    )
    session.execute(_STAGE_PEOPLE)
    csv = staged.write_csv(include_header=False).encode()
    db.copy_rows(session, "register_people", _PEOPLE, csv)
    session.execute(_KEEP_PEOPLE, {"register": register.id, "county": register.county_id})
    session.execute(_NO_PEOPLE)


def keep_refused(session: Session, register: OutsideRegister, refused: pl.DataFrame) -> None:
    """Stores the places and reasons of rows that were not taken."""
    if refused.is_empty():
        return
    session.execute(_STAGE_REFUSED)
    csv = refused.select("sheet", "row_no", "code").write_csv(include_header=False).encode()
    db.copy_rows(session, "register_refused", ("sheet", "row_no", "code"), csv)
    session.execute(_KEEP_REFUSED, {"register": register.id, "county": register.county_id})
    session.execute(_NO_REFUSED)


def _person_indexes(numbers: pl.Series) -> list[bytes | None]:
    """The blind indexes that `student.resident_id_index` holds."""
    return crypto.blind_indexes(numbers, table="student", column="resident_id")


def _name_indexes(names: pl.Series) -> list[bytes]:
    """Equal names are many in a list of a million; each is hashed once a chunk."""
    each = names.unique()
    known = dict(zip(each, name_indexes(each), strict=True))
    return [known[name] for name in names]


def _bytea(name: str, values: list[bytes] | list[bytes | None]) -> pl.Series:
    hexed = pl.Series(name, values, dtype=pl.Binary).bin.encode("hex")
    return (r"\x" + hexed).alias(name)
