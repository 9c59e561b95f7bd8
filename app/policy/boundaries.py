"""The cases on both sides of every threshold of a version."""

import itertools

import polars as pl

from app.policy.catalogue import Version
from app.policy.expressions import compile_expression
from app.policy.facts import FACTS, Scalar
from app.policy.frames import frame_of

_MOST_CASES = 100_000  # above this many combinations of boundary values the gap check is left out


def boundary_cases(version: Version) -> pl.DataFrame | None:
    """Every combination of the values that can make a difference; None when there are too many."""
    texts = [each.test for each in version.criteria]
    texts += [each.when for each in version.amounts if each.when]
    expressions = [compile_expression(text) for text in texts]
    expressions += [compile_expression(each.fen, "int") for each in version.amounts if each.fen]
    values: dict[str, set[Scalar]] = {}
    for compiled in expressions:
        for name in compiled.facts:
            values.setdefault(name, set()).update(_values(name, compiled.literals.get(name, ())))
    count = 1
    for choices in values.values():
        count *= len(choices)
    if count > _MOST_CASES:
        return None
    product = itertools.product(*(sorted(choices) for choices in values.values()))
    return frame_of([dict(zip(values, row, strict=True)) for row in product])


def _values(name: str, literals: tuple[int, ...]) -> set[Scalar]:
    fact = FACTS[name]
    if fact.values:
        return set(fact.listed)
    near = {literal + step for literal in literals for step in (-1, 0, 1)}
    return {value for value in near | {fact.minimum, fact.maximum} if fact.accepts(value)}
