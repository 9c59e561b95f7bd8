"""Offices form a tree, posts fit their office, and the auditor sees what everybody did."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import Session

from app.auth import service
from app.auth.errors import OrganisationCodeTaken, PasswordWeak, UsernameTaken
from app.auth.models import OrganisationKind
from app.auth.service import NewOrganisation
from app.core import clock, settings
from app.core.actor import SYSTEM
from tests.auth.people import API, PASSWORD, bearer, let_in, log_in, refresh
from tests.factories.office import City

SCHOOL = "2137000006"


def make_office(client: TestClient, city: City, **asked: Any) -> Response:
    filled = {"name": "某单位", **asked}
    return client.post(f"{API}/organisations", json=filled, headers=city.bearer("administrator"))


def test_an_administrator_makes_a_county_and_its_finance_office(
    client: TestClient, city: City
) -> None:
    county = make_office(
        client, city, kind="county_centre", code="370827", parent_id=str(city.centre)
    )
    assert county.status_code == 201
    finance = make_office(
        client, city, kind="county_finance", code="370827-F", parent_id=county.json()["id"]
    )
    assert finance.status_code == 201
    again = make_office(
        client, city, kind="county_centre", code="370827", parent_id=str(city.centre)
    )
    assert (again.status_code, again.json()["codes"]) == (409, ["370827"])


@pytest.mark.parametrize(
    ("kind", "code", "parent", "fault"),
    [
        ("county_centre", "37082", "centre", "organisation.code-form"),
        ("county_centre", "３７０８２８", "centre", "organisation.code-form"),
        ("county_centre", "370828", "370811", "organisation.parent-does-not-fit"),
        ("county_finance", "F-1", "centre", "organisation.parent-does-not-fit"),
        ("city_finance", "F-2", "370811", "organisation.parent-does-not-fit"),
        ("city_finance", "F-3", "nowhere", "organisation.parent-does-not-fit"),
        ("school", "2137000099", "370811", "organisation.made-elsewhere"),
        ("city_centre", "370900", "centre", "organisation.made-elsewhere"),
    ],
)
def test_an_office_that_does_not_fit_the_tree_is_refused(
    client: TestClient, city: City, kind: str, code: str, parent: str, fault: str
) -> None:
    places = {"centre": city.centre, "nowhere": uuid4(), **city.counties}
    answer = make_office(client, city, kind=kind, code=code, parent_id=str(places[parent]))
    assert answer.status_code == 422
    assert [wrong["code"] for wrong in answer.json()["errors"]] == [fault]


def test_schools_are_made_in_one_go_or_not_at_all(session: Session) -> None:
    centre = service.create_organisation(
        session,
        NewOrganisation(
            kind=OrganisationKind.CITY_CENTRE, code="370900", name="市", parent_id=None
        ),
        by=SYSTEM,
    )

    def schools(*codes: str) -> list[NewOrganisation]:
        return [
            NewOrganisation(kind=OrganisationKind.SCHOOL, code=code, name=code, parent_id=centre.id)
            for code in codes
        ]

    made = service.create_organisations(session, schools("5137000001", "5137000002"), by=SYSTEM)
    assert {school.parent_id for school in made} == {centre.id}
    with pytest.raises(OrganisationCodeTaken) as taken:
        service.create_organisations(session, schools("5137000003", "5137000002"), by=SYSTEM)
    assert taken.value.facts == {"codes": ["5137000002"]}
    with pytest.raises(OrganisationCodeTaken):
        service.create_organisations(session, schools("5137000004", "5137000004"), by=SYSTEM)


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        (f"school_clerk@{SCHOOL}", {SCHOOL}),
        ("county_officer@370826", {"370826", "2137000011"}),
        (
            "finance_maker@370811",
            {"370811", "370811-F", SCHOOL, "3137000008", "3137000009", "3637000010"},
        ),
    ],
)
def test_everybody_sees_the_own_part_of_the_tree(
    client: TestClient, city: City, who: str, codes: set[str]
) -> None:
    listed = client.get(f"{API}/organisations", headers=city.bearer(who)).json()["items"]
    assert {item["code"] for item in listed} == codes
    other = city.schools["2137000011" if "370826" not in who else SCHOOL].id
    assert client.get(f"{API}/organisations/{other}", headers=city.bearer(who)).status_code == 404


def test_the_city_sees_every_office_page_by_page(client: TestClient, city: City) -> None:
    seen: list[str] = []
    path: str | None = f"{API}/organisations?kind=school&limit=4"
    while path:
        answer = client.get(path, headers=city.bearer("city_officer"))
        seen += [item["code"] for item in answer.json()["items"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert sorted(seen) == sorted(city.schools)


@pytest.mark.parametrize(
    ("place", "roles", "extra", "fault"),
    [
        ("school", ["county_officer"], {}, "staff.role-not-here"),
        ("370811", ["city_officer"], {}, "staff.role-not-here"),
        ("centre", ["school_system"], {}, "staff.role-not-here"),
        ("centre", ["administrator", "city_officer"], {}, "staff.role-stands-alone"),
        ("centre", ["auditor", "city_officer"], {}, "staff.role-stands-alone"),
        ("school", ["class_teacher"], {}, "staff.class-missing"),
        ("school", ["class_teacher"], {"class_name": "1"}, "staff.class-missing"),
        ("school", ["school_clerk"], {"grade": 1, "class_name": "1"}, "staff.class-not-wanted"),
    ],
)
def test_a_post_that_does_not_fit_is_refused_with_its_reason(
    client: TestClient, city: City, place: str, roles: list[str], extra: dict[str, Any], fault: str
) -> None:
    places = {"centre": city.centre, "school": city.schools[SCHOOL].id, **city.counties}
    asked = {
        "username": "new.person",
        "name": "新人",
        "password": PASSWORD,
        "organisation_id": str(places[place]),
        "roles": roles,
        **extra,
    }
    answer = client.post(f"{API}/staff", json=asked, headers=city.bearer("administrator"))
    assert answer.status_code == 422
    assert [wrong["code"] for wrong in answer.json()["errors"]] == [fault]


def test_a_username_is_taken_once_and_a_password_never_shown(
    client: TestClient, city: City
) -> None:
    made = let_in(client, city, "bai.xue", name="阿依古丽·买买提")
    assert made["name"] == "阿依古丽·买买提"
    assert not [name for name in made if "password" in name]
    asked = {
        "username": "bai.xue",
        "name": "另一人",
        "password": PASSWORD,
        "organisation_id": str(city.centre),
        "roles": ["city_officer"],
    }
    answer = client.post(f"{API}/staff", json=asked, headers=city.bearer("administrator"))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/staff.username-taken")


def test_whoever_is_switched_off_logs_in_and_refreshes_no_more(
    client: TestClient, city: City
) -> None:
    made = let_in(client, city, "tang.yu")
    held = log_in(client, "tang.yu").json()["refresh_token"]
    path, administrator = f"{API}/staff/{made['id']}", city.bearer("administrator")
    assert client.patch(path, json={"active": False}, headers=administrator).status_code == 200
    assert refresh(client, held).status_code == 401
    assert log_in(client, "tang.yu").status_code == 401
    client.patch(path, json={"active": True}, headers=administrator)
    assert refresh(client, held).status_code == 401
    assert log_in(client, "tang.yu").status_code == 200


def test_other_roles_end_the_sessions_held_with_the_old_ones(
    client: TestClient, city: City
) -> None:
    made = let_in(client, city, "deng.chao")
    held = log_in(client, "deng.chao").json()["refresh_token"]
    changed = client.patch(
        f"{API}/staff/{made['id']}",
        json={"roles": ["auditor"]},
        headers=city.bearer("administrator"),
    )
    assert changed.json()["roles"] == ["auditor"]
    assert refresh(client, held).status_code == 401
    me = client.get(f"{API}/me", headers=bearer(log_in(client, "deng.chao"))).json()
    assert me["roles"] == ["auditor"]


def test_a_new_password_from_the_administrator_frees_a_locked_name(
    client: TestClient, city: City
) -> None:
    made = let_in(client, city, "han.mei")
    for _ in range(5):
        log_in(client, "han.mei", "wrong")
    client.patch(
        f"{API}/staff/{made['id']}",
        json={"password": "Another-Horse-8"},
        headers=city.bearer("administrator"),
    )
    assert log_in(client, "han.mei", "Another-Horse-8").status_code == 200


def test_an_administrator_cannot_switch_off_or_promote_oneself(
    client: TestClient, city: City
) -> None:
    own = f"{API}/staff/{city.staff['administrator'].id}"
    for change in ({"active": False}, {"roles": ["administrator"]}):
        answer = client.patch(own, json=change, headers=city.bearer("administrator"))
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/staff.not-oneself")


def test_staff_are_listed_by_office_role_and_whether_active(client: TestClient, city: City) -> None:
    query = f"organisation_id={city.schools[SCHOOL].id}&role=school_head&active=true"
    listed = client.get(f"{API}/staff?{query}", headers=city.bearer("administrator")).json()
    assert [item["username"] for item in listed["items"]] == [f"school_head@{SCHOOL}"]
    assert client.get(f"{API}/staff", headers=city.bearer("city_officer")).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"active": "true"}, {"active": 1}, {"grade": True}, {"secret": 1}, {"roles": []}],
)
def test_a_change_with_a_wrong_field_is_refused(
    client: TestClient, city: City, wrong: dict[str, Any]
) -> None:
    path = f"{API}/staff/{city.staff['auditor'].id}"
    answer = client.patch(path, json=wrong, headers=city.bearer("administrator"))
    assert (answer.status_code, answer.json()["error_count"]) == (422, 1)


def test_the_auditor_finds_who_did_what_to_a_record(client: TestClient, city: City) -> None:
    made = let_in(client, city, "fang.lin")
    auditor = city.bearer("auditor")
    day = clock.day_of(clock.now()).isoformat()
    query = f"record_id={made['id']}&from={day}&to={day}&refused=false"
    found = client.get(f"{API}/audit/events?{query}", headers=auditor).json()["items"]
    assert [event["did"] for event in found] == ["staff.created"]
    assert found[0]["actor_id"] == str(city.staff["administrator"].id)
    assert found[0]["record_count"] == 1
    touched = client.get(f"{API}/audit/events/{found[0]['id']}/records", headers=auditor).json()
    assert touched["items"] == [made["id"]]
    for nothing in ("from=2099-01-01", "to=2008-01-01", "did=nobody.did", f"actor_id={uuid4()}"):
        answer = client.get(f"{API}/audit/events?{nothing}", headers=auditor)
        assert answer.json()["items"] == [], nothing
    assert client.get(f"{API}/audit/events?to=9999-12-31", headers=auditor).status_code == 200
    assert client.get(f"{API}/audit/events/{uuid4()}/records", headers=auditor).status_code == 404


def test_the_trail_is_paged_newest_first_and_for_the_auditor_alone(
    client: TestClient, city: City
) -> None:
    for name in ("page.one", "page.two", "page.three"):
        let_in(client, city, name)
    path, seen = f"{API}/audit/events?did=staff.created&limit=2", []
    first = client.get(path, headers=city.bearer("auditor"))
    second = client.get(first.links["next"]["url"], headers=city.bearer("auditor"))
    seen = [event["at"] for page in (first, second) for event in page.json()["items"]]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) >= 3
    for who in ("administrator", "city_officer", f"school_head@{SCHOOL}"):
        assert client.get(path, headers=city.bearer(who)).status_code == 403


def test_the_office_day_is_set_shown_on_every_reply_and_undone(
    client: TestClient, city: City
) -> None:
    administrator = city.bearer("administrator")
    answer = client.put(f"{API}/office-day", json={"day": "2008-03-03"}, headers=administrator)
    assert answer.json() == {"day": "2008-03-03", "is_set": True}
    seen = client.get(f"{API}/office-day", headers=city.bearer("city_officer"))
    assert seen.headers["Aid-Office-Day"] == "2008-03-03"
    assert seen.json() == {"day": "2008-03-03", "is_set": True}
    undone = client.put(f"{API}/office-day", json={"day": None}, headers=administrator)
    assert undone.json()["is_set"] is False
    assert "Aid-Office-Day" not in undone.headers
    refused = client.put(
        f"{API}/office-day", json={"day": "2008-03-03"}, headers=city.bearer("city_officer")
    )
    assert refused.status_code == 403


def test_the_office_day_cannot_be_set_where_the_service_is_in_earnest(
    client: TestClient, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AID_MODE", "development")
    settings.get.cache_clear()
    try:
        answer = client.put(
            f"{API}/office-day", json={"day": "2008-03-03"}, headers=city.bearer("administrator")
        )
    finally:
        monkeypatch.undo()
        settings.get.cache_clear()
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/office-day.fixed")
    assert not clock.office_day_is_set()


def test_the_first_administrator_comes_with_the_city_centre(session: Session) -> None:
    made = service.create_first_administrator(
        session, username="root.admin", name="管理员", password=PASSWORD
    )
    second = service.create_first_administrator(
        session, username="second.admin", name="管理员", password=PASSWORD
    )
    assert made.roles == ["administrator"]
    assert second.organisation_id == made.organisation_id
    with pytest.raises(UsernameTaken):
        service.create_first_administrator(
            session, username="root.admin", name="管理员", password=PASSWORD
        )
    with pytest.raises(PasswordWeak):
        service.create_first_administrator(
            session, username="third.admin", name="管理员", password="weak"
        )
