"""Reckons other rules over the registry. Nothing is written: the database holds it to that."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import polars as pl
from sqlalchemy import select
from sqlmodel import Session, col

from app.auth.errors import NotAllowed
from app.auth.models import Organisation
from app.auth.permissions import Act
from app.core import clock
from app.core.actor import Actor, Scope
from app.policy.calendar import school_year_of
from app.policy.engine import facts_read
from app.policy.facts import Words
from app.registry.models import School
from app.registry.queries import school_visible
from app.simulation import words
from app.simulation.budget import Room, rooms
from app.simulation.comparing import FATES, NAMED, Heads, Money, Tally, compare
from app.simulation.pairs import LeftOut, Pair, Paired, Question, Side, allowed, pair_up
from app.simulation.population import CHUNK, Chunk, Roll, chunks, school_year_for

NAMES_MAX = 5_000
SHEET_NAMES_MAX = 1_000_000
"""As many as fit on one worksheet; beyond it `names_total` says how many there are."""

Progress = Callable[[int], None]
"""Told after each chunk how many students have been looked at."""


@dataclass(frozen=True)
class Place:
    """A school or a holder: its code and name."""

    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Named:
    """One pupil who gains, loses or changes; fen for the period, None where not entitled."""

    student_id: str
    name: str | None
    school_id: str
    class_name: str | None
    programme: str
    fate: str
    before_fen: int | None
    after_fen: int | None


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What came of it.

    `heads` has a row a school and programme, `money` as `comparing.Money`; `rooms` is None for
    callers who see no fund lines. `names` is None where not asked for; of `names_total` as many
    are there as the caller takes. `places` has every school and holder by id.
    """

    asked: Question
    school_year: str
    on: date
    students: int
    pairs: Sequence[Pair]
    left_out: Sequence[LeftOut]
    heads: dict[str, list[Heads]]
    money: list[Money]
    rooms: list[Room] | None
    names: list[Named] | None
    names_total: int
    places: dict[str, Place]

    def place(self, key: str) -> Place:
        """A school or holder by its id; one that has gone out of scope is shown by the id."""
        return self.places.get(key, Place(key, key))

    @property
    def notes(self) -> list[Words]:
        """What a reader of the figures must know."""
        said = [words.ENTITLED_ONLY]
        if self.rooms is not None:
            said.append(words.ROOM)
        if self.asked.school_year is None and self.school_year != school_year_of(self.asked.period):
            said.append(words.other_year(self.asked.period, self.school_year))
        return said

    def totals(self, code: str) -> Heads:
        """A programme's heads over all schools."""
        return _sum("", self.heads[code])

    def by_county(self, code: str) -> list[Heads]:
        """A programme's heads a holder, by id; `school_id` is empty."""
        grouped: dict[str, list[Heads]] = {}
        for row in self.heads[code]:
            grouped.setdefault(row.county_id, []).append(row)
        return [_sum(county, rows) for county, rows in grouped.items()]

    def fen(self, code: str, *, yearly: bool) -> tuple[int, int]:
        """A programme's money before and after: a school year's, or the period's."""
        rows = [
            row
            for row in self.money
            if row.programme == code and (row.fiscal_year is None) == yearly
        ]
        return sum(row.before_fen for row in rows), sum(row.after_fen for row in rows)


def simulate(
    session: Session,
    asked: Question,
    *,
    by: Actor,
    names_max: int = NAMES_MAX,
    progress: Progress | None = None,
) -> Simulation:
    """Assesses every pupil in the caller's scope under both sides of every programme asked for.

    It says who is entitled: places, ranking and applications that were never handed in are not
    reckoned. Raises NotAllowed where names are asked for by who may not read students, and what
    `pair_up` raises.
    """
    if asked.names and not allowed(by, Act.STUDENT_READ):
        raise NotAllowed(Act.STUDENT_READ.value)
    with nothing_written(session):
        paired = pair_up(session, asked, by=by)
        year = _school_year(session, asked, by)
        on = asked.on or clock.office_day()
        roll = Roll(
            by=by, school_year=year, on=on, asked=_asked_facts(paired.pairs), names=asked.names
        )
        counted = _Count(paired.pairs, names_max if asked.names else None)
        for chunk in chunks(session, roll, size=CHUNK) if paired.pairs else ():
            counted.take(chunk)
            if progress is not None:
                progress(counted.students)
        return _summed(session, asked, paired, counted, roll)


