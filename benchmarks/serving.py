"""One database made up, copied for either side, and the service's side in processes of its own.

Both sides work on copies of one database, each with what it needs still to be done: the service as
its serving role, under row security, in a process of its own; the floor as the superuser.
"""

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("AID_MODE", "test")

import psycopg
from psycopg import sql

from app.core import db, embedded, migrating
from app.core.embedded import Cluster
from app.policy import queries as policy
from benchmarks import books_city

Making = Callable[[psycopg.Connection[Any], int, Path], None]
"""Makes up so many rows in the database of a connection, and what belongs to them in a folder."""


@dataclass(frozen=True)
class Sides:
    """The names of the database that was made up and of its copies."""

    seed: str
    ours: str
    bare: str


@dataclass(frozen=True)
class Ours:
    """Where the service finds its database and the bank's answers."""

    url: str
    home: Path


_at: list[Ours] = []
"""In the process that serves: where it serves from."""


@contextmanager
def city(sides: Sides, make: Making, rows: int) -> Iterator[tuple[Cluster, Path]]:
    """A server with both copies of what was made up, and its folder; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="aid-bench-", dir="/tmp"))  # a short path, for the socket
    home.chmod(0o755)
    cluster = embedded.start(home, durable=True)
    try:
        # Apart, so that what making things up takes is in no figure.
        maker = multiprocessing.get_context("spawn").Process(
            target=_seed, args=(home, sides, make, rows)
        )
        maker.start()
        maker.join()
        copies(cluster, sides)
        yield cluster, home
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def seed(cluster: Cluster, sides: Sides, make: Making, rows: int, home: Path) -> None:
    """The database with everything still to be done."""
    embedded.ensure_database(cluster, sides.seed)
    migrating.upgrade(cluster.owner_url(sides.seed), cluster.serving_url(sides.seed))
    db.bind(db.connect(cluster.serving_url(sides.seed), pool_size=2))
    with cluster.superuser(sides.seed) as connection:
        make(connection, rows, home)
    db.engine().dispose()
    db.bind(None)


def copies(cluster: Cluster, sides: Sides) -> None:
    """A database for each side. Files are copied, and not every page through the log."""
    for name in (sides.ours, sides.bare):
        made = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
            *map(sql.Identifier, (name, embedded.OWNER, sides.seed))
        )
        with cluster.superuser() as connection:
            connection.execute(made)
        embedded.ensure_database(cluster, name)  # it is there; who may connect is not copied


def _seed(home: Path, sides: Sides, make: Making, rows: int) -> None:
    cluster = embedded.start(home, durable=True)
    seed(cluster, sides, make, rows, home)
    cluster.stop()


def apart(ours: Ours) -> ProcessPoolExecutor:
    """A fresh process that serves, so that its peak of memory is its own."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_serve, initargs=(ours,))


def at() -> Ours:
    """In the process that serves: where it serves from."""
    return _at[0]


def _serve(ours: Ours) -> None:
    _at.append(ours)
    books_city.widen_format(ours.home / "formats")
    db.bind(db.connect(ours.url, pool_size=2))
    policy.in_force()  # which the service has read when it starts


def body_of_a_file(cluster: Cluster, sides: Sides) -> bytes:
    """The sealed bytes of a file that the service stored, for the floor to store as many."""
    with cluster.superuser(sides.ours) as connection:
        found = connection.execute(
            "SELECT body || coalesce((SELECT string_agg(p.body, ''::bytea ORDER BY p.no) "
            "FROM document_piece p WHERE p.document_id = d.id), '') "
            "FROM document d WHERE size > 0 ORDER BY size DESC LIMIT 1"
        ).fetchone()
    return bytes(found[0]) if found else b""


def say(what: str) -> None:
    """A line on how it goes."""
    print(f"   {what}", flush=True)
