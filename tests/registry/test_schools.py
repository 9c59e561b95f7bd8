"""Schools over HTTP: who may register them, who sees them, nobody overwrites the unseen."""

from typing import Any

from fastapi.testclient import TestClient

from tests.factories.office import City

API = "/api/v1"


def school(code: str, **given: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": f"测试学校{code}",
        "stage": "primary",
        "school_area": "rural",
        "run_by": "county",
        "division_code": "370811",
        **given,
    }


def test_a_county_officer_registers_a_school_of_the_own_county(
    client: TestClient, city: City
) -> None:
    me = city.bearer("county_officer@370811")
    made = client.post(f"{API}/schools", json=school("2137009001"), headers=me)
    assert made.status_code == 201, made.text
    assert made.json()["county_id"] == str(city.counties["370811"])
    seen = client.get(f"{API}/schools/{made.json()['id']}", headers=me)
    assert seen.headers["ETag"] == '"1"'
    other = client.get(
        f"{API}/schools/{made.json()['id']}", headers=city.bearer("county_officer@370826")
    )
    assert other.status_code == 404


def test_a_county_officer_registers_neither_another_countys_nor_a_city_run_school(
    client: TestClient, city: City
) -> None:
    me = city.bearer("county_officer@370811")
    for wrong in ({"division_code": "370826"}, {"run_by": "city"}):
        refused = client.post(f"{API}/schools", json=school("2137009002", **wrong), headers=me)
        assert refused.status_code == 403
        assert refused.json()["type"] == "/problems/school.not-yours"


def test_a_batch_with_one_wrong_school_saves_none_and_names_it(
    client: TestClient, city: City
) -> None:
    me = city.bearer("city_officer")
    sent = [school("2137009003"), school("2137009004", division_code="999999")]
    refused = client.post(f"{API}/schools/batch", json={"schools": sent}, headers=me)
    assert refused.status_code == 422
    assert [one["where"] for one in refused.json()["errors"]] == ["/schools/1/division_code"]
    again = client.post(f"{API}/schools/batch", json={"schools": sent[:1]}, headers=me)
    assert again.status_code == 201


def test_the_city_centre_registers_a_city_run_school_under_itself(
    client: TestClient, city: City
) -> None:
    made = client.post(
        f"{API}/schools",
        json=school("3637009005", run_by="city", stage="vocational"),
        headers=city.bearer("city_officer"),
    )
    assert made.json()["county_id"] == str(city.centre)


def test_a_code_is_registered_once(client: TestClient, city: City) -> None:
    me = city.bearer("city_officer")
    assert client.post(f"{API}/schools", json=school("2137009006"), headers=me).status_code == 201
    assert client.post(f"{API}/schools", json=school("2137009006"), headers=me).status_code == 409


def test_the_list_keeps_to_the_scope_and_to_the_filters(client: TestClient, city: City) -> None:
    county = client.get(
        f"{API}/schools",
        params={"stage": "junior", "name": "任城区长沟"},
        headers=city.bearer("county_officer@370811"),
    )
    assert [one["code"] for one in county.json()["items"]] == ["3137000008"]
    teacher = client.get(f"{API}/schools", headers=city.bearer("class_teacher@2137000011"))
    assert [one["code"] for one in teacher.json()["items"]] == ["2137000011"]
    elsewhere = client.get(
        f"{API}/schools",
        params={"county": str(city.counties["370811"])},
        headers=city.bearer("county_officer@370826"),
    )
    assert elsewhere.json() == {"items": [], "next": None}


def test_pages_follow_one_another_without_gap(client: TestClient, city: City) -> None:
    me = city.bearer("city_officer")
    codes, link = [], f"{API}/schools?limit=2"
    while link:
        page = client.get(link, headers=me)
        codes += [one["code"] for one in page.json()["items"]]
        link = page.links["next"]["url"] if "next" in page.links else ""
    whole = client.get(f"{API}/schools?limit=200", headers=me).json()["items"]
    assert codes == [one["code"] for one in whole]
    assert len(codes) >= 6


def test_a_change_names_the_version_it_was_made_from(client: TestClient, city: City) -> None:
    path = f"{API}/schools/{city.schools['3137000009'].id}"
    me = city.bearer("county_officer@370811")
    assert client.patch(path, json={"name": "实验中学"}, headers=me).status_code == 428
    tag = client.get(path, headers=me).headers["ETag"]
    first = client.patch(path, json={"name": "实验中学"}, headers={**me, "If-Match": tag})
    assert (first.status_code, first.json()["name"]) == (200, "实验中学")
    second = client.patch(path, json={"name": "别的"}, headers={**me, "If-Match": tag})
    assert second.status_code == 412


def test_a_school_does_not_register_schools(client: TestClient, city: City) -> None:
    refused = client.post(
        f"{API}/schools", json=school("2137009007"), headers=city.bearer("school_head@2137000006")
    )
    assert refused.status_code == 403
