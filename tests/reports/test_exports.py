"""What is taken home equals the list: same rows, same order, same scope."""

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlmodel import Session, col, select

from app.audit.models import AuditEvent
from app.core import db
from app.core.actor import SYSTEM
from tests.factories.chain import RESIDENT_IDS, Chain
from tests.factories.office import City

CALLERS = (
    "city_officer",
    "county_officer@370811",
    "county_officer@370826",
    "school_clerk@2137000006",
    "class_teacher@2137000006",
    "school_clerk@3137000008",
)
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"state": "confirmed", "programme": "boarding-subsidy"},
    {"class": "2"},
    {"school": "3137000008"},
    {"county": "370826"},
    {"name": "赵芳"},
    {"number": "BS-2008S-0000003"},
    {"eligible": "false"},
)


def get(
    client: TestClient, city: City, path: str, *, who: str = "city_officer", **query: Any
) -> Any:
    return client.get(f"/api/v1{path}", headers=city.bearer(who), params=query)


def csv_rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def sheet_rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0)
    head, *rows = sheet.to_python()
    return [dict(zip(map(str, head), map(str, row), strict=True)) for row in rows]


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_the_export_of_applications_equals_the_list(
    client: TestClient, city: City, chain: Chain, who: str, filters: dict[str, Any]
) -> None:
    listed = get(client, city, "/applications", who=who, **filters).json()["items"]
    numbers = [each["number"] for each in listed]
    taken = get(client, city, "/applications/export", who=who, format="csv", **filters)
    assert [row["申请编号"] for row in csv_rows(taken)] == numbers
    assert [row["金额"] for row in csv_rows(taken)] == [each["amount"] for each in listed]
    book = get(client, city, "/applications/export", who=who, format="xlsx", **filters)
    assert [row["申请编号"] for row in sheet_rows(book)] == numbers


def test_scopes_differ_where_they_should(client: TestClient, city: City, chain: Chain) -> None:
    sizes = {
        who: len(csv_rows(get(client, city, "/applications/export", who=who, format="csv")))
        for who in CALLERS
    }
    assert sizes == {
        "city_officer": 3,
        "county_officer@370811": 3,
        "county_officer@370826": 0,
        "school_clerk@2137000006": 2,
        "class_teacher@2137000006": 1,
        "school_clerk@3137000008": 1,
    }


@pytest.mark.parametrize("who", CALLERS)
def test_the_export_of_students_equals_the_list(
    client: TestClient, city: City, chain: Chain, who: str
) -> None:
    for filters in ({}, {"class_name": "1", "grade": 1}, {"name": "孙丽"}):
        listed = get(client, city, "/students", who=who, **filters).json()["items"]
        taken = get(client, city, "/students/export", who=who, format="csv", **filters)
        rows = csv_rows(taken)
        assert [row["学生姓名"].removeprefix("'") for row in rows] == [s["name"] for s in listed]
        assert [row["居民身份证号"] for row in rows] == [s["resident_id"] for s in listed]


def test_the_csv_has_a_mark_masked_ids_and_no_formula(
    client: TestClient, city: City, chain: Chain
) -> None:
    answer = get(client, city, "/applications/export", format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.count(b"\xef\xbb\xbf") == 1
    assert "attachment" in answer.headers["content-disposition"]
    names = [row["学生姓名"] for row in csv_rows(answer)]
    assert names == ["赵芳", "'=钱伟", "孙丽"]
    for number in RESIDENT_IDS:
        assert number not in answer.text
        assert f"{number[:4]}**********{number[-4:]}" in answer.text


def test_the_sheet_holds_text_alone_and_no_formula(
    client: TestClient, city: City, chain: Chain
) -> None:
    rows = sheet_rows(get(client, city, "/applications/export"))
    assert rows[1]["学生姓名"] == "'=钱伟"
    assert rows[0]["金额"] == "250.00"
    assert rows[0]["状态"] == "公示无异议"


def test_the_headings_speak_the_callers_language(
    client: TestClient, city: City, chain: Chain
) -> None:
    headers = {**city.bearer("city_officer"), "Accept-Language": "en"}
    answer = client.get("/api/v1/applications/export?format=csv", headers=headers)
    assert csv_rows(answer)[0]["state"] == "confirmed"


def test_an_export_is_noted_with_its_count_and_without_a_name(
    client: TestClient, city: City, chain: Chain
) -> None:
    get(client, city, "/applications/export", format="csv", name="赵芳", period="2008-spring")
    with db.scoped_session(SYSTEM) as session:
        event = _latest(session)
    assert event.did == "applications.exported"
    assert event.detail == {"format": "csv", "count": 1, "filters": ["name", "period"]}


def _latest(session: Session) -> AuditEvent:
    return session.exec(
        select(AuditEvent)
        .where(col(AuditEvent.did).endswith(".exported"))
        .order_by(col(AuditEvent.id).desc())
        .limit(1)
    ).one()


def test_a_filter_that_is_not_known_is_refused(
    client: TestClient, city: City, chain: Chain
) -> None:
    assert get(client, city, "/applications/export", shcool="1").status_code == 422
    assert get(client, city, "/applications/export", format="pdf").status_code == 422
    assert get(client, city, "/applications/export", name="a\0b").status_code == 422


def test_who_reads_no_cases_takes_none_home(client: TestClient, city: City, chain: Chain) -> None:
    assert get(client, city, "/applications/export", who="administrator").status_code == 403
    assert get(client, city, "/students/export", who="administrator").status_code == 403
