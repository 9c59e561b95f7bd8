"""A vendor's system acts for the schools whose heads let it, for as long as they do."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.auth.people import API, ask_token, bearer
from tests.factories.office import City

A, B, OTHER_COUNTY = "2137000006", "3137000008", "2137000011"


@pytest.fixture
def vendor(client: TestClient, city: City) -> dict[str, Any]:
    answer = client.post(
        f"{API}/clients", json={"name": "校务通"}, headers=city.bearer("administrator")
    )
    made: dict[str, Any] = answer.json()
    assert answer.status_code == 201, answer.text
    return made


def enter(client: TestClient, vendor: dict[str, Any]) -> dict[str, str]:
    answer = ask_token(
        client,
        grant_type="client_credentials",
        client_id=vendor["client_id"],
        client_secret=vendor["client_secret"],
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["refresh_token"] is None
    return bearer(answer)


def grant(client: TestClient, city: City, vendor: dict[str, Any], code: str) -> dict[str, Any]:
    answer = client.post(
        f"{API}/client-grants",
        json={"client_id": vendor["client_id"]},
        headers=city.bearer(f"school_head@{code}"),
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_client_sees_the_school_it_names_and_was_granted(
    client: TestClient, city: City, vendor: dict[str, Any]
) -> None:
    grant(client, city, vendor, A)
    answer = client.get(f"{API}/me", headers={**enter(client, vendor), "Aid-School": A})
    said = answer.json()
    assert (said["kind"], said["roles"], said["scope"]) == ("client", ["school_system"], "school")
    assert said["school_id"] == str(city.schools[A].id)
    assert said["county_id"] == str(city.counties["370811"])


NOT_NAMED = (403, "/problems/auth.school-not-named")
TOO_LONG = (422, "/problems/request.fields-wrong")


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        (None, NOT_NAMED),
        ("", NOT_NAMED),
        ("213700000", NOT_NAMED),
        ("abcdefghij", NOT_NAMED),
        ("21370000060", TOO_LONG),
        ("２１３７００００６０", TOO_LONG),
    ],
)
def test_a_client_that_names_no_school_is_told_to(
    client: TestClient,
    city: City,
    vendor: dict[str, Any],
    named: str | None,
    problem: tuple[int, str],
) -> None:
    grant(client, city, vendor, A)
    headers: dict[str, Any] = enter(client, vendor)
    if named is not None:
        headers["Aid-School"] = named.encode()
    answer = client.get(f"{API}/me", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == problem


@pytest.mark.parametrize("named", [B, OTHER_COUNTY, "9999999999", "0000370811"])
def test_a_school_that_did_not_grant_and_one_that_is_not_there_are_answered_alike(
    client: TestClient, city: City, vendor: dict[str, Any], named: str
) -> None:
    grant(client, city, vendor, A)
    answer = client.get(f"{API}/me", headers={**enter(client, vendor), "Aid-School": named})
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/auth.school-not-granted"


def test_a_revoked_grant_ends_at_once_and_may_be_given_anew(
    client: TestClient, city: City, vendor: dict[str, Any]
) -> None:
    given = grant(client, city, vendor, A)
    headers = {**enter(client, vendor), "Aid-School": A}
    head = city.bearer(f"school_head@{A}")
    assert client.get(f"{API}/me", headers=headers).status_code == 200
    assert client.delete(f"{API}/client-grants/{given['id']}", headers=head).status_code == 204
    assert client.get(f"{API}/me", headers=headers).status_code == 403
    assert client.delete(f"{API}/client-grants/{given['id']}", headers=head).status_code == 404
    grant(client, city, vendor, A)
    assert client.get(f"{API}/me", headers=headers).status_code == 200


def test_one_client_serves_many_schools_and_each_revocation_is_its_own(
    client: TestClient, city: City, vendor: dict[str, Any]
) -> None:
    grant(client, city, vendor, A)
    given = grant(client, city, vendor, B)
    inside = enter(client, vendor)
    client.delete(f"{API}/client-grants/{given['id']}", headers=city.bearer(f"school_head@{B}"))
    answers = [client.get(f"{API}/me", headers={**inside, "Aid-School": code}) for code in (A, B)]
    assert [answer.status_code for answer in answers] == [200, 403]


def test_a_head_can_neither_see_nor_revoke_another_schools_grant(
    client: TestClient, city: City, vendor: dict[str, Any]
) -> None:
    given = grant(client, city, vendor, A)
    other = city.bearer(f"school_head@{OTHER_COUNTY}")
    assert client.delete(f"{API}/client-grants/{given['id']}", headers=other).status_code == 404
    assert client.get(f"{API}/client-grants", headers=other).json()["items"] == []
    mine = client.get(f"{API}/client-grants?limit=200", headers=city.bearer(f"school_head@{A}"))
    assert given["id"] in [item["id"] for item in mine.json()["items"]]


def test_a_client_is_granted_once_and_an_unknown_one_never(
    client: TestClient, city: City, vendor: dict[str, Any]
) -> None:
    grant(client, city, vendor, A)
    head = city.bearer(f"school_head@{A}")
    for client_id, status in ((vendor["client_id"], 409), ("aid-unknown", 404)):
        asked = {"client_id": client_id}
        assert client.post(f"{API}/client-grants", json=asked, headers=head).status_code == status


def test_a_client_switched_off_stops_at_once_and_gets_no_token(
    client: TestClient, city: City, vendor: dict[str, Any]
) -> None:
    grant(client, city, vendor, A)
    headers = {**enter(client, vendor), "Aid-School": A}
    switched = client.patch(
        f"{API}/clients/{vendor['id']}",
        json={"active": False},
        headers=city.bearer("administrator"),
    )
    assert switched.json()["active"] is False
    assert client.get(f"{API}/me", headers=headers).status_code == 401
    answer = ask_token(
        client,
        grant_type="client_credentials",
        client_id=vendor["client_id"],
        client_secret=vendor["client_secret"],
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_secret_is_shown_once_and_a_new_one_ends_the_old(
    client: TestClient, city: City, vendor: dict[str, Any]
) -> None:
    administrator = city.bearer("administrator")
    listed = client.get(f"{API}/clients?limit=200", headers=administrator).json()["items"]
    assert vendor["id"] in [item["id"] for item in listed]
    assert not [name for item in listed for name in item if "secret" in name]
    renewed = client.post(f"{API}/clients/{vendor['id']}/secret", headers=administrator).json()
    assert enter(client, renewed)
    answer = client.post(
        f"{API}/token",
        data={"grant_type": "client_credentials"},
        auth=(vendor["client_id"], vendor["client_secret"]),
    )
    assert answer.status_code == 401
    answer = client.post(
        f"{API}/token",
        data={"grant_type": "client_credentials"},
        auth=(renewed["client_id"], renewed["client_secret"]),
    )
    assert answer.status_code == 200


def test_a_client_cannot_do_what_is_a_persons(
    client: TestClient, city: City, vendor: dict[str, Any]
) -> None:
    grant(client, city, vendor, A)
    headers = {**enter(client, vendor), "Aid-School": A}
    assert client.get(f"{API}/client-grants", headers=headers).status_code == 403
    assert client.get(f"{API}/staff", headers=headers).status_code == 403
