"""Fates and sums, without a database."""

from typing import Any

import polars as pl
import pytest

from app.policy import queries
from app.policy.checker import check_version
from app.policy.frames import frame_of
from app.simulation.comparing import Tally, compare
from app.simulation.pairs import Pair, Side
from tests.policy_db.drafts import version

BOARDERS = "boarding-subsidy"
PUPIL: dict[str, Any] = {"stage": "primary", "school_area": "rural", "boards": True, "hardship": 1}


def side(period: str = "2008-spring", **changed: Any) -> Side:
    programme = queries.in_force().programme(BOARDERS)
    made, faults = check_version(programme, {**version(**changed), "revision": 1000})
    assert faults == []
    return Side(programme, made, period)


def in_force(period: str = "2008-spring") -> Side:
    programme = queries.in_force().programme(BOARDERS)
    return Side(programme, programme.version_for(period), period)


def people(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "student_id": [str(at) for at in range(n)],
            "school_id": "s",
            "county_id": "c",
            "stage": "primary",
        }
    )


def fates(pair: Pair, *cases: dict[str, Any]) -> list[str]:
    facts = frame_of([{**PUPIL, **case} for case in cases])
    found = compare(people(len(cases)), facts, facts, pair)
    return found.get_column("fate").to_list()


def harder(least: int) -> dict[str, Any]:
    """The version for that hardship level and above."""
    whole = version()
    kept = [each for each in whole["criterion"] if each["id"] != "hardship"]
    test = {"id": "hardship", "test": f"hardship >= {least}", "zh": "困难", "en": "in hardship"}
    cases = [
        {"given": {**each["given"], "hardship": level}, "gives": {"eligible": level >= least}}
        for level in (0, 1, 2, 3)
        for each in whole["example"][:2]
    ]
    return {"criterion": [*kept, test], "example": cases}


@pytest.mark.parametrize(
    ("case", "fate"),
    [
        pytest.param({"hardship": 0}, "out", id="below both thresholds"),
        pytest.param({"hardship": 1}, "loses", id="between the thresholds"),
        pytest.param({"hardship": 2}, "changes", id="on the new threshold"),
        pytest.param({"hardship": None}, "asks", id="not known"),
        pytest.param({"hardship": None, "boards": False}, "out", id="not known and no matter"),
    ],
)
def test_a_higher_threshold_takes_from_those_below_it(case: dict[str, Any], fate: str) -> None:
    assert fates(Pair(BOARDERS, in_force(), side(**harder(2))), case) == [fate]


def test_a_lower_threshold_gives_to_those_on_it() -> None:
    pair = Pair(BOARDERS, side(**harder(2)), side(**harder(1)))
    assert fates(pair, {"hardship": 0}, {"hardship": 1}, {"hardship": 2}) == [
        "out",
        "gains",
        "same",
    ]


def test_a_programme_that_did_not_exist_is_gained_and_one_that_ends_is_lost() -> None:
    there = in_force()
    assert fates(Pair(BOARDERS, None, there), {}, {"hardship": 0}) == ["gains", "out"]
    assert fates(Pair(BOARDERS, there, None), {}, {"hardship": 0}) == ["loses", "out"]


def test_a_fact_missing_on_one_side_only_is_asked_for() -> None:
    pair = Pair(BOARDERS, None, in_force())
    assert fates(pair, {"boards": None}) == ["asks"]


def test_who_is_entitled_before_counts_even_where_after_asks() -> None:
    facts, unknown = frame_of([PUPIL]), frame_of([{**PUPIL, "hardship": None}])
    pair = Pair(BOARDERS, in_force(), side())
    tally = Tally(pair)
    tally.add(compare(people(1), facts, unknown, pair))
    [row] = tally.heads()
    assert (row.before, row.after, row.fates["asks"]) == (1, 0, 1)


def test_money_is_people_times_rate_whatever_the_chunks_and_shares() -> None:
    third = [
        {"source": "central", "basis_points": 3333},
        {"source": "city", "basis_points": 3333},
        {"source": "county", "basis_points": 3334},
    ]
    pair = Pair(BOARDERS, in_force(), side(funding=third, amount=[{"yuan": "100.02"}],
                example=[{"given": PUPIL | {"hardship": at % 4}, "gives": {"eligible": at % 4 > 0}}
                         for at in range(5)]))  # fmt: skip
    tally = Tally(pair)
    for size in (3, 1, 7):
        facts = frame_of([PUPIL] * size)
        tally.add(compare(people(size), facts, facts, pair))
    money = tally.money()
    paid = {row.source: row.after_fen for row in money if row.fiscal_year == 2008}
    # 50.01 yuan a term: 1666.8 fen round down, and the first two sources take the two fen left.
    assert paid == {"central": 11 * 1667, "city": 11 * 1667, "county": 11 * 1667}
    assert sum(paid.values()) == 11 * 5001
    year = [row for row in money if row.fiscal_year is None]
    assert sum(row.after_fen for row in year) == 11 * 100_02
    assert sum(row.before_fen for row in year) == 11 * 500_00
    assert sum(row.before_fen for row in money if row.fiscal_year == 2008) == 11 * 250_00


def test_a_school_years_money_falls_into_two_fiscal_years() -> None:
    programme = queries.in_force().programme("vocational-grant")
    there = Side(programme, programme.version_for("2007-2008"), "2007-2008")
    pair = Pair("vocational-grant", None, there)
    facts = frame_of([{"stage": "vocational", "year": 1, "hukou": "rural"}] * 2)
    tally = Tally(pair)
    tally.add(compare(people(2), None, facts, pair))
    # 150 yuan a month: September to December, then January to July without February.
    due = {row.fiscal_year: row.after_fen for row in tally.money()}
    assert due == {None: 2 * 1500_00, 2007: 2 * 600_00, 2008: 2 * 900_00}
