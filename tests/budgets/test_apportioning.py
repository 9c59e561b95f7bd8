"""Places per school by largest remainder: exact, within bounds, and always the same."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.budgets.apportioning import Apportioned, largest_remainder
from app.budgets.errors import AllocationInfeasible

CODES = st.sampled_from([f"{place:010d}" for place in range(1, 9)])
WEIGHTS = st.dictionaries(CODES, st.integers(0, 60), min_size=1)
BOUNDS = st.dictionaries(CODES, st.integers(0, 25))


def shared(total: int, weights: dict[str, int], **bounds: dict[str, int]) -> dict[str, int]:
    least, most = bounds.get("least", {}), bounds.get("most", {})
    return largest_remainder(total, weights, least=least, most=most).places


def bounds_of(
    total: int, weights: dict[str, int], least: dict[str, int], most: dict[str, int]
) -> dict[str, tuple[int, int]]:
    return {
        code: (least.get(code, 0), most.get(code, total) if weight else least.get(code, 0))
        for code, weight in weights.items()
    }


def outcome(
    total: int, weights: dict[str, int], least: dict[str, int], most: dict[str, int]
) -> Apportioned | None:
    try:
        return largest_remainder(total, weights, least=least, most=most)
    except AllocationInfeasible:
        return None


def test_whole_places_first_and_the_rest_by_largest_remainder() -> None:
    # 12 over 100: 6.0, 3.6, 2.4 — the one left over goes to the remainder of 0.6.
    assert shared(12, {"A": 50, "B": 30, "C": 20}) == {"A": 6, "B": 4, "C": 2}


def test_of_equal_remainders_the_larger_weight_wins_and_the_tie_is_told() -> None:
    # 3 over 8: 1.125 would go down, 0.75 … here 1.5 and 0.5 twice: one place for three halves.
    done = largest_remainder(2, {"A": 3, "B": 1, "C": 1, "D": 3}, least={}, most={})
    assert done.places == {"A": 1, "B": 0, "C": 0, "D": 1}
    assert done.ties == ()
    tied = largest_remainder(1, {"B": 2, "A": 2}, least={}, most={})
    assert tied == Apportioned({"A": 1, "B": 0}, ("A", "B"))
    halves = largest_remainder(3, {"A": 1, "B": 3, "C": 2}, least={}, most={})
    assert halves == Apportioned({"A": 0, "B": 2, "C": 1}, ("A", "B"))


def test_what_a_bound_takes_the_others_share_in_proportion() -> None:
    # B may have 1: the 11 that are left are 5:2 between A and C, 7.857 and 3.143.
    assert shared(12, {"A": 50, "B": 30, "C": 20}, most={"B": 1}) == {"A": 8, "B": 1, "C": 3}
    assert shared(12, {"A": 50, "B": 30, "C": 20}, least={"C": 6}) == {"A": 4, "B": 2, "C": 6}


def test_a_school_without_weight_has_its_least_only() -> None:
    assert shared(5, {"A": 1, "B": 0, "C": 0}, least={"C": 2}) == {"A": 3, "B": 0, "C": 2}


@pytest.mark.parametrize(
    ("total", "weights", "least", "most", "bound"),
    [
        (3, {"A": 1, "B": 1}, {"A": 2, "B": 2}, {}, "least"),
        (5, {"A": 1, "B": 1}, {}, {"A": 2, "B": 2}, "most"),
        (1, {"A": 0, "B": 0}, {}, {}, "weights"),
        (5, {"A": 1, "B": 1}, {"A": 3}, {"A": 2}, "least_above_most"),
    ],
)
def test_the_bound_that_fails_is_named(
    total: int, weights: dict[str, int], least: dict[str, int], most: dict[str, int], bound: str
) -> None:
    with pytest.raises(AllocationInfeasible) as refused:
        largest_remainder(total, weights, least=least, most=most)
    assert refused.value.facts["bound"] == bound


@pytest.mark.parametrize("total", [4, 5])
def test_exactly_the_bounds_are_still_feasible(total: int) -> None:
    bounds = {"A": 2, "B": 2} if total == 4 else {"A": 2, "B": 3}
    assert shared(total, {"A": 9, "B": 1}, least=bounds, most=bounds) == bounds


def test_a_negative_figure_is_no_request() -> None:
    with pytest.raises(ValueError, match="not negative"):
        largest_remainder(3, {"A": -1, "B": 2}, least={}, most={})


@given(total=st.integers(0, 120), weights=WEIGHTS, least=BOUNDS, most=BOUNDS)
def test_places_sum_stay_within_bounds_and_fail_only_where_nothing_fits(
    total: int, weights: dict[str, int], least: dict[str, int], most: dict[str, int]
) -> None:
    done = outcome(total, weights, least, most)
    bounds = bounds_of(total, weights, least, most)
    sound = all(low <= high for low, high in bounds.values())
    fits = sound and sum(low for low, _ in bounds.values()) <= total
    fits = fits and total <= sum(high for _, high in bounds.values())
    assert (done is not None) == fits
    if done is None:
        return
    assert sum(done.places.values()) == total
    assert all(low <= done.places[code] <= high for code, (low, high) in bounds.items())


@given(total=st.integers(0, 120), weights=WEIGHTS, least=BOUNDS, most=BOUNDS, seed=st.integers())
def test_the_order_of_what_is_given_does_not_matter(
    total: int, weights: dict[str, int], least: dict[str, int], most: dict[str, int], seed: int
) -> None:
    turned = list(weights.items())
    random.Random(seed).shuffle(turned)
    assert outcome(total, weights, least, most) == outcome(total, dict(turned), least, most)


@given(total=st.integers(0, 300), weights=WEIGHTS)
def test_without_bounds_nobody_is_a_whole_place_off_the_exact_share(
    total: int, weights: dict[str, int]
) -> None:
    whole = sum(weights.values())
    if not whole:
        return
    for code, places in shared(total, weights).items():
        assert abs(places * whole - total * weights[code]) < whole


@given(total=st.integers(0, 120), weights=WEIGHTS, least=BOUNDS, most=BOUNDS)
def test_of_two_schools_free_of_bounds_the_larger_never_has_less(
    total: int, weights: dict[str, int], least: dict[str, int], most: dict[str, int]
) -> None:
    done = outcome(total, weights, least, most)
    if done is None:
        return
    free = [code for code in weights if code not in least and code not in most and weights[code]]
    by_weight = sorted(free, key=lambda code: weights[code])
    given_ = [done.places[code] for code in by_weight]
    for place in range(1, len(by_weight)):
        if weights[by_weight[place - 1]] < weights[by_weight[place]]:
            assert given_[place - 1] <= given_[place]


def test_two_thousand_schools_take_no_time() -> None:
    dice = random.Random(2008)
    weights = {f"{place:010d}": dice.randrange(1, 3000) for place in range(2000)}
    least = dict.fromkeys(weights, 1)
    most = {code: dice.randrange(1, 60) for code in weights}
    assert sum(shared(20_000, weights, least=least, most=most).values()) == 20_000
