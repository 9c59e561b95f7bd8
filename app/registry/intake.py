"""A sheet's rows become students: matched city-wide, added or brought up to date, set by set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import text
from sqlmodel import Session

from app.audit import service as audit
from app.core import clock, crypto, db, ids
from app.core.actor import Actor
from app.registry import admission, staging
from app.registry.admission import Graduate
from app.registry.identifying import with_indexes

INTAKE_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "school_id": pl.String(),
    "county_id": pl.String(),
    "resident_id": pl.String(),
    "name": pl.String(),
    "sex": pl.String(),
    "birth_on": pl.Date(),
    "register_no": pl.String(),
    "guardian_name": pl.String(),
    "guardian_resident_id": pl.String(),
    "telephone": pl.String(),
    "stage": pl.String(),
    "grade": pl.Int64(),
    "class_name": pl.String(),
    "boards": pl.Boolean(),
    "hukou": pl.String(),
    "household_size": pl.Int64(),
    "income_per_head_fen": pl.Int64(),
    "special_group": pl.String(),
    "hardship": pl.Int64(),
    "account_kind": pl.String(),
    "account_number": pl.String(),
    "bank_name": pl.String(),
    "holder_name": pl.String(),
    "holder": pl.String(),
    "relation": pl.String(),
    "reason": pl.String(),
    "owns_car": pl.Boolean(),
    "bought_house": pl.Boolean(),
    "rural_major": pl.Boolean(),
    "tuition_fen": pl.Int64(),
    "accommodation_fen": pl.Int64(),
    "tier": pl.Int64(),
    "good_record": pl.Boolean(),
    "excellent": pl.Boolean(),
    "merit_rank": pl.Int64(),
    "state_funded_trainee": pl.Boolean(),
}
"""One row a case; `row`, `school_id`, `county_id` and `name` are never null.

What stands after `reason` is of the case alone: it passes through, and the registry keeps none.
"""

OUTCOME_SCHEMA: dict[str, pl.DataType] = {
    "student_id": pl.String(),
    "standing": pl.String(),
    "changed": pl.Boolean(),
    "identity": pl.String(),
    "moved": pl.Boolean(),
}
LENGTHS = {
    "name": 80,
    "register_no": 20,
    "guardian_name": 80,
    "telephone": 20,
    "class_name": 40,
    "special_group": 40,
    "account_number": 25,
    "bank_name": 80,
    "holder_name": 80,
    "relation": 20,
    "reason": 200,
}
RANGES = {"household_size": (1, 30), "grade": (1, 12), "income_per_head_fen": (0, 10**15)}
NOT_SAID = "表中未填"
TAIL = 4

_CONTROL = r"[\x00-\x1f\x7f]"

_OWN = text("""
SELECT id, school_id, resident_id_index, provisional_index, guardian_resident_id, telephone
FROM student
WHERE (resident_id_index = ANY(CAST(:residents AS bytea[]))
    OR provisional_index = ANY(CAST(:provisionals AS bytea[])))
AND school_id = ANY(CAST(:schools AS uuid[]))
ORDER BY id FOR UPDATE
""")

_ANYWHERE = text("""
SELECT resident_id_index, provisional_index, school_id FROM student
WHERE resident_id_index = ANY(CAST(:residents AS bytea[]))
OR provisional_index = ANY(CAST(:provisionals AS bytea[]))
""")


@dataclass(frozen=True)
class _Known:
    """A student who is in the registry at one of the sheet's schools."""

    id: UUID
    school_id: str
    documented: bool
    guardian_resident_id: bytes | None
    telephone: bytes | None


@dataclass
class _Found:
    """What the registry knows of a sheet's people by blind index, and of graduates by place."""

    own: dict[bytes, _Known] = field(default_factory=dict)
    schools: dict[bytes, str] = field(default_factory=dict)
    graduates: dict[int, Graduate] = field(default_factory=dict)


