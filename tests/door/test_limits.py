"""What the door takes and what it does not: sizes, broken bodies, odd characters, odd numbers."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from app.main import create_app
from tests.factories.office import City

MIB = 1024 * 1024
CLERK = "school_clerk@2137000006"
PUPIL = {"name": "赵芳", "school_year": "2007-2008", "grade": 1, "class_name": "1"}
JSON = "application/json"
ACCOUNT = {"kind": "passbook", "number": "6228480001", "holder_name": "赵芳"}
STAFF = {"username": "zhaofang", "name": "赵芳", "password": "Zizhu-2008-pass",
         "organisation_id": str(uuid4()), "roles": ["auditor"]}  # fmt: skip
DECISION = {
    "verdict": "approve",
    "reason": "同意",
    "filter": {"programme": "boarding-subsidy", "period": "2008-spring"},
    "expect": {"count": 1, "amount": "1.00"},
}
ROUND = {"programme": "boarding-subsidy", "period": "2008-spring",
         "opens_on": "2008-03-01", "closes_on": "2008-04-30"}  # fmt: skip
MONEY = {"fiscal_year": 2008, "programme": "boarding-subsidy", "source": "county",
         "holder_code": "370811", "amount": "1.00"}  # fmt: skip
APPROPRIATION = {"document_number": "济财教〔2008〕1号", "dated_on": "2008-03-05", "kind": "this",
                 "lines": [MONEY]}  # fmt: skip
CASE = {"student": {"name": "赵芳"}, "enrolment": {"grade": 1}}
APPLICATION = {**CASE, "programme": "boarding-subsidy", "period": "2008-spring"}

pytestmark = pytest.mark.usefixtures("nothing_stored")


@pytest.fixture(scope="module", autouse=True)
def _city_stands(city: City) -> None:
    """The city is made before any row is counted."""


async def drive(
    app: FastAPI, headers: dict[str, str], pieces: Iterator[bytes], to: str = ""
) -> tuple[int, int]:
    """POSTs pieces as they are asked for; answers the status and how many bytes were asked for."""
    taken, status = 0, 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        piece = next(pieces, b"")
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    door = "/imports" if "multipart" in headers["content-type"] else "/students"
    path = f"/api/v1{to or door}"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)
    return status, taken


def upload_in_pieces(mib: int) -> Iterator[bytes]:
    yield (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\n"
    )
    yield from (b"x" * MIB for _ in range(mib))


@pytest.mark.parametrize(
    ("content_type", "pieces", "limit"),
    [
        (JSON, (b"[" + b"1," * 50_000 for _ in range(1000)), MIB),
        ("Multipart/form-data; boundary=b", upload_in_pieces(500), 64 * MIB),
        ("multipart/form-data; boundary=b", upload_in_pieces(500), 64 * MIB),
    ],
)
def test_a_body_without_a_length_is_refused_while_it_is_read(
    city, content_type, pieces, limit
) -> None:
    headers = city.bearer(CLERK) | {"content-type": content_type}
    app = create_app(serve_from_bound_engine=True)
    status, taken = asyncio.run(drive(app, headers, pieces))
    assert status == 413
    assert limit < taken <= limit + 2 * MIB


def test_a_roll_may_be_larger_than_other_uploads_and_no_larger_than_its_own_limit(city) -> None:
    headers = city.bearer("city_officer") | {"content-type": "multipart/form-data; boundary=b"}
    app = create_app(serve_from_bound_engine=True)
    declared = {name: headers | {"content-length": str(size)} for name, size in
                {"larger": 65 * MIB, "most": 256 * MIB + 1}.items()}  # fmt: skip
    for name, to, refused in (("larger", "/imports", True), ("larger", "/rolls", False),
                              ("most", "/rolls", True)):  # fmt: skip
        status, _ = asyncio.run(drive(app, declared[name], iter([b""]), to))
        assert (status == 413) is refused, (name, to, status)


def test_a_declared_length_over_the_limit_is_refused_before_anything_is_read(city) -> None:
    headers = city.bearer(CLERK) | {"content-type": JSON, "content-length": str(MIB + 1)}
    app = create_app(serve_from_bound_engine=True)
    assert asyncio.run(drive(app, headers, iter([b"{}"]))) == (413, 0)


@pytest.fixture
def post(client: TestClient, city: City):
    def send(path: str, who: str = CLERK, method: str = "POST", **more: Any) -> Response:
        headers = city.bearer(who) | {"Accept-Language": "en"} | more.pop("headers", {})
        if isinstance(more.get("content"), bytes | str):
            headers.setdefault("Content-Type", JSON)
        return client.request(method, f"/api/v1{path}", headers=headers, **more)

    return send


@pytest.mark.parametrize("extra", [0, 1])
def test_json_of_exactly_one_mebibyte_is_read_and_one_byte_more_is_not(post, extra) -> None:
    body = b'{"a":"' + b"x" * (MIB - 8 + extra) + b'"}'
    assert len(body) == MIB + extra
    reply = post("/students", content=body)
    assert reply.status_code == (413 if extra else 422)
    if extra:
        assert reply.json()["type"] == "/problems/body.too-large"
        assert "1024 KiB" in reply.json()["detail"]


def check(reply: Response, status: int, kind: str | None = None) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = reply.json()
    assert problem["status"] == status
    if kind is not None:
        assert problem["type"] == f"/problems/{kind}"
    return problem


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[" * 200_000, 400),  # deeper than any reader goes
        ('{"a":' * 5_000 + "1" + "}" * 5_000, 400),
        ('{"grade":' + "9" * 5_000 + "}", 400),
        ('{"name": "赵', 422),
        ("", 422),
        (b"\xff\xfe{\x00", 422),
        ("NaN", 422),
        ('{"name": "\\ud800"}', 422),
        ('{"\\udfff": 1}', 422),
    ],
    ids=["deep", "nested", "digits", "cut", "empty", "utf-16", "nan", "surrogate", "odd-field"],
)
def test_a_body_that_is_no_json_of_ours(post, body, status) -> None:
    kind = "request.unreadable" if status == 400 else "request.fields-wrong"
    check(post("/students", content=body), status, kind)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_of_another_type(post, kind) -> None:
    reply = post("/students", content=json.dumps(PUPIL), headers={"Content-Type": kind})
    assert reply.status_code in {400, 422}
    check(reply, reply.status_code)


@pytest.mark.parametrize("path", ["/documents", "/imports", "/return-files"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", JSON, "text/plain"])
def test_an_upload_that_is_no_form(post, path, kind) -> None:
    who = CLERK if path == "/imports" else "finance_maker"
    for body in (b"file=1&kind=applications", b"\xff\xfe", b"--x\r\n"):
        reply = post(path, who, content=body, headers={"Content-Type": kind})
        check(reply, 422, "request.fields-wrong")


NUL = [
    ("/students", CLERK, PUPIL | {"name": "赵\x00芳"}),
    ("/students", CLERK, PUPIL | {"class_name": "\x00"}),
    ("/staff", "administrator", STAFF | {"name": "赵\x00芳"}),
    ("/organisations", "administrator",
     {"kind": "county_centre", "code": "37\x0099", "name": "甲", "parent_id": str(uuid4())}),
    ("/clients", "administrator", {"name": "校务\x00系统"}),
    ("/client-grants", "school_head@2137000006", {"client_id": "a\x00b"}),
    ("/applications", CLERK, APPLICATION | {"student": {"name": "赵\x00芳"}}),
    ("/applications", CLERK, APPLICATION | {"special_group": "a\x00"}),
    ("/applications", CLERK, APPLICATION | {"programme": "a\x00"}),
    ("/applications/batch", CLERK,
     {"programme": "boarding-subsidy", "period": "2008-spring",
      "cases": [{"student": {"name": "赵\x00"}, "enrolment": {"grade": 1}}]}),
    ("/rounds", "city_officer", ROUND | {"programme": "boarding\x00"}),
    ("/decisions", "city_officer", DECISION | {"reason": "同\x00意"}),
    ("/decisions/preview", "city_officer",
     {"filter": {"programme": "\x00", "period": "2008-spring"}}),
    ("/objections", "city_officer", {"number": "BS\x00", "words": "不"}),
    ("/runs", "finance_maker", {"programme": "a\x00", "due_to": "2008-06-01"}),
    ("/runs", "finance_maker",
     {"programme": "boarding-subsidy", "due_to": "2008-06-01", "bank_format": "a\x00"}),
    ("/appropriations", "finance_maker", APPROPRIATION | {"document_number": "济\x00"}),
    ("/appropriations", "finance_maker", APPROPRIATION | {"lines": [MONEY | {"source": "\x00"}]}),
    ("/programmes/boarding-subsidy/assess", CLERK,
     {"period": "2008-spring", "facts": {"special_group": "\x00"}}),
    ("/enrolment-confirmations", CLERK, {"term": "2008-\x00", "absences": []}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "who", "body"), NUL, ids=[f"{i}{n[0]}" for i, n in enumerate(NUL)]
)
def test_a_nul_character_is_refused_as_wrong_content(post, path, who, body) -> None:
    reply = post(path, who, json=body)
    assert reply.status_code in {404, 409, 422}, reply.text
    check(reply, reply.status_code)


@pytest.mark.parametrize(
    "path",
    ["/students?name=%00", "/applications?programme=%00", "/awards?programme=%00",
     "/notices?period=%00", "/notices/%00"],
)  # fmt: skip
def test_a_nul_character_in_an_address(post, path) -> None:
    reply = post(path, method="GET")
    assert reply.status_code in {200, 404, 422}, reply.text


LISTS = ["/students", "/applications", "/awards", "/worklist", "/imports", "/schools", "/accounts",
         "/transfers", "/notices", "/batches"]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_asked_for_from_1_to_200(post, path) -> None:
    for limit in ("0", "201", "-1", "9" * 40, "true", "1.5", "", "x"):
        check(post(f"{path}?limit={limit}", method="GET"), 422, "request.fields-wrong")
    for limit in (1, 200):
        assert post(f"{path}?limit={limit}", method="GET").status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_not_of_ours(post, path) -> None:
    for cursor in ("x", "é" * 9, "%00", "A" * 21, "=" * 22, "赵" * 22, "//////////////////////=="):
        check(post(f"{path}?cursor={cursor}", method="GET"), 422, "paging.cursor-wrong")
    check(post(f"{path}?cursor={'A' * 65}", method="GET"), 422, "request.fields-wrong")
    any_other = post(f"{path}?cursor={'_' * 21}w", method="GET")
    assert any_other.status_code in {200, 422}


@pytest.mark.parametrize(
    ("path", "who", "body", "where"),
    [
        ("/students", CLERK, PUPIL | {"grade": True}, "/body/grade"),
        ("/students", CLERK, PUPIL | {"grade": "1"}, "/body/grade"),
        ("/students", CLERK, PUPIL | {"grade": 1.0}, "/body/grade"),
        ("/students", CLERK, PUPIL | {"grade": 10**30}, "/body/grade"),
        ("/students", CLERK, PUPIL | {"name": 7}, "/body/name"),
        ("/students", CLERK, PUPIL | {"boards": 1}, "/body/boards"),
        ("/students", CLERK, PUPIL | {"boards": "true"}, "/body/boards"),
        ("/students", CLERK, PUPIL | {"surprise": 1}, "/body/surprise"),
        ("/students", CLERK, PUPIL | {"name": "赵" * 81}, "/body/name"),
        ("/applications", CLERK, APPLICATION | {"hardship": True}, "/body/hardship"),
        ("/applications", CLERK, APPLICATION | {"hardship": 10**20}, "/body/hardship"),
        ("/decisions", "city_officer", DECISION | {"skip_moved": 1}, "/body/skip_moved"),
        (
            "/decisions", "city_officer",
            DECISION | {"expect": {"count": True, "amount": "1.00"}}, "/body/expect/count",
        ),
        (
            "/decisions", "city_officer",
            DECISION | {"expect": {"count": 1, "amount": 1}}, "/body/expect/amount",
        ),
        (
            "/appropriations", "finance_maker",
            APPROPRIATION | {"lines": [MONEY | {"amount": 1.5}]}, "/body/lines/0/amount",
        ),
        (
            "/appropriations", "finance_maker",
            APPROPRIATION | {"lines": [MONEY | {"amount": "9" * 14 + ".00"}]},
            "/body/lines/0/amount",
        ),
        (
            "/appropriations", "finance_maker",
            APPROPRIATION | {"lines": [MONEY | {"fiscal_year": 10**18}]},
            "/body/lines/0/fiscal_year",
        ),
        ("/rounds", "city_officer", ROUND | {"opens_on": "2008-02-30"}, "/body/opens_on"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(post, path, who, body, where) -> None:
    problem = check(post(path, who, json=body), 422, "request.fields-wrong")
    assert [each["where"] for each in problem["errors"]] == [where]
    assert all(each["detail"] for each in problem["errors"])


@pytest.mark.parametrize(
    ("asked", "tongue"),
    [
        (None, "zh"),
        ("en", "en"),
        ("en-GB;q=0.9, zh;q=0.8", "en"),
        ("fr, zh-CN;q=0.5, en;q=0.4", "zh"),
        ("fr", "zh"),
        ("\xff;;;=", "zh"),
    ],
)
def test_a_refusal_speaks_the_callers_language(client, city, asked, tongue) -> None:
    headers = city.bearer(CLERK) | ({"Accept-Language": asked} if asked else {})
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    reply = client.post("/api/v1/students", json=PUPIL | {"grade": 0}, headers=raw)
    problem = check(reply, 422, "request.fields-wrong")
    assert reply.headers["content-language"] == tongue
    chinese = any("一" <= each <= "鿿" for each in problem["detail"] + problem["title"])
    assert chinese is (tongue == "zh")
