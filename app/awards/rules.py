"""Who is served when the money does not reach for all."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from uuid import UUID

Need = tuple[UUID, str, int]
"""A case, a fund line, and the fen the case needs from it now."""


def left_out(needs: Iterable[Need], available_fen: Mapping[str, int]) -> list[UUID]:
    """The cases that the money does not reach, given all needs in order of precedence.

    A case is served whole or not at all. A line that could not take a case takes no later one:
    a smaller need must not overtake a greater need of precedence.
    """
    remaining, closed, without = dict(available_fen), set[str](), []
    for application, group in groupby(needs, key=itemgetter(0)):
        asked = [(line, fen) for _, line, fen in group]
        short = [line for line, fen in asked if remaining.get(line, 0) < fen]
        closed.update(short)
        if any(line in closed for line, _ in asked):
            without.append(application)
            continue
        for line, fen in asked:
            remaining[line] -= fen
    return without