def register(
    session: Session, frame: pl.DataFrame, *, school_year: str, entered_on: date, by: Actor
) -> pl.DataFrame:
    """Registers or updates the student of every row; answers the frame with five columns more.

    `student_id` (null where elsewhere), `standing`: `new`, `here` or `elsewhere` (at another
    school: left untouched), `changed`, `identity`, and `moved`: here now, having graduated from
    the stage before at another school. Of two rows of one person the first counts.
    """
    if frame.is_empty():
        return frame.with_columns(
            pl.lit(None, dtype=kind).alias(name) for name, kind in OUTCOME_SCHEMA.items()
        )
    rows = with_indexes(frame.cast(pl.Schema(INTAKE_SCHEMA)))
    leaders = rows.filter(pl.col("place") == pl.col("leader"))
    found = _find(session, leaders, by)
    found.graduates = admission.graduates(
        session, _of_others(leaders, found), school_year=school_year, by=by
    )
    staged = _staged(leaders, found)
    staging.fill(session, staged)
    moved = {graduate.id for graduate in found.graduates.values()}
    if moved:
        admission.move(session, by=by)
    changed = staging.update_students(session)
    added = _add(session, staged, by)
    rest = staging.add_the_rest(
        session, school_year=school_year, entered_on=entered_on, now=clock.now(), by=by.id
    )
    changed = (changed | rest | moved) - added
    audit.note(session, by=by, did="student.registered", records=sorted(added))
    audit.note(session, by=by, did="student.updated", records=sorted(changed))
    if moved:
        audit.note(session, by=by, did="student.admitted", records=sorted(moved))
    return _answer(frame, rows, staging.outcome(session), _Done(added | changed, moved))


def unfit(frame: pl.DataFrame) -> pl.DataFrame:
    """The values that the registry cannot hold, as (row, field): callers refuse those rows first.

    A text too long or with control characters, a number out of range, a name that is missing.
    """
    wrong = {
        field: (pl.col(field).str.len_chars() > most) | pl.col(field).str.contains(_CONTROL)
        for field, most in LENGTHS.items()
    }
    wrong |= {
        field: ~pl.col(field).is_between(least, most) for field, (least, most) in RANGES.items()
    }
    wrong["name"] = wrong["name"].fill_null(value=True) | (pl.col("name") == "")
    flags = frame.select("row", *(found.alias(field) for field, found in wrong.items()))
    return (
        flags.unpivot(index="row", variable_name="field", value_name="wrong")
        .filter(pl.col("wrong"))
        .select("row", "field")
        .sort("row", "field")
    )


def _find(session: Session, rows: pl.DataFrame, by: Actor) -> _Found:
    given = {
        "residents": rows["resident_id_index"].drop_nulls().to_list(),
        "provisionals": rows["provisional_index"].to_list(),
        "schools": rows["school_id"].unique().to_list(),
    }
    found = _Found()
    for own in session.execute(_OWN, given):
        known = _Known(
            id=own.id,
            school_id=str(own.school_id),
            documented=own.resident_id_index is not None,
            guardian_resident_id=own.guardian_resident_id,
            telephone=own.telephone,
        )
        for index in (own.resident_id_index, own.provisional_index):
            if index is not None:
                found.own[bytes(index)] = known
    with db.city_scope(session, by):
        anywhere = session.execute(_ANYWHERE, given).all()
    for resident, provisional, school in anywhere:
        for index in (resident, provisional):
            if index is not None:
                found.schools[bytes(index)] = str(school)
    return found


def _of_others(rows: pl.DataFrame, found: _Found) -> pl.DataFrame:
    """The rows whose resident id another school than the row's has."""
    there = [
        index is not None and found.schools.get(index, school) != school
        for index, school in rows.select("resident_id_index", "school_id").iter_rows()
    ]
    return rows.filter(pl.Series(there, dtype=pl.Boolean))


def _staged(rows: pl.DataFrame, found: _Found) -> pl.DataFrame:
    """The rows with their students decided and every number sealed for its own record."""
    new_ids = ids.new_many(rows.height)
    account_ids = ids.new_many(rows.height)
    columns: dict[str, list[object]] = {
        name: [] for name in ("student_id", "standing", "sealed", "index", "provisional")
    }
    guardian, telephone = _Sealer("guardian_resident_id"), _Sealer("telephone")
    for new_id, row in zip(new_ids, rows.iter_rows(named=True), strict=True):
        known, standing = _decide(row, found)
        student_id = new_id if known is None else known.id
        number = row["resident_id"]
        completes = number is not None and (
            known is None or (isinstance(known, _Known) and not known.documented)
        )
        columns["student_id"].append(str(student_id))
        columns["standing"].append(standing)
        columns["sealed"].append(
            _seal("student", "resident_id", student_id, number) if completes else None
        )
        columns["index"].append(_hex(row["resident_id_index"]) if completes else None)
        columns["provisional"].append(_hex(row["provisional_index"]) if number is None else None)
        guardian.take(row, student_id, known.guardian_resident_id if known else None)
        telephone.take(row, student_id, known.telephone if known else None)
    return rows.with_columns(
        pl.Series("student_id", columns["student_id"], pl.String),
        pl.Series("standing", columns["standing"], pl.String),
        pl.Series("resident_id", columns["sealed"], pl.String),
        pl.Series("resident_id_index", columns["index"], pl.String),
        pl.Series("provisional_index", columns["provisional"], pl.String),
        pl.Series("guardian_resident_id", guardian.sealed, pl.String),
        pl.Series("telephone", telephone.sealed, pl.String),
        *_accounts(rows, account_ids),
    )


