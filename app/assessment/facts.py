"""Gathers what is known of a set of cases into the vocabulary, each fact with its source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import polars as pl

from app.core.identity import birth_on_expr
from app.policy.facts import FACTS, Scalar
from app.policy.frames import polars_schema
from app.recognition.models import Basis

Snapshot = dict[str, dict[str, Any]]
"""What a case was judged by: {fact: {value, source, as_of}}; an unknown fact is not in it."""


class Source(StrEnum):
    """Where a fact came from."""

    REGISTER = "school_register"
    REGISTRY = "student_registry"  # what is recorded of the student: enrolment, household
    SHEET = "school_sheet"
    RECOGNITION = "recognition"
    FORM = "school_form"
    ALLOCATION = "allocation"
    LIST = "register"  # another department's list


FROM_SCHOOL = {"stage": "stage", "school_area": "school_area", "school_run_by": "run_by"}
"""The facts of the school's own, and the columns of the register of schools that hold them."""

_RENAMED = {"year": "grade"}
_RECOGNISED = ("hardship", "special_group")
_TRAINEE = "state_funded_trainee"
_ELSEWHERE = (*_RECOGNISED, _TRAINEE)
"""The facts that others than the school may have told."""


@dataclass(frozen=True)
class Gathered:
    """The facts as a frame of the vocabulary's columns, and as snapshots, in the same order.

    A snapshot is JSON: so it is stored, and most of them nobody reads before.
    """

    facts: pl.DataFrame
    snapshots: pl.Series


def gather(
    frame: pl.DataFrame,
    schools: pl.DataFrame,
    *,
    told_by: Source,
    as_of: date,
    age_on: date | None = None,
) -> Gathered:
    """The facts of each row of an intake frame, in its order.

    What belongs to the school (stage, where it stands, who runs it) comes from the register of
    schools (`id` and the columns of `schools_in_scope`); the rest is what the school told. The
    year of study is the grade counted within the stage. The age is worked out where `age_on`, the
    day it is asked for, is given: a case keeps no more of a child than its policy asks. What
    `with_recognised` and `with_listed` took is named as such.
    """
    if age_on is not None:
        born = pl.coalesce(birth_on_expr(pl.col("resident_id")), "birth_on")
        frame = frame.with_columns(age_at(born, age_on).alias("age"))
    given = frame.drop([*FROM_SCHOOL, "run_by"], strict=False).join(
        schools.select(pl.col("id").alias("school_id"), *FROM_SCHOOL.values()),
        on="school_id",
        how="left",
        maintain_order="left",
    )
    facts = given.select(_column(given, name, kind) for name, kind in polars_schema().items())
    return Gathered(facts, _snapshots(facts, given, told_by, as_of))


def with_recognised(frame: pl.DataFrame, recognised: pl.DataFrame) -> pl.DataFrame:
    """The frame with what recognition says where the school told neither level nor group.

    `recognised` has a row a recognised student: student_id, hardship, special_group, valid_from,
    basis. One that was cancelled for a false statement goes before what the school told.
    """
    known = recognised.select(
        "student_id",
        *_RECOGNISED,
        *(pl.col("valid_from").alias(f"{n}_on") for n in _RECOGNISED),
        (pl.col("basis") == Basis.CANCELLED.value).alias("false"),
    )
    true_ones, false_ones = known.filter(~pl.col("false")), known.filter("false")
    filled = _told(frame, true_ones, Source.RECOGNITION, fill=_RECOGNISED)
    return _told(filled, false_ones, Source.RECOGNITION, fill=(), over=_RECOGNISED)


