"""The rule of six criteria against openfisca-core, from the same arrays in the same run."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from app.policy.engine import assess, criterion_column, outcomes
from app.policy.frames import coded
from benchmarks import fiscal
from benchmarks.measuring import Measure, alternately
from benchmarks.rule import FACTS_READ, six_criteria
from benchmarks.students import students

BOUND = 0.1
CITY = 500_000
"""From so many students on the bound counts: below, the start of a query is most of its time."""

Work = Callable[[], object]

_ALONE = "six criteria: each outcome, fen"
_FLOOR = "openfisca-core"
_TURNS = 9
_RUNS_EACH = 3


class Disagreement(Exception):
    """The two answers differ, so their times mean nothing."""


def main(rows: int) -> list[Measure]:
    """Outcomes and fen with the bound; with reasons, and against codes, for information."""
    frame = students(rows).select(FACTS_READ)
    version = six_criteria()
    system = fiscal.system()
    texts = fiscal.arrays(frame)
    codes = fiscal.encoded(system, texts)
    _compare(outcomes(frame, version), fiscal.calculated(system, texts))
    _compare(assess(frame, version), fiscal.calculated(system, codes))

    def by(given: fiscal.Arrays) -> Work:
        return lambda: fiscal.calculated(system, given)

    print("   both give the same outcomes and the same fen to each student", flush=True)
    held = coded(frame).select(FACTS_READ)
    bound = BOUND if rows >= CITY else None
    return [
        _measure(_ALONE, rows, lambda: outcomes(frame, version), by(texts), bound=bound),
        _measure(
            "… with the reasons of a refusal", rows, lambda: assess(frame, version), by(texts)
        ),
        _measure("… codes given to both", rows, lambda: outcomes(held, version), by(codes)),
    ]


def _measure(
    name: str, rows: int, ours: Work, floor: Work, *, bound: float | None = None
) -> Measure:
    taken, bare = alternately(ours, floor, turns=_TURNS, each=_RUNS_EACH)
    return Measure(name, rows, taken, _FLOOR, bare, bound)


def _compare(ours: pl.DataFrame, theirs: Mapping[str, Any]) -> None:
    names = [criterion_column(each) for each in fiscal.CRITERIA]
    for name in (*names, "eligible", "year_fen"):
        mine = ours.get_column(name).fill_null(0 if name == "year_fen" else False).to_numpy()
        differ = int(np.count_nonzero(mine != theirs[name]))
        if differ:
            raise Disagreement(f"{name} differs for {differ} of {ours.height} students")
    if not ours.get_column("eligible").any():
        raise Disagreement("nobody is eligible: the students do not try the rule")
