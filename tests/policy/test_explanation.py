"""An explanation says what was asked, seen and decided, and what would have to change."""

from typing import Any

from app.policy.catalogue import Catalogue
from app.policy.engine import assess
from app.policy.explanation import CriterionExplained, Explanation, explain
from app.policy.facts import Scalar
from app.policy.frames import frame_of

PUPIL: dict[str, Scalar] = {
    "stage": "junior",
    "school_area": "town",
    "boards": True,
    "hardship": 2,
}


def explained(
    catalogue: Catalogue, code: str, period: str, facts: dict[str, Scalar]
) -> Explanation:
    programme = catalogue.programme(code)
    snapshot: dict[str, dict[str, Any]] = {
        name: {"value": value, "source": "sheet", "as_of": "2008-03-01"}
        for name, value in facts.items()
    }
    return explain(programme, programme.version_for(period), period, snapshot)


def criterion(found: Explanation, name: str) -> CriterionExplained:
    return next(each for each in found.criteria if each.id == name)


def test_a_level_too_low_says_which_level_would_do(catalogue: Catalogue) -> None:
    found = explained(catalogue, "boarding-subsidy", "2008-spring", PUPIL | {"hardship": 0})
    (change,) = criterion(found, "hardship").changes
    assert (change.fact, change.values) == ("hardship", (1,))
    assert "一般困难或以上" in change.says.zh
    assert change.says.en.endswith("some hardship or above")
    assert found.amount is None


def test_what_was_seen_carries_its_label_source_and_date(catalogue: Catalogue) -> None:
    found = explained(catalogue, "boarding-subsidy", "2008-spring", PUPIL)
    (seen,) = criterion(found, "school_area").seen
    assert (seen.value, seen.shown.zh, seen.source, seen.as_of) == (
        "town",
        "县镇",
        "sheet",
        "2008-03-01",
    )
    assert criterion(found, "school_area").clause == "济宁市教育工作计划 五·6"


def test_either_of_two_facts_may_change(catalogue: Catalogue) -> None:
    facts: dict[str, Scalar] = {"stage": "vocational", "year": 2, "hukou": "urban", "hardship": 0}
    found = explained(catalogue, "vocational-grant", "2007-2008", facts)
    changes = {each.fact: each.values for each in criterion(found, "hardship").changes}
    assert changes == {"hardship": (1,), "hukou": ("rural", "town")}


def test_a_year_outside_the_range_names_the_range_and_the_nearest(catalogue: Catalogue) -> None:
    facts: dict[str, Scalar] = {"stage": "vocational", "year": 3, "hukou": "rural"}
    found = explained(catalogue, "vocational-grant", "2007-2008", facts)
    (change,) = criterion(found, "year").changes
    assert change.values == (2,)
    assert found.failed == ("year",)


def test_a_missing_fact_is_shown_as_not_known(catalogue: Catalogue) -> None:
    facts = {name: value for name, value in PUPIL.items() if name != "boards"}
    found = explained(catalogue, "boarding-subsidy", "2008-spring", facts)
    assert (found.eligible, found.unknown) == (None, ("boards",))
    assert criterion(found, "boards").outcome == "unknown"
    assert criterion(found, "boards").seen[0].shown.zh == "未知"


def test_how_the_amount_arises(catalogue: Catalogue) -> None:
    amount = explained(catalogue, "boarding-subsidy", "2008-spring", PUPIL).amount
    assert amount is not None
    assert (amount.when, amount.year_fen, amount.amount_fen) == ("stage = 'junior'", 75000, 37500)
    assert [part.amount_fen for part in amount.instalments] == [37500]
    assert "750.00" in amount.says.zh


def test_which_version_and_why(catalogue: Catalogue) -> None:
    new = explained(catalogue, "boarding-subsidy", "2008-spring", PUPIL)
    old = explained(catalogue, "boarding-subsidy", "2007-autumn", PUPIL)
    assert (new.version, old.version) == ("2008-spring", "start")
    assert "2008年春季学期" in new.why_version.zh
    assert "earliest" in old.why_version.en
    assert new.sha256 != old.sha256


def test_the_change_it_names_does_meet_the_criterion(catalogue: Catalogue) -> None:
    programme = catalogue.programme("boarding-subsidy")
    version = programme.version_for("2008-spring")
    wrong: dict[str, Scalar] = {
        "stage": "senior",
        "school_area": "city",
        "boards": False,
        "hardship": 0,
    }
    found = explained(catalogue, "boarding-subsidy", "2008-spring", wrong)
    for each in found.criteria:
        for change in each.changes:
            for value in change.values:
                row = assess(frame_of([wrong | {change.fact: value}]), version).row(0, named=True)
                assert each.id not in row["failed"]


def test_it_is_recomputed_alike(catalogue: Catalogue) -> None:
    first = explained(catalogue, "boarding-subsidy", "2008-spring", PUPIL)
    again = explained(catalogue, "boarding-subsidy", "2008-spring", PUPIL)
    assert first == again
    assert first.criteria[0].label.zh == "义务教育阶段在校生"
