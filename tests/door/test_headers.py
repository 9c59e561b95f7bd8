"""Every reply says which request it answers and, where it is not today, which day it is."""

from datetime import date

from fastapi.testclient import TestClient

from app.core import clock
from tests.factories.office import City


def test_a_day_that_is_not_today_stands_on_refusals_too(city: City, client: TestClient) -> None:
    clock.set_office_day(date(2008, 4, 30))
    for reply in (client.get("/api/v1/me"), client.get("/api/v1/nowhere"), client.get("/healthz")):
        assert reply.headers["Aid-Office-Day"] == "2008-04-30"
        assert len(reply.headers["Aid-Request-Id"]) == 32
    clock.set_office_day(None)
    assert "Aid-Office-Day" not in client.get("/api/v1/me").headers


def test_the_link_to_the_next_page_is_ascii_whatever_was_asked(
    city: City, client: TestClient
) -> None:
    reply = client.get(
        "/api/v1/schools", params={"name": "任城区", "limit": 1}, headers=city.bearer("auditor")
    )
    assert reply.headers["Link"].isascii()
    link = reply.headers["Link"].split(";")[0].strip("<>")
    following = client.get(link, headers=city.bearer("auditor"))
    assert following.status_code == 200
    assert following.json()["items"] != reply.json()["items"]
