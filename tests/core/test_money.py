"""Amounts are fen inside and yuan strings outside, and parts always sum to the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from app.core.money import (
    FEN_MAX,
    Yuan,
    YuanOut,
    in_capitals,
    parse_yuan,
    show_yuan,
    split,
    split_by_basis_points,
)


class Asked(BaseModel):
    amount: Yuan


class Shown(BaseModel):
    amount: YuanOut


@given(st.integers(-FEN_MAX, FEN_MAX))
def test_what_is_shown_reads_back(fen: int) -> None:
    assert parse_yuan(show_yuan(fen)) == fen


@pytest.mark.parametrize(
    "wrong",
    [
        "312.5",
        "312",
        "312.500",
        " 312.50",
        "0312.50",
        "1e2",
        "٣١٢.٥٠",
        "+1.00",
        "1,000.00",
        "",
        "NaN",
    ],
)
def test_other_spellings_of_an_amount_are_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate({"amount": wrong})


@pytest.mark.parametrize("wrong", [312.5, 31250, True, None, ["312.50"], {"yuan": "312.50"}])
def test_an_amount_is_a_string_and_nothing_else(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate({"amount": wrong})


def test_an_amount_travels_as_a_string_both_ways() -> None:
    assert Asked.model_validate({"amount": "312.50"}).amount == 312_50
    assert Shown(amount=312_50).model_dump_json() == '{"amount":"312.50"}'


def test_the_earlier_parts_take_the_odd_fen() -> None:
    assert split(100_01, 2) == [50_01, 50_00]


@given(st.integers(0, FEN_MAX), st.integers(1, 400))
def test_parts_sum_to_the_whole_and_differ_by_at_most_one_fen(fen: int, parts: int) -> None:
    got = split(fen, parts)
    assert sum(got) == fen
    assert len(got) == parts
    assert max(got) - min(got) <= 1


@given(st.integers(0, FEN_MAX), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_shares_sum_to_the_whole(fen: int, weights: list[int]) -> None:
    points = [10_000 * weight // sum(weights) for weight in weights]
    points[0] += 10_000 - sum(points)
    assert sum(split_by_basis_points(fen, points)) == fen


def test_shares_that_are_not_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="10000"):
        split_by_basis_points(100, [5_000, 4_999])


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (1_00, "壹元整"),
        (312_50, "叁佰壹拾贰元伍角整"),
        (325_04, "叁佰贰拾伍元零肆分"),
        (10_00, "壹拾元整"),
        (1_409_50, "壹仟肆佰零玖元伍角整"),
        (6_007_14, "陆仟零柒元壹角肆分"),
        (100_500_00, "壹拾万零伍佰元整"),
        (6_024_400_00, "陆佰零贰万肆仟肆佰元整"),
        (1_000_005_000_00, "壹拾亿零伍仟元整"),
        (270_000_000_00, "贰亿柒仟万元整"),
    ],
)
def test_an_amount_is_written_out_as_a_payment_order_has_it(fen, text):
    assert in_capitals(fen) == text


def test_an_amount_below_zero_is_not_written_out():
    with pytest.raises(ValueError, match="below zero"):
        in_capitals(-1)
