"""The evening of a deadline: schools upload their workbooks while officers list, read and decide.

Both over HTTP, as the service is served by default. How long a workbook takes is held against one
that comes alone, how long a reader waits against the same readers before the schools came.
"""

import asyncio
import io
import itertools
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import orjson
import xlsxwriter

from benchmarks import door, door_city, door_load, door_serving
from benchmarks.door_load import Line, percentile
from benchmarks.door_serving import API
from benchmarks.measuring import Measure

SCHOOLS = OFFICERS = 16
ROWS = 400
EACH = 3
"""Workbooks a school hands in, one after the other."""

ALONE = 3
"""Workbooks that come one by one while nobody else asks; the quickest is the floor."""

PAUSE_SECONDS = 0.25
"""How long an officer looks at an answer before asking the next thing."""

QUIET_SECONDS = 20
POLL_SECONDS = 0.25
WORKBOOK_BOUND, READER_BOUND = 20, 3
_OVER = {"done", "refused", "failed"}
_HEADER = ("学校标识码", "姓名", "居民身份证号", "年级", "班级", "是否寄宿", "困难等级")
_BOUNDARY = "aid-bench-workbook"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def main(rows: int) -> list[Measure]:
    """A city of so many students; a tenth of them have cases."""
    with door_serving.city(rows) as cluster, door_serving.ours(cluster) as port:
        return measures(port, rows)


