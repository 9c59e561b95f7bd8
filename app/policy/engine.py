"""Runs a version over frames of facts: three outcomes a criterion, whole fen, no rounding."""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, reduce

import polars as pl

from app.core.money import split, split_by_basis_points
from app.policy.calendar import Periodic, due_dates
from app.policy.catalogue import Amount, Version
from app.policy.expressions import Compiled, compile_expression
from app.policy.facts import FACTS
from app.policy.frames import allowed, refuse_outside, typed

NO_AMOUNT = "amount"
"""Listed in `failed` when every criterion is met and yet no amount applies."""

_FEW = 12  # names whose every combination is listed once and kept


@dataclass(frozen=True)
class Instalment:
    """One payment of an award: its place from 1, its due day, its fen and each source's share."""

    seq: int
    due_on: date
    amount_fen: int
    shares: tuple[tuple[str, int], ...]

    @property
    def fiscal_year(self) -> int:
        """The calendar year of the due day."""
        return self.due_on.year


@dataclass(frozen=True)
class _Plan:
    tests: tuple[pl.Expr, ...]
    steps: tuple[pl.Expr, ...]
    decisions: tuple[pl.Expr, ...]
    failed: pl.Expr
    unknown: pl.Expr
    cautioned: pl.Expr
    failures: tuple[str, ...]
    questions: tuple[str, ...]
    cautions: tuple[str, ...]


def criterion_column(criterion_id: str) -> str:
    """The column of a criterion's outcome: true met, false not met, null unknown."""
    return f"met_{criterion_id}"


def assess(frame: pl.DataFrame, version: Version) -> pl.DataFrame:
    """One row a case, in the frame's order.

    Columns: `met_<criterion>` (true met, false not met, null unknown); `eligible` (true: all met
    and the amount known; false: some not met; null: not known yet); `amount_rule` (index of the
    amount that applies); `year_fen` and `amount_fen` (fen a school year, and for one period
    applied for; null unless eligible); `failed` (criterion ids not met, in the version's order);
    `unknown` (names of missing facts that could still decide); `cautions` (ids of what an officer
    should look at). A version without amounts says who is eligible and leaves all three of the
    amount null. Absent columns are unknown facts. Raises FactsInvalid for values the vocabulary
    does not allow.
    """
    plan = _plan(version)
    listed = (plan.failed, plan.unknown, plan.cautioned)
    found = _judged(frame, plan, (*plan.decisions, *listed))
    return found.with_columns(
        _named(found.get_column("failed"), plan.failures),
        _named(found.get_column("unknown"), plan.questions),
        _named(found.get_column("cautions"), plan.cautions),
    )


def outcomes(frame: pl.DataFrame, version: Version) -> pl.DataFrame:
    """As `assess` without `failed`, `unknown` and `cautions`: for figures over a whole city.

    The lists of texts cost more than all the rest.
    """
    plan = _plan(version)
    return _judged(frame, plan, plan.decisions)


def _judged(frame: pl.DataFrame, plan: _Plan, wanted: tuple[pl.Expr, ...]) -> pl.DataFrame:
    """The wanted results. Lazy, so that what only one step needs is dropped on the way.

    The values are checked beside the tests: what both compare is compared once, and nothing is
    answered where a value is not allowed.
    """
    judged = typed(frame).with_columns(*plan.tests, allowed(frame))
    for step in plan.steps:
        judged = judged.with_columns(step)
    found = judged.select(*wanted, "allowed").collect()
    refuse_outside(frame, found.get_column("allowed"))
    return found.drop("allowed")


@lru_cache(maxsize=256)
def facts_read(version: Version) -> frozenset[str]:
    """The facts that the version's tests, amounts, cautions and ranking ask for."""
    texts = [criterion.test for criterion in version.criteria]
    texts += [caution.test for caution in version.cautions]
    texts += [amount.when for amount in version.amounts if amount.when]
    read = [compile_expression(text) for text in texts]
    read += [compile_expression(amount.fen, "int") for amount in version.amounts if amount.fen]
    named = {fact for compiled in read for fact in compiled.facts}
    return frozenset(named | {key.fact for key in version.ranking})


