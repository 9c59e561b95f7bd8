"""Sheets that cannot be taken: each a clear problem, and nothing stored but the refusal's audit."""

import asyncio
import io
import zipfile
from typing import Any

import pytest
from sqlalchemy import text
from xlsxwriter import Workbook

from app.core import db
from app.core.actor import SYSTEM
from app.main import create_app
from tests.factories.sample_city import sample_bytes
from tests.imports.conftest import BOARDERS, COUNTY, HEADER, VOCATIONAL
from tests.imports.test_taking_in import FIRST, row, sheet
from tests.sheets.build import xlsx

MIB = 1024 * 1024
CLASSES = "2008-spring-class-sheets.xls"
TITLE = "任城区2008年春季学期农村义务教育家庭经济困难寄宿生生活费补助申请汇总表"


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (210 * MIB))
    return out.getvalue()


def with_formula() -> bytes:
    out = io.BytesIO()
    with Workbook(out) as book:
        page = book.add_worksheet("表")
        for place, name in enumerate(HEADER):
            page.write_string(0, place, name)
        for place, cell in enumerate(row("甲", FIRST)):
            page.write_string(1, place, str(cell))
        page.write_formula(1, 3, "=1+2")
    return out.getvalue()


def too_many_rows() -> bytes:
    return ",".join(HEADER).encode() + b"\n" + b"1\n" * 1_000_000


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.xlsx", "sheet-empty"),
        (b"\r\n\r\n", "a.csv", "sheet-empty"),
        (xlsx([list(HEADER)]), "a.xlsx", "sheet-empty"),
        (b"%PDF-1.7 and so on", "a.xlsx", "sheet-wrong-type"),
        (b"a,b\n1,2\n", "a.docx", "sheet-wrong-type"),
        (b"a,b\n1,2\n", "a.xlsx", "sheet-extension"),
        (b"PK\x03\x04 not an archive", "a.xlsx", "sheet-broken"),
        ("姓名,居民身份证号\n".encode() + b"\xff\xfe\xff,1\n", "a.csv", "sheet-encoding"),
        (xlsx([["序号", "家庭人口"], ["1", "2"]]), "a.xlsx", "sheet-header"),
        (xlsx([["序号", "姓名", "年级"], ["1", "甲", "2"]]), "a.xlsx", "sheet-header"),
    ],
)
def test_a_file_that_is_no_such_sheet_is_refused(data, name, code, send, nothing_stored) -> None:
    reply = send(data, name)
    assert reply.status_code == 422
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json()["type"] == f"/problems/{code}"
    assert len(reply.json()["detail"]) > 20
    assert refused(code)


@pytest.mark.parametrize(
    ("make", "name", "code"),
    [
        (bomb, "a.xlsx", "sheet-zip-bomb"),
        (with_formula, "a.xlsx", "sheet-formula"),
        (too_many_rows, "a.csv", "sheet-too-large"),
    ],
)
def test_a_file_built_to_hurt_is_refused(make, name, code, send, nothing_stored) -> None:
    reply = send(make(), name)
    assert reply.status_code == 422, reply.text
    assert reply.json()["type"] == f"/problems/{code}"
    assert refused(code)


def refused(code: str) -> int:
    """How many refusals of that kind the audit holds for imports."""
    with db.scoped_session(SYSTEM) as session:
        return session.execute(
            text(
                "SELECT count(*) FROM audit_event WHERE refused AND did = 'import' "
                "AND because = :code"
            ),
            {"code": code},
        ).scalar_one()


def test_missing_columns_are_named(send) -> None:
    reply = send(xlsx([["序号", "姓名", "年级"], ["1", "甲", "2"]]), "a.xlsx")
    assert "居民身份证号" in reply.json()["missing"]
    assert reply.json()["header_row"] == 1


def test_formulas_are_named_by_their_cells(send) -> None:
    assert send(with_formula(), "a.xlsx").json()["cells"] == ["表!D2"]


