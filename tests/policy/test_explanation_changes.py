"""The smallest change of one fact: it does alter the result, and nothing smaller does."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.policy.catalogue import Amount, Catalogue, Criterion, Funding, Version
from app.policy.changes import FIXED, ResultChange, smallest_changes
from app.policy.engine import assess
from app.policy.explanation import SOURCES, explain, source_label
from app.policy.facts import FACTS, Fact, Scalar
from app.policy.frames import frame_of

Facts = dict[str, Scalar | None]

PUPIL: Facts = {"stage": "junior", "school_area": "town", "boards": True, "hardship": 2}


def version_of(*tests: str, amounts: tuple[tuple[str, int], ...] = (("", 50000),)) -> Version:
    return Version(
        programme="made-up",
        period="term",
        instalments="term",
        effective_from=None,
        revision=1,
        source="made up",
        verified=False,
        criteria=tuple(Criterion(f"c{n}", test, test, test) for n, test in enumerate(tests)),
        amounts=tuple(Amount(when, fen) for when, fen in amounts),
        funding=(Funding("county", 10000),),
    )


def result(version: Version, facts: Facts) -> tuple[bool | None, int | None]:
    row = assess(frame_of([facts]), version).row(0, named=True)
    return row["eligible"], row["amount_fen"]


def of(changes: tuple[ResultChange, ...], fact: str) -> list[ResultChange]:
    return [each for each in changes if each.fact == fact]


def boarding(catalogue: Catalogue) -> Version:
    return catalogue.programme("boarding-subsidy").version_for("2008-spring")


def test_income_over_the_line_would_have_to_come_down_to_the_line() -> None:
    version = version_of("income_per_head_fen <= 500000")
    (change,) = smallest_changes(version, {"income_per_head_fen": 520000})
    assert (change.values, change.steps, change.fixed) == ((500000,), 20000, False)
    assert "5200.00 yuan → at most 5000.00 yuan: eligible" in change.says.en
    assert "由5200.00元变为5000.00元或以下：符合条件，本次申报250.00元" in change.says.zh


def test_income_on_the_line_loses_the_grant_with_one_fen_more() -> None:
    version = version_of("income_per_head_fen <= 500000")
    (change,) = smallest_changes(version, {"income_per_head_fen": 500000})
    assert (change.values, change.steps) == ((500001,), 1)
    assert (change.result.eligible, change.result.failed) == (False, ("c0",))
    assert "at least 5000.01 yuan: not eligible, not met: income_per_head_fen" in change.says.en


def test_a_test_that_reckons_is_followed_to_the_exact_value() -> None:
    # 7 x 71428 = 499996 and 7 x 71429 = 500003: neither figure stands in the text.
    version = version_of("income_per_head_fen * household_size <= 500000")
    facts: Facts = {"income_per_head_fen": 90000, "household_size": 7}
    changes = smallest_changes(version, facts)
    assert [each.values for each in of(changes, "income_per_head_fen")] == [(71428,)]
    assert [each.values for each in of(changes, "household_size")] == [(5,)]


def test_a_level_names_the_next_that_alters_and_a_stage_is_fixed(catalogue: Catalogue) -> None:
    changes = smallest_changes(boarding(catalogue), PUPIL)
    (level,) = of(changes, "hardship")
    assert (level.values, level.steps, level.result.failed) == ((0,), 2, ("hardship",))
    (others, primary) = of(changes, "stage")
    assert (primary.values, primary.result.amount_fen) == (("primary",), 25000)
    assert set(others.values) == {
        "preschool", "senior", "vocational", "undergraduate", "postgraduate",
    }  # fmt: skip
    assert all(each.fixed == (each.fact in FIXED) for each in changes)
    assert [each.fixed for each in changes] == sorted(each.fixed for each in changes)


def test_two_failed_criteria_have_no_single_change_to_eligible(catalogue: Catalogue) -> None:
    facts = PUPIL | {"hardship": 0, "boards": False}
    assert smallest_changes(boarding(catalogue), facts) == ()


def test_what_is_not_known_names_each_result_that_knowing_it_gives(catalogue: Catalogue) -> None:
    changes = smallest_changes(boarding(catalogue), PUPIL | {"hardship": None, "stage": "primary"})
    known = {each.values: each.result.eligible for each in of(changes, "hardship")}
    assert known == {(0,): False, (1,): True}
    assert "由未知变为一般困难或以上" in of(changes, "hardship")[1].says.zh


def test_fewest_steps_come_first() -> None:
    version = version_of("income_per_head_fen <= 500000 OR hardship >= 2 OR boards")
    facts: Facts = {"income_per_head_fen": 500002, "hardship": 0, "boards": False}
    assert [each.fact for each in smallest_changes(version, facts)] == [
        "boards", "hardship", "income_per_head_fen",
    ]  # fmt: skip


@pytest.mark.parametrize("code", [*SOURCES, "somewhere-else", None])
def test_every_source_has_words_in_both_languages(code: str | None) -> None:
    said = source_label(code)
    assert said.zh
    assert said.en


def test_an_explanation_carries_the_changes_and_the_sources_in_words(catalogue: Catalogue) -> None:
    programme = catalogue.programme("boarding-subsidy")
    snapshot: dict[str, dict[str, Any]] = {
        name: {"value": value, "source": "school_sheet", "as_of": "2008-03-01"}
        for name, value in (PUPIL | {"hardship": 0}).items()
    }
    found = explain(programme, programme.version_for("2008-spring"), "2008-spring", snapshot)
    assert [each.fact for each in found.would_alter] == ["hardship"]
    assert found.criteria[0].seen[0].source_label.zh == "学校上报的表格"


def values_of(fact: Fact) -> st.SearchStrategy[Scalar | None]:
    if fact.type == "bool":
        return st.booleans()
    if fact.values:
        return st.sampled_from(fact.listed)
    return st.integers(fact.minimum, min(fact.maximum, 400))


VERSIONS = (
    version_of("hardship >= 1", "boards", "stage IN ('primary', 'junior')"),
    version_of("income_per_head_fen <= 200", "year BETWEEN 2 AND 4",
               amounts=(("income_per_head_fen < 100", 60000), ("", 40000))),
    version_of("income_per_head_fen * household_size <= 900 OR hardship = 3"),
    version_of("LEAST(year, grade) >= 3 AND NOT boards", "hukou <> 'urban' OR hardship >= 2",
               amounts=(("hardship >= 2", 90000), ("year >= 5", 70000))),
)  # fmt: skip
CASES = st.fixed_dictionaries({name: values_of(fact) for name, fact in FACTS.items()})


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(VERSIONS), CASES, st.sets(st.sampled_from(sorted(FACTS)), max_size=1))
def test_each_change_alters_the_result_and_no_smaller_one_does(
    version: Version, case: Facts, unknown: set[str]
) -> None:
    facts: Facts = {name: None if name in unknown else value for name, value in case.items()}
    now = result(version, facts)
    changes = smallest_changes(version, facts)
    for change in changes:
        for value in change.values:
            after = result(version, facts | {change.fact: value})
            assert after == (change.result.eligible, change.result.amount_fen)
            assert after != now
    for name, fact in FACTS.items():
        present = facts[name]
        if fact.type != "int" or present is None:
            continue
        named = [int(each.values[0]) for each in changes if each.fact == name]
        below = max((each for each in named if each < int(present)), default=fact.minimum - 1)
        above = min((each for each in named if each > int(present)), default=fact.maximum + 1)
        nearer = range(max(below + 1, int(present) - 500), min(above, int(present) + 500))
        frame = frame_of([facts | {name: value} for value in nearer])
        found = assess(frame, version).select("eligible", "amount_fen").rows()
        assert set(found) == {now}, name
