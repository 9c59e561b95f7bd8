"""The smallest change of one fact that would alter a case's result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.core.money import show_yuan
from app.policy.catalogue import Version
from app.policy.engine import NO_AMOUNT, assess
from app.policy.expressions import compile_expression
from app.policy.facts import FACTS, Fact, Scalar, Words
from app.policy.frames import frame_of

FIXED = frozenset({"stage", "school_area", "school_run_by", "year", "grade", "age", "rural_major"})
"""Facts of the person and the place of learning: once known, nobody changes them for a grant.

All others are circumstances of the family or of how the pupil lives, which do change.
"""

_ALL_TRIED = 64  # a whole number with at most so many values has every one of them tried
_PROBES = 64  # how many values are tried at once between two whose results differ


@dataclass(frozen=True)
class Result:
    """How a case comes out: what a change must alter is `eligible` or the amount."""

    eligible: bool | None
    amount_fen: int | None
    failed: tuple[str, ...]
    unknown: tuple[str, ...]

    def differs(self, other: "Result") -> bool:
        """Whether one is eligible and the other not, or another amount comes out."""
        return (self.eligible, self.amount_fen) != (other.eligible, other.amount_fen)


@dataclass(frozen=True)
class ResultChange:
    """One fact which, changed alone to one of `values`, gives the case another result.

    For whole numbers and levels `values` is the nearest one and `steps` its distance from the
    present value; for the rest they are all the values with this result, one step away. What is
    `fixed` cannot honestly change and is listed last.
    """

    fact: str
    label: Words
    now: Words
    values: tuple[Scalar, ...]
    steps: int
    fixed: bool
    result: Result
    says: Words


@dataclass(frozen=True)
class _Group:
    """Tried values of one fact that belong together, the nearest first, and their words."""

    values: tuple[Scalar, ...]
    steps: int
    result: Result
    to: Words


Tried = dict[Scalar, Result]
"""The results of one fact's values, each alone in place of the present one."""


def smallest_changes(
    version: Version, facts: Mapping[str, Scalar | None]
) -> tuple[ResultChange, ...]:
    """Every single fact which, changed alone, would alter the result; fewest steps first.

    Whole numbers and levels have the nearest value below and above. The facts that no criterion
    and no amount of the version asks about are left out: they alter nothing. Raises FactsInvalid
    for facts outside the vocabulary.
    """
    now = _results(version, [facts])[0]
    asked = _asked(version)
    tried: dict[str, Tried] = {name: {} for name in asked}
    wanted = {name: _candidates(FACTS[name], numbers) for name, numbers in asked.items()}
    while any(wanted.values()):
        _try(version, facts, wanted, tried)
        wanted = {
            name: _between(tried[name], facts.get(name), now)
            for name in asked
            if _is_wide(FACTS[name])
        }
    changes = [
        _change(FACTS[name], facts.get(name), group, version)
        for name in asked
        for group in _groups(FACTS[name], facts.get(name), tried[name], now)
    ]
    return tuple(sorted(changes, key=lambda change: (change.fixed, change.steps)))


def _asked(version: Version) -> dict[str, set[int]]:
    """The facts of the version in vocabulary order, each with the whole numbers beside it."""
    texts = [each.test for each in version.criteria]
    texts += [amount.when for amount in version.amounts if amount.when]
    tests = [compile_expression(text) for text in texts]
    tests += [compile_expression(amount.fen, "int") for amount in version.amounts if amount.fen]
    names = {name for test in tests for name in test.facts}
    return {
        name: {number for test in tests for number in test.literals.get(name, ())}
        for name in FACTS
        if name in names
    }


def _candidates(fact: Fact, numbers: Iterable[int]) -> list[Scalar]:
    """The values worth trying: all where they are few, else those beside the numbers named."""
    if fact.type == "bool":
        return [False, True]
    if fact.values:
        return list(fact.listed)
    if not _is_wide(fact):
        return list(range(fact.minimum, fact.maximum + 1))
    near = {number + step for number in numbers for step in (-1, 0, 1)}
    return [value for value in sorted(near | {fact.minimum, fact.maximum}) if fact.accepts(value)]


def _is_wide(fact: Fact) -> bool:
    return fact.type == "int" and not fact.values and fact.maximum - fact.minimum >= _ALL_TRIED


def _try(
    version: Version,
    facts: Mapping[str, Scalar | None],
    wanted: Mapping[str, Sequence[Scalar]],
    tried: Mapping[str, Tried],
) -> None:
    """Notes the results of all the wanted values of all facts: one frame, run once."""
    pairs = [(name, value) for name, values in wanted.items() for value in values]
    results = _results(version, [{**facts, name: value} for name, value in pairs])
    for (name, value), result in zip(pairs, results, strict=True):
        tried[name][value] = result


