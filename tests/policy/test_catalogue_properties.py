"""What holds for every version of both catalogues, whatever is known of a case."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.policy.calendar import parse_period
from app.policy.catalogue import CATALOGUES, Programme, Version
from app.policy.checker import load_catalogue
from app.policy.engine import assess, instalments
from app.policy.explanation import explain
from app.policy.facts import FACTS, Scalar
from app.policy.frames import frame_of

Facts = dict[str, Scalar | None]

ABSENCE_MEANS_NO = {"state_funded_trainee"}
"""Facts of which a version says what holds where nothing is recorded: learning one may decide."""
MONEY_FEN = (0, 999_99, 1000_00, 1000_01, 5000_00, 6000_00, 6000_01, 8000_00, 12_345_67, 30_000_00)


@dataclass(frozen=True)
class Published:
    """One version with its programme and the first period it decides."""

    catalogue: str
    programme: Programme
    version: Version

    @property
    def period(self) -> str:
        first = parse_period(self.version.effective_from or "2007-autumn")
        if self.programme.period == "term":
            return first.text
        year = int(first.text[:4])
        return f"{year}-{year + 1}"

    def __str__(self) -> str:
        version = self.version
        return f"{self.catalogue}/{version.programme} {version.key} r{version.revision}"


EVERY = [
    Published(root.name, programme, version)
    for root in sorted(CATALOGUES.iterdir())
    if root.is_dir()
    for programme in load_catalogue(root).programmes.values()
    for version in programme.versions
]
every_version = pytest.mark.parametrize("of", EVERY, ids=str)
FEW = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])


def values(name: str) -> st.SearchStrategy[Scalar]:
    fact = FACTS[name]
    if fact.values:
        return st.sampled_from(fact.listed)
    if name.endswith("_fen"):
        return st.sampled_from(MONEY_FEN) | st.integers(fact.minimum, fact.maximum)
    return st.integers(fact.minimum, min(fact.maximum, 20)) | st.just(fact.maximum)


def cases(version: Version) -> st.SearchStrategy[Facts]:
    """An example of the version with some facts changed, forgotten or added."""
    examples = st.sampled_from([dict(each.given) for each in version.examples])
    names = st.sets(st.sampled_from(sorted(FACTS)), max_size=6)

    def mixed(case: Facts, changed: set[str]) -> st.SearchStrategy[Facts]:
        kept = {name: st.just(value) for name, value in case.items()}
        others = {name: st.none() | values(name) for name in sorted(changed)}
        return st.fixed_dictionaries({**kept, **others})

    return st.tuples(examples, names).flatmap(lambda both: mixed(*both))


def judged(version: Version, facts: Sequence[Facts]) -> list[dict[str, Any]]:
    return assess(frame_of(facts), version).to_dicts()


def test_both_catalogues_are_here() -> None:
    assert {each.catalogue for each in EVERY} == {"jining-2008", "national"}


def test_only_where_absence_means_no_does_a_version_ask_whether_a_fact_is_known() -> None:
    texts = [
        text
        for each in EVERY
        for text in (
            *(criterion.test for criterion in each.version.criteria),
            *(amount.when for amount in each.version.amounts),
            *(amount.fen for amount in each.version.amounts),
        )
    ]
    asked = {name for text in texts for name in re.findall(r"(\w+) IS (?:NOT )?NULL", text)}
    assert asked == ABSENCE_MEANS_NO
    assert not any("COALESCE" in text for text in texts)


@every_version
@FEW
@given(data=st.data())
def test_learning_a_fact_never_turns_a_decided_outcome(of: Published, data: st.DataObject) -> None:
    facts = data.draw(cases(of.version))
    unknown = [name for name in FACTS if facts.get(name) is None and name not in ABSENCE_MEANS_NO]
    learnt = [{**facts, name: data.draw(values(name), label=name)} for name in unknown]
    before, *after = judged(of.version, [facts, *learnt])
    for row in after:
        assert set(before["failed"]) <= set(row["failed"])
        if before["eligible"] is not None:
            assert (row["eligible"], row["amount_fen"]) == (
                before["eligible"], before["amount_fen"],
            )  # fmt: skip


@every_version
@FEW
@given(data=st.data())
def test_who_is_eligible_has_an_amount_in_whole_fen_unless_none_is_stated(
    of: Published, data: st.DataObject
) -> None:
    facts = data.draw(st.lists(cases(of.version), min_size=1, max_size=8))
    for row in judged(of.version, facts):
        has = row["amount_fen"] is not None
        assert has == (row["eligible"] is True and bool(of.version.amounts))
        if has:
            terms = 2 if of.version.period == "term" else 1
            assert row["amount_fen"] * terms == row["year_fen"]
            assert row["amount_fen"] >= 0


@every_version
@FEW
@given(fen=st.integers(0, 10**9))
def test_instalments_and_shares_sum_to_the_award(of: Published, fen: int) -> None:
    parts = instalments(of.version, of.programme, of.period, fen)
    assert sum(part.amount_fen for part in parts) == fen
    assert max(part.amount_fen for part in parts) - min(part.amount_fen for part in parts) <= 1
    for part in parts:
        assert sum(share for _, share in part.shares) == part.amount_fen
        assert [source for source, _ in part.shares] == [each.source for each in of.version.funding]
        assert all(share >= 0 for _, share in part.shares)


@every_version
@settings(FEW, max_examples=4)
@given(data=st.data())
def test_every_case_is_explained_and_what_would_alter_it_does(
    of: Published, data: st.DataObject
) -> None:
    facts = data.draw(cases(of.version))
    snapshot = {name: {"value": value} for name, value in facts.items() if value is not None}
    explained = explain(of.programme, of.version, of.period, snapshot)
    [now] = judged(of.version, [facts])
    assert (explained.eligible, list(explained.failed)) == (now["eligible"], now["failed"])
    assert (explained.amount is None) == (now["amount_fen"] is None)
    altered = [
        (change, {**facts, change.fact: value})
        for change in explained.would_alter
        for value in change.values
    ]
    if not altered:
        return
    for (change, _), row in zip(
        altered, judged(of.version, [other for _, other in altered]), strict=True
    ):
        outcome = (row["eligible"], row["amount_fen"])
        assert outcome != (now["eligible"], now["amount_fen"])
        assert outcome == (change.result.eligible, change.result.amount_fen)
