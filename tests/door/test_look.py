"""Who may not do a thing is told so before anything of the body is read."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from app.main import create_app
from tests.factories.office import City

CLERK = "school_clerk@2137000006"
FORM = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "60000000"}
JSON = {"Content-Type": "application/json", "Content-Length": "1000"}


def asked(path: str, headers: Mapping[str, str]) -> tuple[int, int]:
    """The status of the answer to a POST, and how often its body was asked for."""
    reads: list[int] = []
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        reads.append(1)
        return {"type": "http.request", "body": b"--x--\r\n", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"/api/v1{path}",
        "raw_path": f"/api/v1{path}".encode(),
        "query_string": b"",
        "root_path": "",
        "server": ("aid", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(create_app(serve_from_bound_engine=True)(scope, receive, send))
    return said[0]["status"], len(reads)


@pytest.mark.parametrize(
    ("path", "headers"), [("/rolls", FORM), ("/imports", FORM), ("/applications", JSON)]
)
def test_nothing_is_read_of_who_is_not_logged_in(city: City, path: str, headers: Any) -> None:
    assert asked(path, headers) == (401, 0)
    assert asked(path, headers | {"Authorization": "Bearer not-a-token"}) == (401, 0)
    assert asked(path, headers | city.bearer("auditor")) == (403, 0)


def test_who_may_is_read(city: City) -> None:
    status, reads = asked("/rolls", FORM | {"Content-Length": "7"} | city.bearer("city_officer"))
    assert (status, reads) == (422, 1)  # the form was empty
