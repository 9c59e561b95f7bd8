"""A term's round at the size of a city: handed up, decided, announced, paid, reconciled, closed.

A tenth of the students have applied. Every act of the service works on one copy of the database,
in a process of its own; its floor follows at once on the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from app.core.embedded import Cluster
from benchmarks import books_floor, serving, term_acts, term_city, term_floor
from benchmarks.measuring import PEAK_MB_MAX, Measure, timed
from benchmarks.serving import Ours, Sides, apart, say
from benchmarks.term_acts import Done
from benchmarks.term_city import DECIDED_ON, PAID_ON, Part

BOUND, GROWTH_MAX, MEMORY_GROWTH_MAX = 3, 11, 1.3
CITY = 500_000
"""From so many students on the bounds count: below, an act's statements are most of its time."""

SIDES = Sides("term_seed", "term", "term_floor")
Made = TypeVar("Made")
BARE = "the same rows, bare INSERT … SELECT"


def main(rows: int) -> list[Measure]:
    """A city of so many students; a tenth of them have applied."""
    with serving.city(SIDES, term_city.make, rows) as (cluster, home):
        return measure(cluster, rows, home)


def measure(cluster: Cluster, rows: int, home: Path) -> list[Measure]:
    """The acts of a term in their order; of deciding and paying one county's part first."""
    parts = term_city.parts(rows)
    with cluster.superuser(SIDES.bare) as bare:
        term = _Term(cluster, Ours(cluster.serving_url(SIDES.ours), home), bare, rows)
        found = [*_decided(term, *parts), *_paid(term, *parts)]
        for name, day in (("deciding", DECIDED_ON), ("paying", PAID_ON)):
            done = term.act(term_acts.close, day)
            found.append(_alone(f"the day of {name} closed, {done.count:,} transfers", done))
        done = term.act(term_acts.fill_in_statistics, sum(part.count for part in parts))
        return [*found, _alone("the statistics form of the year", done)]


@dataclass(frozen=True)
class _Term:
    """Both sides, and how many students there are."""

    cluster: Cluster
    ours: Ours
    bare: psycopg.Connection[Any]
    rows: int

    @property
    def bounded(self) -> bool:
        """Whether bounds count."""
        return self.rows >= CITY

    def act(self, work: Callable[..., Done], *given: object) -> Done:
        """An act of the service in a fresh process."""
        with apart(self.ours) as worker:
            done = worker.submit(work, *given).result()
        say(f"{work.__name__}: {done.count:,} in {done.seconds:.3f} s, {done.peak_mb} MB")
        return done

    def floor(self, work: Callable[[], Made]) -> tuple[Made, float]:
        """What a floor made, and its seconds; the planner knows the tables it works on."""
        self.bare.execute("ANALYZE")
        made: list[Made] = []
        seconds = timed(lambda: made.append(work()))
        say(f"… the bare rows in {seconds:.3f} s")
        return made[0], seconds

    def beside(self, name: str, done: Done, floor: float, *, bound: bool = False) -> Measure:
        """An act beside its floor."""
        most = BOUND if bound and self.bounded else None
        return Measure(name, done.count, done.seconds, BARE, floor, most, done.peak_mb)

    def growth(self, name: str, small: Done, large: Done) -> Measure:
        """An act of all beside the same of a tenth."""
        most = int(small.peak_mb * MEMORY_GROWTH_MAX) if self.bounded else PEAK_MB_MAX
        return Measure(
            f"{name}: growth", large.count, large.seconds, f"the same of {small.count:,}",
            small.seconds, GROWTH_MAX if self.bounded else None, large.peak_mb, most,
        )  # fmt: skip


def _decided(term: _Term, small: Part, large: Part) -> list[Measure]:
    """The schools hand up, the counties approve, the city approves."""
    up = term.act(term_acts.hand_up)
    _, up_floor = term.floor(partial(term_floor.hand_up, term.bare))
    county = term.act(term_acts.county_decides)
    _, county_floor = term.floor(partial(term_floor.county_decides, term.bare))
    look = term.act(term_acts.look)
    decided, floor = [], 0.0
    for part in (small, large):
        decided.append(term.act(term_acts.city_decides, part))
        _, floor = term.floor(partial(term_floor.city_decides, term.bare, part))
    name = "the last approval by frozen filter"
    return [
        term.beside(
            f"batches of {term_city.schools(term.rows)} schools endorsed, handed up", up, up_floor
        ),
        term.beside("approved by the counties by frozen filter", county, county_floor),
        _alone("what the last approval would decide, cautions too", look),
        term.beside(name, decided[1], floor, bound=True),
        term.growth(name, *decided),
    ]


def _paid(term: _Term, small: Part, large: Part) -> list[Measure]:
    """Announced, confirmed, put into a run, sent; and what the bank said of the large part."""
    noticed = [_noticed(term, part) for part in (small, large)][-1]
    runs = [_run(term, part) for part in (small, large)]
    name = "a run opened and released, its files written"
    return [
        *noticed,
        term.beside(name, runs[1].done, runs[1].floor, bound=True),
        term.growth(name, runs[0].done, runs[1].done),
        _taken_in(term, runs[1]),
    ]


def _noticed(term: _Term, part: Part) -> list[Measure]:
    posted = term.act(term_acts.announce, part)
    notice, posting = term.floor(partial(term_floor.announce, term.bare, part))
    over = term.act(term_acts.confirm, posted.made)
    _, confirming = term.floor(partial(term_floor.confirm, term.bare, notice))
    return [
        term.beside("the public notice posted", posted, posting),
        term.beside("the notice confirmed, awards granted", over, confirming),
    ]


@dataclass(frozen=True)
class _Run:
    """A run opened and sent: the act, what the floor took, and the file on either side."""

    done: Done
    floor: float
    number: str
    file: UUID
    bare_file: UUID


def _run(term: _Term, part: Part) -> _Run:
    opened = term.act(term_acts.open_run, part)
    bare_run, opening = term.floor(partial(term_floor.open_run, term.bare, part))
    sent = term.act(term_acts.send, opened.made)
    body = serving.body_of_a_file(term.cluster, SIDES)
    bare_file, sending = term.floor(partial(term_floor.send, term.bare, bare_run, body))
    whole = Done(opened.seconds + sent.seconds, max(opened.peak_mb, sent.peak_mb), sent.count)
    return _Run(whole, opening + sending, sent.number, sent.made, bare_file)


def _taken_in(term: _Term, run: _Run) -> Measure:
    answer = term.ours.home / "answer.txt"
    with term.cluster.superuser(SIDES.ours) as connection:
        answer.write_bytes(term_city.reply(connection, run.file))
    taken = term.act(term_acts.take_in, run.number, answer)
    with term.cluster.superuser(SIDES.ours) as connection:
        lines = books_floor.lines_taken(connection, run.file)
    _, floor = term.floor(partial(books_floor.take_in, term.bare, run.bare_file, lines))
    return term.beside("the bank's answer taken in", taken, floor, bound=True)


def _alone(name: str, done: Done) -> Measure:
    return Measure(name, done.count, done.seconds, peak_mb=done.peak_mb)
