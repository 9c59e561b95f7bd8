"""Background work: put into the caller's transaction, run by a worker in the actor's scope.

A task is a function `(session, actor, **arguments)` registered under a name; arguments are ids
and small values only. The queue is procrastinate's, in the schema `jobs`.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import structlog
from procrastinate import (
    App,
    BaseRetryStrategy,
    JobContext,
    PsycopgConnector,
    RetryDecision,
    SyncPsycopgConnector,
)
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.types import JSONValue
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from app.core import clock, problems, settings
from app.core.actor import SYSTEM, Actor, ActorKind, Scope
from app.core.db import raw, scoped_session

Work = Callable[..., None]

log = structlog.get_logger()
_queue = App(connector=SyncPsycopgConnector())
RETRIES = 3
RETRY_SECONDS = 2
STOP_SECONDS = 20
STALLED_SECONDS = 30
"""A worker of which nothing was heard for so long has died; it says that it lives every ten."""


@dataclass(frozen=True)
class _Task:
    """What is done, what is told when it is given up, and the cron line of what nobody asks for."""

    work: Work
    failed: Work | None
    every: str | None

    def is_over(self, error: Exception, attempts: int) -> bool:
        """Whether it is given up after so many tries before this one.

        Where somebody is told, a fault of the service's own is not tried again.
        """
        return attempts >= RETRIES or (self.failed is not None and not problems.passes(error))


_tasks: dict[str, _Task] = {}


class StillAtWork(Exception):
    """Another worker that was taken for dead has the job in hand."""


def task(
    name: str, *, every: str | None = None, failed: Work | None = None
) -> Callable[[Work], Work]:
    """Registers a function as a task; `every` is a cron line for work nobody asks for.

    `failed` is called as the task is, in a transaction of its own, once the work is given up: at
    once when the service fails, after RETRIES more tries when the database was away or busy, or
    when the workers that had it died.
    """

    def register(function: Work) -> Work:
        _tasks[name] = _Task(function, failed, every)
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


class Worker:
    """Runs jobs until stopped, in the event loop of a process of its own."""

    def __init__(
        self, url: str, *, concurrency: int = 1, stalled_seconds: int = STALLED_SECONDS
    ) -> None:
        self._conninfo = (
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        self._concurrency = concurrency
        self._stalled_seconds = stalled_seconds
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
        for name, found in _tasks.items():
            _register(queue, name, found, _Retry(found, self._stalled_seconds))
        return queue

    async def run(self, opened: Callable[[], None] = lambda: None) -> None:
        """Works until stopped; calls `opened` once the queue is open.

        A database that goes away is waited for, and the work goes on when it is back. What a worker
        that died had in hand is taken up again.
        """
        self._running = asyncio.current_task()
        with suppress(asyncio.CancelledError):
            while not self._stopping:
                queue = self._queue()
                # Without its database the queue raises, or ends as if it had been asked to.
                with suppress(ConnectorException, psycopg.Error):
                    async with queue.open_async():
                        opened()
                        await self._work(queue)
                if not self._stopping:
                    log.warning("the worker lost its database")
                    await asyncio.sleep(RETRY_SECONDS)

    async def _work(self, queue: App) -> None:
        taking_up = asyncio.create_task(self._take_up(queue))
        try:
            await queue.run_worker_async(
                concurrency=self._concurrency,
                install_signal_handlers=False,
                shutdown_graceful_timeout=STOP_SECONDS,
                fetch_job_polling_interval=2,
                stalled_worker_timeout=self._stalled_seconds,
                delete_jobs="successful",
            )
        finally:
            taking_up.cancel()

    async def _take_up(self, queue: App) -> None:
        """Puts back in the queue, again and again, what a worker that died had in hand."""
        manager = queue.job_manager
        with suppress(ConnectorException, psycopg.Error, DBAPIError):
            while True:
                for job in await manager.get_stalled_jobs(
                    seconds_since_heartbeat=self._stalled_seconds
                ):
                    log.warning("a worker died at its work", task=job.task_name, job=job.id)
                    if job.attempts < RETRIES:
                        await manager.retry_job(job)
                        continue
                    # It may be the work that kills them.
                    await manager.finish_job(job, Status.FAILED, delete_job=False)
                    await asyncio.to_thread(_give_up, job.task_name, job.task_kwargs)
                await asyncio.sleep(max(1, self._stalled_seconds // 3))

    def stop(self) -> None:
        """Asks the worker, from within its loop, to finish what it holds and end."""
        if self._running is not None and not self._stopping:
            self._running.cancel()
        self._stopping = True


class _Retry(BaseRetryStrategy):
    """When a job that failed is tried again: where it may go well, RETRIES times."""

    def __init__(self, of: _Task, stalled_seconds: int) -> None:
        self._of = of
        self._stalled_seconds = stalled_seconds

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """In a moment; later where somebody has it in hand; never where it was given up."""
        if isinstance(exception, StillAtWork):
            return RetryDecision(retry_in={"seconds": self._stalled_seconds})
        if isinstance(exception, Exception) and self._of.is_over(exception, job.attempts):
            return None
        return RetryDecision(retry_in={"seconds": RETRY_SECONDS})


def _register(queue: App, name: str, found: _Task, retry: _Retry) -> None:
    def run(context: JobContext, /, *_: object, **given: Any) -> None:
        who, arguments = _asked(given)
        try:
            with scoped_session(who) as session:
                _hold(session, context.job.id)
                found.work(session, who, **arguments)
        except Exception as error:
            if not isinstance(error, StillAtWork) and found.is_over(error, context.job.attempts):
                _give_up(name, given)
            raise

    made = queue.task(name=name, retry=retry, pass_context=True)(run)
    if found.every is not None:
        queue.periodic(cron=found.every)(made)


def _asked(given: Mapping[str, Any]) -> tuple[Actor, dict[str, Any]]:
    """Who asked, and the task's own arguments; the day is set where one came along."""
    actor, day = given.get("actor"), given.get("day")
    if day is not None and settings.get().day_can_be_set:
        clock.set_office_day(date.fromisoformat(day))
    # A periodic job brings the time, as its only argument.
    own = {name: given[name] for name in given if name not in {"actor", "day", "timestamp"}}
    return _unpack(actor) if actor else SYSTEM, own


def _hold(session: Session, job: int | None) -> None:
    """Holds the job to the end of the transaction. Raises StillAtWork."""
    held = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:job, 0))")
    if not session.execute(held, {"job": f"job {job}"}).scalar_one():
        raise StillAtWork


def _give_up(name: str, given: Mapping[str, Any]) -> None:
    failed = _tasks[name].failed
    if failed is None:
        return
    who, arguments = _asked(given)
    with scoped_session(who) as session:
        failed(session, who, **arguments)


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
