"""School allocations over HTTP, committed for real."""

import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.policy import queries
from tests.allocations.programmes import FUNDS, YEAR, publish
from tests.allocations.pupils import enrol, fund
from tests.factories.office import City

PRIMARY, JUNIOR, ELSEWHERE = "2137000006", "3137000008", "2137000011"
COUNTER, APPROVER = "county_officer@370811", "county_officer_2@370811"
BODY = {"period": YEAR, "as_of": "2008-03-10"}


@pytest.fixture(scope="module")
def counted(
    client: TestClient, city: City, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, dict]]:
    """Two schools counted over HTTP: what each is, by its code."""
    with pytest.MonkeyPatch.context() as patch:
        with Session(db.engine(), expire_on_commit=False) as opened, opened.begin():
            db.enter(opened, SYSTEM)
            publish(opened, patch, tmp_path_factory.mktemp("catalogues"))
            fund(opened, 10_000_00)
            enrol(opened, city.schools[PRIMARY], 3)
            enrol(opened, city.schools[JUNIOR], 1)
        yield _count(client, city)
    queries.catalogue.cache_clear()


def _count(client: TestClient, city: City) -> dict[str, dict]:
    answer = client.post(
        f"/api/v1/programmes/{FUNDS}/school-allocations",
        json=BODY,
        headers=city.bearer(COUNTER),
    )
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["school_count"], body["head_count"], body["amount"]) == (2, 4, "1330.00")
    by_id = {str(school.id): code for code, school in city.schools.items()}
    return {by_id[each["school_id"]]: each for each in body["schools"]}


def test_counted_looked_at_and_approved(client: TestClient, city: City, counted) -> None:
    one = counted[PRIMARY]["allocation_id"]
    clerk = city.bearer(f"school_clerk@{PRIMARY}")
    shown = client.get(f"/api/v1/school-allocations/{one}", headers=clerk).json()
    assert (shown["head_count"], shown["amount"], shown["state"]) == (3, "885.00", "counted")
    assert shown["school"] == city.schools[PRIMARY].name
    listed = client.get(
        f"/api/v1/school-allocations/{one}/students", headers=clerk, params={"limit": 2}
    )
    assert [each["amount"] for each in listed.json()["items"]] == ["295.00", "295.00"]
    assert 'rel="next"' in listed.headers["Link"]
    sheet = client.get(f"/api/v1/school-allocations/{one}/students.xlsx", headers=clerk)
    book = CalamineWorkbook.from_filelike(io.BytesIO(sheet.content))
    rows = book.get_sheet_by_index(0).to_python()
    assert (len(rows), rows[1][0], rows[1][-1]) == (4, shown["number"], "295.00")
    mine = client.get("/api/v1/school-allocations", headers=clerk).json()["items"]
    assert [each["id"] for each in mine] == [one]
    wanted = {"filter": {"programme": FUNDS, "period": YEAR}}
    approver = city.bearer(APPROVER)
    seen = client.post("/api/v1/school-allocations/preview", json=wanted, headers=approver).json()
    assert seen == {"count": 2, "amount": "1330.00", "own": 0}
    done = client.post(
        "/api/v1/school-allocations/approve",
        json={**wanted, "expect": {"count": 2, "amount": "1330.00"}},
        headers=approver,
    )
    assert (done.status_code, done.json()["amount"]) == (200, "1330.00")
    awards = client.get("/api/v1/awards", headers=clerk, params={"programme": FUNDS}).json()
    [award] = awards["items"]
    assert (award["allocation_id"], award["allocation_number"]) == (one, shown["number"])
    assert (award["application_id"], award["student_id"]) == (None, None)
    teacher = city.bearer(f"class_teacher@{PRIMARY}")
    assert client.get("/api/v1/awards", headers=teacher).json()["items"] == []
    detail = client.get(f"/api/v1/awards/{award['id']}", headers=clerk).json()
    assert [each["amount"] for each in detail["instalments"]] == ["442.50", "442.50"]
    summary = client.get(f"/api/v1/reports/summary?period={YEAR}", headers=approver).json()
    assert {each["state"]: each["amount"] for each in summary["awards"]} == {"granted": "1330.00"}


@pytest.mark.parametrize("where", ["", "/students", "/students.xlsx"])
def test_another_school_and_county_are_told_that_there_is_nothing(
    client: TestClient, city: City, counted, where: str
) -> None:
    path = f"/api/v1/school-allocations/{counted[PRIMARY]['allocation_id']}{where}"
    for who in (f"school_clerk@{JUNIOR}", f"school_head@{ELSEWHERE}", "county_officer@370826"):
        assert client.get(path, headers=city.bearer(who)).status_code == 404
    assert client.get(path, headers=city.bearer("auditor")).status_code == 200


def test_nobody_applies_for_what_schools_are_paid(client: TestClient, city: City, counted) -> None:
    round_ = {"programme": FUNDS, "period": YEAR, "opens_on": "2008-03-01",
              "closes_on": "2008-04-01"}  # fmt: skip
    opened = client.post("/api/v1/rounds", json=round_, headers=city.bearer("city_officer"))
    applied = client.post(
        "/api/v1/applications",
        json={
            "programme": FUNDS,
            "period": YEAR,
            "student": {"name": "赵芳"},
            "enrolment": {"grade": 1},
        },
        headers=city.bearer(f"school_clerk@{PRIMARY}"),
    )
    for answer in (opened, applied):
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"] == "/problems/programme.paid-to-schools"


def test_a_schools_account_is_entered_by_one_and_confirmed_by_another(
    client: TestClient, city: City, counted
) -> None:
    school = city.schools[JUNIOR]
    path = f"/api/v1/schools/{school.id}/accounts"
    clerk = city.bearer(f"school_clerk@{JUNIOR}")
    wrong = {"number": "123", "bank_name": "农行", "holder_name": school.name}
    refused = client.post(path, json=wrong, headers=clerk)
    assert [fault["where"] for fault in refused.json()["errors"]] == ["/number"]
    made = client.post(path, json={**wrong, "number": "1608001009022123456"}, headers=clerk)
    assert (made.status_code, made.json()["number"]) == (201, "****3456")
    confirm = f"{path}/{made.json()['id']}/confirm"
    done = client.post(confirm, headers=city.bearer(COUNTER))
    assert (done.status_code, done.json()["state"]) == (200, "confirmed")
    assert client.post(confirm, headers=city.bearer(COUNTER)).status_code == 409
    [listed] = client.get(path, headers=city.bearer("finance_maker")).json()
    assert listed["state"] == "confirmed"
    assert client.get(path, headers=city.bearer("county_officer@370826")).status_code == 404


def test_a_cancelled_allocation_says_why(client: TestClient, city: City, counted) -> None:
    one = counted[JUNIOR]["allocation_id"]
    done = client.post(
        f"/api/v1/school-allocations/{one}/cancel",
        json={"because": "统计有误"},
        headers=city.bearer(APPROVER),
    ).json()
    assert (done["state"], done["because"]) == ("cancelled", "统计有误")
