"""The form through the door: scope, refusals, and the workbook that says the same."""

import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlmodel import Session, col, select

from app.audit.models import AuditEvent
from app.core import db
from app.core.actor import SYSTEM
from app.reports import statistics_queries as queries
from app.reports.statistics import Form, calendar_years
from app.reports.statistics_queries import Narrowed
from app.reports.statistics_sheet import FIGURES, TOP, Heading, write_form
from tests.factories.office import City
from tests.reports.forms import with_figure

PRIMARY, JUNIOR, OTHER_COUNTY = "2137000006", "3137000008", "2137000011"


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("city_officer", 12),
        ("auditor", 12),
        ("finance_maker", 12),
        ("county_officer@370811", 3),
        ("county_officer@370826", 9),
        ("school_clerk@2137000006", 1),
        ("school_head@3137000008", 2),
    ],
)
def test_each_caller_counts_the_own_scope(
    client: TestClient, city: City, paid_city: None, who: str, seen: int
) -> None:
    answer = ask(client, city, who, year=2008)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["total"]["year"]["people"] == seen
    assert told["checks"] == []


@pytest.mark.parametrize(
    ("who", "place"),
    [
        ("county_officer@370811", {"county": "370826"}),
        ("county_officer@370811", {"school": OTHER_COUNTY}),
        ("school_clerk@2137000006", {"school": JUNIOR}),
        ("school_clerk@2137000006", {"county": "370826"}),
        ("city_officer", {"school": "9999999999"}),
        ("city_officer", {"county": "370899"}),
        ("city_officer", {"county": PRIMARY}),
    ],
)
def test_another_place_is_not_there(
    client: TestClient, city: City, paid_city: None, who: str, place: dict[str, str]
) -> None:
    answer = ask(client, city, who, year=2008, **place)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/statistics.place-not-found"


@pytest.mark.parametrize("who", ["administrator", "class_teacher@2137000006"])
def test_who_has_no_leave_is_refused(
    client: TestClient, city: City, paid_city: None, who: str
) -> None:
    assert ask(client, city, who, year=2008).status_code == 403


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({}, "statistics.year-unclear"),
        ({"year": 2008, "school_year": "2007-2008"}, "statistics.year-unclear"),
        ({"school_year": "2007-2009"}, "period-invalid"),
        ({"year": 1980}, "request.fields-wrong"),
        ({"year": 2008, "colour": "red"}, "request.fields-wrong"),
    ],
)
def test_a_form_of_no_clear_year_is_refused(
    client: TestClient, city: City, paid_city: None, asked: dict[str, Any], problem: str
) -> None:
    answer = ask(client, city, "city_officer", **asked)
    assert answer.status_code == 422
    assert answer.json()["type"] == f"/problems/{problem}"


def test_a_programme_that_is_not_there_is_not_found(
    client: TestClient, city: City, paid_city: None
) -> None:
    assert ask(client, city, "city_officer", year=2008, programme="none").status_code == 404


def test_words_are_chinese_unless_asked_otherwise(
    client: TestClient, city: City, paid_city: None
) -> None:
    labels = [
        ask(client, city, "city_officer", year=2008, **lang).json()["rows"][0]["stage_label"]
        for lang in ({}, {"lang": "en"})
    ]
    assert labels == ["小学", "primary school"]


def ask(client: TestClient, city: City, who: str, **query: Any) -> Any:
    return client.get("/api/v1/reports/statistics", headers=city.bearer(who), params=query)


# The workbook.


Rows = list[list[Any]]


def pages(answer: Any) -> dict[str, Rows]:
    """Sheet name → its rows."""
    assert answer.status_code == 200, answer.text
    return pages_of(answer.content)


def pages_of(content: bytes) -> dict[str, Rows]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def inside(content: bytes, name: str) -> str:
    """One part of the workbook's archive."""
    with ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode() if name in archive.namelist() else ""


def fill_of(content: bytes, cell: str) -> str | None:
    """The colour behind a cell of the first sheet."""
    style = re.search(rf'<c r="{cell}" s="(\d+)"', inside(content, "xl/worksheets/sheet1.xml"))
    assert style is not None
    styles = inside(content, "xl/styles.xml")
    formats = re.findall(r"<xf [^>]*>", styles[styles.index("<cellXfs") :])
    number = re.search(r'fillId="(\d+)"', formats[int(style[1])])
    assert number is not None
    fill = re.findall(r"<fill>.*?</fill>", styles)[int(number[1])]
    colour = re.search(r'fgColor rgb="(\w+)"', fill)
    return None if colour is None else colour[1]


def download(client: TestClient, city: City, who: str = "city_officer", **query: Any) -> Any:
    return client.get("/api/v1/reports/statistics.xlsx", headers=city.bearer(who), params=query)


def figure(row: dict[str, Any], name: str) -> Any:
    """What the JSON says in the form's column of that name: people, or 万元."""
    block, column = name.split(".")
    told = row[block]
    if column.startswith("group"):
        group, column = column.split("_")
        told = told[group]
    value = told[column]
    return Decimal(value["wan"]) if isinstance(value, dict) else value


def printed(page: Rows) -> Rows:
    """The form's rows as printed, rounding differences and notes left out."""
    return [row for row in page[TOP:] if row[0] and row[2] != ""]


