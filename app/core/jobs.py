"""Background work: put into the caller's transaction, run by a worker in the actor's scope.

A task is a function `(session, actor, **arguments)` registered under a name; arguments are ids
and small values only. The queue is procrastinate's, in the schema `jobs`.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.types import JSONValue
from sqlalchemy.engine import make_url
from sqlmodel import Session

from app.core import clock, settings
from app.core.actor import SYSTEM, Actor, ActorKind, Scope
from app.core.db import raw, scoped_session

Task = Callable[..., None]

log = structlog.get_logger()
_tasks: dict[str, Task] = {}
_periodic: dict[str, str] = {}
_queue = App(connector=SyncPsycopgConnector())
RETRIES = 3
RETRY_SECONDS = 2
STOP_SECONDS = 20


def task(name: str, *, every: str | None = None) -> Callable[[Task], Task]:
    """Registers a function as a task; `every` is a cron line for work nobody asks for."""

    def register(function: Task) -> Task:
        _tasks[name] = function
        if every is not None:
            _periodic[name] = every
        return function

    return register


def defer(session: Session, name: str, *, by: Actor, **arguments: JSONValue) -> int:
    """Puts a task into this transaction: it exists if and only if the transaction commits."""
    if name not in _tasks:
        raise KeyError(f"no task is called {name}")
    job = _queue.configure_task(name, connection=raw(session), allow_unknown=True)
    # A day that is set is set in this process alone: the work is done on the day it is asked on.
    day = clock.office_day().isoformat() if clock.office_day_is_set() else None
    return job.defer(actor=_pack(by), day=day, **arguments)


@contextmanager
def failure_told(session: Session, by: Actor, tell: Callable[[Session], None]) -> Iterator[None]:
    """Undoes a job's work when it fails, and has the failure told in a transaction of its own."""
    finished = False
    try:
        yield
        finished = True
    finally:
        if not finished:
            # What tells may need a row that is locked by what is being undone.
            session.rollback()
            with scoped_session(by) as afterwards:
                tell(afterwards)


class Worker:
    """Runs jobs until stopped, in the event loop of a process of its own."""

    def __init__(self, url: str, *, concurrency: int = 1) -> None:
        self._conninfo = (
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        self._concurrency = concurrency
        self._running: asyncio.Task[None] | None = None
        self._stopping = False

    def _queue(self) -> App:
        """The queue with every task; a new one for each try, for a closed one cannot be opened."""
        connector = PsycopgConnector(
            conninfo=self._conninfo,
            kwargs={"options": "-c search_path=jobs"},
            min_size=1,
            max_size=self._concurrency + 2,
        )
        queue = App(connector=connector)
        for name, function in _tasks.items():
            _register(queue, name, function)
        return queue

    async def run(self, opened: Callable[[], None] = lambda: None) -> None:
        """Works until stopped; calls `opened` once the queue is open.

        A database that goes away is waited for, and the work goes on when it is back.
        """
        self._running = asyncio.current_task()
        with suppress(asyncio.CancelledError):
            while not self._stopping:
                queue = self._queue()
                # Without its database the queue raises, or ends as if it had been asked to.
                with suppress(ConnectorException, psycopg.Error):
                    async with queue.open_async():
                        opened()
                        await queue.run_worker_async(
                            concurrency=self._concurrency,
                            install_signal_handlers=False,
                            shutdown_graceful_timeout=STOP_SECONDS,
                            fetch_job_polling_interval=2,
                            delete_jobs="successful",
                        )
                if not self._stopping:
                    log.warning("the worker lost its database")
                    await asyncio.sleep(RETRY_SECONDS)

    def stop(self) -> None:
        """Asks the worker, from within its loop, to finish what it holds and end."""
        if self._running is not None and not self._stopping:
            self._running.cancel()
        self._stopping = True


def _register(queue: App, name: str, function: Task) -> None:
    def run(
        *_: object, actor: dict[str, Any] | None = None, day: str | None = None, **given: Any
    ) -> None:
        given.pop("timestamp", None)  # a periodic job's only argument
        who = _unpack(actor) if actor else SYSTEM
        if day is not None and settings.get().day_can_be_set:
            clock.set_office_day(date.fromisoformat(day))
        with scoped_session(who) as session:
            function(session, who, **given)

    made = queue.task(name=name, retry=RetryStrategy(max_attempts=RETRIES, wait=2))(run)
    if name in _periodic:
        queue.periodic(cron=_periodic[name])(made)


def _pack(actor: Actor) -> dict[str, JSONValue]:
    packed: dict[str, JSONValue] = {}
    for name, value in asdict(actor).items():
        if isinstance(value, UUID):
            packed[name] = str(value)
        elif isinstance(value, frozenset):
            packed[name] = sorted(value)
        else:
            packed[name] = value
    return packed


def _unpack(packed: Mapping[str, Any]) -> Actor:
    def uuid(name: str) -> UUID | None:
        return UUID(packed[name]) if packed[name] else None

    return Actor(
        id=UUID(packed["id"]),
        kind=ActorKind(packed["kind"]),
        name=packed["name"],
        scope=Scope(packed["scope"]),
        organisation_id=uuid("organisation_id"),
        school_id=uuid("school_id"),
        county_id=uuid("county_id"),
        roles=frozenset(packed["roles"]),
        grade=packed["grade"],
        class_name=packed["class_name"],
    )
