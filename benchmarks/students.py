"""Invented students: a frame of every fact, the same for the same count and share unknown."""

import random
from collections.abc import Mapping

import polars as pl

from app.policy.facts import FACTS, Fact, Scalar
from app.policy.frames import polars_schema

_SEED = 20080901
_SHARES: Mapping[str, tuple[int, ...]] = {
    "stage": (13, 36, 20, 12, 7, 11, 1),
    "school_area": (45, 35, 20),
    "school_run_by": (85, 15),
    "boards": (30, 70),
    "hardship": (80, 11, 6, 3),
    "special_group": (86, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
}
"""How often each listed value occurs, in vocabulary order; facts not named here: all alike."""

_RANGES: Mapping[str, range] = {
    "year": range(1, 7),
    "grade": range(1, 13),
    "household_size": range(1, 8),
    "income_per_head_fen": range(0, 3_000_000, 1_000),
}
_PERCENT = 100


def students(count: int, *, unknown_percent: int = 0) -> pl.DataFrame:
    """`count` students, a row each; of every fact `unknown_percent` in a hundred are not known."""
    columns = {
        name: _drawn(fact, count, unknown_percent=unknown_percent) for name, fact in FACTS.items()
    }
    return pl.DataFrame(columns, schema=polars_schema())


def student_ids(count: int) -> pl.Series:
    """Their ids, rising as the service's time-ordered ids do."""
    number = pl.int_range(count, eager=True).cast(pl.String).str.zfill(12)
    return pl.select(
        pl.format("00000000-0000-7000-8000-{}", number).alias("student_id")
    ).to_series()


def _drawn(fact: Fact, count: int, *, unknown_percent: int) -> list[Scalar | None]:
    chance = random.Random(f"{_SEED}/{fact.name}")
    values: list[Scalar | None] = list(fact.listed or _RANGES.get(fact.name) or _span(fact))
    shares = _SHARES.get(fact.name, ())
    weights = list(shares) if len(shares) == len(values) else [1] * len(values)
    if unknown_percent:
        unknown = sum(weights) * unknown_percent
        weights = [weight * (_PERCENT - unknown_percent) for weight in weights]
        values.append(None)
        weights.append(unknown)
    return chance.choices(values, weights, k=count)


def _span(fact: Fact) -> range:
    """A few thousand whole numbers over the fact's range."""
    return range(fact.minimum, fact.maximum + 1, max(1, (fact.maximum - fact.minimum) // 1_000))
