"""Who is on the schools' rolls on a day, and what the policy says of each: temporary tables.

A pupil on two rolls that day belongs to the school that enrolled first, or to the one that
enrolled last where the programme's `on_transfer` is the new school. The facts are the registry's;
the hardship is what the pupil is recognised as on the period's last day, or else that of the newest
submission of the school year, unknown where there is neither. The age is that of the period's first
day, by the birth date.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    Row,
    String,
    Table,
    TextClause,
    Uuid,
    bindparam,
    cast,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from app.assessment.service import assess_cases
from app.core import db, staging
from app.policy.calendar import school_year_of, terms_of
from app.policy.engine import NO_AMOUNT
from app.policy.facts import FACTS
from app.policy.queries import LoadedVersion

PUPILS_AT_ONCE = 100_000
_FACTS: Mapping[str, Any] = {
    "stage": String(),
    "school_area": String(),
    "school_run_by": String(),
    "boards": Boolean(),
    "grade": Integer(),
    "year": Integer(),
    "age": Integer(),
    "hukou": String(),
    "household_size": Integer(),
    "income_per_head_fen": BigInteger(),
    "special_group": String(),
    "hardship": Integer(),
}
_JUDGED = ("student_id", "school_id", "county_id", "amount_fen", "counted")
_KINDS: Mapping[str, pl.DataType] = {"int": pl.Int64(), "bool": pl.Boolean(), "enum": pl.String()}

Asks = Mapping[UUID, Mapping[str, int]]
"""School → fact → of how many pupils it is missing."""


@dataclass(frozen=True)
class Setting:
    """What is counted: a version for a period, at schools, on a day."""

    loaded: LoadedVersion
    period: str
    as_of: date
    schools: tuple[UUID, ...]

    @property
    def programme(self) -> str:
        """The programme's code."""
        return self.loaded.programme.code

    @property
    def has_amount(self) -> bool:
        """Whether the version says what a head is paid."""
        return bool(self.loaded.version.amounts)

    def told(self) -> dict[str, object]:
        """The values that the statements are bound to."""
        first_day, last_day = self.loaded.programme.calendar.days_of(self.period)
        return {
            "schools": list(self.schools),
            "programme": self.programme,
            "period": self.period,
            "school_year": school_year_of(self.period),
            "day": self.as_of,
            "first_day": first_day,
            "last_day": last_day,
        }


def stage_roll(session: Session, setting: Setting) -> Table:
    """The pupils of these schools' rolls with their facts, and their rows at other schools.

    `here` marks the schools asked for, `place` 1 the roll on which a pupil is counted. For the
    city's scope: the answer names a pupil's other school to both.
    """
    roll = staging.empty(
        session,
        "roll",
        [
            Column("student_id", Uuid()),
            Column("school_id", Uuid()),
            Column("county_id", Uuid()),
            Column("place", Integer),
            Column("here", Boolean),
            *(Column(name, kind) for name, kind in _FACTS.items()),
        ],
    )
    way = "DESC" if setting.loaded.programme.on_transfer == "new_school" else "ASC"
    period = school_year_of(setting.period)
    told = {**setting.told(), "periods": [period, *terms_of(period)]}
    session.execute(_many(_ROLL.format(roll=roll.name, way=way)), told)
    staging.count_rows(session, roll)
    return roll


def judge(session: Session, setting: Setting, roll: Table) -> tuple[Table, Asks]:
    """Those the version counts or asks about, one row a pupil; and what it asks, by school.

    Columns: student_id, school_id, county_id, amount_fen (null where no rate is known or a fact
    is missing) and counted. In chunks: the number of statements does not depend on schools.
    """
    judged = staging.empty(
        session,
        "judged",
        [
            Column("student_id", Uuid()),
            Column("school_id", Uuid()),
            Column("county_id", Uuid()),
            Column("amount_fen", BigInteger),
            Column("counted", Boolean),
        ],
    )
    ids = [cast(roll.c[name], String) for name in ("student_id", "school_id", "county_id")]
    rows = session.execute(
        select(*ids, *(roll.c[name] for name in _FACTS))
        .where(roll.c.here, roll.c.place == 1)
        .order_by(roll.c.student_id),
        execution_options={"yield_per": PUPILS_AT_ONCE},
    )
    asks: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for chunk in rows.partitions():
        pupils = _frame(chunk)
        outcome = _outcome(pupils, setting)
        listed = outcome.filter(pl.col("counted").is_not_null()).select(_JUDGED)
        csv = listed.write_csv(include_header=False).encode()
        db.copy_rows(session, judged.name, _JUDGED, csv)
        for school, fact, pupils_asked in _asked(outcome).iter_rows():
            asks[UUID(school)][fact] += pupils_asked
    staging.count_rows(session, judged)
    return judged, asks


