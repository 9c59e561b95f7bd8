"""A case read and a case handed in over HTTP, each beside a bare endpoint of the same framework.

Both are served by processes of their own and asked by another, in turns.
"""

import itertools
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import orjson

from benchmarks import door_city, door_load, door_serving
from benchmarks.door_load import Answers
from benchmarks.door_serving import API
from benchmarks.measuring import Measure

MANY = 32
READS, READS_ALONE, WRITES = 2_000, 500, 300
TURNS = 5
READ_BOUND = 2  # at least half of the floor's requests a second
P99_BOUND = 4
WRITE_BOUND = 2.5  # at least 40 % of them


def main(rows: int) -> list[Measure]:
    """A city of so many students; a tenth of them have cases."""
    with (
        door_serving.city(rows) as cluster,
        door_serving.ours(cluster) as port,
        door_serving.bare(cluster) as to,
    ):
        return measures(port, to, rows)


@dataclass
class Both:
    """The best turn of either side."""

    ours: list[Answers] = field(default_factory=list)
    bare: list[Answers] = field(default_factory=list)

    def rates(self, name: str, bound: float | None) -> Measure:
        """The time of the requests beside the floor's."""
        mine, floor = (min(one.seconds for one in side) for side in (self.ours, self.bare))
        count = len(self.ours[0].each)
        return Measure(name, count, mine, "bare endpoint", floor, bound)

    def p99(self, name: str, bound: float | None) -> Measure:
        """The 99th percentile beside the floor's; one request a row."""
        mine, floor = (min(one.p99 for one in side) for side in (self.ours, self.bare))
        return Measure(f"… p99, {name}", 1, mine, "bare endpoint, its p99", floor, bound)


def measures(port: int, to: int, rows: int, *, part: int = 1) -> list[Measure]:
    """Everything this part measures; `part` divides how often it asks."""
    reads, alone, writes = (max(MANY, n // part) for n in (READS, READS_ALONE, WRITES))
    cases = rows // door_city.CASES_PART
    clerks = [door_serving.token(port, door_city.clerk(at)) for at in range(door_city.CLERKS)]
    mine = Asked(door_serving.token(port, door_city.officer(0)), clerks)
    with door_serving.asker() as pool:
        pair = _Pair(pool, port, to)
        read_alone = pair.turns(
            1, lambda: mine.reads(cases, alone), lambda: bare_reads(cases, alone)
        )
        read = pair.turns(MANY, lambda: mine.reads(cases, reads), lambda: bare_reads(cases, reads))
        wrote_alone = pair.turns(1, lambda: mine.writes(MANY), lambda: bare_writes(MANY))
        wrote = pair.turns(MANY, lambda: mine.writes(writes), lambda: bare_writes(writes))
        by_schools = pair.turns(
            MANY, lambda: mine.writes(writes, door_city.CLERKS), lambda: bare_writes(writes)
        )
    return [
        read_alone.rates("cases read, one client", None),
        read_alone.p99("one client", None),
        read.rates(f"cases read, {MANY} clients", READ_BOUND),
        read.p99(f"{MANY} clients", P99_BOUND),
        wrote_alone.rates("cases handed in, one client", None),
        wrote.rates(f"cases handed in, {MANY} clients of a school", WRITE_BOUND),
        wrote.p99(f"{MANY} clients of a school", None),
        by_schools.rates(f"cases handed in, {MANY} clients of {door_city.CLERKS} schools", None),
        by_schools.p99(f"{MANY} clients of {door_city.CLERKS} schools", None),
    ]


@dataclass(frozen=True)
class _Pair:
    """Both sides and who asks them."""

    pool: ProcessPoolExecutor
    port: int
    to: int

    def turns(
        self, clients: int, mine: Callable[[], list[bytes]], bare: Callable[[], list[bytes]]
    ) -> Both:
        """In turns, after one each that is not counted."""
        found = Both()
        for turn in range(TURNS + 1):
            taken = self.pool.submit(door_load.fire, self.port, clients, mine()).result()
            floor = self.pool.submit(door_load.fire, self.to, clients, bare()).result()
            print(f"   {taken.rate:,.0f}/s beside {floor.rate:,.0f}/s", flush=True)
            if turn:
                found.ours.append(taken)
                found.bare.append(floor)
        return found


class Asked:
    """What an officer and clerks ask; every case handed in is a new student's."""

    def __init__(self, officer: str, clerks: Sequence[str]) -> None:
        self._officer = officer
        self._clerks = clerks
        self._handed_in = 0

    def reads(self, cases: int, count: int) -> list[bytes]:
        """Cases of the officer's county, one after the other."""
        own = itertools.cycle(places(cases))
        return [
            door_load.get(f"{API}/applications/{door_city.case_id(place)}", self._officer)
            for place in itertools.islice(own, count)
        ]

    def writes(self, count: int, schools: int = 1) -> list[bytes]:
        """Forms of students whom nobody has handed in yet, each under a key of its own.

        The schools' clerks take turns.
        """
        new = door_city.new_students(self._handed_in, count)
        self._handed_in += count
        by = itertools.cycle(self._clerks[:schools])
        return [
            door_load.post(
                f"{API}/applications", _form(number, name), next(by),
                Idempotency_Key=str(uuid.uuid4()),
            )
            for number, name in new
        ]  # fmt: skip


def places(cases: int, county: int = 0) -> Iterator[int]:
    """Where a county's cases stand."""
    return (at for at in range(cases) if at % door_city.SCHOOLS % door_city.COUNTIES == county)


def bare_reads(cases: int, count: int) -> list[bytes]:
    """As many rows of the floor."""
    return [
        door_load.get(f"/bare/00000000-0000-7000-8000-{place % cases:012x}")
        for place in range(count)
    ]


def bare_writes(count: int) -> list[bytes]:
    """As many rows for the floor."""
    body = orjson.dumps({"student_name": "王芳", "grade": 1, "amount_fen": door_city.AMOUNT_FEN})
    return [door_load.post("/bare", body) for _ in range(count)]


def _form(number: str, name: str) -> bytes:
    return orjson.dumps(
        {
            "programme": door_city.PROGRAMME,
            "period": door_city.PERIOD,
            "student": {"name": name, "resident_id": number},
            "enrolment": {"grade": 1, "class_name": "1", "boards": True},
            "hardship": 1,
        }
    )
