"""The engine's three outcomes, thresholds, versions by date, and money that adds up."""

import resource
import sys
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.catalogue import Amount, Catalogue, Criterion, Funding, Version, sealed
from app.policy.engine import assess, instalments
from app.policy.errors import FactsInvalid, PeriodInvalid, PolicyVersionNotFound
from app.policy.expressions import compile_expression
from app.policy.facts import FACTS, Scalar
from app.policy.frames import frame_of, polars_schema

PUPIL: dict[str, Scalar | None] = {
    "stage": "primary",
    "school_area": "rural",
    "boards": True,
    "hardship": 1,
}
TRAINEE: dict[str, Scalar | None] = {"stage": "vocational", "year": 1, "hukou": "rural"}


def outcome(version: Version, **facts: Scalar | None) -> dict[str, Any]:
    return assess(frame_of([facts]), version).row(0, named=True)


def truth(text: str, **facts: Scalar | None) -> bool | None:
    found: bool | None = frame_of([facts]).select(compile_expression(text).expr.alias("x")).item()
    return found


@pytest.fixture
def boarders(catalogue: Catalogue) -> Version:
    return catalogue.programme("boarding-subsidy").version_for("2008-spring")


@pytest.fixture
def grant(catalogue: Catalogue) -> Version:
    return catalogue.programme("vocational-grant").version_for("2007-2008")


@pytest.mark.parametrize(
    ("period", "stage", "year_fen", "term_fen"),
    [
        ("1999-spring", "junior", 30000, 15000),
        ("2007-autumn", "primary", 30000, 15000),
        ("2007-autumn", "junior", 30000, 15000),
        ("2008-spring", "primary", 50000, 25000),
        ("2008-spring", "junior", 75000, 37500),
        ("2026-autumn", "junior", 75000, 37500),
    ],
)
def test_the_period_applied_for_picks_the_rate(
    catalogue: Catalogue, period: str, stage: str, year_fen: int, term_fen: int
) -> None:
    version = catalogue.programme("boarding-subsidy").version_for(period)
    row = outcome(version, **PUPIL | {"stage": stage})
    assert (row["eligible"], row["year_fen"], row["amount_fen"]) == (True, year_fen, term_fen)


def test_a_period_before_the_programme_has_no_version(catalogue: Catalogue) -> None:
    with pytest.raises(PolicyVersionNotFound):
        catalogue.programme("vocational-grant").version_for("2006-2007")


@pytest.mark.parametrize(
    ("changed", "failed"),
    [
        ({}, []),
        ({"hardship": 0}, ["hardship"]),
        ({"school_area": "town"}, []),
        ({"school_area": "city"}, ["school_area"]),
        ({"boards": False, "school_area": "city"}, ["school_area", "boards"]),
        ({"stage": "senior", "hardship": 0}, ["stage", "hardship"]),
    ],
)
def test_boarders_fail_by_the_criteria_they_miss_in_order(
    boarders: Version, changed: dict[str, Scalar], failed: list[str]
) -> None:
    row = outcome(boarders, **PUPIL | changed)
    assert (row["failed"], row["eligible"], row["unknown"]) == (failed, not failed, [])
    assert (row["amount_fen"] is None) == bool(failed)


@pytest.mark.parametrize(
    ("changed", "failed"),
    [
        ({"year": 2}, []),
        ({"year": 3}, ["year"]),
        ({"hukou": "town", "hardship": 0}, []),
        ({"hukou": "urban", "hardship": 1}, []),
        ({"hukou": "urban", "hardship": 0}, ["hardship"]),
        ({"hukou": "resident", "hardship": 0, "year": 3}, ["year", "hardship"]),
    ],
)
def test_trainees_fail_by_the_criteria_they_miss(
    grant: Version, changed: dict[str, Scalar], failed: list[str]
) -> None:
    assert outcome(grant, **TRAINEE | changed)["failed"] == failed


def test_a_missing_fact_is_unknown_and_no_refusal(boarders: Version) -> None:
    row = outcome(boarders, **PUPIL | {"hardship": None})
    assert (row["eligible"], row["failed"], row["unknown"]) == (None, [], ["hardship"])
    assert row["met_hardship"] is None
    assert row["amount_fen"] is None


def test_one_criterion_not_met_refuses_though_others_are_unknown(boarders: Version) -> None:
    row = outcome(boarders, stage="primary", boards=False)
    assert (row["eligible"], row["failed"]) == (False, ["boards"])
    assert row["unknown"] == ["school_area", "hardship"]


def test_a_fact_that_cannot_matter_any_more_is_not_asked_for(grant: Version) -> None:
    row = outcome(grant, **TRAINEE)
    assert (row["eligible"], row["unknown"]) == (True, [])
    assert outcome(grant, **TRAINEE | {"hukou": None, "hardship": 0})["unknown"] == ["hukou"]


