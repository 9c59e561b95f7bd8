"""Who gains and who loses, and what it costs: pure, over frames of pupils and their facts."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from app.core.money import split_by_basis_points
from app.policy.engine import assess, instalments
from app.simulation.pairs import Pair, Side

FATES = ("gains", "loses", "changes", "same", "asks", "out")
"""Entitled only after; only before; for another amount; for the same; a fact is missing on a side
that could decide; entitled on neither."""

NAMED = ("gains", "loses", "changes")
"""The fates whose pupils are listed by name."""

_NOBODY: dict[str, pl.Expr] = {
    "eligible": pl.lit(value=False),
    "year_fen": pl.lit(0, pl.Int64),
    "amount_fen": pl.lit(0, pl.Int64),
}
_PEOPLE = ["county_id", "school_id", "fate", "before", "after"]
_MONEY = ["county_id", "stage", "before_year_fen", "before_fen", "after_year_fen", "after_fen"]


def compare(
    people: pl.DataFrame, before: pl.DataFrame | None, after: pl.DataFrame | None, pair: Pair
) -> pl.DataFrame:
    """The pupils with their fate under a pair of versions, a row each, in order.

    `before` and `after` are their facts as each side sees them; None where there is no such side.
    Added columns: before, after (entitled; an unknown is not), before_year_fen, before_fen,
    after_year_fen, after_fen (fen a school year, and for the period; 0 where not entitled or where
    the version names no amount), fate.
    """
    old = _judged(people, before, pair.before)
    new = old if pair.before is pair.after else _judged(people, after, pair.after)
    known = old.get_column("eligible").is_not_null() & new.get_column("eligible").is_not_null()
    return people.with_columns(
        known.alias("known"), *_side("before", old), *_side("after", new)
    ).with_columns(_fate().alias("fate"))


def _judged(people: pl.DataFrame, facts: pl.DataFrame | None, side: Side | None) -> pl.DataFrame:
    if facts is None or side is None:
        nobody = people.with_columns(**_NOBODY)
        return nobody.select(*_NOBODY)
    return assess(facts, side.version).select(*_NOBODY)


def _side(name: str, judged: pl.DataFrame) -> list[pl.Series]:
    return [
        judged.get_column("eligible").fill_null(value=False).alias(name),
        judged.get_column("year_fen").fill_null(0).alias(f"{name}_year_fen"),
        judged.get_column("amount_fen").fill_null(0).alias(f"{name}_fen"),
    ]


def _fate() -> pl.Expr:
    before, after = pl.col("before"), pl.col("after")
    alike = (pl.col("before_year_fen") == pl.col("after_year_fen")) & (
        pl.col("before_fen") == pl.col("after_fen")
    )
    return (
        pl.when(~pl.col("known"))
        .then(pl.lit("asks"))
        .when(before & after & alike)
        .then(pl.lit("same"))
        .when(before & after)
        .then(pl.lit("changes"))
        .when(after)
        .then(pl.lit("gains"))
        .when(before)
        .then(pl.lit("loses"))
        .otherwise(pl.lit("out"))
    )


@dataclass(frozen=True)
class Heads:
    """How many pupils of a school have each fate, and how many are entitled on either side."""

    county_id: str
    school_id: str
    fates: dict[str, int]
    before: int
    after: int


@dataclass(frozen=True)
class Money:
    """Fen of one programme by stage, holder and source; `fiscal_year` None is the school year.

    With a fiscal year it is what falls due in it for the period; without, the whole yearly amount.
    """

    programme: str
    stage: str
    county_id: str
    source: str
    fiscal_year: int | None
    before_fen: int
    after_fen: int


@dataclass
class Tally:
    """Adds up one pair over chunk after chunk; what it holds grows with schools and amounts."""

    pair: Pair
    _people: pl.DataFrame | None = field(default=None, repr=False)
    _money: pl.DataFrame | None = field(default=None, repr=False)

    def add(self, compared: pl.DataFrame) -> None:
        """Takes the pupils of a chunk in, as `compare` answers them."""
        counted = compared.group_by(_PEOPLE).agg(pl.len().cast(pl.Int64).alias("people"))
        self._people = _merged(self._people, counted, _PEOPLE)
        paid = compared.filter(pl.col("before") | pl.col("after"))
        counted = paid.group_by(_MONEY).agg(pl.len().cast(pl.Int64).alias("people"))
        self._money = _merged(self._money, counted, _MONEY)

    def heads(self) -> list[Heads]:
        """One row a school, by county and school id."""
        if self._people is None:
            return []
        count = pl.col("people")
        sums = (
            self._people.group_by("county_id", "school_id")
            .agg(
                *(count.filter(pl.col("fate") == fate).sum().alias(fate) for fate in FATES),
                count.filter("before").sum().alias("entitled_before"),
                count.filter("after").sum().alias("entitled_after"),
            )
            .sort("county_id", "school_id")
        )
        return [
            Heads(
                county_id=row["county_id"],
                school_id=row["school_id"],
                fates={fate: row[fate] for fate in FATES},
                before=row["entitled_before"],
                after=row["entitled_after"],
            )
            for row in sums.iter_rows(named=True)
        ]

    def money(self) -> list[Money]:
        """What both sides cost, a row a stage, holder, source and fiscal year (None: a year)."""
        sums: dict[tuple[str, str, str, int | None], list[int]] = {}
        for place, (key, source, year, fen) in self._shares():
            sums.setdefault((*key, source, year), [0, 0])[place] += fen
        return [
            Money(self.pair.code, stage, county, source, year, *both)
            for (county, stage, source, year), both in sorted(
                sums.items(), key=lambda each: (*each[0][:3], each[0][3] or 0)
            )
        ]

    def _shares(self) -> Iterator[tuple[int, tuple[tuple[str, str], str, int | None, int]]]:
        """(0 before | 1 after, ((county, stage), source, fiscal year, fen)) of every amount."""
        if self._money is None:
            return
        # Once for each distinct amount, not for each stage and holder.
        known: dict[tuple[int, int, int], list[tuple[str, int | None, int]]] = {}
        for county, stage, *amounts, people in self._money.iter_rows():
            for place, side in enumerate((self.pair.before, self.pair.after)):
                year_fen, fen = amounts[2 * place : 2 * place + 2]
                if side is None or not year_fen:
                    continue
                key = (place, year_fen, fen)
                if key not in known:
                    known[key] = _shared(side, year_fen, fen)
                for source, year, share in known[key]:
                    yield place, ((county, stage), source, year, share * people)


def _shared(side: Side, year_fen: int, fen: int) -> list[tuple[str, int | None, int]]:
    """One pupil's amount by source and fiscal year, and a school year's by source (year None)."""
    funding = side.version.funding
    points = [share.basis_points for share in funding]
    year = zip(funding, split_by_basis_points(year_fen, points), strict=True)
    found: list[tuple[str, int | None, int]] = [(share.source, None, part) for share, part in year]
    for each in instalments(side.version, side.programme, side.period, fen):
        found += [(source, each.fiscal_year, part) for source, part in each.shares]
    return found


def _merged(held: pl.DataFrame | None, more: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    if held is None:
        return more
    return pl.concat([held, more]).group_by(keys).agg(pl.col("people").sum())
