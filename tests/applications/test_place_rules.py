"""Shares of a head count, and what floors and guides say: on both sides of each threshold."""

from dataclasses import replace

import pytest

from app.applications.place_rules import Given, ceiling_of, share, warnings_of
from app.budgets.quota_queries import Heads
from app.policy.catalogue import Bound, Quota, QuotaOf, Rounding, Version


@pytest.fixture(scope="module")
def version() -> Version:
    return Version(
        programme="lunch", period="term", instalments="term", effective_from=None, revision=1,
        source="made up", verified=False, criteria=(), amounts=(), funding=(),
    )  # fmt: skip


def quota(
    of: QuotaOf = "roll", bound: Bound = "ceiling", points: int = 800, rounding: Rounding = "down"
) -> Quota:
    return Quota(of=of, bound=bound, basis_points=points, rounding=rounding)


@pytest.mark.parametrize(
    ("rounding", "roll", "places"),
    [
        # 8 % of 56 is 4.48, of 57 4.56, of 50 exactly 4.
        ("down", 57, 4), ("half_up", 56, 4), ("half_up", 57, 5), ("up", 56, 5), ("up", 50, 4),
        ("down", 50, 4), ("half_up", 0, 0),
    ],
)  # fmt: skip
def test_a_share_is_rounded_as_is_said(rounding: Rounding, roll: int, places: int) -> None:
    assert share(quota(rounding=rounding), Heads(roll, 0)) == places


def test_exactly_half_goes_up_and_a_hair_less_does_not() -> None:
    half = quota(points=5000, rounding="half_up")
    assert share(half, Heads(3, 0)) == 2
    assert share(replace(half, basis_points=4999), Heads(3, 0)) == 1


def test_boarders_are_counted_where_the_share_is_of_boarders() -> None:
    assert share(quota(of="boarders", points=5000), Heads(100, 10)) == 5


@pytest.mark.parametrize(
    ("bound", "found", "codes"),
    [
        ("floor", 3, ["below_floor"]), ("floor", 4, []), ("floor", 5, []),
        ("guide", 3, ["off_guide"]), ("guide", 4, []), ("guide", 5, ["off_guide"]),
        ("ceiling", 5, []),
    ],
)  # fmt: skip
def test_a_floor_warns_below_and_a_guide_on_either_side(
    version: Version, bound: Bound, found: int, codes: list[str]
) -> None:
    bounded = replace(version, quotas=(quota(bound=bound),))
    assert [each.code for each in warnings_of(bounded, Heads(50, 0), found)] == codes


@pytest.mark.parametrize(
    ("quotas", "given", "places"),
    [
        ((), None, None),
        ((), Given(3, None), 3),
        ((quota(),), None, 4),
        ((quota(),), Given(3, None), 3),
        ((quota(),), Given(5, None), 4),
        ((quota(of="given", points=0),), None, 0),
        ((quota(of="given", points=0),), Given(5, None), 5),
        ((quota(bound="floor"),), None, None),
    ],
)
def test_the_smaller_of_policy_and_what_is_given_binds(
    version: Version, quotas: tuple[Quota, ...], given: Given | None, places: int | None
) -> None:
    bounded = replace(version, quotas=quotas)
    assert ceiling_of(bounded, given, Heads(50, 0)).places == places