def version_paying(*amounts: Amount) -> Version:
    return sealed(
        Version(
            programme="lunch",
            period="school_year",
            instalments="month",
            effective_from=None,
            revision=1,
            source="made up",
            verified=False,
            criteria=(Criterion("boards", "boards", "寄宿", "boards"),),
            amounts=amounts,
            funding=(Funding("county", 6667), Funding("city", 3333)),
        )
    )


def test_an_unknown_amount_is_never_paid_at_the_next_rate() -> None:
    version = version_paying(Amount("hardship >= 2", 300_00), Amount("", 100_00))
    row = outcome(version, boards=True)
    assert (row["eligible"], row["year_fen"], row["unknown"]) == (None, None, ["hardship"])
    assert outcome(version, boards=True, hardship=1)["year_fen"] == 100_00
    assert outcome(version, boards=True, hardship=2)["year_fen"] == 300_00


def test_an_amount_met_before_the_unknown_one_is_known() -> None:
    version = version_paying(Amount("boards", 300_00), Amount("hardship >= 2", 100_00))
    row = outcome(version, boards=True)
    assert (row["eligible"], row["year_fen"], row["amount_rule"]) == (True, 300_00, 0)
    assert row["unknown"] == []


def test_a_case_for_which_no_amount_applies_is_refused_by_name() -> None:
    row = outcome(version_paying(Amount("hardship >= 2", 1)), boards=True, hardship=1)
    assert (row["eligible"], row["failed"]) == (False, ["amount"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hardship >= 1", None),
        ("hardship IN (1, 2)", None),
        ("hardship NOT IN (1, 2)", None),
        ("hardship BETWEEN 0 AND 3", None),
        ("NOT (hardship >= 1)", None),
        ("boards OR hardship >= 1", True),
        ("NOT boards AND hardship >= 1", False),
        ("boards AND hardship >= 1", None),
        ("GREATEST(hardship, 3) >= 3", None),
        ("LEAST(hardship, 0) = 0", None),
        ("COALESCE(hardship, 0) = 0", True),
        ("hardship IS NULL", True),
        ("hardship IS NOT NULL", False),
        ("year // 2 = 1", True),
        ("year % 2 = 1", True),
        ("GREATEST(year, grade) = 7", True),
        ("-year < 0", True),
    ],
)
def test_only_coalesce_and_is_null_turn_unknown_into_known(
    text: str, expected: bool | None
) -> None:
    assert truth(text, boards=True, year=3, grade=7) is expected


def _value(name: str) -> st.SearchStrategy[Scalar | None]:
    fact = FACTS[name]
    known = st.sampled_from(fact.listed) if fact.values else st.integers(fact.minimum, fact.maximum)
    return st.none() | known


CASES = st.fixed_dictionaries(
    {name: _value(name) for name in ("stage", "school_area", "boards", "hardship", "year", "hukou")}
)


@given(case=CASES, code=st.sampled_from(["boarding-subsidy", "vocational-grant"]), data=st.data())
def test_learning_a_fact_never_turns_a_decided_criterion(
    catalogue: Catalogue, case: dict[str, Scalar | None], code: str, data: st.DataObject
) -> None:
    version = catalogue.programme(code).versions[-1]
    before = outcome(version, **case)
    name = data.draw(st.sampled_from(sorted(case)))
    if case[name] is not None:
        return
    after = outcome(version, **case | {name: data.draw(_value(name))})
    for column, was in before.items():
        if column.startswith("met_") and was is not None:
            assert after[column] is was
    assert set(before["failed"]) <= set(after["failed"])
    assert before["eligible"] is None or after["eligible"] is before["eligible"]


@given(case=CASES, code=st.sampled_from(["boarding-subsidy", "vocational-grant"]))
def test_an_undecided_case_always_says_what_it_needs(
    catalogue: Catalogue, case: dict[str, Scalar | None], code: str
) -> None:
    row = outcome(catalogue.programme(code).versions[-1], **case)
    assert (row["eligible"] is None) == (not row["failed"] and bool(row["unknown"]))
    assert all(case[name] is None for name in row["unknown"])
    assert (row["amount_fen"] is not None) == (row["eligible"] is True)


def test_a_vocational_award_is_ten_times_150_and_crosses_the_year(
    catalogue: Catalogue, grant: Version
) -> None:
    programme = catalogue.programme("vocational-grant")
    row = outcome(grant, **TRAINEE)
    parts = instalments(grant, programme, "2007-2008", row["amount_fen"])
    assert [part.amount_fen for part in parts] == [150_00] * 10
    assert [part.fiscal_year for part in parts] == [2007] * 4 + [2008] * 6
    assert parts == instalments(grant, programme, "2007-autumn", row["amount_fen"])
    with pytest.raises(PeriodInvalid):
        instalments(grant, programme, "2008-spring", row["amount_fen"])