@pytest.mark.parametrize(
    ("title", "asked", "said"),
    [
        (TITLE, BOARDERS | {"period": "2007-autumn"}, "2008-spring"),
        (TITLE, VOCATIONAL, "农村义务教育家庭经济困难寄宿生生活费补助"),
        ("２００７年秋季寄宿生补助表", BOARDERS, "2007-autumn"),
        ("二〇〇七年秋季学期寄宿生登记表", BOARDERS, "2007-autumn"),
        ("2007—2008学年第一学期寄宿生登记表", BOARDERS, "2007-autumn"),
        ("2008-2009学年中职国家助学金名册", VOCATIONAL, "2008-2009"),
        ("任城区中等职业学校国家助学金申请表", BOARDERS, "中等职业学校国家助学金"),
        ("2008年春季生源地信用助学贷款名册", BOARDERS, "生源地信用助学贷款"),
        ("2008年春季义务教育非寄宿生生活费补助名册", BOARDERS, "非寄宿生"),
        ("2007-2008学年国家助学金名册", BOARDERS, "国家助学金"),
        ("2007-2008学年高校国家助学金名册", VOCATIONAL, "高校国家助学金"),
        ("2007年秋季营养改善计划名册", VOCATIONAL, "营养改善"),
    ],
)
def test_a_title_of_something_else_is_refused_with_both_shown(
    title, asked, said, send, nothing_stored
) -> None:
    reply = send(sheet(row("甲", FIRST), title=title), "a.xlsx", **asked)
    assert reply.status_code == 422, reply.text
    assert reply.json()["type"] == "/problems/imports.title-contradicts"
    assert reply.json()["said"] == said
    assert f"“{said}”" in reply.json()["detail"]
    assert f"“{reply.json()['asked']}”" in reply.json()["detail"]


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        (TITLE, BOARDERS),
        ("2007-2008学年第二学期寄宿生登记表", BOARDERS),
        ("2007—2008学年寄宿生登记表", BOARDERS),
        ("2007年秋季中职国家助学金申请表", VOCATIONAL),
        ("2007-2008学年国家助学金申请表", VOCATIONAL),
        ("2008年4月20日填报", BOARDERS),
    ],
)
def test_a_title_that_agrees_is_no_obstacle(title, asked, send) -> None:
    reply = send(sheet(row("甲", FIRST), title=title), "a.xlsx", dry_run=True, **asked)
    assert reply.status_code == 201, reply.text


def test_the_class_sheets_are_refused_for_the_other_programme(send, nothing_stored) -> None:
    reply = send(sample_bytes(CLASSES), CLASSES, **VOCATIONAL)
    assert reply.json()["type"] == "/problems/imports.title-contradicts"
    assert reply.json()["sheet"] == "一年级"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"period": "2007-autumn"}, 409, "round.closed"),
        ({"period": "2009-spring"}, 404, "round.unknown"),
        ({"period": "yesterday"}, 422, None),
        ({"programme": "free-lunch"}, 404, None),
        ({"kind": "payouts"}, 422, "request.fields-wrong"),
        ({"on_error": "perhaps"}, 422, "request.fields-wrong"),
        ({"dry_run": "perhaps"}, 422, "request.fields-wrong"),
    ],
)
def test_what_is_asked_for_must_exist(form, status, code, send, nothing_stored) -> None:
    reply = send(sheet(row("甲", FIRST)), "a.xlsx", "school_clerk@2137000006", **form)
    assert reply.status_code == status, reply.text
    assert code is None or reply.json()["type"] == f"/problems/{code}"


def test_who_may_not_upload_is_refused(client, send, nothing_stored) -> None:
    assert client.post("/api/v1/imports", data={}).status_code in {401, 422}


@pytest.mark.parametrize("megabytes", [65, 200])
@pytest.mark.parametrize("declared", [True, False])
def test_a_file_too_large_is_refused_while_it_is_read(
    megabytes, declared, city, nothing_stored
) -> None:
    status, read = asyncio.run(_stream(megabytes, city.bearer(COUNTY), declared=declared))
    assert status == 413
    assert read == 0 if declared else read <= 65 * MIB


async def _stream(megabytes: int, bearer: dict[str, str], *, declared: bool) -> tuple[int, int]:
    """Sends a form of that size piece by piece; answers the status and the bytes taken."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    headers = [
        (b"content-type", b"multipart/form-data; boundary=x"),
        (b"authorization", bearer["Authorization"].encode()),
    ]
    if declared:
        headers.append((b"content-length", str(megabytes * MIB).encode()))
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/api/v1/imports", "query_string": b"",
        "raw_path": b"/api/v1/imports", "headers": headers, "client": ("127.0.0.1", 1),
        "server": ("testserver", 80), "scheme": "http", "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    taken = 0
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        piece = head if taken == 0 else b"1,2,3,4\n" * (MIB // 8)
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": taken < megabytes * MIB}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await create_app(serve_from_bound_engine=True)(scope, receive, send)
    return statuses[0], taken
