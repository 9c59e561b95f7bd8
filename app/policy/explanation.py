"""Why a case came out as it did, recomputed from its facts and its version; never stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from app.core.money import show_yuan
from app.policy.calendar import parse_period
from app.policy.catalogue import Caution, Criterion, Programme, Version
from app.policy.changes import ResultChange, smallest_changes
from app.policy.engine import Instalment, assess, criterion_column, facts_read, instalments
from app.policy.expressions import Compiled, compile_expression
from app.policy.facts import FACTS, Fact, Scalar, Words
from app.policy.frames import check_facts, facts_invalid, frame_of

Outcome = Literal["met", "not_met", "unknown"]
_OUTCOMES: dict[bool | None, Outcome] = {True: "met", False: "not_met", None: "unknown"}

SOURCES: Mapping[str, Words] = MappingProxyType(
    {
        "school_register": Words("学校登记表", "the register of schools"),
        "school_sheet": Words("学校上报的表格", "a sheet handed in by the school"),
        "school_form": Words("学校在线填报", "a form filled in by the school"),
        "student_registry": Words("学籍和家庭情况登记", "what is recorded of the student"),
        "allocation": Words("名额与档次分配", "the allocation of places and tiers"),
        "recognition": Words("家庭经济困难学生认定", "the recognition of hardship"),
        "register": Words("有关部门名单比对", "a list of another department"),
    }
)
"""Where facts come from, in words, by the code that a case's facts carry."""
_NOT_SAID = Words("未注明来源", "source not stated")


def source_label(code: str | None) -> Words:
    """A source in words; a code that has none stands for itself."""
    if code is None:
        return _NOT_SAID
    return SOURCES.get(code, Words(code, code))


@dataclass(frozen=True)
class Seen:
    """A fact as the case had it: value, its label, where it came from and as of when."""

    name: str
    label: Words
    value: Scalar | None
    shown: Words
    source: str | None
    source_label: Words
    as_of: str | None


@dataclass(frozen=True)
class Change:
    """One fact which, changed alone to one of `values`, would meet the criterion."""

    fact: str
    values: tuple[Scalar, ...]
    says: Words


