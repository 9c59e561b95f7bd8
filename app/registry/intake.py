"""A sheet's rows become students: matched city-wide, added or brought up to date, set by set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import polars as pl
from sqlalchemy import text
from sqlmodel import Session

from app.audit import service as audit
from app.core import clock, crypto, db, identity, ids
from app.core.actor import Actor
from app.registry import staging

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
    """What the registry knows of a sheet's people, by blind index."""

    own: dict[bytes, _Known] = field(default_factory=dict)
    schools: dict[bytes, str] = field(default_factory=dict)


def register(
    session: Session, frame: pl.DataFrame, *, school_year: str, entered_on: date, by: Actor
) -> pl.DataFrame:
    """Registers or updates the student of every row; answers the frame with four columns more.

    `student_id` (null where elsewhere), `standing`: `new`, `here` or `elsewhere` (at another
    school: left untouched), `changed`, and `identity`. Of two rows of one person the first counts.
    """
    if frame.is_empty():
        return frame.with_columns(
            pl.lit(None, dtype=kind).alias(name) for name, kind in OUTCOME_SCHEMA.items()
        )
    rows = _with_indexes(frame)
    leaders = rows.filter(pl.col("place") == pl.col("leader"))
    staged = _staged(leaders, _find(session, leaders, by))
    staging.fill(session, staged)
    changed = staging.update_students(session)
    added = _add(session, staged, by)
    rest = staging.add_the_rest(
        session, school_year=school_year, entered_on=entered_on, now=clock.now(), by=by.id
    )
    changed = (changed | rest) - added
    audit.note(session, by=by, did="student.registered", records=sorted(added))
    audit.note(session, by=by, did="student.updated", records=sorted(changed))
    return _answer(frame, rows, staging.outcome(session), added | changed)


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


def _with_indexes(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with blind indexes, a place, and the place of the first row of the same person."""
    number = pl.col("resident_id")
    rows = (
        frame.cast(pl.Schema(INTAKE_SCHEMA))
        .with_row_index("place")
        .with_columns(
            pl.col("place").cast(pl.Int64),
            pl.coalesce(identity.birth_on_expr(number), "birth_on").alias("birth_on"),
            pl.coalesce(identity.sex_expr(number), "sex").alias("sex"),
        )
    )
    keys = rows.select(key=provisional_key())["key"]
    rows = rows.with_columns(
        pl.Series("resident_id_index", _blind(rows["resident_id"], "resident_id"), pl.Binary),
        pl.Series("provisional_index", _blind(keys, "provisional"), pl.Binary),
    )
    # Two schools that bring one person are both heard: the registry decides which has the student.
    person = (pl.coalesce("resident_id_index", "provisional_index"), pl.col("school_id"))
    return rows.with_columns(pl.col("place").min().over(*person).alias("leader"))


def provisional_key() -> pl.Expr:
    """Who a student without a resident id is: school, name, birth date, guardian's id.

    With neither of the last two the class alone tells two of one name apart.
    """
    unknown = pl.col("birth_on").is_null() & pl.col("guardian_resident_id").is_null()
    born = pl.col("birth_on").dt.to_string("%Y-%m-%d").fill_null("")
    guardian = pl.col("guardian_resident_id").fill_null("")
    key = pl.concat_str("school_id", "name", born, guardian, separator="|")
    klass = pl.concat_str("grade", "class_name", separator="/", ignore_nulls=True).fill_null("")
    return pl.when(unknown).then(pl.concat_str(key, klass, separator="|")).otherwise(key)


def _blind(texts: pl.Series, column: str) -> list[bytes | None]:
    return crypto.blind_indexes(texts, table="student", column=column)


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
        completes = number is not None and (known is None or not known.documented)
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


def _decide(row: dict[str, object], found: _Found) -> tuple[_Known | None, str]:
    """The student of a row, if at this school, and where they stand."""
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


def _answer(
    frame: pl.DataFrame,
    rows: pl.DataFrame,
    outcome: list[staging.Outcome],
    changed: set[UUID],
) -> pl.DataFrame:
    """The caller's frame with what became of each row; a later row of one person follows."""
    leaders = {place: became for place, *became in outcome}
    answers = pl.DataFrame(
        [
            _follow(leaders[leader], leads=place == leader, changed=changed)
            for place, leader in rows.select("place", "leader").iter_rows()
        ],
        schema=OUTCOME_SCHEMA,
        orient="row",
    )
    return frame.with_columns(answers.get_columns())


def _follow(
    became: Sequence[object], *, leads: bool, changed: set[UUID]
) -> tuple[str | None, object, bool, object]:
    student_id, standing, state = became
    if not isinstance(student_id, UUID):
        return None, standing, False, None
    shown = standing if leads else "here"
    return str(student_id), shown, leads and student_id in changed, state
