"""The worker beside the service: there as long as the service, and no longer."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from sqlalchemy import text

from app import work
from app.core import clock, db, jobs
from app.core.actor import SYSTEM
from app.core.apart import YIELDS, Apart
from app.core.embedded import Cluster

SECONDS = 60


@pytest.fixture
def apart(database: str, cluster: Cluster) -> Iterator[Apart]:
    made = Apart(work.__name__, cluster.serving_url(database))
    made.start()
    yield made
    made.stop()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def waiting() -> int:
    with db.scoped_session(SYSTEM) as session:
        question = text("SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = :name")
        return int(session.execute(question, {"name": "auth.forget"}).scalar_one())


def ask() -> None:
    with db.scoped_session(SYSTEM) as session:
        jobs.defer(session, "auth.forget", by=SYSTEM)
    assert waiting() == 1


def test_it_works_stands_back_and_is_started_again_when_it_was_killed(apart: Apart) -> None:
    ask()
    wait_until(lambda: waiting() == 0)
    first = apart.pid
    assert os.getpriority(os.PRIO_PROCESS, first) - os.getpriority(os.PRIO_PROCESS, 0) == YIELDS
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: apart.pid != first)
    ask()
    wait_until(lambda: waiting() == 0)


def test_a_job_carries_the_day_that_is_set_where_it_was_asked_for(database: str) -> None:
    del database
    clock.set_office_day(date(2008, 4, 20))
    with db.scoped_session(SYSTEM) as session:
        key = jobs.defer(session, "auth.forget", by=SYSTEM)
        found = session.execute(
            text("SELECT args ->> 'day' FROM jobs.procrastinate_jobs WHERE id = :id"), {"id": key}
        ).scalar_one()
        session.rollback()
    assert found == "2008-04-20"
