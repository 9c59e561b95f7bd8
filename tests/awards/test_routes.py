"""Awards over HTTP, each caller within the own scope."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.awards import service as awards
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from tests.factories.cases import BOARDERS, SPRING, as_cases, make_cases
from tests.factories.money import appropriate, line_code
from tests.factories.office import City

DOOR = "/api/v1/awards"
RURAL, WEISHAN = "2137000006", "2137000011"


@pytest.fixture(scope="module")
def _awarded(city: City) -> None:
    """Two awards in class 1 and one in class 2 of one school, one in another county."""
    clock.set_office_day(date(2008, 3, 3))
    with scoped_session(SYSTEM) as session:
        appropriate(session, 1000_00)
        appropriate(session, 1000_00, "370826")
        made = [
            *make_cases(session, city.schools[RURAL], 2),
            *make_cases(session, city.schools[RURAL], 1, class_name="2"),
            *make_cases(session, city.schools[WEISHAN], 1),
        ]
        awards.promise(
            session, as_cases(made), programme=BOARDERS, period=SPRING, batch=ids.new(), by=SYSTEM
        )


def listed(client: TestClient, city: City, who: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(DOOR, headers=city.bearer(who), params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


@pytest.mark.parametrize(
    ("who", "count"),
    [
        ("city_officer", 4),
        ("county_officer@370811", 3),
        ("county_officer@370826", 1),
        (f"school_clerk@{RURAL}", 3),
        (f"class_teacher@{RURAL}", 2),
        (f"class_teacher@{WEISHAN}", 1),
        ("school_head@3137000008", 0),
    ],
)
@pytest.mark.usefixtures("_awarded")
def test_each_caller_sees_the_own_awards_and_no_others(
    client: TestClient, city: City, who: str, count: int
) -> None:
    assert len(listed(client, city, who)) == count
    assert len(listed(client, city, who, programme=BOARDERS, period=SPRING)) == count
    assert listed(client, city, who, period="2009-spring") == []
    assert listed(client, city, who, state="granted") == []


@pytest.mark.usefixtures("_awarded")
def test_an_award_shows_its_instalments_and_shares(client: TestClient, city: City) -> None:
    first = listed(client, city, "county_officer@370811")[0]
    shown = client.get(f"{DOOR}/{first['id']}", headers=city.bearer("county_officer@370811"))
    (instalment,) = shown.json()["instalments"]
    assert instalment["due_on"] == "2008-05-15"
    assert instalment["amount"] == "250.00"
    assert instalment["shares"] == [{"fund_line": line_code(), "amount": "250.00"}]
    school = client.get(f"{DOOR}/{first['id']}", headers=city.bearer(f"school_head@{RURAL}"))
    assert school.json()["instalments"][0]["shares"] == [{"fund_line": None, "amount": "250.00"}]


@pytest.mark.usefixtures("_awarded")
def test_anothers_award_is_not_there(client: TestClient, city: City) -> None:
    other = listed(client, city, "county_officer@370826")[0]
    for who in ("county_officer@370811", f"school_head@{RURAL}", f"class_teacher@{RURAL}"):
        got = client.get(f"{DOOR}/{other['id']}", headers=city.bearer(who))
        assert got.status_code == 404
        assert got.json()["type"] == "/problems/award.not-found"
