"""A bank's answer taken in and a run released, each beside its bare floor.

Both sides work on copies of one database, each with what it needs still to be done: the service as
its serving role, under row security, in a process of its own; the floor as the superuser.
"""

import multiprocessing
import os
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("AID_MODE", "test")

from psycopg import sql

from app.core import db, embedded, migrating
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.disbursement.release import release
from app.policy import queries as policy
from app.reconciliation import service
from app.reconciliation.models import ReturnKind
from benchmarks import books_city, books_floor
from benchmarks.books_city import Block
from benchmarks.measuring import Measure, peak_mb, timed

BOUND = 3
CITY = 500_000
"""From so many lines on the bound of a release counts: below, its statements are most of it."""

TAKING_MB_MAX = 600
SEED, OURS, BARE = "books_seed", "books", "books_floor"


def measures(rows: int) -> list[Measure]:
    """A file of so many lines taken in, and runs of a tenth of them released."""
    home = Path(tempfile.mkdtemp(prefix="aid-bench-", dir="/tmp"))  # a short path, for the socket
    home.chmod(0o755)
    cluster = embedded.start(home, durable=True)
    try:
        # Apart, so that what making things up takes is in no figure.
        maker = multiprocessing.get_context("spawn").Process(target=_seed, args=(home, rows))
        maker.start()
        maker.join()
        copies(cluster)
        return measure(cluster, rows, home)
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def seed(cluster: Cluster, rows: int, home: Path) -> None:
    """The database with everything still to be done, and the bank's answers in their files."""
    embedded.ensure_database(cluster, SEED)
    migrating.upgrade(cluster.owner_url(SEED), cluster.serving_url(SEED))
    db.bind(db.connect(cluster.serving_url(SEED), pool_size=2))
    with cluster.superuser(SEED) as connection:
        books_city.make(connection, rows, home)
    db.engine().dispose()
    db.bind(None)


def copies(cluster: Cluster) -> None:
    """A database for each side. Files are copied, and not every page through the log."""
    for name in (OURS, BARE):
        made = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
            *map(sql.Identifier, (name, embedded.OWNER, SEED))
        )
        with cluster.superuser() as connection:
            connection.execute(made)
        embedded.ensure_database(cluster, name)  # it is there; who may connect is not copied


def _seed(home: Path, rows: int) -> None:
    cluster = embedded.start(home, durable=True)
    seed(cluster, rows, home)
    cluster.stop()


def measure(cluster: Cluster, rows: int, home: Path) -> list[Measure]:
    """The releases in turns with their floors, then both answers, the small one first."""
    sent, *waiting = books_city.blocks(rows)
    ours = _Ours(cluster.serving_url(OURS), home)
    with cluster.superuser(BARE) as bare:
        took, floors, body = [], [], b""
        with _apart(ours) as worker:
            for block in waiting:
                done = worker.submit(_release, block).result()
                took.append(done)
                body = body or _body(cluster)
                floors.append(timed(partial(books_floor.send, bare, block.run_id, body)))
                _say(f"released in {done.seconds:.3f} s, the bare rows in {floors[-1]:.3f} s")
        with _apart(ours) as worker:
            small = worker.submit(_take_in, waiting[0], took[0].file).result()
        with _apart(ours) as worker:
            large = worker.submit(_take_in, sent, books_city.SENT_FILE).result()
        with cluster.superuser(OURS) as connection:
            lines = books_floor.lines_taken(connection, sent.file_id)
        floor = timed(lambda: books_floor.take_in(bare, sent.file_id, lines))
    count = waiting[0].count
    return [
        Measure(
            f"a return file of {count:,} lines taken in", count, small.seconds,
            peak_mb=small.peak_mb, peak_mb_max=TAKING_MB_MAX,
        ),
        Measure(
            f"a return file of {rows:,} lines taken in", rows, large.seconds,
            "bare COPY, one join, the same rows", floor, BOUND,
            peak_mb=large.peak_mb, peak_mb_max=TAKING_MB_MAX,
        ),
        Measure(
            f"a run of {count:,} payouts released, its files written", count,
            min(one.seconds for one in took), "bare INSERT … SELECT of the same rows",
            min(floors), BOUND if rows >= CITY else None, peak_mb=took[-1].peak_mb,
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What one act took, the most memory its process has held, and the file it made."""

    seconds: float
    peak_mb: int
    file: str = ""


@dataclass(frozen=True)
class _Ours:
    """Where the service finds its database and the bank's answers."""

    url: str
    home: Path


_at: list[_Ours] = []
"""In the process that serves: where it serves from."""


def _apart(ours: _Ours) -> ProcessPoolExecutor:
    """A fresh process that serves, so that its peak of memory is its own."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_serve, initargs=(ours,))


def _serve(ours: _Ours) -> None:
    _at.append(ours)
    books_city.widen_format(ours.home / "formats")
    db.bind(db.connect(ours.url, pool_size=2))
    policy.in_force()  # which the service has read when it starts


def _release(block: Block) -> Done:
    """Releases a run; nothing of it may be left behind."""
    made: list[tuple[int, str]] = []

    def act() -> None:
        with db.scoped_session(SYSTEM) as session:
            done = release(session, block.run_id, by=SYSTEM)
            made.append((done.payouts, done.files[0].number))

    seconds = timed(act)
    payouts, number = made[0]
    if payouts != block.count:
        raise RuntimeError(f"{payouts} of {block.count} payouts were sent")
    return Done(seconds, peak_mb(), number)


def _take_in(block: Block, number: str) -> Done:
    """Takes the bank's answer to a file in, its bytes in memory as an upload has them."""
    data = books_city.answer(_at[0].home, block).read_bytes()
    made: list[int] = []

    def act() -> None:
        with db.scoped_session(SYSTEM) as session:
            taken = service.receive(
                session, payment_file=number, kind=ReturnKind.REPLY, data=data, by=SYSTEM
            )
            made.append(taken.file.line_count)

    seconds = timed(act)
    if made != [block.count]:
        raise RuntimeError(f"{made[0]} of {block.count} lines were taken in")
    _say(f"{block.count:,} lines taken in in {seconds:.3f} s, {peak_mb()} MB")
    return Done(seconds, peak_mb())


def _body(cluster: Cluster) -> bytes:
    """The sealed bytes of a file that the service stored, for the floor to store as many."""
    with cluster.superuser(OURS) as connection:
        found = connection.execute("SELECT body FROM document WHERE size > 0 LIMIT 1").fetchone()
    return bytes(found[0]) if found else b""


def _say(what: str) -> None:
    print(f"   {what}", flush=True)
