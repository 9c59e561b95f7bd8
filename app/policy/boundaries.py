"""The cases on both sides of every threshold of a version."""

import itertools
import random
from collections.abc import Iterator

import polars as pl

from app.policy.catalogue import Version
from app.policy.expressions import compile_expression
from app.policy.facts import FACTS, Scalar
from app.policy.frames import frame_of

_MOST_CASES = 100_000  # of more combinations of boundary values, so many are drawn


def boundary_cases(version: Version) -> pl.DataFrame:
    """Every combination of the values that can make a difference; the same drawing of too many."""
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
    columns = [sorted(choices) for choices in values.values()]
    cases = itertools.product(*columns) if count <= _MOST_CASES else _drawn(columns)
    return frame_of([dict(zip(values, row, strict=True)) for row in cases])


def _drawn(columns: list[list[Scalar]]) -> Iterator[tuple[Scalar, ...]]:
    drawing = random.Random(0)  # noqa: S311 the same cases at every check; nothing is secret here
    for _ in range(_MOST_CASES):
        yield tuple(drawing.choice(column) for column in columns)


def _values(name: str, literals: tuple[int, ...]) -> set[Scalar]:
    fact = FACTS[name]
    if fact.values:
        return set(fact.listed)
    near = {literal + step for literal in literals for step in (-1, 0, 1)}
    return {value for value in near | {fact.minimum, fact.maximum} if fact.accepts(value)}
