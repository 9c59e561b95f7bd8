"""Tiers for a school's candidates: the sum exact, and never less for the needier. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from math import gcd

from app.budgets.errors import AllocationInfeasible
from app.core.money import show_yuan

TIERS_MAX = 3
TIE_ZH = "困难程度相同的同档；无法同档时，提交早的优先得高档，再按编号。"
TIE_EN = (
    "Equal need gets an equal tier; where that cannot be, who was handed in earlier gets the "
    "higher one, then the smaller number."
)


@dataclass(frozen=True)
class Candidate:
    """One case: `need` in the order of the ranking, the smaller the needier; then the ties."""

    number: str
    need: tuple[int, ...]
    since: int


@dataclass(frozen=True)
class Tiered:
    """The place of each case's tier among the amounts, by number; and who was in a tie."""

    tiers: dict[str, int]
    ties: tuple[str, ...]


def tiers_for(
    candidates: Collection[Candidate], amounts: Sequence[int], *, total_fen: int
) -> Tiered:
    """Gives every candidate one of the amounts (fen, ascending, at most three) so that they sum
    to `total_fen` exactly, the needier never less than the less needy.

    Of all such ways the one with the fewest divisions within a group of equal need; of these the
    most even in numbers (least sum of squares of how many have each tier); then the one with
    fewer in the highest tier.
    The order of the candidates does not matter. Raises AllocationInfeasible with the bound that
    fails: `least`, `most`, `step` or `count`; and ValueError for more than three amounts.
    """
    if not 1 <= len(amounts) <= TIERS_MAX or list(amounts) != sorted(set(amounts)):
        raise ValueError("tiers are one to three amounts, ascending")
    ranked = sorted(candidates, key=lambda each: (each.need, each.since, each.number))
    groups = [list(group) for _, group in groupby(ranked, key=lambda each: each.need)]
    ends = set(accumulate(len(group) for group in groups))
    ways = list(_ways(len(ranked), amounts, total_fen))
    if not ways:
        raise _infeasible(len(ranked), amounts, total_fen)
    best = min(ways, key=lambda counts: _worth(counts, ends))
    of_rank = [tier for tier in reversed(range(len(amounts))) for _ in range(best[tier])]
    tiers = {each.number: tier for each, tier in zip(ranked, of_rank, strict=True)}
    ties = [
        each.number
        for group in groups
        if len({tiers[each.number] for each in group}) > 1
        for each in group
    ]
    return Tiered(tiers, tuple(ties))


def _ways(count: int, amounts: Sequence[int], total: int) -> Iterator[tuple[int, ...]]:
    """Every number of cases a tier, lowest first, that comes to the total: one for each number in
    the highest of three, for two unknowns are settled by the count and the sum.
    """
    lowest, rest = amounts[0], total - count * amounts[0]
    if len(amounts) == 1:
        if rest == 0:
            yield (count,)
        return
    step = amounts[1] - lowest
    rise = amounts[2] - lowest if len(amounts) == TIERS_MAX else 0
    for high in range(count + 1 if rise else 1):
        middle, odd = divmod(rest - high * rise, step)
        if odd or middle < 0 or middle + high > count:
            continue
        low = count - middle - high
        yield (low, middle, high) if rise else (low, middle)


def _worth(counts: tuple[int, ...], ends: Collection[int]) -> tuple[int, int, int]:
    bounds = set(accumulate(reversed(counts[1:])))
    divided = len(bounds - set(ends) - {0})
    return divided, sum(count * count for count in counts), counts[-1]


def _infeasible(count: int, amounts: Sequence[int], total: int) -> AllocationInfeasible:
    least, most = count * amounts[0], count * amounts[-1]
    step = gcd(*(amount - amounts[0] for amount in amounts[1:]), 0)
    listed, needed = "/".join(map(show_yuan, amounts)), show_yuan(total)
    facts: dict[str, object] = {
        "count": count,
        "tiers": [show_yuan(amount) for amount in amounts],
        "total_needed": needed,
    }
    if total < least:
        return AllocationInfeasible(
            f"{count} 人全部按最低档已达 {show_yuan(least)} 元，超过应有的 {needed} 元。",
            f"{count} case(s) come to {show_yuan(least)} in the lowest tier already, above the "
            f"{needed} needed.",
            facts={**facts, "bound": "least", "least": show_yuan(least)},
        )
    if total > most:
        return AllocationInfeasible(
            f"{count} 人全部按最高档也只有 {show_yuan(most)} 元，达不到应有的 {needed} 元。",
            f"{count} case(s) come to only {show_yuan(most)} in the highest tier, below the "
            f"{needed} needed.",
            facts={**facts, "bound": "most", "most": show_yuan(most)},
        )
    if step == 0 or (total - least) % step:
        return AllocationInfeasible(
            f"各档金额 {listed} 之间的差额凑不出应有的总额 {needed} 元；请增减人数。",
            f"The steps between the tiers {listed} cannot make up the {needed} needed; have more "
            "or fewer cases.",
            facts={**facts, "bound": "step", "step": show_yuan(step)},
        )
    return AllocationInfeasible(
        f"{count} 人太少，各档 {listed} 的任何组合都凑不出应有的总额 {needed} 元；请增减人数。",
        f"{count} case(s) are too few: no mix of the tiers {listed} makes up the {needed} needed; "
        "have more or fewer cases.",
        facts={**facts, "bound": "count"},
    )
