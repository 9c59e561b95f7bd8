"""Whom the money reaches, when it does not reach all."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.awards.rules import left_out

ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))


def test_the_last_fen_is_spent() -> None:
    assert left_out([(ONE, "a", 60), (TWO, "a", 40)], {"a": 100}) == []


def test_one_fen_short_leaves_the_later_case_out() -> None:
    assert left_out([(ONE, "a", 60), (TWO, "a", 40)], {"a": 99}) == [TWO]


def test_a_line_that_could_not_take_a_case_takes_no_later_one() -> None:
    assert left_out([(ONE, "a", 60), (TWO, "a", 1)], {"a": 59}) == [ONE, TWO]


def test_another_line_still_takes_its_cases() -> None:
    needs = [(ONE, "a", 60), (TWO, "b", 10), (THREE, "a", 1)]
    assert left_out(needs, {"a": 59, "b": 10}) == [ONE, THREE]


def test_a_case_of_two_lines_is_served_by_both_or_by_neither() -> None:
    needs = [(ONE, "a", 10), (ONE, "b", 10), (TWO, "b", 10)]
    assert left_out(needs, {"a": 9, "b": 10}) == [ONE]


def test_a_line_without_money_serves_nobody() -> None:
    assert left_out([(ONE, "a", 1)], {}) == [ONE]


@given(st.lists(st.integers(1, 100), max_size=30), st.integers(0, 1000))
def test_whoever_is_served_comes_before_whoever_is_not_and_the_budget_holds(
    needs: list[int], money: int
) -> None:
    cases = [(UUID(int=n), "a", fen) for n, fen in enumerate(needs)]
    without = left_out(cases, {"a": money})
    served = [fen for case, _, fen in cases if case not in without]
    assert served == needs[: len(served)]
    assert sum(served) <= money
    assert len(served) == len(needs) or sum(needs[: len(served) + 1]) > money
