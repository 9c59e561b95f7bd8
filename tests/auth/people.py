"""Log-ins over HTTP, for tests of the door."""

from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from tests.factories.office import City

API = "/api/v1"
PASSWORD = "Correct-Horse-9"


def ask_token(client: TestClient, **form: str) -> Response:
    return client.post(f"{API}/token", data=form)


def log_in(client: TestClient, username: str, password: str = PASSWORD) -> Response:
    return ask_token(client, grant_type="password", username=username, password=password)


def refresh(client: TestClient, token: str) -> Response:
    return ask_token(client, grant_type="refresh_token", refresh_token=token)


def let_in(client: TestClient, city: City, username: str, **changes: Any) -> dict[str, Any]:
    """A person made over HTTP, by default a city officer with PASSWORD."""
    asked = {
        "username": username,
        "name": "李娜",
        "password": PASSWORD,
        "organisation_id": str(city.centre),
        "roles": ["city_officer"],
        **changes,
    }
    answer = client.post(f"{API}/staff", json=asked, headers=city.bearer("administrator"))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def bearer(answer: Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