def _results(version: Version, cases: Sequence[Mapping[str, Scalar | None]]) -> list[Result]:
    found = assess(frame_of(cases), version).select("eligible", "amount_fen", "failed", "unknown")
    return [
        Result(eligible, amount_fen, tuple(failed), tuple(unknown))
        for eligible, amount_fen, failed, unknown in found.iter_rows()
    ]


def _between(tried: Tried, present: Scalar | None, now: Result) -> list[Scalar]:
    """Values to try next where the nearest altering one has untried ones before it.

    A test may reckon with a fact, and then its result turns at no number that stands in the text.
    """
    if present is None:
        return []
    here = int(present)
    probes: set[int] = set()
    for side in (-1, 1):
        line = sorted((int(each) - here) * side for each in tried if (int(each) - here) * side > 0)
        turned = next((d for d in line if tried[here + d * side].differs(now)), None)
        if turned is None:
            continue
        before = max((d for d in line if d < turned), default=0)
        step = max((turned - before) // _PROBES, 1)
        probes |= {here + d * side for d in range(before + step, turned, step)}
    return sorted(probes - set(tried))


def _groups(fact: Fact, present: Scalar | None, tried: Tried, now: Result) -> list[_Group]:
    if fact.type == "int":
        return _nearest_runs(fact, present, tried, now)
    by_result: dict[Result, list[Scalar]] = {}
    for value, result in tried.items():
        if result.differs(now):
            by_result.setdefault(result, []).append(value)
    return [
        _Group(tuple(values), 1, result, _either(fact, values))
        for result, values in by_result.items()
    ]


def _either(fact: Fact, values: Sequence[Scalar]) -> Words:
    labels = [fact.label(value) for value in values]
    return Words("或".join(each.zh for each in labels), " or ".join(each.en for each in labels))


def _nearest_runs(fact: Fact, present: Scalar | None, tried: Tried, now: Result) -> list[_Group]:
    """The nearest values below and above that alter the result, with how far that holds on.

    A number not known has no distance: there each other result is named once.
    """
    runs: list[list[int]] = []
    for number in sorted(int(value) for value in tried):
        if runs and tried[runs[-1][-1]] == tried[number]:
            runs[-1].append(number)
        else:
            runs.append([number])
    altering = [run for run in runs if tried[run[0]].differs(now)]
    if present is None:
        first: dict[Result, list[int]] = {}
        for run in altering:
            first.setdefault(tried[run[0]], run)
        return [_run(fact, run, run[0], 1, tried) for run in first.values()]
    here = int(present)
    below = [run for run in altering if run[-1] < here][-1:]
    above = [run for run in altering if run[0] > here][:1]
    return [
        *(_run(fact, run, run[-1], here - run[-1], tried) for run in below),
        *(_run(fact, run, run[0], run[0] - here, tried) for run in above),
    ]


def _run(fact: Fact, run: list[int], nearest: int, steps: int, tried: Tried) -> _Group:
    to = fact.label(nearest)
    if len(run) > 1 and run[0] == fact.minimum:
        top = fact.label(run[-1])
        to = Words(f"{top.zh}或以下", f"at most {top.en}")
    elif len(run) > 1 and run[-1] == fact.maximum:
        low = fact.label(run[0])
        to = Words(f"{low.zh}或以上", f"at least {low.en}")
    return _Group((nearest,), steps, tried[nearest], to)


def _change(fact: Fact, present: Scalar | None, group: _Group, version: Version) -> ResultChange:
    was, gives = fact.label(present), _gives(group.result, version)
    return ResultChange(
        fact=fact.name,
        label=Words(fact.zh, fact.en),
        now=was,
        values=group.values,
        steps=group.steps,
        fixed=fact.name in FIXED and present is not None,
        result=group.result,
        says=Words(
            f"{fact.zh}由{was.zh}变为{group.to.zh}：{gives.zh}",
            f"{fact.en} {was.en} → {group.to.en}: {gives.en}",
        ),
    )


def _gives(result: Result, version: Version) -> Words:
    if result.eligible:
        if result.amount_fen is None:
            return Words("符合条件", "eligible")
        yuan = show_yuan(result.amount_fen)
        return Words(f"符合条件，本次申报{yuan}元", f"eligible, {yuan} yuan for the period")
    if result.eligible is None:
        missing = [FACTS[name] for name in result.unknown]
        return Words(
            f"尚不能确定，还需：{'、'.join(each.zh for each in missing)}",
            f"not known yet, still needed: {', '.join(each.en for each in missing)}",
        )
    labels = {each.id: Words(each.zh, each.en) for each in version.criteria}
    labels[NO_AMOUNT] = Words("没有适用的资助标准", "no amount applies")
    unmet = [labels.get(each, Words(each, each)) for each in result.failed]
    return Words(
        f"不符合条件（未满足：{'、'.join(each.zh for each in unmet)}）",
        f"not eligible, not met: {', '.join(each.en for each in unmet)}",
    )
