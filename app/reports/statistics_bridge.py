"""The bridge from a school year's total to a calendar year's: every fen between them by name."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from app.policy.calendar import terms_of
from app.policy.facts import Words

Step = Literal["school_year", "paid_outside", "other_school_years", "calendar_year"]

STEPS: dict[Step, Words] = {
    "school_year": Words(
        "本学年两学期各期资助，不论何时发放",
        "the school year: instalments of its two terms, whenever paid",
    ),
    "paid_outside": Words(
        "减：其中在其他自然年度发放的",
        "less: of these, paid in other calendar years",
    ),
    "other_school_years": Words(
        "加：本自然年度内发放的其他学年资助",
        "plus: paid in the calendar year for other school years",
    ),
    "calendar_year": Words(
        "本自然年度实际发放，不论属于哪一学年",
        "the calendar year: paid in it, for whatever school year",
    ),
}
"""The lines of the bridge, in order; the first three sum to the last."""


@dataclass(frozen=True)
class BridgePart:
    """What a line is made of: one programme's term, and the calendar year it was paid in.

    `owed_fen` is what became owed back in that year: it stays paid when it was paid.
    """

    term: str
    paid_year: int
    programme: str
    amount_fen: int
    owed_fen: int


@dataclass(frozen=True)
class BridgeLine:
    """One line: amounts in fen with their sign, and the parts that sum to them."""

    step: Step
    amount_fen: int
    owed_fen: int
    parts: tuple[BridgePart, ...]

    @property
    def cell(self) -> str:
        """How checks name it."""
        return f"bridge/{self.step}"


@dataclass(frozen=True)
class Bridge:
    """From one school year to one calendar year."""

    school_year: str
    year: int
    lines: tuple[BridgeLine, ...]

    def line(self, step: Step) -> BridgeLine:
        """The line of that name."""
        return next(line for line in self.lines if line.step == step)


def bridge_of(paid: pl.DataFrame, school_year: str, year: int) -> Bridge:
    """The bridge over rows with term, paid_year, programme, paid_fen and owed_fen."""
    of_terms = pl.col("term").is_in(terms_of(school_year))
    in_year = pl.col("paid_year") == year
    return Bridge(
        school_year,
        year,
        (
            _line(paid.filter(of_terms), "school_year"),
            _line(paid.filter(of_terms & ~in_year), "paid_outside", sign=-1),
            _line(paid.filter(in_year & ~of_terms), "other_school_years"),
            _line(paid.filter(in_year), "calendar_year"),
        ),
    )


def _line(paid: pl.DataFrame, step: Step, sign: int = 1) -> BridgeLine:
    parts = (
        paid.group_by("term", "paid_year", "programme")
        .agg(amount_fen=pl.col("paid_fen").sum() * sign, owed_fen=pl.col("owed_fen").sum() * sign)
        .filter((pl.col("amount_fen") != 0) | (pl.col("owed_fen") != 0))
        .with_columns(half=pl.col("term").str.ends_with("autumn"), of=pl.col("term").str.head(4))
        .sort("of", "half", "paid_year", "programme")
        .drop("of", "half")
    )
    # Summed apart from its parts, so that a check of one by the other can fail.
    return BridgeLine(
        step,
        sign * int(paid["paid_fen"].sum()),
        sign * int(paid["owed_fen"].sum()),
        tuple(BridgePart(**row) for row in parts.iter_rows(named=True)),
    )
