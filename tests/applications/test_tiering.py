"""Tiers with an exact sum, never less for the needier."""

import random
from itertools import combinations_with_replacement, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.applications.tiering import Candidate, Tiered, tiers_for
from app.budgets.errors import AllocationInfeasible

NATIONAL = [1000_00, 2000_00, 3000_00]
AVERAGE = 2000_00

AMOUNTS = st.sampled_from(
    [NATIONAL, [500_00, 1000_00, 1500_00], [2000_00], [1000_00, 1400_00], [100, 250, 700]]
)
NEEDS = st.lists(st.integers(0, 3), max_size=6)


def people(needs: list[int]) -> list[Candidate]:
    """One case each; the earlier in the list, the earlier handed in."""
    return [Candidate(f"G-{place:04d}", (need,), place) for place, need in enumerate(needs)]


def amounts_of(done: Tiered, found: list[Candidate], amounts: list[int]) -> list[int]:
    return [amounts[done.tiers[each.number]] for each in found]


def outcome(found: list[Candidate], amounts: list[int], total: int) -> Tiered | None:
    try:
        return tiers_for(found, amounts, total_fen=total)
    except AllocationInfeasible:
        return None


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        ([0], [2000_00]),
        ([0, 1], [3000_00, 1000_00]),
        ([0, 1, 2], [3000_00, 2000_00, 1000_00]),
        ([2, 1, 0], [1000_00, 2000_00, 3000_00]),
        ([0, 1, 2, 3], [3000_00, 2000_00, 2000_00, 1000_00]),
        # Equal need, equal tier.
        ([0, 0, 0], [2000_00] * 3),
        ([0, 0, 1, 1], [3000_00, 3000_00, 1000_00, 1000_00]),
        ([0, 1, 1, 2], [3000_00, 2000_00, 2000_00, 1000_00]),
    ],
)
def test_the_average_is_met_with_the_most_even_numbers(
    needs: list[int], expected: list[int]
) -> None:
    found = people(needs)
    done = tiers_for(found, NATIONAL, total_fen=AVERAGE * len(needs))
    assert amounts_of(done, found, NATIONAL) == expected
    assert done.ties == ()


def test_where_equals_cannot_be_equal_the_earlier_has_more_and_the_tie_is_told() -> None:
    found = people([1, 1, 1])
    done = tiers_for(found, NATIONAL, total_fen=5000_00)
    assert amounts_of(done, found, NATIONAL) == [2000_00, 2000_00, 1000_00]
    assert done.ties == ("G-0000", "G-0001", "G-0002")


@pytest.mark.parametrize(
    ("count", "amounts", "total", "bound"),
    [
        (1, [1000_00, 3000_00], 500_00, "least"),
        (2, NATIONAL, 6000_01, "most"),
        (1, NATIONAL, 1500_00, "step"),
        (1, [1000_00, 1400_00], 1200_00, "step"),
        (1, [100, 250, 700], 550, "count"),
        (0, NATIONAL, 2000_00, "most"),
        (2, [2000_00], 4000_01, "most"),
    ],
)
def test_the_bound_that_fails_is_named(
    count: int, amounts: list[int], total: int, bound: str
) -> None:
    with pytest.raises(AllocationInfeasible) as refused:
        tiers_for(people([0] * count), amounts, total_fen=total)
    assert refused.value.facts["bound"] == bound


def test_one_case_and_no_tier_at_the_average_is_infeasible_and_two_are_not() -> None:
    assert outcome(people([0]), [1000_00, 3000_00], AVERAGE) is None
    assert outcome(people([0, 1]), [1000_00, 3000_00], 2 * AVERAGE) is not None


def test_more_than_three_amounts_are_not_taken() -> None:
    with pytest.raises(ValueError, match="one to three"):
        tiers_for(people([0]), [1, 2, 3, 4], total_fen=4)


@given(needs=NEEDS, amounts=AMOUNTS, spread=st.integers(-100, 700), step=st.sampled_from([1, 50]))
def test_the_sum_is_exact_and_fails_only_where_no_mix_has_it(
    needs: list[int], amounts: list[int], spread: int, step: int
) -> None:
    found = people(needs)
    middle = amounts[len(amounts) // 2] * len(needs)
    total = middle + spread * step
    possible = {sum(mix) for mix in combinations_with_replacement(amounts, len(needs))}
    done = outcome(found, amounts, total)
    assert (done is not None) == (total in possible)
    if done is not None:
        assert sum(amounts_of(done, found, amounts)) == total


@given(needs=st.lists(st.integers(0, 9), min_size=1, max_size=60), seed=st.integers())
def test_order_is_kept_equals_are_equal_or_told_and_nothing_depends_on_the_order_given(
    needs: list[int], seed: int
) -> None:
    found = people(needs)
    done = tiers_for(found, NATIONAL, total_fen=AVERAGE * len(needs))
    ranked = sorted(found, key=lambda each: (each.need, each.since))
    tiers = [done.tiers[each.number] for each in ranked]
    assert tiers == sorted(tiers, reverse=True)
    divided = [
        each.number
        for _, group in groupby(ranked, key=lambda each: each.need)
        for members in [list(group)]
        if len({done.tiers[each.number] for each in members}) > 1
        for each in members
    ]
    # All at the average divides nobody, so nobody needs to be.
    assert (list(done.ties), divided) == ([], [])
    random.Random(seed).shuffle(found)
    assert tiers_for(found, NATIONAL, total_fen=AVERAGE * len(needs)) == done


@given(needs=NEEDS, amounts=AMOUNTS, mix=st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_of_all_ways_groups_of_equal_need_are_divided_the_fewest_times(
    needs: list[int], amounts: list[int], mix: list[int]
) -> None:
    found = people(needs)
    ranked = sorted(found, key=lambda each: (each.need, each.since))
    total = sum(amounts[tier % len(amounts)] for tier in mix[: len(needs)])

    def divisions(tiers: list[int]) -> int:
        pairs = zip(ranked, ranked[1:], tiers, tiers[1:], strict=False)
        return sum(a.need == b.need and s != t for a, b, s, t in pairs)

    ways = [
        sorted(way, reverse=True)
        for way in combinations_with_replacement(range(len(amounts)), len(needs))
        if sum(amounts[tier] for tier in way) == total
    ]
    done = tiers_for(found, amounts, total_fen=total)
    got = divisions([done.tiers[each.number] for each in ranked])
    assert got == min(map(divisions, ways))


def test_five_thousand_candidates_take_no_time() -> None:
    dice = random.Random(2008)
    found = people(dice.sample(range(5000), 5000))
    done = tiers_for(found, NATIONAL, total_fen=AVERAGE * 5000)
    counts = [list(done.tiers.values()).count(tier) for tier in range(3)]
    assert counts == [1667, 1666, 1667]
