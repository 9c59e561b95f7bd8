"""A job exists if and only if the transaction that asked for it commits."""

import time

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.audit import service as audit
from app.core import db, ids, jobs
from app.core.actor import SYSTEM, Actor, ActorKind, Scope
from app.core.embedded import Cluster


@jobs.task("tests.note")
def note(session: Session, actor: Actor, *, what: str) -> None:
    audit.note(session, by=actor, did=what)


def waiting(session: Session) -> int:
    found = session.execute(
        text("SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'tests.note'")
    )
    return int(found.scalar_one())


def test_a_job_is_rolled_back_with_its_transaction(database: str) -> None:
    with Session(db.engine()) as session:
        db.enter(session, SYSTEM)
        jobs.defer(session, "tests.note", by=SYSTEM, what="never")
        assert waiting(session) == 1
        session.rollback()
    with db.scoped_session(SYSTEM) as session:
        assert waiting(session) == 0


def test_a_worker_does_the_job_as_the_actor_who_asked(database: str, cluster: Cluster) -> None:
    asked = Actor(
        id=ids.new(), kind=ActorKind.PERSON, name="文书", scope=Scope.CITY, roles=frozenset({"x"})
    )
    with db.scoped_session(asked) as session:
        jobs.defer(session, "tests.note", by=asked, what="tests.done")
    worker = jobs.Worker(cluster.serving_url(database))
    worker.start()
    question = text("SELECT actor_id FROM audit_event WHERE did = 'tests.done'")
    found = None
    for _ in range(100):
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(question).scalar_one_or_none()
        if found is not None:
            break
        time.sleep(0.1)
    worker.stop()
    assert found == asked.id


def test_an_unknown_task_is_refused_at_once(session: Session) -> None:
    with pytest.raises(KeyError, match="no task"):
        jobs.defer(session, "tests.missing", by=SYSTEM)
