"""Places per school by largest remainder, within each school's bounds. Pure, whole numbers only."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.budgets.errors import AllocationInfeasible

TIE_ZH = "余数相同的，权重大的学校优先；权重也相同的，学校标识码小的优先。"
TIE_EN = "Of equal remainders the larger weight comes first, then the smaller school code."


@dataclass(frozen=True)
class Apportioned:
    """Places by school, and the schools among which the tie rule had to decide the last ones."""

    places: dict[str, int]
    ties: tuple[str, ...]


def largest_remainder(
    total: int,
    weights: Mapping[str, int],
    *,
    least: Mapping[str, int],
    most: Mapping[str, int],
) -> Apportioned:
    """Gives `total` places to the schools (by code) in proportion to their weights.

    Each school has at least its `least` (else 0) and at most its `most` (else `total`); what a
    bound takes or leaves is shared by the others in proportion. Whole places first, the rest by
    largest remainder; ties as `TIE_EN` says. A school without weight has its `least` only. The
    places sum to `total`, and the order of the mappings does not matter. Raises
    AllocationInfeasible with the bound that fails and its figures, and ValueError for a negative
    figure.
    """
    low = {code: least.get(code, 0) for code in weights}
    high = {code: most.get(code, total) if weights[code] else low[code] for code in weights}
    _refuse_infeasible(total, weights, low, high)
    places = {code: low[code] for code, weight in weights.items() if not weight}
    free = {code for code, weight in weights.items() if weight}
    rest = total - sum(places.values())
    while bound := _out_of_bounds(rest, {code: weights[code] for code in free}, low, high):
        places |= bound
        free -= set(bound)
        rest -= sum(bound.values())
    shared, ties = _share(rest, {code: weights[code] for code in free})
    places |= shared
    return Apportioned({code: places[code] for code in sorted(places)}, ties)


def _out_of_bounds(
    rest: int, weights: Mapping[str, int], low: Mapping[str, int], high: Mapping[str, int]
) -> dict[str, int]:
    """Schools whose exact share breaks a bound for good, with that bound.

    Where the shares cut to their bounds sum to more than is left, the final shares are smaller
    still, so those below their least stay there; and the other way round.
    """
    whole = sum(weights.values())
    missing = {
        code: low[code] * whole - rest * weight
        for code, weight in weights.items()
        if low[code] * whole > rest * weight
    }
    beyond = {
        code: rest * weight - high[code] * whole
        for code, weight in weights.items()
        if rest * weight > high[code] * whole
    }
    balance = sum(missing.values()) - sum(beyond.values())
    fixed = {code: low[code] for code in missing} if balance >= 0 else {}
    return fixed | ({code: high[code] for code in beyond} if balance <= 0 else {})


def _share(rest: int, weights: Mapping[str, int]) -> tuple[dict[str, int], tuple[str, ...]]:
    whole = sum(weights.values())
    if not whole:
        return {}, ()
    places = {code: rest * weight // whole for code, weight in weights.items()}
    remainder = {code: rest * weight % whole for code, weight in weights.items()}
    order = sorted(weights, key=lambda code: (-remainder[code], -weights[code], code))
    more = rest - sum(places.values())
    for code in order[:more]:
        places[code] += 1
    if not more or remainder[order[more - 1]] != remainder[order[more]]:
        return places, ()
    equal = remainder[order[more]]
    return places, tuple(sorted(code for code in weights if remainder[code] == equal))


def _refuse_infeasible(
    total: int, weights: Mapping[str, int], low: Mapping[str, int], high: Mapping[str, int]
) -> None:
    if total < 0 or any(min(weights[code], low[code], high[code]) < 0 for code in weights):
        raise ValueError("places, weights and bounds are not negative")
    crossed = sorted(code for code in weights if weights[code] and low[code] > high[code])
    if crossed:
        code = crossed[0]
        raise AllocationInfeasible(
            f"学校 {code} 的下限 {low[code]} 大于上限 {high[code]}；请改正。",
            f"School {code} has a least of {low[code]} above its most of {high[code]}; mend them.",
            facts={"bound": "least_above_most", "school": code, "least": low[code],
                   "most": high[code]},
        )  # fmt: skip
    least, most = sum(low.values()), sum(high.values())
    if total < least:
        raise AllocationInfeasible(
            f"名额共 {total} 个，少于各校下限之和 {least} 个；请增加名额或降低下限。",
            f"{total} place(s) are fewer than the schools' least, {least} together; give more "
            "places or lower the least.",
            facts={"bound": "least", "total": total, "least": least},
        )
    if total > most and not any(weights.values()):
        raise AllocationInfeasible(
            f"名额共 {total} 个，但所有学校的权重都是 0，无从分配；请换一种权重。",
            f"There are {total} place(s), but every school weighs nothing; choose other weights.",
            facts={"bound": "weights", "total": total},
        )
    if total > most:
        raise AllocationInfeasible(
            f"名额共 {total} 个，多于各校上限之和 {most} 个；请减少名额或提高上限。",
            f"{total} place(s) are more than the schools' most, {most} together; give fewer or "
            "raise the most.",
            facts={"bound": "most", "total": total, "most": most},
        )
