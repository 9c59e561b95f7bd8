"""Accounts: entered by one person, confirmed by another, replaced and never edited."""

import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.core import db
from app.registry.errors import AccountsMoved
from app.registry.service_accounts import confirm_accounts
from tests.factories.office import City
from tests.registry.rows import card, resident_id

API = "/api/v1"
A, B, FAR = "2137000006", "3137000008", "2137000011"


@pytest.fixture
def student(client: TestClient, city: City, request: pytest.FixtureRequest) -> str:
    """A student of school A, another for each test."""
    return make_student(client, city, A, zlib.crc32(request.node.name.encode()) % 1_000_000)


def make_student(client: TestClient, city: City, code: str, seed: int) -> str:
    body = {
        "school_year": "2007-2008", "name": "钱多", "grade": 1, "resident_id": resident_id(seed),
    }  # fmt: skip
    made = client.post(f"{API}/students", json=body, headers=city.bearer(f"school_clerk@{code}"))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def enter(client: TestClient, city: City, student: str, seed: int, who: str = "") -> dict[str, Any]:
    body = {"kind": "card", "number": card(seed), "holder_name": "钱多"}
    me = city.bearer(who or f"school_clerk@{A}")
    answer = client.put(f"{API}/students/{student}/account", json=body, headers=me)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def confirm(client: TestClient, city: City, who: str, **body: Any) -> Any:
    return client.post(f"{API}/accounts/confirm", json=body, headers=city.bearer(who))


def states(client: TestClient, city: City, student: str) -> dict[str, str]:
    me = city.bearer(f"school_clerk@{A}")
    found = client.get(f"{API}/students/{student}/accounts", headers=me).json()
    return {one["id"]: one["state"] for one in found}


def test_an_account_waits_until_a_second_person_confirms_it(
    client: TestClient, city: City, student: str
) -> None:
    account = enter(client, city, student, 1)
    assert account["state"] == "unconfirmed"
    assert account["number"] == "****" + card(1)[-4:]
    own = confirm(client, city, f"school_clerk@{A}", ids=[account["id"]])
    assert (own.status_code, own.json()["type"]) == (403, "/problems/account.own")
    assert [one["where"] for one in own.json()["errors"]] == [account["id"]]
    done = confirm(client, city, f"school_head@{A}", ids=[account["id"]])
    assert done.json() == {"count": 1}
    assert states(client, city, student) == {account["id"]: "confirmed"}


def test_the_confirmed_account_stands_until_the_changed_one_is_confirmed(
    client: TestClient, city: City, student: str
) -> None:
    old = enter(client, city, student, 2)
    confirm(client, city, f"school_head@{A}", ids=[old["id"]])
    new = enter(client, city, student, 3)
    assert new["replaces_id"] == old["id"]
    assert states(client, city, student) == {old["id"]: "confirmed", new["id"]: "unconfirmed"}
    confirm(client, city, f"school_head@{A}", ids=[new["id"]])
    assert states(client, city, student) == {old["id"]: "replaced", new["id"]: "confirmed"}


def test_the_same_account_again_is_the_one_that_is_there(
    client: TestClient, city: City, student: str
) -> None:
    first = enter(client, city, student, 4)
    assert enter(client, city, student, 4)["id"] == first["id"]
    other = enter(client, city, student, 5)
    assert states(client, city, student) == {first["id"]: "replaced", other["id"]: "unconfirmed"}


def test_a_set_in_which_one_has_moved_is_refused_whole(
    client: TestClient, city: City, student: str
) -> None:
    first = enter(client, city, student, 6)
    second = enter(client, city, student, 7)
    refused = confirm(client, city, f"school_head@{A}", ids=[first["id"], second["id"]])
    assert refused.status_code == 409
    assert [(one["where"], one["state"]) for one in refused.json()["errors"]] == [
        (first["id"], "replaced")
    ]
    assert states(client, city, student)[second["id"]] == "unconfirmed"


