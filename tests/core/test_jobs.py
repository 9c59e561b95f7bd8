"""A job exists if and only if the transaction that asked for it commits."""

import time
from collections import Counter
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


tries: Counter[str] = Counter()


def told(session: Session, actor: Actor, *, what: str, state: str, often: int) -> None:
    """Notes that the work was given up."""
    del state, often
    audit.note(session, by=actor, did=f"{what}.given_up")


@jobs.task("tests.fail", failed=told)
def fail(session: Session, actor: Actor, *, what: str, state: str, often: int) -> None:
    """Fails as the database does with that SQLSTATE, so often; then it is done."""
    tries[what] += 1
    audit.note(session, by=actor, did=f"{what}.begun")
    if tries[what] <= often:
        session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"))
    audit.note(session, by=actor, did=f"{what}.done")


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


def ask(what: str, task: str = "tests.note", **more: str | int) -> Actor:
    """Somebody who puts a job into a transaction of their own."""
    asked = Actor(
        id=ids.new(), kind=ActorKind.PERSON, name="文书", scope=Scope.CITY, roles=frozenset({"x"})
    )
    with db.scoped_session(asked) as session:
        jobs.defer(session, task, by=asked, what=what, **more)
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


DEADLOCK, BROKEN = "40P01", "22012"


def done(what: str) -> list[str]:
    """What was noted of it, in order."""
    with db.scoped_session(SYSTEM) as session:
        found = session.execute(
            text("SELECT did FROM audit_event WHERE did LIKE :what ORDER BY id"),
            {"what": f"{what}.%"},
        )
        return [did.removeprefix(f"{what}.") for did in found.scalars()]


def test_what_met_a_deadlock_is_done_again_and_nobody_is_told(worker: jobs.Worker) -> None:
    asked = ask("tests.deadlock", "tests.fail", state=DEADLOCK, often=1)
    assert who_did("tests.deadlock.done") == asked.id
    assert done("tests.deadlock") == ["begun", "done"]  # what the first try wrote is gone


def test_a_fault_of_the_service_is_told_at_once_in_the_askers_name(worker: jobs.Worker) -> None:
    asked = ask("tests.broken", "tests.fail", state=BROKEN, often=9)
    assert who_did("tests.broken.given_up") == asked.id
    assert tries["tests.broken"] == 1


def left_by_a_dead_worker(cluster: Cluster, database: str, *, attempts: int) -> None:
    """Every job that waits is in the hands of a worker that is not there any more."""
    with cluster.superuser(database) as connection:
        connection.execute("SET search_path = jobs")
        connection.execute(
            "UPDATE jobs.procrastinate_jobs SET status = 'doing', worker_id = NULL, attempts = %s "
            "WHERE status = 'todo' AND task_name = 'tests.fail'",
            [attempts],
        )


def test_what_a_worker_that_died_had_in_hand_is_taken_up(database: str, cluster: Cluster) -> None:
    asked = ask("tests.orphan", "tests.fail", state=BROKEN, often=0)
    left_by_a_dead_worker(cluster, database, attempts=0)
    with working(cluster.serving_url(database), stalled_seconds=1):
        assert who_did("tests.orphan.done") == asked.id


def test_work_that_its_workers_died_of_again_and_again_is_given_up(
    database: str, cluster: Cluster
) -> None:
    asked = ask("tests.deadly", "tests.fail", state=BROKEN, often=0)
    left_by_a_dead_worker(cluster, database, attempts=jobs.RETRIES)
    with working(cluster.serving_url(database), stalled_seconds=1):
        assert who_did("tests.deadly.given_up") == asked.id
    assert tries["tests.deadly"] == 0


def test_a_job_that_a_worker_taken_for_dead_still_holds_is_not_done_twice(
    database: str, cluster: Cluster
) -> None:
    asked = ask("tests.held", "tests.fail", state=BROKEN, often=0)
    with cluster.superuser(database) as holder:
        job = holder.execute(
            "SELECT id FROM jobs.procrastinate_jobs WHERE args ->> 'what' = 'tests.held'"
        ).fetchone()
        assert job is not None
        holder.execute("BEGIN")
        held = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
        holder.execute(held, [f"job {job[0]}"])
        with working(cluster.serving_url(database), stalled_seconds=2):
            time.sleep(1)
            assert tries["tests.held"] == 0
            holder.execute("ROLLBACK")
            assert who_did("tests.held.done") == asked.id
    assert done("tests.held") == ["begun", "done"]