def measures(
    port: int, students: int, *, rows: int = ROWS, each: int = EACH, quiet: float = QUIET_SECONDS
) -> list[Measure]:
    """Alone, quiet, and the evening itself."""
    evening = Evening(port, students, rows, each, quiet)
    with door_serving.asker() as asker:
        found = asker.submit(spent, evening).result()
    print(f"   {found.reads:,} reads and {found.decided:,} decisions meanwhile", flush=True)
    count = SCHOOLS * each
    return [
        Measure(
            f"95 % of {count} workbooks of {rows} rows, {SCHOOLS} schools at once", rows,
            found.workbook, "one alone", found.alone, WORKBOOK_BOUND,
        ),
        Measure(
            f"… p99 of {OFFICERS} officers' reads meanwhile", 1, found.read, "theirs before",
            found.quiet, READER_BOUND,
        ),
        Measure(
            "… p99 of their decisions meanwhile", 1, found.decision, "theirs before",
            found.quiet_decision,
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class Evening:
    """What is going to happen."""

    port: int
    students: int
    rows: int
    each: int
    quiet: float


@dataclass(frozen=True)
class Spent:
    """How long it took, in seconds, and how much was asked beside the workbooks."""

    alone: float
    quiet: float
    quiet_decision: float
    workbook: float
    read: float
    decision: float
    reads: int
    decided: int


def spent(evening: Evening) -> Spent:
    """The whole evening, in the process that asks."""
    return asyncio.run(_spent(evening))


async def _spent(evening: Evening) -> Spent:
    books = _workbooks(evening)
    clerks = [Clerk(evening.port, place) for place in range(SCHOOLS)]
    officers = [Officer(evening, place) for place in range(OFFICERS)]
    alone = min([await clerks[0].hand_in(book) for book in itertools.islice(books[0], ALONE)])
    await _all(officers, lambda since: time.perf_counter() - since < evening.quiet)
    quiet = [officer.leave_off() for officer in officers]
    busy = asyncio.gather(*(clerk.hand_all_in(books[clerk.place]) for clerk in clerks))
    await _all(officers, lambda _: not busy.done())
    took = list(itertools.chain.from_iterable(await busy))
    meanwhile = [officer.leave_off() for officer in officers]
    before, reads = (_joined(each, "reads") for each in (quiet, meanwhile))
    decided_before, decided = (_joined(each, "decisions") for each in (quiet, meanwhile))
    return Spent(
        alone=alone, quiet=percentile(before, 99), quiet_decision=percentile(decided_before, 99),
        workbook=percentile(took, 95), read=percentile(reads, 99),
        decision=percentile(decided, 99), reads=len(reads), decided=len(decided),
    )  # fmt: skip


async def _all(officers: "list[Officer]", go_on: Callable[[float], bool]) -> None:
    await asyncio.gather(*(officer.work(go_on) for officer in officers))


def _joined(each: "list[Waited]", what: str) -> list[float]:
    return [seconds for waited in each for seconds in getattr(waited, what)]


@dataclass
class Waited:
    """How long an officer waited for each answer."""

    reads: list[float] = field(default_factory=list)
    decisions: list[float] = field(default_factory=list)


class Person:
    """Somebody with a token and a connection."""

    def __init__(self, port: int, username: str) -> None:
        self.token = door_serving.token(port, username)
        self.line = Line(port)


class Clerk(Person):
    """Hands workbooks in and waits for what becomes of each."""

    def __init__(self, port: int, place: int) -> None:
        super().__init__(port, door_city.clerk(place))
        self.place = place

    async def hand_in(self, book: bytes) -> float:
        """The seconds until the workbook is taken in."""
        start = time.perf_counter()
        job = orjson.loads(await self.line.ask(_upload(book, self.token)))
        while job["state"] not in _OVER:
            await asyncio.sleep(POLL_SECONDS)
            path = f"{API}/imports/{job['id']}"
            job = orjson.loads(await self.line.ask(door_load.get(path, self.token)))
        if job["state"] != "done":
            raise door_load.RequestFailed(str(job))
        return time.perf_counter() - start

    async def hand_all_in(self, books: Iterator[bytes]) -> list[float]:
        """One after the other."""
        return [await self.hand_in(book) for book in books]


class Officer(Person):
    """Turns the pages of a county's queue, looks cases up, reads and decides them."""

    def __init__(self, evening: Evening, place: int) -> None:
        super().__init__(evening.port, door_city.officer(place))
        cases = evening.students // door_city.CASES_PART
        county = place % door_city.COUNTIES
        # Two officers of one county take turns, for nobody decides what is decided.
        own = itertools.islice(door.places(cases, county), place // door_city.COUNTIES, None, 2)
        self._cases = own
        self._waited = Waited()

    def leave_off(self) -> Waited:
        """How long each answer took since the last time."""
        waited, self._waited = self._waited, Waited()
        return waited

    async def work(self, go_on: Callable[[float], bool]) -> None:
        """Goes on with case after case as long as it is said."""
        start = time.perf_counter()
        queue = f"{API}/applications?state=in_review&step=county&limit=50"
        while go_on(start):
            place = next(self._cases)
            case = door_city.case_id(place)
            page = orjson.loads(await self._read(queue))
            queue = queue.partition("&cursor=")[0]
            if page["next"]:
                queue += f"&cursor={page['next']}"
            first = page["items"][0]
            await self._read(f"{API}/applications?name={_quoted(first['student_name'])}")
            await self._read(f"{API}/applications?number={_quoted(first['number'])}")
            await self._read(f"{API}/applications/{case}")
            await self._decide(case)

    async def _read(self, path: str) -> bytes:
        start = time.perf_counter()
        body = await self.line.ask(door_load.get(path, self.token))
        self._waited.reads.append(time.perf_counter() - start)
        await asyncio.sleep(PAUSE_SECONDS)
        return body

    async def _decide(self, case: uuid.UUID) -> None:
        said = {"verdict": "approve", "reason": "材料属实", "ids": [str(case)]}
        key = str(uuid.uuid4())
        request = door_load.post(
            f"{API}/decisions", orjson.dumps(said), self.token, Idempotency_Key=key
        )
        start = time.perf_counter()
        await self.line.ask(request)
        self._waited.decisions.append(time.perf_counter() - start)
        await asyncio.sleep(PAUSE_SECONDS)


def _quoted(text: str) -> str:
    return urllib.parse.quote(text)


def _workbooks(evening: Evening) -> list[Iterator[bytes]]:
    """Each school's workbooks, of students whom nobody has handed in; the first school's are more.

    Made before anything is timed.
    """
    made = []
    start = 1_000_000
    for place in range(SCHOOLS):
        books = []
        for _ in range(evening.each + (ALONE if place == 0 else 0)):
            books.append(_workbook(place, start, evening.rows))
            start += evening.rows
        made.append(iter(books))
    return made


def _workbook(place: int, start: int, rows: int) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, _HEADER)
    for line, (number, name) in enumerate(door_city.new_students(start, rows), 1):
        sheet.write_row(line, 0, (door_city.school_code(place), name, number, 1, "1", "是", 1))
    book.close()
    return out.getvalue()


def _upload(book: bytes, token: str) -> bytes:
    fields = {"kind": "applications", "programme": door_city.PROGRAMME, "period": door_city.PERIOD}
    parts = "".join(
        f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n"
        for name, value in fields.items()
    )
    parts += (
        f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name=file; filename=cases.xlsx\r\n"
        f"Content-Type: {_XLSX}\r\n\r\n"
    )
    body = parts.encode() + book + f"\r\n--{_BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    return door_load.post(f"{API}/imports", body, token, Content_Type=kind)