def test_a_refused_account_gives_way_to_the_next(
    client: TestClient, city: City, student: str
) -> None:
    account = enter(client, city, student, 8)
    body = {"ids": [account["id"]], "reason": "户名不符"}
    me = city.bearer("county_officer@370811")
    assert client.post(f"{API}/accounts/refuse", json=body, headers=me).json() == {"count": 1}
    again = enter(client, city, student, 8)
    assert states(client, city, student) == {account["id"]: "refused", again["id"]: "unconfirmed"}


def test_all_that_wait_are_confirmed_only_as_many_as_were_seen(
    client: TestClient, city: City
) -> None:
    school = {"school_id": str(city.schools[B].id)}
    head, clerk = f"school_head@{B}", f"school_clerk@{B}"
    students = [make_student(client, city, B, 40_000_000 + seed) for seed in range(3)]
    accounts = [
        enter(client, city, one, 100 + seed, head if seed == 0 else clerk)["id"]
        for seed, one in enumerate(students)
    ]
    seen = client.post(
        f"{API}/accounts/confirm/preview", json={"filter": school}, headers=city.bearer(head)
    )
    assert seen.json() == {"count": 3, "own": 1}
    off = confirm(client, city, head, filter=school, expect={"count": 2})
    assert (off.status_code, off.json()["expected"], off.json()["found"]) == (409, 2, 3)
    own = confirm(client, city, head, filter=school, expect={"count": 3})
    assert [one["where"] for one in own.json()["errors"]] == accounts[:1]
    rest = confirm(client, city, head, filter=school, expect={"count": 3}, skip_own=True)
    assert rest.json() == {"count": 2}
    far = confirm(client, city, f"school_head@{FAR}", filter=school, expect={"count": 0})
    assert far.json() == {"count": 0}
    waiting = client.get(
        f"{API}/accounts", params={"state": "unconfirmed", "school": school["school_id"]},
        headers=city.bearer("city_officer"),
    )  # fmt: skip
    assert [one["id"] for one in waiting.json()["items"]] == accounts[:1]


def test_another_schools_account_cannot_be_told_from_none(
    client: TestClient, city: City, student: str
) -> None:
    account = enter(client, city, student, 9)
    refused = confirm(client, city, f"school_head@{FAR}", ids=[account["id"]])
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/account.not-found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filter": {}},
        {"ids": [], "skip_own": False},
        {"ids": ["x"]},
        {"filter": {}, "expect": {"count": True}},
        {"ids": ["01a20e97-2c75-76ab-9461-65988c4ed83b"], "skip_own": 1},
    ],
)
def test_a_confirmation_says_exactly_which_accounts(
    client: TestClient, city: City, body: dict[str, Any]
) -> None:
    assert confirm(client, city, f"school_head@{A}", **body).status_code == 422


def test_a_passbook_has_no_luhn_and_a_card_has(
    client: TestClient, city: City, student: str
) -> None:
    me = city.bearer(f"school_clerk@{A}")
    path = f"{API}/students/{student}/account"
    book = {"kind": "passbook", "number": "903730642279193", "holder_name": "钱父",
            "holder": "guardian", "relation": "父子", "reason": "学生无账户"}  # fmt: skip
    assert client.put(path, json=book, headers=me).status_code == 200
    wrong = client.put(path, json={**book, "kind": "card"}, headers=me)
    assert wrong.json()["errors"][0]["code"] == "card_luhn"


def test_of_many_who_confirm_one_account_at_once_one_does(
    client: TestClient, city: City, student: str
) -> None:
    account = UUID(enter(client, city, student, 10)["id"])
    by = city.actor("county_officer@370811")

    def try_it(_: int) -> str:
        try:
            with db.scoped_session(by) as session:
                confirm_accounts(session, [account], skip_own=False, by=by)
        except AccountsMoved as moved:
            return moved.code
        return "confirmed"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(try_it, range(8)))
    assert sorted(answers) == ["account.moved"] * 7 + ["confirmed"]
