"""A round's applications taken in, as sheets and as batches, beside the bare rows of each.

Of the city's students one in ten applies. The service works as its serving role under row
security, in a process of its own; after each sheet the floor writes the same rows, as the
superuser, into a copy of the database.
"""

import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from uuid import UUID

os.environ.setdefault("AID_MODE", "test")

from psycopg import sql

from app.applications import forms
from app.applications.schemas import BatchIn
from app.core import clock, db, embedded, ids, migrating
from app.core.embedded import Cluster
from app.imports import jobs, queries, service
from app.imports.models import ImportKind
from app.imports.service import Upload
from app.policy import queries as policy
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError
from benchmarks import intake_city, intake_floor
from benchmarks.intake_city import Part
from benchmarks.measuring import PEAK_MB_MAX, Measure, peak_mb, timed

BOUND = 4
GROWTH = 11
MANY = 50_000
"""From so many applications on the bounds count: below, most of the time is a workbook's start."""

SHARE = 10
"""One student in so many applies."""

SEED = "intake_seed"
SHEETS = "intake_sheets", "intake_sheets_floor"
BATCHES = "intake_batches", "intake_batches_floor"
_DAY = date(2008, 4, 20)
_FLOOR = "bare COPY of the same rows"


@dataclass(frozen=True)
class Done:
    """What the service's side and the floor took, and the memory held after it."""

    seconds: float
    floor: float
    peak_mb: int