def _decide(row: dict[str, Any], found: _Found) -> tuple[_Known | Graduate | None, str]:
    """The student of a row, if this school has or may take them, and where they stand."""
    graduate = found.graduates.get(row["place"])
    if graduate is not None:
        return graduate, "moved"
    index, provisional = row["resident_id_index"], row["provisional_index"]
    for key in (index, provisional):
        if not isinstance(key, bytes):
            continue
        known = found.own.get(key)
        if known is not None and known.school_id == row["school_id"]:
            # A documented namesake is somebody else than a row with another resident id.
            if key is index or index is None or not known.documented:
                return known, "here"
        elif key in found.schools and (key is index or index is None):
            return None, "elsewhere"
    return None, "new"


@dataclass
class _Sealer:
    """Seals one column; a number that is the stored one already is left out."""

    column: str
    sealed: list[str | None] = field(default_factory=list)

    def take(self, row: dict[str, object], student_id: UUID, stored: bytes | None) -> None:
        """Takes the next row."""
        given = row[self.column]
        if given is not None and stored is not None:
            opened = crypto.decrypt(stored, table="student", column=self.column, record=student_id)
            given = None if opened == given else given
        self.sealed.append(_seal("student", self.column, student_id, given))


def _accounts(rows: pl.DataFrame, account_ids: list[UUID]) -> Iterable[pl.Series | pl.Expr]:
    numbers = rows["account_number"].to_list()
    sealed = [
        _seal("bank_account", "number", account_id, number)
        for account_id, number in zip(account_ids, numbers, strict=True)
    ]
    indexes = crypto.blind_indexes(numbers, table="bank_account", column="number")
    yield pl.Series("account_id", [str(one) for one in account_ids], pl.String)
    yield pl.Series("account_number", sealed, pl.String)
    yield pl.Series("account_index", [_hex(index) for index in indexes], pl.String)
    yield pl.Series("account_tail", [number and number[-TAIL:] for number in numbers], pl.String)
    holder = pl.col("holder").fill_null("student")
    by_guardian = holder == "guardian"
    yield pl.col("account_kind").fill_null("card")
    yield holder.alias("holder")
    yield (
        pl.coalesce("holder_name", pl.when(by_guardian).then("guardian_name").otherwise("name"))
        .fill_null(NOT_SAID)
        .alias("holder_name")
    )
    yield pl.when(by_guardian).then(pl.col("relation").fill_null(NOT_SAID)).alias("relation")
    yield pl.when(by_guardian).then(pl.col("reason").fill_null(NOT_SAID)).alias("reason")


def _seal(table: str, column: str, record: UUID, number: object) -> str | None:
    if not isinstance(number, str):
        return None
    return _hex(crypto.encrypt(number, table=table, column=column, record=record))


def _hex(data: bytes | None) -> str | None:
    return None if data is None else "\\x" + data.hex()


def _add(session: Session, staged: pl.DataFrame, by: Actor) -> set[UUID]:
    wanted = staged.filter(pl.col("standing") == "new")["student_id"].to_list()
    added = staging.add_students(session, now=clock.now(), by=by.id)
    lost = [UUID(one) for one in wanted if UUID(one) not in added]
    if lost:
        with db.city_scope(session, by):
            staging.match_again(session, lost)
    return added


@dataclass(frozen=True)
class _Done:
    """Whose records were touched, and who of them came from another school."""

    changed: set[UUID]
    moved: set[UUID]


def _answer(
    frame: pl.DataFrame, rows: pl.DataFrame, outcome: list[staging.Outcome], done: _Done
) -> pl.DataFrame:
    """The caller's frame with what became of each row; a later row of one person follows."""
    leaders = {place: became for place, *became in outcome}
    answers = pl.DataFrame(
        [
            _follow(leaders[leader], leads=place == leader, done=done)
            for place, leader in rows.select("place", "leader").iter_rows()
        ],
        schema=OUTCOME_SCHEMA,
        orient="row",
    )
    return frame.with_columns(answers.get_columns())


def _follow(
    became: Sequence[object], *, leads: bool, done: _Done
) -> tuple[str | None, object, bool, object, bool]:
    student_id, standing, state = became
    if not isinstance(student_id, UUID):
        return None, standing, False, None, False
    shown = standing if leads else "here"
    changed, moved = student_id in done.changed, student_id in done.moved
    return str(student_id), shown, leads and changed, state, leads and moved
