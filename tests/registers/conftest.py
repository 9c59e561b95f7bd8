"""One call that uploads a list, and counts of what is stored."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import event
from sqlmodel import Session

from app.core import db
from tests.factories.office import City

Send = Callable[..., Response]


@pytest.fixture
def send(client: TestClient, city: City) -> Send:
    """Uploads bytes as a person: `send(data, "a.csv", who, **form)`."""

    def upload(
        data: bytes, name: str = "低保.csv", who: str = "city_officer", **form: Any
    ) -> Response:
        said = {
            "kind": "minimum_living",
            "issued_by": "济宁市民政局",
            "as_of": "2008-06-30",
            "basis": "duty",
            "basis_said": "教财〔2018〕16号",
        }
        return client.post(
            "/api/v1/registers",
            data=said | form,
            files={"file": (name, data)},
            headers=city.bearer(who) | {"Accept-Language": "en"},
        )

    return upload


@pytest.fixture
def get(client: TestClient, city: City) -> Callable[..., Any]:
    """The JSON of an answer: `get("/registers", who, **query)`."""

    def ask(path: str, who: str = "city_officer", **query: Any) -> Any:
        reply = client.get(f"/api/v1{path}", params=query, headers=city.bearer(who))
        assert reply.status_code == 200, reply.text
        return reply.json()

    return ask


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """Every statement that goes to the database meanwhile, `COPY` apart."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    del session
    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)
