"""The summary counts what the caller can see, by state."""

from typing import Any

from fastapi.testclient import TestClient

from tests.factories.chain import PERIOD, Chain
from tests.factories.office import City


def summary(
    client: TestClient, city: City, who: str, *, period: str = PERIOD, **query: Any
) -> dict[str, Any]:
    query["period"] = period
    answer = client.get("/api/v1/reports/summary", headers=city.bearer(who), params=query)
    assert answer.status_code == 200, answer.text
    nouns = ("applications", "awards", "instalments", "payouts")
    return {
        noun: {each["state"]: (each["count"], each["amount"]) for each in answer.json()[noun]}
        for noun in nouns
    }


def test_the_city_sees_all_by_state(client: TestClient, city: City, chain: Chain) -> None:
    assert summary(client, city, "city_officer", programme="boarding-subsidy") == {
        "applications": {"confirmed": (3, "875.00")},
        "awards": {"granted": (3, "875.00")},
        "instalments": {
            "committed": (1, "250.00"),
            "in_run": (1, "375.00"),
            "paid": (1, "250.00"),
        },
        "payouts": {
            "failed": (1, "250.00"),
            "paid": (1, "250.00"),
            "unknown": (1, "375.00"),
        },
    }


def test_a_class_teacher_sees_the_own_class(client: TestClient, city: City, chain: Chain) -> None:
    seen = summary(client, city, "class_teacher@2137000006")
    assert seen["applications"] == {"confirmed": (1, "250.00")}
    assert seen["payouts"] == {"paid": (1, "250.00")}


def test_another_county_and_another_period_have_nothing(
    client: TestClient, city: City, chain: Chain
) -> None:
    nothing: dict[str, Any] = {"applications": {}, "awards": {}, "instalments": {}, "payouts": {}}
    assert summary(client, city, "county_officer@370826") == nothing
    assert summary(client, city, "city_officer", period="2007-autumn") == nothing