def main(rows: int) -> list[Measure]:
    """A tenth of a city of so many students applies."""
    home = Path(tempfile.mkdtemp(prefix="aid-bench-", dir="/tmp"))  # a short path, for the socket
    home.chmod(0o755)
    cluster = embedded.start(home, durable=True)
    try:
        # Apart, so that what making things up takes is in no figure.
        maker = multiprocessing.get_context("spawn").Process(target=_seed, args=(home, rows))
        maker.start()
        maker.join()
        return measures(cluster, rows // SHARE, home)
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def _seed(home: Path, rows: int) -> None:
    cluster = embedded.start(home, durable=True)
    seed(cluster, rows, home)
    cluster.stop()


def seed(cluster: Cluster, rows: int, home: Path) -> None:
    """The city before its round, and the sheets and batches in their files."""
    embedded.ensure_database(cluster, SEED)
    migrating.upgrade(cluster.owner_url(SEED), cluster.serving_url(SEED))
    db.bind(db.connect(cluster.serving_url(SEED), pool_size=2))
    made = intake_city.parts(rows // SHARE)
    with cluster.superuser(SEED) as connection:
        intake_city.make(connection, rows, made)
    db.engine().dispose()
    db.bind(None)
    intake_city.write(home, made)


def measures(cluster: Cluster, applications: int, home: Path) -> list[Measure]:
    """Both ways in, one after the other, each on copies of the database."""
    sheets = measure(cluster, applications, home, names=SHEETS, act=_take_in)
    found = _told(f"{applications:,} applications taken in from sheets", applications, sheets)
    batches = measure(cluster, applications, home, names=BATCHES, act=_apply)
    name = f"{applications:,} applications taken in as JSON batches"
    return [*found, _against_floor(name, applications, batches)]


def measure(
    cluster: Cluster, applications: int, home: Path, *, names: tuple[str, str], act: "Act"
) -> list[Done]:
    """Every part taken in, and after each the same rows into the other database."""
    for name in names:
        _copy(cluster, name)
    ours, bare = names
    found: list[Done] = []
    with (
        _apart(cluster.serving_url(ours), home) as worker,
        cluster.superuser(ours) as seen,
        cluster.superuser(bare) as floor,
    ):
        for part in intake_city.parts(applications):
            time.sleep(0.002)  # keys are told apart by the millisecond
            since = ids.new()
            time.sleep(0.002)
            seconds, peak = worker.submit(act, part).result()
            added = intake_floor.written(seen, since)
            took = timed(partial(intake_floor.write, floor, added))
            found.append(Done(seconds, took, peak))
            _say(f"{part.count:,} in {seconds:.3f} s, the bare rows in {took:.3f} s, {peak} MB")
    return found


def _told(name: str, applications: int, done: list[Done]) -> list[Measure]:
    """Against the floor; and the whole beside its first tenth, in time and in memory."""
    first = done[: intake_city.first_tenth(intake_city.parts(applications))]
    tenth, most = sum(each.seconds for each in first), first[-1].peak_mb
    counts = applications >= MANY
    return [
        Measure(
            f"{applications // 10:,} applications taken in from sheets", applications // 10, tenth,
            _FLOOR, sum(each.floor for each in first), peak_mb=most,
        ),
        _against_floor(name, applications, done),
        Measure(
            "… the whole beside its first tenth", applications,
            sum(each.seconds for each in done), "the first tenth of it", tenth,
            GROWTH if counts else None, peak_mb=done[-1].peak_mb,
            peak_mb_max=most * 13 // 10 if counts else PEAK_MB_MAX,
        ),
    ]  # fmt: skip


def _against_floor(name: str, applications: int, done: list[Done]) -> Measure:
    return Measure(
        name, applications, sum(each.seconds for each in done), _FLOOR,
        sum(each.floor for each in done), BOUND if applications >= MANY else None,
        peak_mb=done[-1].peak_mb,
    )  # fmt: skip


def _copy(cluster: Cluster, name: str) -> None:
    made = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
        *map(sql.Identifier, (name, embedded.OWNER, SEED))
    )
    with cluster.superuser() as connection:
        connection.execute(made)
    embedded.ensure_database(cluster, name)  # it is there; who may connect is not copied


Act = Callable[[Part], tuple[float, int]]

_home: list[Path] = []
"""In the process that serves: where the sheets are."""


def _apart(url: str, home: Path) -> ProcessPoolExecutor:
    """A fresh process that serves, so that its peak of memory is its own."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_serve, initargs=(url, home))


def _serve(url: str, home: Path) -> None:
    _home.append(home)
    clock.set_office_day(_DAY)
    db.bind(db.connect(url, pool_size=4))
    policy.in_force()  # which the service has read when it starts


def _take_in(part: Part) -> tuple[float, int]:
    """A sheet uploaded and, where it is large, taken in as the worker does; its bytes in memory."""
    data = part.file(_home[0]).read_bytes()
    by = part.by
    taken: list[UUID] = []

    def act() -> None:
        with db.scoped_session(by) as session:
            record = service.upload(session, _sent(part, data), by=by)
            jobs.queue(session, record, by=by)
            taken.append(record.id)
        if record.state is TakingState.QUEUED:
            with db.scoped_session(by) as session:
                jobs.run(session, by, import_id=str(record.id))

    seconds = timed(act)
    with db.scoped_session(by) as session:
        record = queries.one(session, taken[0], by)
    if record.state is not TakingState.DONE or record.rows_total != part.count:
        raise RuntimeError(f"sheet {part.number} is {record.state}: {record.problem}")
    return seconds, peak_mb()


def _sent(part: Part, data: bytes) -> Upload:
    return Upload(
        filename=f"sheet-{part.number}.xlsx", data=data, kind=ImportKind.APPLICATIONS,
        programme=intake_city.PROGRAMME, period=intake_city.PERIOD, dry_run=False,
        on_error=OnError.ACCEPT_GOOD,
    )  # fmt: skip


def _apply(part: Part) -> tuple[float, int]:
    """The same rows as bodies of `POST /applications/batch`, each read, taken in and answered."""
    bodies = part.cases(_home[0]).read_text("utf-8").splitlines()
    by = part.by
    answered: list[int] = []

    def act() -> None:
        for body in bodies:
            sent = BatchIn.model_validate_json(body)
            with db.scoped_session(by) as session:
                round_ = forms.round_for(session, sent.programme, sent.period)
                results = forms.submit(session, sent.cases, round_=round_, by=by)
            answered.append(len(results))

    seconds = timed(act)
    if sum(answered) != part.count:
        raise RuntimeError(f"{sum(answered)} of {part.count} cases were answered")
    return seconds, peak_mb()


def _say(what: str) -> None:
    print(f"   {what}", flush=True)
