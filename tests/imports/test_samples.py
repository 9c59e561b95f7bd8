"""The three sample workbooks through the door give, row by row, what their answers say."""

import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.core import db
from app.core.actor import SYSTEM
from app.sheets.annotate import write_sheet
from app.sheets.workbook import open_workbook
from tests.factories.office import City
from tests.factories.sample_city import sample_bytes, sample_csv
from tests.imports.conftest import BOARDERS, COUNTY, VOCATIONAL, stored

SHEETS = {
    "2008-spring-boarders-rencheng.xlsx": (
        "2008-spring-boarders-rencheng.expected.csv",
        COUNTY,
        BOARDERS,
    ),
    "2008-spring-class-sheets.xls": (
        "2008-spring-class-sheets.expected.csv",
        "school_clerk@2137000006",
        BOARDERS,
    ),
    "2007-autumn-vocational-gb18030.csv": (
        "2007-autumn-vocational.expected.csv",
        "city_officer",
        VOCATIONAL,
    ),
}


@pytest.fixture(scope="module")
def taken(client: TestClient, city: City) -> dict[str, dict[str, Any]]:
    """The three sheets uploaded once, good rows accepted."""
    made = {}
    for name, (_, who, asked) in SHEETS.items():
        reply = client.post(
            "/api/v1/imports",
            data={"kind": "applications", "on_error": "accept_good", **asked},
            files={"file": (name, sample_bytes(name))},
            headers=city.bearer(who),
        )
        assert reply.status_code == 201, reply.text
        made[name] = reply.json()
    return made


@pytest.mark.parametrize("name", list(SHEETS))
def test_each_row_is_answered_as_expected(name, taken, rows_of) -> None:
    answers, who, _ = SHEETS[name]
    rows = rows_of(taken[name], who)
    wanted = sample_csv(answers)
    assert [row["row"] for row in rows] == [int(each["row"]) for each in wanted]
    assert [row["name"] for row in rows] == [each["name"] for each in wanted]
    if "sheet" in wanted[0]:
        assert [row["sheet"] for row in rows] == [each["sheet"] for each in wanted]
    differ = [
        (row, each)
        for row, each in zip(rows, wanted, strict=True)
        if row["outcome"] != each["outcome"] or not _told(row, each)
    ]
    assert differ == []


def _told(row: dict[str, Any], wanted: dict[str, str]) -> bool:
    if wanted["outcome"] == "error":
        assert row["detail"] == "+".join(row["kinds"])
        return wanted["detail"] in row["kinds"] and row["application_id"] is None
    return row["detail"] == wanted["detail"] and row["application_id"] is not None


def test_the_import_counts_its_rows_and_sums_what_is_eligible(taken) -> None:
    made = taken["2008-spring-boarders-rencheng.xlsx"]
    assert made["state"] == "done"
    assert made["rows_total"] == made["rows_done"] == 600
    assert made["counts"] == {"eligible": 288, "error": 30, "ineligible": 282}
    assert made["amount"] == "84500.00"  # 188 × 250 + 100 × 375
    assert made["file_name"] == "2008-spring-boarders-rencheng.xlsx"
    vocational = taken["2007-autumn-vocational-gb18030.csv"]
    assert vocational["period"] == "2007-2008"
    assert vocational["amount"] == "588000.00"  # 392 × 1500


def test_rows_can_be_asked_for_by_outcome(taken, rows_of) -> None:
    made = taken["2008-spring-class-sheets.xls"]
    provisional = rows_of(made, "school_clerk@2137000006", outcome="provisional")
    assert len(provisional) == made["counts"]["provisional"] == 4
    assert {row["name"] for row in provisional} >= {"黎然明", "薛梅超", "邵静"}


def test_a_class_sheets_passbook_is_the_guardians(taken) -> None:
    with db.scoped_session(SYSTEM) as session:
        holders = session.execute(
            text(
                "SELECT b.kind, b.holder, b.holder_name, b.relation, b.reason <> '', e.grade, "
                "e.class_name FROM bank_account b JOIN student s ON s.id = b.student_id "
                "JOIN enrolment e ON e.student_id = s.id WHERE s.name = '邱娟'"
            )
        ).all()
    assert [tuple(row) for row in holders] == [
        ("passbook", "guardian", "邱华", "父子", True, 1, "1.1班")
    ]