@given(fen=st.integers(0, 10**9))
def test_instalments_and_their_shares_sum_to_the_award(catalogue: Catalogue, fen: int) -> None:
    version = version_paying(Amount("", fen))
    parts = instalments(version, catalogue.programme("vocational-grant"), "2007-2008", fen)
    assert sum(part.amount_fen for part in parts) == fen
    assert all(sum(share for _, share in part.shares) == part.amount_fen for part in parts)
    assert [part.seq for part in parts] == list(range(1, 11))


def test_an_amount_that_is_not_known_yet_refuses_nobody() -> None:
    """The last amount would be nothing; which amount applies depends on a fact that is missing."""
    version = version_paying(
        Amount("hardship >= 1 AND tuition_fen <= 100000", 500_00),
        Amount("", 0, "tuition_fen - 100000"),
    )
    version = sealed(
        replace(version, criteria=(Criterion("hardship", "hardship >= 1", "困难", "hardship"),))
    )
    asked = assess(frame_of([{"tuition_fen": 500_00}]), version).row(0, named=True)
    assert (asked["eligible"], asked["failed"], asked["unknown"]) == (None, [], ["hardship"])
    nothing = assess(frame_of([{"hardship": 1, "tuition_fen": 1000_00}]), version)
    assert nothing.item(0, "year_fen") == 500_00


def test_wrong_facts_are_refused_and_all_are_named() -> None:
    with pytest.raises(FactsInvalid) as refused:
        frame_of([{"stage": "primry", "hardship": True}, {"shoe_size": 9}])
    assert [fault.where for fault in refused.value.faults] == [
        "/0/stage",
        "/0/hardship",
        "/1/shoe_size",
    ]


def test_a_frame_with_values_outside_the_vocabulary_is_refused(boarders: Version) -> None:
    frame = pl.DataFrame({"stage": ["primary", "primry"], "hardship": [4, 1], "boards": ["y", "n"]})
    with pytest.raises(FactsInvalid) as refused:
        assess(frame, boarders)
    assert {fault.where for fault in refused.value.faults} == {"/stage", "/hardship", "/boards"}


def test_a_value_outside_the_vocabulary_is_refused_though_the_row_has_unknown_facts(
    boarders: Version,
) -> None:
    frame = pl.DataFrame({"stage": [None, "primary", "primry"], "hardship": [4, None, None]})
    with pytest.raises(FactsInvalid) as refused:
        assess(frame, boarders)
    assert {fault.where for fault in refused.value.faults} == {"/stage", "/hardship"}
    for row in (0, 2):
        with pytest.raises(FactsInvalid):
            assess(frame[[row]], boarders)
    assert assess(frame[[1]], boarders).height == 1


def test_columns_that_are_no_facts_are_left_out_and_absent_facts_are_unknown(
    boarders: Version,
) -> None:
    result = assess(pl.DataFrame({"row": [4, 5], "boards": [True, False]}), boarders)
    assert result.get_column("failed").to_list() == [[], ["boards"]]
    assert "row" not in result.columns


def test_an_empty_frame_gives_an_empty_result(boarders: Version) -> None:
    assert assess(pl.DataFrame(schema=polars_schema()), boarders).height == 0


def test_a_changed_body_is_another_plan(boarders: Version) -> None:
    dearer = sealed(replace(boarders, amounts=(Amount("", 900_00),)))
    assert dearer.sha256 != boarders.sha256
    assert outcome(dearer, **PUPIL)["amount_fen"] == 450_00
    assert outcome(boarders, **PUPIL)["amount_fen"] == 250_00


def test_many_cases_are_assessed_alike_in_bounded_memory(boarders: Version) -> None:
    rows = 200_000
    frame = pl.DataFrame(
        {
            "stage": ["primary", "junior"] * (rows // 2),
            "school_area": ["rural"] * rows,
            "boards": [True, None] * (rows // 2),
            "hardship": [0, 1, 2, 3] * (rows // 4),
        }
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = assess(frame, boarders)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    unit = 1 if sys.platform == "darwin" else 1024
    assert grown * unit < 300 * 2**20
    assert result.get_column("amount_fen").sum() == rows // 4 * 250_00
    assert result.get_column("eligible").null_count() == rows // 2


def test_money_columns_hold_whole_fen_and_nothing_is_a_float(boarders: Version) -> None:
    schema = assess(frame_of([PUPIL]), boarders).schema
    assert schema["year_fen"] == schema["amount_fen"] == pl.Int64()
    assert not any(dtype.is_float() for dtype in schema.values())
