"""The service and its floor as processes of their own, asked by another: who takes which core is
then as it is for anybody who serves.
"""

import http.client
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import orjson

from app.core import db, embedded, migrating
from app.core.embedded import Cluster
from benchmarks import door_city

API = "/api/v1"
HOST = "127.0.0.1"
ROOT = Path(__file__).parents[1]
OURS, BARE = "door", "bare"
START_SECONDS = 120
STOP_SECONDS = 60
_STEP_SECONDS = 0.1
_BARE = """
    CREATE TABLE bare_case (id uuid PRIMARY KEY, student_name varchar(80) NOT NULL,
        grade integer NOT NULL, amount_fen integer NOT NULL)
"""
_FILL = """
    INSERT INTO bare_case
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(at), 12, '0'))::uuid, '学生' || at, 1, 25000
    FROM generate_series(0, %(rows)s - 1) at
"""


class NotServing(Exception):
    """A process did not come up."""


@contextmanager
def city(students: int) -> Iterator[Cluster]:
    """A durable PostgreSQL with the city in one database and the floor's table in another."""
    home = Path(tempfile.mkdtemp(prefix="aid-bench-", dir="/tmp"))  # a short path, for the socket
    home.chmod(0o755)
    cluster = embedded.start(home, durable=True)
    try:
        # Apart: polars and its threads must not be in the process that forks and measures.
        maker = multiprocessing.get_context("spawn").Process(target=_seed, args=(home, students))
        maker.start()
        maker.join()
        if maker.exitcode:
            raise NotServing("the city could not be made")
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def seed(cluster: Cluster, students: int) -> None:
    """Both databases, filled."""
    embedded.ensure_database(cluster, OURS)
    migrating.upgrade(cluster.owner_url(OURS), cluster.serving_url(OURS))
    db.bind(db.connect(cluster.serving_url(OURS), pool_size=2))
    with cluster.superuser(OURS) as connection:
        door_city.make(connection, students)
    db.engine().dispose()
    db.bind(None)
    embedded.ensure_database(cluster, BARE)
    with cluster.superuser(BARE) as connection:
        connection.execute(_BARE)
        connection.execute(_FILL, {"rows": max(1, students // door_city.CASES_PART)})
        connection.execute("GRANT ALL ON bare_case TO PUBLIC")
        connection.execute("VACUUM ANALYZE")


def _seed(home: Path, students: int) -> None:
    cluster = embedded.start(home, durable=True)
    seed(cluster, students)
    cluster.stop()


@contextmanager
def ours(cluster: Cluster) -> Iterator[int]:
    """The service as `aid serve` starts it; the port it listens on."""
    told = {
        "AID_MODE": "test",
        "AID_OFFICE_DAY": door_city.OFFICE_DAY.isoformat(),
        "AID_DATABASE_URL": cluster.serving_url(OURS),
    }
    port = free_port()
    with _running(["app.cli", "serve", "--port", str(port)], told, port):
        yield port


@contextmanager
def bare(cluster: Cluster) -> Iterator[int]:
    """The floor; the port it listens on."""
    port = free_port()
    told = {"BARE_DATABASE_URL": cluster.serving_url(BARE)}
    with _running(["benchmarks.bare_app", str(port)], told, port):
        yield port


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        found: int = probe.getsockname()[1]
    return found


@contextmanager
def _running(module: Sequence[str], told: dict[str, str], port: int) -> Iterator[None]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AID_")}
    command = [sys.executable, "-m", *module]
    process = subprocess.Popen(command, cwd=ROOT, env={**kept, **told})
    try:
        _wait_for(port, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(_STEP_SECONDS)
    raise NotServing(f"nothing listens on {port}")


def token(port: int, username: str) -> str:
    """An access token, as anybody gets it."""
    form = {"grant_type": "password", "username": username, "password": door_city.PASSWORD}
    connection = http.client.HTTPConnection(HOST, port, timeout=START_SECONDS)
    connection.request(
        "POST", f"{API}/token", urllib.parse.urlencode(form),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise NotServing(f"{username} cannot log in: {said.decode()}")
    return str(orjson.loads(said)["access_token"])


@contextmanager
def asker() -> Iterator[ProcessPoolExecutor]:
    """A process that asks."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool
