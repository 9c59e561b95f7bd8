"""The name a bank has of an account: proposed by one person, confirmed by another."""

import zlib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.factories.office import City
from tests.registry.test_accounts import FAR, A, enter, make_student

API = "/api/v1"
CLERK, OFFICER = f"school_clerk@{A}", "county_officer@370811"


@pytest.fixture
def account(client: TestClient, city: City, request: pytest.FixtureRequest) -> str:
    """An account of a student of school A, another for each test."""
    seed = zlib.crc32(request.node.name.encode()) % 1_000_000
    student = make_student(client, city, A, seed)
    return str(enter(client, city, student, seed)["id"])


def propose(client: TestClient, city: City, account: str, name: str, who: str = CLERK) -> Any:
    body = {"names": [{"account_id": account, "name": name}], "reason": "银行系统无此字"}
    return client.post(f"{API}/accounts/bank-names", json=body, headers=city.bearer(who))


def confirm(client: TestClient, city: City, proposal: str, who: str = OFFICER) -> Any:
    path = f"{API}/accounts/bank-names/confirm"
    return client.post(path, json={"ids": [proposal]}, headers=city.bearer(who))


def name_of(client: TestClient, city: City, account: str) -> str | None:
    me = city.bearer(OFFICER)
    rows = client.get(f"{API}/accounts", params={"limit": 200}, headers=me).json()["items"]
    [found] = [row["name_as_at_bank"] for row in rows if row["id"] == account]
    return None if found is None else str(found)


def test_a_name_holds_once_a_second_person_has_confirmed_it(
    client: TestClient, city: City, account: str
) -> None:
    made = propose(client, city, account, "钱哆", who=OFFICER)
    assert made.status_code == 201, made.text
    [proposal] = made.json()
    assert (proposal["state"], proposal["because"]) == ("proposed", "银行系统无此字")
    assert name_of(client, city, account) is None
    own = confirm(client, city, proposal["id"])
    assert (own.status_code, own.json()["type"]) == (403, "/problems/bank_name.own")
    done = confirm(client, city, proposal["id"], who="finance_checker")
    assert done.json() == {"count": 1}
    assert name_of(client, city, account) == "钱哆"
    again = confirm(client, city, proposal["id"], who="finance_checker")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/bank_name.moved")


def test_a_name_proposed_anew_replaces_the_one_that_waits_and_not_the_one_that_holds(
    client: TestClient, city: City, account: str
) -> None:
    [first] = propose(client, city, account, "钱哆").json()
    confirm(client, city, first["id"])
    [second] = propose(client, city, account, "钱夛").json()
    [third] = propose(client, city, account, "钱多多").json()
    assert name_of(client, city, account) == "钱哆"
    late = confirm(client, city, second["id"])
    assert [fault["where"] for fault in late.json()["errors"]] == [second["id"]]
    assert confirm(client, city, third["id"]).status_code == 200
    assert name_of(client, city, account) == "钱多多"
    me = city.bearer(CLERK)
    listed = client.get(f"{API}/accounts/bank-names", headers=me, params={"limit": 200}).json()
    states = {row["id"]: row["state"] for row in listed["items"]}
    assert [states[each["id"]] for each in (first, second, third)] == [
        "confirmed", "replaced", "confirmed",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", " ", "钱 多", "钱多\n", "钱" * 81])
def test_a_name_that_is_none_is_refused(
    client: TestClient, city: City, account: str, name: str
) -> None:
    assert propose(client, city, account, name).status_code == 422


def test_elsewhere_neither_the_account_nor_the_proposal_is_there(
    client: TestClient, city: City, account: str
) -> None:
    assert propose(client, city, account, "钱哆", who=f"school_clerk@{FAR}").status_code == 404
    [proposal] = propose(client, city, account, "钱哆").json()
    assert confirm(client, city, proposal["id"], who="county_officer@370826").status_code == 404
    assert name_of(client, city, account) is None


def test_an_account_that_was_replaced_takes_no_name(
    client: TestClient, city: City, account: str
) -> None:
    student = [
        row["student_id"]
        for row in client.get(
            f"{API}/accounts", params={"limit": 200}, headers=city.bearer(OFFICER)
        ).json()["items"]
        if row["id"] == account
    ]
    enter(client, city, student[0], 77)
    refused = propose(client, city, account, "钱哆")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/account.moved")
