"""The budget over HTTP: documents come in, lines and books are read within the scope."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.awards import service as awards
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.policy.service import load_catalogue
from tests.factories.cases import BOARDERS, SPRING, as_cases, make_cases
from tests.factories.money import line_code
from tests.factories.office import City

API = "/api/v1"


@pytest.fixture(autouse=True)
def _in_march_2008() -> Iterator[None]:
    clock.set_office_day(date(2008, 3, 3))
    yield
    clock.set_office_day(None)


def body(number: str, amount: Any, holder: str = "370811", **other: Any) -> dict[str, Any]:
    line = {
        "fiscal_year": 2008, "programme": BOARDERS, "source": "county", "holder_code": holder,
        "amount": amount,
    }  # fmt: skip
    return {
        "document_number": number, "dated_on": "2008-03-01", "kind": "this", "lines": [line],
    } | other  # fmt: skip


@pytest.fixture(scope="module")
def recorded(client: TestClient, city: City) -> dict[str, Any]:
    """1000.00 for Rencheng and 300.00 for Weishan, and two awards of 250.00 in Rencheng."""
    clock.set_office_day(date(2008, 3, 3))
    with scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
    maker = city.bearer("finance_maker")
    first = client.post(f"{API}/appropriations", json=body("1号", "1000.00"), headers=maker)
    assert first.status_code == 201, first.text
    second = body("2号", "300.00", "370826")
    assert client.post(f"{API}/appropriations", json=second, headers=maker).status_code == 201
    with scoped_session(SYSTEM) as session:
        made = make_cases(session, city.schools["2137000006"], 2)
        awards.promise(
            session, as_cases(made), programme=BOARDERS, period=SPRING, batch=ids.new(), by=SYSTEM
        )
    return dict(first.json())


def get(client: TestClient, city: City, path: str, who: str, **query: Any) -> Any:
    answer = client.get(f"{API}{path}", headers=city.bearer(who), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_fund_lines_show_their_balances_within_the_scope(
    client: TestClient, city: City, recorded: dict[str, Any]
) -> None:
    (own,) = get(client, city, "/fund-lines", "county_officer@370811")["items"]
    assert {key: own[key] for key in ("code", "treasury", "available", "committed", "paid")} == {
        "code": line_code(), "treasury": "-1000.00", "available": "500.00",
        "committed": "500.00", "paid": "0.00",
    }  # fmt: skip
    every = get(client, city, "/fund-lines", "auditor")["items"]
    assert {each["holder_code"] for each in every} == {"370811", "370826"}
    only = get(client, city, "/fund-lines", "auditor", holder="370826", year=2008)["items"]
    assert [each["available"] for each in only] == ["300.00"]
    assert get(client, city, "/fund-lines", "auditor", year=2009)["items"] == []
    hidden = get(client, city, "/fund-lines", "county_officer@370811", holder="370826")
    assert hidden["items"] == []


def test_appropriations_are_listed_within_the_scope(
    client: TestClient, city: City, recorded: dict[str, Any]
) -> None:
    own = get(client, city, "/appropriations", "finance_checker@370811")["items"]
    assert [(each["document_number"], each["amount"]) for each in own] == [("1号", "1000.00")]
    assert own[0]["id"] == recorded["appropriations"][0]
    both = get(client, city, "/appropriations", "finance_checker", limit=1)
    assert both["next"] is not None
    rest = get(client, city, "/appropriations", "finance_checker", cursor=both["next"])
    assert [each["document_number"] for each in rest["items"]] == ["2号"]


def test_the_trial_balance_is_zero_for_the_city_and_for_a_county(
    client: TestClient, city: City, recorded: dict[str, Any]
) -> None:
    whole = get(client, city, "/trial-balance", "auditor")
    assert (whole["balanced"], whole["difference"]) == (True, "0.00")
    assert {row["kind"]: row["balance"] for row in whole["rows"]}["treasury"] == "-1300.00"
    county = get(client, city, "/trial-balance", "county_officer@370826")
    assert county["balanced"]
    assert {row["kind"]: row["balance"] for row in county["rows"]}["treasury"] == "-300.00"


def test_transfers_are_paged_by_id_and_filtered(
    client: TestClient, city: City, recorded: dict[str, Any]
) -> None:
    first = get(client, city, "/ledger/transfers", "auditor", fund_line=line_code(), limit=1)
    assert [(each["kind"], each["amount"]) for each in first["items"]] == [
        ("appropriate", "1000.00")
    ]
    rest = get(
        client, city, "/ledger/transfers", "auditor", fund_line=line_code(), cursor=first["next"]
    )
    assert [each["kind"] for each in rest["items"]] == ["commit", "commit"]
    what = recorded["appropriations"][0]
    (mine,) = get(client, city, "/ledger/transfers", "auditor", refers_to=what)["items"]
    assert mine["batch"] == recorded["batch"]
    others = get(client, city, "/ledger/transfers", "county_officer@370826", refers_to=what)
    assert others["items"] == []


@pytest.mark.parametrize(
    "amount", [1000, "1000", "1000.000", "0.00", "-1.00", True, None, "1e3", "１０.００"]
)
def test_an_amount_is_yuan_with_two_decimals_above_zero(
    client: TestClient, city: City, amount: Any
) -> None:
    refused = client.post(
        f"{API}/appropriations", json=body("9号", amount), headers=city.bearer("finance_maker")
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["where"] == "/body/lines/0/amount"


def test_the_same_document_again_is_409_and_an_unknown_field_422(
    client: TestClient, city: City, recorded: dict[str, Any]
) -> None:
    maker = city.bearer("finance_maker")
    again = client.post(f"{API}/appropriations", json=body("1号", "1.00"), headers=maker)
    assert (again.status_code, again.json()["type"]) == (
        409, "/problems/budget.appropriation-recorded",
    )  # fmt: skip
    strange = client.post(f"{API}/appropriations", json=body("3号", "1.00", extra=1), headers=maker)
    assert strange.status_code == 422


def test_a_recall_of_committed_money_is_409_with_the_figures(
    client: TestClient, city: City, recorded: dict[str, Any]
) -> None:
    refused = client.post(
        f"{API}/appropriations",
        json=body("4号", "500.01", kind="recall"),
        headers=city.bearer("finance_maker@370811") | {"Accept-Language": "en"},
    )
    assert refused.status_code == 409
    (fault,) = refused.json()["errors"]
    assert (fault["available"], fault["asked"], fault["committed"]) == (
        "500.00", "500.01", "500.00",
    )  # fmt: skip


def test_an_officer_does_not_appropriate_and_a_school_does_not_read_the_budget(
    client: TestClient, city: City
) -> None:
    officer = city.bearer("county_officer@370811")
    refused = client.post(f"{API}/appropriations", json=body("5号", "1.00"), headers=officer)
    assert refused.status_code == 403
    clerk = city.bearer("school_clerk@2137000006")
    for path in ("/fund-lines", "/appropriations", "/trial-balance", "/ledger/transfers"):
        assert client.get(f"{API}{path}", headers=clerk).status_code == 403
        assert client.get(f"{API}{path}").status_code == 401