@pytest.mark.parametrize("name", list(SHEETS))
def test_the_same_sheet_again_changes_nothing(name, taken, send, rows_of) -> None:
    _, who, asked = SHEETS[name]
    before = stored("student", "application", "submission", "bank_account", "enrolment")
    again = send(sample_bytes(name), name, who, on_error="accept_good", **asked)
    assert again.status_code == 201, again.text
    assert set(again.json()["counts"]) <= {"unchanged", "error"}
    first, second = rows_of(taken[name], who), rows_of(again.json(), who)
    assert [row["outcome"] == "error" for row in first] == [
        row["outcome"] == "error" for row in second
    ]
    assert [row["application_id"] for row in first] == [row["application_id"] for row in second]
    after = stored("student", "application", "submission", "bank_account", "enrolment")
    assert after == before


@pytest.mark.parametrize("name", list(SHEETS))
def test_the_sheet_given_back_can_be_uploaded_again(name, taken, client, city, send) -> None:
    _, who, asked = SHEETS[name]
    back = client.get(f"/api/v1/imports/{taken[name]['id']}/sheet", headers=city.bearer(who))
    assert back.status_code == 200
    assert "filename*=UTF-8''" in back.headers["Content-Disposition"]
    again = send(back.content, "back.xlsx", who, on_error="accept_good", **asked)
    assert again.status_code == 201, again.text
    errors = taken[name]["counts"].get("error", 0)
    total = taken[name]["rows_total"] - errors
    assert again.json()["counts"] == {"unchanged": total} | ({"error": errors} if errors else {})


def test_the_sheet_given_back_says_in_words_what_became_of_each_row(taken, client, city) -> None:
    made = taken["2008-spring-boarders-rencheng.xlsx"]
    back = client.get(f"/api/v1/imports/{made['id']}/sheet", headers=city.bearer(COUNTY))
    rows = open_workbook(back.content, "back.xlsx").sheets[0].rows
    assert rows[2][19] == "处理结果"
    assert rows[3][19] == "符合条件：375.00 元"
    assert rows[7][19] == "不符合条件：未满足「在校寄宿」"
    assert "校验码" in rows[20][19]
    assert "「待定」不认识" in rows[177][19]


def test_a_changed_fact_of_a_case_already_in_is_told_and_not_stored(taken, send, rows_of) -> None:
    name = "2008-spring-class-sheets.xls"
    first = open_workbook(sample_bytes(name), name).sheets[0].rows
    changed = [list(row) for row in first[:4]]
    changed[3][6] = "特别困难"  # was 一般困难
    data = write_sheet(changed[0], changed[1:])
    before = stored("application", "submission")
    reply = send(data, "a.xlsx", "school_clerk@2137000006", on_error="reject")
    assert reply.status_code == 201, reply.text
    assert reply.json()["counts"] == {"already_applied": 1}
    (row,) = rows_of(reply.json())
    assert row["name"] == "邱娟"
    assert row["detail"].startswith("BS-2008S-")
    assert stored("application", "submission") == before


def test_another_school_sees_nothing_of_it(taken, client, city) -> None:
    made = taken["2008-spring-class-sheets.xls"]
    for who in ("school_clerk@2137000007", "county_officer@370826"):
        for path in ("", "/rows", "/sheet"):
            reply = client.get(f"/api/v1/imports/{made['id']}{path}", headers=city.bearer(who))
            assert reply.status_code == 404
        listed = client.get("/api/v1/imports", headers=city.bearer(who)).json()["items"]
        assert listed == []
    for who in ("school_head@2137000006", COUNTY, "city_officer"):
        reply = client.get(f"/api/v1/imports/{made['id']}", headers=city.bearer(who))
        assert reply.json()["counts"] == made["counts"]


def test_the_stored_sheet_is_encrypted(taken) -> None:
    with db.scoped_session(SYSTEM) as session:
        bodies = session.execute(text("SELECT body FROM document WHERE kind = 'sheet'")).scalars()
        for body in bodies:
            assert not bytes(body).startswith((b"PK", b"\xd0\xcf"))
            assert "序号".encode("gb18030") not in bytes(body)
    assert io.BytesIO(sample_bytes("2008-spring-class-sheets.xls")).read(2) == b"\xd0\xcf"