@contextmanager
def nothing_written(session: Session) -> Iterator[None]:
    """A stretch in which the database itself refuses every write; it ends with the savepoint.

    What was written before, such as an idempotency key, stays.
    """
    with session.begin_nested():
        session.connection().exec_driver_sql("SET TRANSACTION READ ONLY")
        yield


def _school_year(session: Session, asked: Question, by: Actor) -> str:
    if asked.school_year is not None:
        return school_year_of(asked.school_year)
    return school_year_for(session, by, school_year_of(asked.period))


def _asked_facts(pairs: Iterable[Pair]) -> frozenset[str]:
    named: set[str] = set()
    return frozenset(named.union(*(facts_read(s.version) for pair in pairs for s in pair.sides)))


@dataclass
class _Count:
    """What has been added up so far; names only as many as are taken."""

    pairs: Sequence[Pair]
    names_max: int | None
    students: int = 0
    names_total: int = 0
    names: list[Named] = field(default_factory=list)
    tallies: list[Tally] = field(init=False)

    def __post_init__(self) -> None:
        self.tallies = [Tally(pair) for pair in self.pairs]

    def take(self, chunk: Chunk) -> None:
        """Judges a chunk under every pair."""
        self.students += chunk.people.height
        seen: dict[tuple[str, str, date], pl.DataFrame] = {}
        for tally in self.tallies:
            before = _facts(chunk, tally.pair.before, seen)
            after = _facts(chunk, tally.pair.after, seen)
            compared = compare(chunk.people, before, after, tally.pair)
            tally.add(compared)
            if self.names_max is not None:
                self._note(tally.pair.code, compared, self.names_max)

    def _note(self, code: str, compared: pl.DataFrame, most: int) -> None:
        touched = compared.filter(pl.col("fate").is_in(NAMED))
        self.names_total += touched.height
        for row in touched.head(most - len(self.names)).iter_rows(named=True):
            self.names.append(
                Named(
                    student_id=row["student_id"],
                    name=row["name"],
                    school_id=row["school_id"],
                    class_name=row["class_name"],
                    programme=code,
                    fate=row["fate"],
                    before_fen=row["before_fen"] if row["before"] else None,
                    after_fen=row["after_fen"] if row["after"] else None,
                )
            )


def _facts(
    chunk: Chunk, side: Side | None, seen: dict[tuple[str, str, date], pl.DataFrame]
) -> pl.DataFrame | None:
    if side is None:
        return None
    key = (side.programme.code, side.period, side.first_day)
    if key not in seen:
        seen[key] = chunk.facts(side)
    return seen[key]


def _summed(
    session: Session, asked: Question, paired: Paired, counted: _Count, roll: Roll
) -> Simulation:
    by = roll.by
    money = [row for tally in counted.tallies for row in tally.money()]
    sees_lines = by.scope is not Scope.SCHOOL and allowed(by, Act.BUDGET_READ)
    return Simulation(
        asked=asked,
        school_year=roll.school_year,
        on=roll.on,
        students=counted.students,
        pairs=paired.pairs,
        left_out=paired.left_out,
        heads={tally.pair.code: tally.heads() for tally in counted.tallies},
        money=money,
        rooms=rooms(session, money, by=by) if sees_lines else None,
        names=counted.names if asked.names else None,
        names_total=counted.names_total,
        places=_places(session, by),
    )


def _places(session: Session, by: Actor) -> dict[str, Place]:
    """Every school of the scope and every centre, by id."""
    schools = select(col(School.id), col(School.code), col(School.name)).where(school_visible(by))
    holders = select(col(Organisation.id), col(Organisation.code), col(Organisation.name)).where(
        col(Organisation.id).in_(select(col(School.county_id)).where(school_visible(by)))
    )
    rows = [*session.execute(schools), *session.execute(holders)]
    return {str(key): Place(code, name) for key, code, name in rows}


def _sum(county_id: str, rows: Sequence[Heads]) -> Heads:
    return Heads(
        county_id=county_id,
        school_id="",
        fates={fate: sum(row.fates[fate] for row in rows) for fate in FATES},
        before=sum(row.before for row in rows),
        after=sum(row.after for row in rows),
    )
