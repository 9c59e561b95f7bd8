"""A job exists if and only if the transaction that asked for it commits."""

import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.audit import service as audit
from app.core import db, ids, jobs
from app.core.actor import SYSTEM, Actor, ActorKind, Scope
from app.core.embedded import Cluster
from tests.factories.working import working


@jobs.task("tests.note")
def note(session: Session, actor: Actor, *, what: str) -> None:
    audit.note(session, by=actor, did=what)


@jobs.task("tests.tick", every="* * * * * *")
def tick(session: Session, actor: Actor) -> None:
    audit.note(session, by=actor, did="tests.ticked")


def waiting(session: Session) -> int:
    found = session.execute(
        text("SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'tests.note'")
    )
    return int(found.scalar_one())


def who_did(what: str) -> UUID | None:
    """Who has done it, as soon as somebody has; waits at most twenty seconds."""
    question = text("SELECT min(actor_id::text)::uuid FROM audit_event WHERE did = :what")
    found: UUID | None = None
    for _ in range(200):
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(question, {"what": what}).scalar_one()
        if found is not None:
            break
        time.sleep(0.1)
    return found


@pytest.fixture
def worker(database: str, cluster: Cluster) -> Iterator[jobs.Worker]:
    with working(cluster.serving_url(database)) as made:
        yield made


def test_a_job_is_rolled_back_with_its_transaction(database: str) -> None:
    with Session(db.engine()) as session:
        db.enter(session, SYSTEM)
        jobs.defer(session, "tests.note", by=SYSTEM, what="never")
        assert waiting(session) == 1
        session.rollback()
    with db.scoped_session(SYSTEM) as session:
        assert waiting(session) == 0


def ask(what: str) -> Actor:
    """Somebody who puts a job into a transaction of their own."""
    asked = Actor(
        id=ids.new(), kind=ActorKind.PERSON, name="文书", scope=Scope.CITY, roles=frozenset({"x"})
    )
    with db.scoped_session(asked) as session:
        jobs.defer(session, "tests.note", by=asked, what=what)
    return asked


def test_a_worker_does_the_job_as_the_actor_who_asked(worker: jobs.Worker) -> None:
    asked = ask("tests.done")
    assert who_did("tests.done") == asked.id


def test_work_that_nobody_asks_for_is_done_by_the_service_itself(worker: jobs.Worker) -> None:
    assert who_did("tests.ticked") == SYSTEM.id


def test_a_worker_goes_on_after_its_database_was_away(
    worker: jobs.Worker, database: str, cluster: Cluster
) -> None:
    with cluster.superuser() as connection:
        gone = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s",
            [database],
        ).fetchone()
    assert gone is not None
    assert gone[0] > 1
    asked = ask("tests.done.later")
    assert who_did("tests.done.later") == asked.id


def test_an_unknown_task_is_refused_at_once(session: Session) -> None:
    with pytest.raises(KeyError, match="no task"):
        jobs.defer(session, "tests.missing", by=SYSTEM)