@pytest.mark.parametrize("asked", [{"year": 2008}, {"school_year": "2007-2008"}], ids=str)
@pytest.mark.parametrize(
    "who", ["city_officer", "county_officer@370811", f"school_clerk@{PRIMARY}"]
)
def test_the_cells_of_the_workbook_equal_the_json(
    client: TestClient, city: City, paid_city: None, who: str, asked: dict[str, Any]
) -> None:
    told = ask(client, city, who, **asked).json()
    totals = {row["stage"]: row for row in told["stage_totals"]}
    in_order: list[dict[str, Any]] = []
    for stage, total in totals.items():
        in_order += [row for row in told["rows"] if row["stage"] == stage] + [total]
    in_order.append(told["total"])
    shown = printed(pages(download(client, city, who, **asked))["统计表"])
    assert [row[0] for row in shown] == [row["stage_label"] for row in in_order]
    for row, json in zip(shown, in_order, strict=True):
        cells = [Decimal(str(cell)) for cell in row[2:]]
        assert cells == [figure(json, name) for name in FIGURES]


def test_the_bridge_of_the_workbook_equals_the_json(
    client: TestClient, city: City, paid_city: None
) -> None:
    told = ask(client, city, "city_officer", year=2008).json()["bridge"]["lines"]
    wanted = []
    for line in told:
        wanted += [(each["amount"], each["owed_back"]) for each in (line, *line["parts"])]
    page = pages(download(client, city, year=2008))["衔接"]
    assert [(row[2], row[3]) for row in page[1:]] == wanted
    assert len(wanted) > len(told)


def test_the_form_has_its_title_unit_heads_and_notes(
    client: TestClient, city: City, paid_city: None
) -> None:
    answer = download(client, city, year=2008)
    page = pages(answer)["统计表"]
    assert page[0][0] == "学生资助统计表"
    assert [page[3][at] for at in (2, 9, 16)] == ["春季学期", "秋季学期", "全年"]
    assert "万元" in page[1][9]
    assert any("四舍五入" in str(row[0]) for row in page)
    sheet = inside(answer.content, "xl/worksheets/sheet1.xml")
    merged = set(re.findall(r'<mergeCell ref="([^"]+)"', sheet))
    assert {"C4:I4", "J4:P4", "Q4:W4"} <= merged
    assert 'formatCode="0.0000"' in inside(answer.content, "xl/styles.xml")


def test_half_yuan_leaves_a_rounding_difference_on_the_form(
    client: TestClient, city: City, paid_city: None
) -> None:
    rows = pages(download(client, city, year=2008))["统计表"]
    at = {name: 2 + place for place, name in enumerate(FIGURES)}
    total = next(row for row in rows if row[0] == "合计")
    difference = next(row for row in rows if row[1] == "尾差")
    parts = [row for row in printed(rows) if row[1] not in {"小计", ""}]
    column = at["spring.paid"]
    lacks = Decimal(str(total[column])) - sum(Decimal(str(row[column])) for row in parts)
    assert Decimal(str(difference[column])) == lacks == Decimal("-0.0001")


def a_form(session: Session) -> Form:
    return queries.form(session, SYSTEM, calendar_years(2008), Narrowed())


def written(form: Form) -> bytes:
    return write_form(form, Heading(None, date(2008, 6, 2), "zh"))


def test_a_cell_that_does_not_hold_is_marked_where_it_stands(
    session: Session, city: City, paid_city: None
) -> None:
    form = a_form(session)
    wrong = with_figure(form.total, "spring.people", form.total.figures["spring.people"] + 1)
    content = written(replace(form, total=wrong))
    place = next(row[0] for row in pages_of(content)["校验"] if row[2] == "*/*/spring.people")
    sheet, cell = place.split("!")
    assert sheet == "统计表"
    total = next(at for at, row in enumerate(pages_of(content)[sheet]) if row[0] == "合计")
    assert cell == f"E{total + 1}"
    assert pages_of(content)[sheet][total][4] == wrong.figures["spring.people"]
    assert fill_of(content, cell) == "FFF8CBAD"
    assert fill_of(content, f"D{total + 1}") is None
    assert f'ref="{cell}"' in inside(content, "xl/comments1.xml")


def test_a_form_that_holds_marks_nothing(session: Session, city: City, paid_city: None) -> None:
    content = written(a_form(session))
    assert pages_of(content)["校验"][0][0] == "全部校验通过"
    assert inside(content, "xl/comments1.xml") == ""


def test_the_workbook_speaks_english_when_asked(
    client: TestClient, city: City, paid_city: None
) -> None:
    headers = {**city.bearer("city_officer"), "Accept-Language": "en"}
    answer = client.get("/api/v1/reports/statistics.xlsx", headers=headers, params={"year": 2008})
    assert list(pages(answer)) == ["Form", "Bridge", "Checks", "Fund lines", "Rates"]
    asked = download(client, city, year=2008, lang="en")
    assert pages(asked)["Form"][0][0] == "Statistics of student aid"


def test_taking_the_form_away_leaves_an_audit_event(
    client: TestClient, city: City, paid_city: None
) -> None:
    assert download(client, city, year=2008, county="370811").status_code == 200
    with db.scoped_session(SYSTEM) as opened:
        event = opened.exec(
            select(AuditEvent)
            .where(AuditEvent.did == "statistics.exported")
            .order_by(col(AuditEvent.id).desc())
        ).first()
    assert event is not None
    assert event.detail == {"year": "2008", "filters": ["county", "year"]}