def _frame(rows: Iterable[Row[Any]]) -> pl.DataFrame:
    schema: dict[str, pl.DataType] = {
        name: pl.String() for name in ("student_id", "school_id", "county_id")
    }
    schema |= {name: _KINDS[FACTS[name].type] for name in _FACTS}
    frame = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    return frame.with_columns(_known(name) for name in _FACTS)


def _known(name: str) -> pl.Expr:
    """The fact, unknown where the registry holds what the vocabulary does not allow."""
    fact, column = FACTS[name], pl.col(name)
    if fact.type == "bool":
        return column
    if fact.type == "enum":
        return pl.when(column.is_in(list(fact.listed))).then(column).alias(name)
    return pl.when(column.is_between(fact.minimum, fact.maximum)).then(column).alias(name)


def _outcome(pupils: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    """The pupils with amount_fen, missing, and counted: true, false where asked, else null.

    A version without amounts counts whoever meets its criteria: that no amount applies to them
    is then no failure.
    """
    found = pupils.hstack(assess_cases(pupils.select(list(_FACTS)), setting.loaded))
    counted = pl.col("eligible")
    if not setting.has_amount:
        met = pl.col("failed").list.set_difference(pl.lit([NO_AMOUNT])).list.len() == 0
        known = pl.col("missing").list.len() == 0
        counted = pl.when(~met).then(statement=False).when(known).then(statement=True)
    return found.with_columns(
        pl.when(counted).then(statement=True)
        .when(counted.is_null()).then(statement=False)
        .alias("counted")
    )  # fmt: skip


def _asked(outcome: pl.DataFrame) -> pl.DataFrame:
    asked = outcome.filter(~pl.col("counted")).select("school_id", "missing").explode("missing")
    return asked.group_by("school_id", "missing").len()


def _many(statement: str) -> TextClause:
    return text(statement).bindparams(
        bindparam("schools", type_=ARRAY(Uuid())), bindparam("periods", type_=ARRAY(String()))
    )


_ROLL = """
WITH there AS MATERIALIZED (
    SELECT DISTINCT ON (e.student_id, e.school_id) e.id, e.student_id, e.school_id, e.county_id,
        e.grade, e.boards, e.entered_on, e.made_at
    FROM enrolment e
    WHERE e.school_year = :school_year AND e.entered_on <= :day
        AND (e.left_on IS NULL OR e.left_on > :day)
        AND e.student_id IN (SELECT mine.student_id FROM enrolment mine
            WHERE mine.school_id = ANY(:schools) AND mine.school_year = :school_year
            AND mine.entered_on <= :day AND (mine.left_on IS NULL OR mine.left_on > :day))
    ORDER BY e.student_id, e.school_id, e.entered_on, e.made_at, e.id),
known AS (
    SELECT DISTINCT ON (a.student_id) a.student_id, a.hardship
    FROM application a JOIN submission s
        ON s.application_id = a.id AND s.submission_no = a.submission_no
    WHERE a.period = ANY(:periods) AND a.hardship IS NOT NULL
        AND a.state NOT IN ('rejected', 'withdrawn')
        AND a.student_id IN (SELECT student_id FROM there)
    ORDER BY a.student_id, s.made_at DESC, a.id DESC),
recognised AS (
    SELECT DISTINCT ON (r.student_id) r.student_id, r.level
    FROM recognition r
    WHERE r.school_year = :school_year AND r.valid_from <= :last_day
        AND r.student_id IN (SELECT student_id FROM there)
    ORDER BY r.student_id, r.valid_from DESC)
INSERT INTO {roll}
SELECT t.student_id, t.school_id, t.county_id,
    row_number() OVER (PARTITION BY t.student_id
        ORDER BY t.entered_on {way}, t.made_at {way}, t.id {way}),
    t.school_id = ANY(:schools), s.stage, s.school_area, s.run_by, t.boards, t.grade, t.grade,
    (extract(year FROM CAST(:first_day AS date)) - extract(year FROM p.birth_on))::int
        - (to_char(p.birth_on, 'MMDD') > to_char(CAST(:first_day AS date), 'MMDD'))::int,
    h.hukou, h.members, h.income_per_head_fen, h.special_group,
    coalesce(recognised.level, known.hardship)
FROM there t JOIN school s ON s.id = t.school_id JOIN student p ON p.id = t.student_id
LEFT JOIN recognised ON recognised.student_id = t.student_id
LEFT JOIN household h ON h.student_id = t.student_id AND h.school_year = :school_year
LEFT JOIN known ON known.student_id = t.student_id
"""