@dataclass(frozen=True)
class CriterionExplained:
    """One criterion: what it asks, what it saw, how it came out and what would change that."""

    id: str
    label: Words
    test: str
    clause: str
    outcome: Outcome
    seen: tuple[Seen, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class AmountExplained:
    """How the amount arises: the rule that applied, yuan a year and a period, the instalments.

    `worked_out` is the expression over facts where the version states no fixed amount.
    """

    when: str
    worked_out: str
    year_fen: int
    amount_fen: int
    instalments: tuple[Instalment, ...]
    says: Words


@dataclass(frozen=True)
class Explanation:
    """One case under one version. `eligible` None: `unknown` lists the facts still missing."""

    programme: str
    period: str
    version: str
    revision: int
    sha256: str
    source: str
    verified: bool
    why_version: Words
    eligible: bool | None
    failed: tuple[str, ...]
    unknown: tuple[str, ...]
    criteria: tuple[CriterionExplained, ...]
    amount: AmountExplained | None
    cautions: tuple[Caution, ...]
    would_alter: tuple[ResultChange, ...]


Snapshot = Mapping[str, Mapping[str, Any]]
"""A case's facts as applications keep them: {name: {value, source, as_of}}."""

ANSWERS_KEPT = 2_048
"""Cases of one programme are much alike in what it reads of them: few answers serve them all."""


@dataclass(frozen=True)
class _Question:
    """A version, and what it reads of a case in vocabulary order: equal ones come out equal."""

    sha256: str
    read: tuple[Scalar | None, ...]
    version: Version = field(compare=False)
    values: Mapping[str, Scalar | None] = field(compare=False)


@dataclass(frozen=True)
class _Answer:
    """How such a case comes out, what would meet each criterion, and what would alter the result.

    Nothing in it is of one case alone: no source, no day.
    """

    row: Mapping[str, Any]
    changes: tuple[tuple[Change, ...], ...]
    would_alter: tuple[ResultChange, ...]


def explain(programme: Programme, version: Version, period: str, facts: Snapshot) -> Explanation:
    """Explains one case; `period` is the one applied for, as `normalise_period` gives it.

    Raises FactsInvalid for facts outside the vocabulary and PeriodInvalid for another period.
    """
    values: dict[str, Scalar | None] = {name: seen.get("value") for name, seen in facts.items()}
    if faults := check_facts(values, where="/0"):
        raise facts_invalid(faults)
    answer = _answer(_question(version, values))
    row = answer.row
    return Explanation(
        programme=programme.code,
        period=period,
        version=version.key,
        revision=version.revision,
        sha256=version.sha256,
        source=version.source,
        verified=version.verified,
        why_version=_why_version(version, period),
        eligible=row["eligible"],
        failed=tuple(row["failed"]),
        unknown=tuple(row["unknown"]),
        criteria=tuple(
            _criterion(each, row[criterion_column(each.id)], changes, facts)
            for each, changes in zip(version.criteria, answer.changes, strict=True)
        ),
        amount=None if row["amount_fen"] is None else _amount(programme, version, period, row),
        cautions=tuple(each for each in version.cautions if each.id in row["cautions"]),
        would_alter=answer.would_alter,
    )


def _question(version: Version, values: Mapping[str, Scalar | None]) -> _Question:
    read = facts_read(version)
    asked = {name: values.get(name) for name in FACTS if name in read}
    return _Question(version.sha256, tuple(asked.values()), version, asked)


@lru_cache(maxsize=ANSWERS_KEPT)
def _answer(question: _Question) -> _Answer:
    version, values = question.version, question.values
    row = assess(frame_of([values]), version).row(0, named=True)
    tests = [
        (compile_expression(each.test), criterion_column(each.id)) for each in version.criteria
    ]
    return _Answer(
        row=MappingProxyType(row),
        changes=tuple(() if row[met] else _changes(test, values) for test, met in tests),
        would_alter=smallest_changes(version, values),
    )


def _why_version(version: Version, period: str) -> Words:
    applied = parse_period(period)
    if version.effective_from is None:
        return Words(
            f"申报的是{applied.zh}，当时执行最早的标准",
            f"applied for {period}, when the earliest rules on record were in force",
        )
    start = parse_period(version.effective_from)
    return Words(
        f"申报的是{applied.zh}，适用自{start.zh}起执行的标准",
        f"applied for {period}; the rules in force from {start.text} apply",
    )


def _criterion(
    criterion: Criterion, met: bool | None, changes: tuple[Change, ...], facts: Snapshot
) -> CriterionExplained:
    test = compile_expression(criterion.test)
    return CriterionExplained(
        id=criterion.id,
        label=Words(criterion.zh, criterion.en),
        test=criterion.test,
        clause=criterion.clause,
        outcome=_OUTCOMES[met],
        seen=tuple(_seen(FACTS[name], facts.get(name, {})) for name in test.facts),
        changes=changes,
    )


def _seen(fact: Fact, given: Mapping[str, Any]) -> Seen:
    as_of = given.get("as_of")
    value = given.get("value")
    return Seen(
        name=fact.name,
        label=Words(fact.zh, fact.en),
        value=value,
        shown=fact.label(value),
        source=given.get("source"),
        source_label=source_label(given.get("source")),
        as_of=None if as_of is None else str(as_of),
    )


def _changes(test: Compiled, values: Mapping[str, Scalar | None]) -> tuple[Change, ...]:
    """Each single fact that meets the test when it alone takes another allowed value."""
    tried = [
        (name, value)
        for name in test.facts
        for value in _candidates(FACTS[name], test)
        if value != values.get(name)
    ]
    known = {name: values.get(name) for name in test.facts}
    frame = frame_of([known | {name: value} for name, value in tried])
    met = frame.select(met=test.expr).get_column("met").fill_null(value=False).to_list()
    changes = []
    for fact in (FACTS[name] for name in test.facts):
        good = [pair[1] for pair, ok in zip(tried, met, strict=True) if ok and pair[0] == fact.name]
        if good:
            changes.append(_change(fact, good, values.get(fact.name)))
    return tuple(changes)


def _candidates(fact: Fact, test: Compiled) -> list[Scalar]:
    if fact.values:
        return list(fact.listed)
    near = {number + step for number in test.literals[fact.name] for step in (-1, 0, 1)}
    near |= {fact.minimum, fact.maximum}
    return [value for value in sorted(near) if fact.accepts(value)]


def _change(fact: Fact, good: list[Scalar], now: Scalar | None) -> Change:
    label = fact.label
    if fact.type != "int":
        return Change(
            fact.name,
            tuple(good),
            Words(
                f"{fact.zh}须为{'或'.join(label(value).zh for value in good)}",
                f"{fact.en} would have to be {' or '.join(label(value).en for value in good)}",
            ),
        )
    numbers = sorted(int(value) for value in good)
    low, high = numbers[0], numbers[-1]
    nearest = low if now is None else min(numbers, key=lambda value: abs(value - int(now)))
    if high == fact.maximum:
        says = Words(
            f"{fact.zh}须为{label(low).zh}或以上",
            f"{fact.en} would have to be {label(low).en} or above",
        )
    elif low == fact.minimum:
        says = Words(
            f"{fact.zh}须为{label(high).zh}或以下",
            f"{fact.en} would have to be {label(high).en} or below",
        )
    else:
        says = Words(
            f"{fact.zh}须在{label(low).zh}至{label(high).zh}之间",
            f"{fact.en} would have to be {label(low).en} to {label(high).en}",
        )
    return Change(fact.name, (nearest,), says)


def _amount(
    programme: Programme, version: Version, period: str, row: Mapping[str, Any]
) -> AmountExplained:
    year_fen, amount_fen = row["year_fen"], row["amount_fen"]
    parts = instalments(version, programme, period, amount_fen)
    each = "、".join(show_yuan(part.amount_fen) for part in parts)
    return AmountExplained(
        when=version.amounts[row["amount_rule"]].when,
        worked_out=version.amounts[row["amount_rule"]].fen,
        year_fen=year_fen,
        amount_fen=amount_fen,
        instalments=tuple(parts),
        says=Words(
            f"全年{show_yuan(year_fen)}元，本次申报{show_yuan(amount_fen)}元，"
            f"分{len(parts)}期发放：{each}元",
            f"{show_yuan(year_fen)} yuan a year, {show_yuan(amount_fen)} for {period}, paid in "
            f"{len(parts)}: {each.replace('、', ', ')}",
        ),
    )
