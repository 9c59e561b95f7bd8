"""Starts the service for the demo, fresh, and keeps it while the trail is walked."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from rich.console import Console
from rich.table import Table

from app.auth import service as auth
from app.core import db, embedded
from app.core.actor import SYSTEM
from app.core.settings import Settings
from app.demo import trail
from app.demo.city import COUNTIES, DemoSchool
from app.demo.offices import ADMIN, PASSWORD

START_SECONDS = 120
STEP_SECONDS = 0.2


class DemoCannotStart(Exception):
    """The demo cannot start; the text says why and what to do."""


def run(known: Settings, say: Console, *, pupils_each: int, once: bool) -> None:
    """Walks the trail on a fresh service and, unless `once`, keeps serving until interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # either way the database is stopped
    _port_is_free(known.host, known.port)
    _start_fresh(known)
    with _service(known) as base_url:
        with db.scoped_session(SYSTEM) as session:
            auth.create_first_administrator(
                session, username=ADMIN, name="系统管理员", password=PASSWORD
            )
        walk = trail.prepare(base_url, say, pupils_each=pupils_each)
        try:
            trail.show(walk.walk(), say)
        finally:
            walk.office.close()
        if once:
            return
        _show_people(base_url, walk.schools, say)
        _wait_for_interrupt()


def _port_is_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise DemoCannotStart(
                f"port {port} of {host} is taken; set AID_PORT to another one"
            ) from None


def _start_fresh(known: Settings) -> None:
    if known.database_url is not None:
        raise DemoCannotStart("the demo uses a database of its own; unset AID_DATABASE_URL")
    # Only the database of an earlier demo is dropped: its city is made up and made anew each time.
    mark = known.data_dir / "demo-city"
    known.data_dir.mkdir(parents=True, exist_ok=True)
    if any(known.data_dir.iterdir()) and not mark.exists():
        raise DemoCannotStart(f"{known.data_dir} holds other data; set AID_DATA_DIR to a new one")
    mark.touch()
    cluster = embedded.start(known.data_dir, postgres_bin=known.postgres_bin)
    embedded.drop_database(cluster, "aid")
    cluster.stop()


@contextmanager
def _service(known: Settings) -> Iterator[str]:
    config = uvicorn.Config("app.main:app", host=known.host, port=known.port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    base_url = f"http://{known.host}:{known.port}"
    try:
        _wait_until_ready(server, thread, base_url)
        yield base_url
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def _wait_until_ready(server: uvicorn.Server, thread: threading.Thread, base_url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise DemoCannotStart("the service did not start; its last words stand above")
        time.sleep(STEP_SECONDS)
    httpx.get(f"{base_url}/healthz").raise_for_status()


def _show_people(base_url: str, schools: list[DemoSchool], say: Console) -> None:
    school, county = schools[0], COUNTIES[0][0]
    people = (
        ("administrator", ADMIN),
        ("city officer", "city.officer"),
        ("county officer", f"officer.{county}"),
        ("school clerk", f"clerk.{school.code}"),
        ("school head", f"head.{school.code}"),
        ("class teacher", f"teacher.{school.code}"),
        ("finance maker", "finance.maker"),
        ("finance checker", "finance.checker"),
        ("auditor", "auditor"),
    )
    table = Table(title=f"serving on {base_url} · docs at {base_url}/docs")
    for heading in ("role", "user name", "password"):
        table.add_column(heading)
    for role, username in people:
        table.add_row(role, username, PASSWORD)
    say.print(table)


def _wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
