"""One call that hands a roll in, one that reads an answer, and lines of a roll."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from tests.factories.office import City

Send = Callable[..., Response]
Get = Callable[..., Any]


@pytest.fixture
def send(client: TestClient, city: City) -> Send:
    """Uploads bytes as a person: `send(data, "a.csv", who, **form)`."""

    def upload(
        data: bytes, name: str = "花名册.csv", who: str = "city_officer", **form: Any
    ) -> Response:
        said = {"school_year": "2007-2008", "entered_on": "2007-09-01", "on_error": "accept_good"}
        return client.post(
            "/api/v1/rolls",
            data=said | form,
            files={"file": (name, data)},
            headers=city.bearer(who) | {"Accept-Language": "en"},
        )

    return upload


@pytest.fixture
def get(client: TestClient, city: City) -> Get:
    """The JSON of an answer: `get("/rolls", who, **query)`."""

    def ask(path: str, who: str = "city_officer", **query: Any) -> Any:
        reply = client.get(f"/api/v1{path}", params=query, headers=city.bearer(who))
        assert reply.status_code == 200, reply.text
        return reply.json()

    return ask
