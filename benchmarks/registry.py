"""A city's roll taken into the registry: the whole file, and a tenth of it for how it grows.

Each is taken in on a copy of one database by a process of its own, as the serving role under row
security; the floor copies what the service wrote into another copy, as the superuser.
"""

import multiprocessing
import os
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

os.environ.setdefault("AID_MODE", "test")

from psycopg import sql

from app import models  # noqa: F401  every table, as the service knows them
from app.core import db, embedded, migrating
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.rolls import jobs, queries, service
from app.rolls.service import Upload
from app.sheets.uploads import OnError
from benchmarks import registry_roll
from benchmarks.measuring import Measure, peak_mb, timed

BOUND, GROWTH_BOUND = 4, 11
MEMORY_GROWTH = 1.3
ROLL_MB_MAX = 800
CITY = 500_000
"""From so many rows on the bounds of growth count: a tenth is else mostly the start."""

SEED, TENTH, OURS, BARE = "roll_seed", "roll_tenth", "roll_ours", "roll_floor"
WRITTEN = (
    "document", "document_piece", "roll", "student", "enrolment", "roll_refusal", "audit_event",
    "audit_record",
)  # fmt: skip
"""Every table the service adds to, in an order that their foreign keys allow."""

_PIECE = 1024 * 1024


def main(rows: int) -> list[Measure]:
    """A roll of so many rows, after one of a tenth."""
    home = Path(tempfile.mkdtemp(prefix="aid-bench-", dir="/tmp"))  # a short path, for the socket
    home.chmod(0o755)
    cluster = embedded.start(home, durable=True)
    try:
        seed(cluster, rows, home)
        return measure(cluster, rows, home)
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def seed(cluster: Cluster, rows: int, home: Path) -> None:
    """The schools in a database for each side, and the rolls in their files."""
    embedded.ensure_database(cluster, SEED)
    migrating.upgrade(cluster.owner_url(SEED), cluster.serving_url(SEED))
    with cluster.superuser(SEED) as connection:
        registry_roll.make_schools(connection, registry_roll.schools_of(rows))
    for name in (TENTH, OURS, BARE):
        made = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
            *map(sql.Identifier, (name, embedded.OWNER, SEED))
        )
        with cluster.superuser() as connection:
            connection.execute(made)
        embedded.ensure_database(cluster, name)  # it is there; who may connect is not copied
    # Apart, so that what making things up takes is in no figure.
    spawn = multiprocessing.get_context("spawn")
    for name, count in ((TENTH, rows // 10), (OURS, rows)):
        maker = spawn.Process(target=registry_roll.write, args=(count, roll_at(home, name)))
        maker.start()
        maker.join()


def roll_at(home: Path, name: str) -> Path:
    """Where the roll for a database stands."""
    return home / f"{name}.csv"


@dataclass(frozen=True)
class Done:
    """What taking a roll in took, the most memory its process has held, and what came of it."""

    seconds: float
    peak_mb: int
    new: int
    refused: int


def measure(cluster: Cluster, rows: int, home: Path) -> list[Measure]:
    """The tenth first, then the whole, then the whole's floor."""
    few, all_of_it = (
        _apart(cluster, name, roll_at(home, name), count)
        for name, count in ((TENTH, rows // 10), (OURS, rows))
    )
    floor = _floor(cluster, home)
    _say(f"the bare rows in {floor:.3f} s")
    grows = rows >= CITY
    tenth = rows // 10
    return [
        Measure(
            f"a roll of {tenth:,} pupils taken in", tenth, few.seconds,
            peak_mb=few.peak_mb, peak_mb_max=ROLL_MB_MAX,
        ),
        Measure(
            f"a roll of {rows:,} pupils taken in", rows, all_of_it.seconds,
            "bare COPY of the same rows", floor, BOUND if grows else None,
            peak_mb=all_of_it.peak_mb, peak_mb_max=ROLL_MB_MAX,
        ),
        Measure(
            "… beside a tenth of it", rows, all_of_it.seconds,
            f"the roll of {tenth:,}", few.seconds, GROWTH_BOUND if grows else None,
            peak_mb=all_of_it.peak_mb,
            peak_mb_max=int(few.peak_mb * MEMORY_GROWTH) if grows else ROLL_MB_MAX,
        ),
    ]  # fmt: skip


def _apart(cluster: Cluster, name: str, roll: Path, rows: int) -> Done:
    """Takes a roll in in a fresh process, so that its peak of memory is its own."""
    with cluster.superuser(name) as connection:
        connection.execute("CHECKPOINT")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as worker:
        done = worker.submit(_take_in, cluster.serving_url(name), roll).result()
    if done.new + done.refused != rows:
        raise RuntimeError(f"{done.new} of {rows} pupils were registered, {done.refused} refused")
    _say(f"{rows:,} rows in {done.seconds:.3f} s, {done.peak_mb} MB")
    return done


def _take_in(url: str, roll: Path) -> Done:
    """The door's work and the job's, the file on disk as an upload has it."""
    db.bind(db.connect(url, pool_size=3))

    keys: list[UUID] = []

    def act() -> None:
        with roll.open("rb") as file, db.scoped_session(SYSTEM) as session:
            sent = Upload(
                filename=roll.name, file=file, school_year=registry_roll.SCHOOL_YEAR,
                entered_on=date(2007, 9, 1), on_error=OnError.ACCEPT_GOOD, dry_run=False,
            )  # fmt: skip
            keys.append(service.upload(session, sent, by=SYSTEM).id)
        with db.scoped_session(SYSTEM) as session:
            jobs.run(session, SYSTEM, roll_id=str(keys[0]))

    seconds = timed(act)
    peak = peak_mb()
    with db.scoped_session(SYSTEM) as session:
        made = queries.one(session, keys[0], SYSTEM)
        done = Done(seconds, peak, made.rows_new, made.rows_refused)
    db.engine().dispose()
    return done


def _floor(cluster: Cluster, home: Path) -> float:
    """Seconds for every row that the service wrote, copied into the same tables and committed."""
    with cluster.superuser(OURS) as ours:
        for table in WRITTEN:
            with (
                ours.cursor() as cursor,
                cursor.copy(f"COPY {table} TO STDOUT".encode()) as out,
                (home / table).open("wb") as file,
            ):
                file.writelines(bytes(piece) for piece in out)
    with cluster.superuser(BARE) as bare, ExitStack() as files:
        bare.execute("CHECKPOINT")
        rows = {table: files.enter_context((home / table).open("rb")) for table in WRITTEN}

        def copy() -> None:
            with bare.transaction(), bare.cursor() as cursor:
                for table, file in rows.items():
                    with cursor.copy(f"COPY {table} FROM STDIN".encode()) as into:
                        while piece := file.read(_PIECE):
                            into.write(piece)

        return timed(copy)


def _say(what: str) -> None:
    print(f"   {what}", flush=True)
