"""What a request asks of the database: little, in its caller's scope, where a server answers."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from tests.factories.cases import make_cases
from tests.factories.office import City

SCHOOL = "2137000006"
COUNTY, ELSEWHERE = "county_officer@370811", "county_officer@370826"


@pytest.fixture(scope="module")
def case(city: City) -> str:
    with db.scoped_session(SYSTEM) as session:
        return str(make_cases(session, city.schools[SCHOOL], 1)[0])


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Every statement sent while the test runs."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        del connection, cursor, more
        seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield seen
    event.remove(db.engine(), "before_cursor_execute", note)


def test_a_case_is_read_with_one_statement_and_the_scope_travels_with_the_first(
    client: TestClient, city: City, case: str, asked: list[str]
) -> None:
    bearer = city.bearer(COUNTY)
    client.get(f"/api/v1/applications/{case}", headers=bearer)  # reads the policy's version too
    asked.clear()
    reply = client.get(f"/api/v1/applications/{case}", headers=bearer)
    assert reply.status_code == 200
    begin, *selects = asked
    assert begin.startswith("BEGIN; SET LOCAL aid.school = ''; SET LOCAL aid.county = '")
    assert len(selects) == 1


def test_one_county_after_another_on_the_same_connection_sees_its_own(
    client: TestClient, city: City, case: str
) -> None:
    path = f"/api/v1/applications/{case}"
    for _ in range(3):
        assert client.get(path, headers=city.bearer(COUNTY)).status_code == 200
        assert client.get(path, headers=city.bearer(ELSEWHERE)).status_code == 404


def test_a_scope_that_was_never_asked_under_is_gone_with_its_transaction(city: City) -> None:
    with Session(db.engine()) as session:
        with session.begin():
            db.enter(session, SYSTEM)
        with session.begin():
            assert session.connection().exec_driver_sql("SELECT code FROM school").all() == []


def test_connections_that_the_server_closed_are_not_used_again(
    client: TestClient, city: City, case: str, cluster: Cluster, database: str
) -> None:
    bearer = city.bearer(COUNTY)
    assert client.get(f"/api/v1/applications/{case}", headers=bearer).status_code == 200
    with cluster.superuser() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            [database],
        )
    assert client.get(f"/api/v1/applications/{case}", headers=bearer).status_code == 200