@lru_cache(maxsize=256)
def _plan(version: Version) -> _Plan:
    tests = [compile_expression(criterion.test) for criterion in version.criteria]
    names = [criterion_column(criterion.id) for criterion in version.criteria]
    met = [pl.col(name) for name in names]
    whens = {
        f"_when_{index}": compile_expression(amount.when)
        for index, amount in enumerate(version.amounts)
        if amount.when
    }
    every = reduce(lambda left, right: left & right, met)
    # No fen though a rule applies: a fact of the amount is missing, and so is the answer.
    rule = pl.col("_rule")
    nothing = (rule == -1) | ((rule >= 0) & (pl.col("_fen") <= 0))
    if not version.amounts:  # in kind, or set case by case: who is eligible is all that is asked
        nothing = pl.lit(value=False)
    eligible = pl.col("eligible")
    failed = [~outcome for outcome in met] + [every & nothing]
    missing = _missing(dict(zip(names, tests, strict=True)), whens, version)
    cautions = [compile_expression(caution.test).expr for caution in version.cautions]
    year = pl.col("year_fen")
    return _Plan(
        tests=tuple(
            test.expr.alias(name)
            for name, test in (*zip(names, tests, strict=True), *whens.items())
        ),
        steps=(
            _first_met(len(version.amounts), whens).alias("_rule"),
            _fen_of(version).alias("_fen"),
            (every & ~nothing).alias("eligible"),
            pl.when(eligible).then(pl.col("_fen")).alias("year_fen"),
        ),
        decisions=(
            *met,
            eligible,
            pl.when(eligible & (rule >= 0)).then(rule).alias("amount_rule"),
            year,
            (year // 2 if version.period == "term" else year).alias("amount_fen"),
        ),
        failed=_bits(failed).alias("failed"),
        unknown=_bits(list(missing.values())).alias("unknown"),
        cautioned=_bits(cautions).alias("cautions"),
        failures=(*(criterion.id for criterion in version.criteria), NO_AMOUNT),
        questions=tuple(missing),
        cautions=tuple(caution.id for caution in version.cautions),
    )


def _bits(flags: list[pl.Expr]) -> pl.Expr:
    """One whole number a row: bit n is set where flag n is true (not false, not unknown)."""
    kind = pl.UInt16 if len(flags) <= _FEW else pl.UInt64  # the narrower, the faster
    weighed = [
        flag.fill_null(value=False).cast(kind) * pl.lit(1 << place, kind)
        for place, flag in enumerate(flags)
    ]
    return reduce(operator.or_, weighed, pl.lit(0, kind))


def _named(bits: pl.Series, names: tuple[str, ...]) -> pl.Series:
    """The names whose bits are set, a list a row.

    A list is built once for each number that can occur, or does where that is too many: a
    million built one by one cost more than all the rest.
    """
    if len(names) <= _FEW:
        return _all_lists(names).gather(bits).alias(bits.name)
    kinds = bits.unique().sort()
    return _lists(kinds.to_list(), names).gather(kinds.search_sorted(bits)).alias(bits.name)


@lru_cache(maxsize=256)
def _all_lists(names: tuple[str, ...]) -> pl.Series:
    return _lists(range(1 << len(names)), names)


def _lists(numbers: Iterable[int], names: tuple[str, ...]) -> pl.Series:
    lists = [
        [name for place, name in enumerate(names) if number >> place & 1] for number in numbers
    ]
    return pl.Series(lists, dtype=pl.List(pl.String))


def _first_met(amounts: int, whens: Mapping[str, Compiled]) -> pl.Expr:
    """The index of the first amount met, -1 when none is, null when one before it is unknown.

    Built from the last to the first, and each step asks for true and for false: `otherwise` is
    reached by an unknown, so there it is null and never the next amount.
    """
    rule = pl.lit(-1, pl.Int16)
    for index in reversed(range(amounts)):
        here = pl.lit(index, pl.Int16)
        name = f"_when_{index}"
        when = pl.col(name)
        rule = pl.when(when).then(here).when(~when).then(rule) if name in whens else here
    return rule


def _fen_of(version: Version) -> pl.Expr:
    """The fen of the amount that applies; of no meaning where none does or it is not known which.

    The last amount needs no question: each question is a pass over all the rows.
    """
    *before, last = [_fen(amount) for amount in version.amounts] or [pl.lit(None, pl.Int64)]
    fen = last
    for index, here in enumerate(before):
        fen = pl.when(pl.col("_rule") == index).then(here).otherwise(fen)
    return fen


def _fen(amount: Amount) -> pl.Expr:
    return (
        compile_expression(amount.fen, "int").expr
        if amount.fen
        else pl.lit(amount.year_fen, pl.Int64)
    )


def _missing(
    tests: Mapping[str, Compiled], whens: Mapping[str, Compiled], version: Version
) -> dict[str, pl.Expr]:
    """Per fact: whether it is null and something it feeds is unknown for that reason."""
    open_questions: dict[str, list[pl.Expr]] = {name: [] for name in FACTS}
    for name, test in tests.items():
        for fact in test.facts:
            open_questions[fact].append(pl.col(name).is_null())
    for name, when in whens.items():
        for fact in when.facts:
            open_questions[fact].append(pl.col("_rule").is_null() & pl.col(name).is_null())
    for index, amount in enumerate(version.amounts):
        unpaid = (pl.col("_rule") == index) & pl.col("_fen").is_null()
        for fact in compile_expression(amount.fen, "int").facts if amount.fen else ():
            open_questions[fact].append(unpaid)
    return {
        fact: pl.col(fact).is_null() & pl.any_horizontal(asked)
        for fact, asked in open_questions.items()
        if asked
    }


def instalments(
    version: Version, programme: Periodic, period: str, amount_fen: int
) -> list[Instalment]:
    """The award in instalments that sum to it, each split over the version's sources.

    Raises PeriodInvalid when the programme is not applied for by such a period.
    """
    days = due_dates(programme, period)
    points = [share.basis_points for share in version.funding]
    return [
        Instalment(
            seq=seq,
            due_on=day,
            amount_fen=fen,
            shares=tuple(
                (share.source, part)
                for share, part in zip(
                    version.funding, split_by_basis_points(fen, points), strict=True
                )
            ),
        )
        for seq, (day, fen) in enumerate(
            zip(days, split(amount_fen, len(days)), strict=True), start=1
        )
    ]
