"""A refusal leaves one line in the audit trail; a database that is away is said to be away."""

import socket
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import clock, db
from app.core.actor import SYSTEM, Actor
from app.core.db import DbSession
from app.core.web import AidRoute
from app.main import create_app
from tests.factories.office import City

SCHOOL = "2137000006"
CLERK = f"school_clerk@{SCHOOL}"
RESIDENT_ID = "370811199909090016"
COUNTER = text("INSERT INTO counter (name, next) VALUES ('late', 1)")
ONCE = text("CREATE TEMP TABLE once (a int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")


def refusals(owner: Engine) -> list[Any]:
    question = text("SELECT * FROM audit_event WHERE refused ORDER BY at")
    with Session(owner) as session:
        db.enter(session, SYSTEM)
        return list(session.execute(question).all())


@pytest.fixture
def noted(owner: Engine):
    """The refusals that came since the test began."""
    before = {row.id for row in refusals(owner)}
    return lambda: [row for row in refusals(owner) if row.id not in before]


NOBODY = UUID(int=7)  # the same for every process that collects these tests


@pytest.mark.parametrize(
    ("who", "path", "body", "code"),
    [
        (CLERK, "/decisions", {}, "not-allowed"),
        (CLERK, "/students", {"name": RESIDENT_ID}, "request.fields-wrong"),
        (
            CLERK,
            f"/applications/{NOBODY}/submissions",
            {"student": {"name": "赵芳"}, "enrolment": {"grade": 1}},
            None,
        ),
        ("finance_maker", f"/runs/{NOBODY}/cancel", {"because": "取消"}, None),
    ],
)
def test_a_refused_act_leaves_exactly_one_event(  # noqa: PLR0917 fixtures and a table
    client, city, noted, who, path, body, code
) -> None:
    reply = client.post(f"/api/v1{path}", json=body, headers=city.bearer(who))
    assert reply.status_code >= 400
    [event] = noted()
    assert event.refused
    assert f"/problems/{event.because}" == reply.json()["type"]
    if code is not None:
        assert event.because.endswith(code)
    assert event.actor_id == city.staff[who].id
    assert event.request_id == reply.headers["Aid-Request-Id"]
    assert event.detail["path"].startswith("/api/v1/")


def test_a_refused_reading_leaves_none(client, city, noted) -> None:
    reply = client.get(f"/api/v1/students/{uuid4()}", headers=city.bearer(CLERK))
    assert reply.status_code == 404
    assert noted() == []


def test_an_identity_number_never_reaches_the_trail(client, city, noted) -> None:
    asked = {"fields": ["resident_id"], "reason": RESIDENT_ID}
    head = city.bearer(f"school_head@{SCHOOL}")
    reply = client.post(f"/api/v1/students/{RESIDENT_ID}/reveal", json=asked, headers=head)
    assert reply.status_code == 422
    body = {"name": "赵芳", "resident_id": RESIDENT_ID, "grade": "one", "school_year": "2007-2008"}
    client.post("/api/v1/students", json=body, headers=city.bearer(CLERK))
    seen = noted()
    assert len(seen) == 2
    assert RESIDENT_ID not in str(seen)


def test_the_path_of_a_refusal_keeps_the_record_it_was_about(client, city, noted) -> None:
    run = uuid4()
    client.post(f"/api/v1/runs/{run}/release", headers=city.bearer("finance_checker"))
    [event] = noted()
    assert event.detail["path"] == f"/api/v1/runs/{run}/release"


@pytest.fixture
def late(database: str) -> Iterator[TestClient]:
    """The service with a route whose trouble only comes with the commit."""
    router = APIRouter(route_class=AidRoute)

    @router.post("/api/v1/late", status_code=201)
    def late(session: DbSession, by: Annotated[Actor, may(Act.SELF)]) -> dict[str, str]:
        session.execute(ONCE)
        session.execute(text("INSERT INTO once VALUES (1), (1)"))
        session.execute(COUNTER)
        return {"status": "done"}

    app = create_app(serve_from_bound_engine=True)
    app.include_router(router)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_a_commit_that_fails_is_no_success(late, city, counts, noted) -> None:
    before = counts()
    key = {"Idempotency-Key": uuid4().hex}
    reply = late.post("/api/v1/late", headers=city.bearer("city_officer") | key)
    assert reply.status_code == 409
    assert reply.json()["type"] == "/problems/already-there"
    assert counts() == before
    assert len(noted()) == 1


@pytest.fixture
def away(database: str, city: City) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """The service with nothing behind its database's port."""
    bearer, served = city.bearer("city_officer"), db.engine()
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        dead = db.connect(f"postgresql://a:b@127.0.0.1:{held.getsockname()[1]}/c", pool_size=2)
        db.bind(dead)
        app: FastAPI = create_app(serve_from_bound_engine=True)
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client, bearer
    dead.dispose()
    db.bind(served)


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/students", "/api/v1/me"])
def test_a_database_that_is_away_is_said_to_be_away(away, path) -> None:
    client, bearer = away
    reply = client.get(path, headers=bearer | {"Accept-Language": "en"})
    assert reply.status_code == 503, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["Retry-After"].isdigit()
    assert reply.json()["type"] == "/problems/database-away"
    assert "try again" in reply.json()["detail"]


def test_a_write_while_the_database_is_away_is_refused(away) -> None:
    client, bearer = away
    reply = client.post("/api/v1/rounds", json={}, headers=bearer)
    assert reply.status_code == 503


def test_without_a_database_at_all_the_answer_is_the_same(away) -> None:
    client, _ = away
    db.bind(None)
    assert client.get("/healthz").json()["type"] == "/problems/database-away"


def test_health_says_the_office_day(client) -> None:
    reply = client.get("/healthz")
    assert reply.json() == {"status": "ok", "office_day": clock.office_day().isoformat()}


def test_a_fault_of_the_service_is_a_problem_too(database: str) -> None:
    app = create_app(serve_from_bound_engine=True)

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError

    with TestClient(app, raise_server_exceptions=False) as client:
        reply = client.get("/broken", headers={"Accept-Language": "en"})
    assert reply.status_code == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["type"] == "/problems/service-failed"
    assert "ZeroDivision" not in reply.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nowhere", 404, "path-unknown"),
        ("DELETE", "/api/v1/rounds", 405, "method-not-allowed"),
    ],
)
def test_an_address_that_is_not_there(client, method, path, status, code) -> None:
    reply = client.request(method, path)
    assert reply.status_code == status
    assert reply.json()["type"] == f"/problems/{code}"
    assert ("Allow" in reply.headers) is (status == 405)