def with_listed(frame: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """The frame with what other departments' lists say, after `with_recognised`.

    `listed` has a row a student on a list: student_id, special_group, state_funded_trainee, and of
    each the day its list is of (`…_on`). A group fills what nobody told; who is on the list of
    state-funded trainees is one, whatever the school told.
    """
    return _told(frame, listed, Source.LIST, fill=("special_group",), over=(_TRAINEE,))


def _told(
    frame: pl.DataFrame,
    known: pl.DataFrame,
    source: Source,
    *,
    fill: Sequence[str],
    over: Sequence[str] = (),
) -> pl.DataFrame:
    """The frame with known facts: `fill` where it has none, `over` in place of what it has.

    `{fact}_on` and `{fact}_from` are added, for `gather` to name where what was taken comes from;
    where nothing is known, nothing is added.
    """
    if known.is_empty():
        return frame
    names = (*fill, *over)
    renamed = known.select(
        "student_id", *(pl.col(n).alias(f"known_{n}") for n in names),
        *(pl.col(f"{n}_on").alias(f"known_{n}_on") for n in names),
    )  # fmt: skip
    joined = frame.join(renamed, on="student_id", how="left", maintain_order="left")
    taken = {
        name: pl.col(f"known_{name}").is_not_null()
        & (pl.lit(name in over) | pl.col(name).is_null())
        for name in names
    }
    since = [(pl.col(f"known_{name}_on"), f"{name}_on", pl.Date()) for name in names]
    return joined.with_columns(
        *(pl.when(took).then(f"known_{n}").otherwise(n).alias(n) for n, took in taken.items()),
        *(
            pl.when(taken[name]).then(day).otherwise(_had(joined, column, kind)).alias(column)
            for name, (day, column, kind) in zip(names, since, strict=True)
        ),
        *(
            pl.when(taken[name])
            .then(pl.lit(source.value))
            .otherwise(_had(joined, f"{name}_from", pl.String()))
            .alias(f"{name}_from")
            for name in names
        ),
    ).drop(f"known_{name}{end}" for name in names for end in ("", "_on"))


def _had(frame: pl.DataFrame, column: str, kind: pl.DataType) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, kind)


def age_at(born: pl.Expr, day: date) -> pl.Expr:
    """Whole years on the day; null where the birth date is unknown or cannot be right."""
    # Months and days come as bytes, which a month times a hundred overflows.
    month, of_month = born.dt.month().cast(pl.Int32), born.dt.day().cast(pl.Int32)
    before = month * 100 + of_month > day.month * 100 + day.day
    years = pl.lit(day.year, pl.Int64) - born.dt.year().cast(pl.Int64) - before.cast(pl.Int64)
    return pl.when(years.is_between(FACTS["age"].minimum, FACTS["age"].maximum)).then(years)


def _column(given: pl.DataFrame, name: str, kind: pl.DataType) -> pl.Expr:
    held_in = FROM_SCHOOL.get(name) or _RENAMED.get(name, name)
    if held_in not in given.columns:
        return pl.lit(None, kind).alias(name)
    return pl.col(held_in).cast(kind).alias(name)


def _snapshots(facts: pl.DataFrame, given: pl.DataFrame, told_by: Source, as_of: date) -> pl.Series:
    """The snapshots of the facts as JSON; `given` says who else told of a fact, and when."""
    day = as_of.isoformat()
    parts = []
    for name in FACTS:
        source = pl.lit((Source.REGISTER if name in FROM_SCHOOL else told_by).value)
        on = pl.lit(day)
        if name in _ELSEWHERE and f"{name}_on" in given.columns:
            told = given.get_column(f"{name}_on").dt.to_string("%Y-%m-%d")
            source = pl.coalesce(given.get_column(f"{name}_from"), source)
            on = pl.coalesce(told, on)
        parts.append(_as_json(name, facts.schema[name], source, on))
    inner = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return facts.select(pl.format("{{{}}}", inner).alias("snapshot")).to_series()


def _as_json(name: str, kind: pl.DataType, source: pl.Expr, on: pl.Expr) -> pl.Expr:
    """A fact of a snapshot; null where it is not known. Values and sources are words of ours."""
    value = pl.col(name).cast(pl.String)
    if kind == pl.String():
        value = pl.concat_str(pl.lit('"'), value, pl.lit('"'))
    pieces = (f'"{name}":{{"value":', value, ',"source":"', source, '","as_of":"', on, '"}')
    return pl.concat_str(pl.lit(each) if isinstance(each, str) else each for each in pieces)


def carry(snapshot: Snapshot, carried: Snapshot) -> Snapshot:
    """The snapshot in which a fact that says what is carried keeps that one's source and day."""
    return {
        name: carried[name] if name in carried and carried[name]["value"] == seen["value"] else seen
        for name, seen in snapshot.items()
    }


def values_of(snapshot: Mapping[str, Mapping[str, Any]]) -> dict[str, Scalar]:
    """The bare values of a snapshot: two with equal values judge the same case."""
    return {name: seen["value"] for name, seen in snapshot.items()}
