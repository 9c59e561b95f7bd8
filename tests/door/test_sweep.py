"""Every operation of the service, asked by nobody, by the wrong one, and with nonsense."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import Session

from app.auth.models import Role
from app.core import db
from tests.door.neighbours import make_neighbours
from tests.door.walking import OPERATIONS, WRITES, Operation
from tests.factories.office import City

ELSEWHERE = "2137000011"  # a school of 微山县; everything there is stands in 任城区
WHO = {
    Role.CITY_OFFICER: "city_officer",
    Role.COUNTY_OFFICER: "county_officer@370826",
    Role.AUDITOR: "auditor",
    Role.ADMINISTRATOR: "administrator",
    Role.FINANCE_MAKER: "finance_maker",
    Role.FINANCE_CHECKER: "finance_checker",
    Role.SCHOOL_CLERK: f"school_clerk@{ELSEWHERE}",
    Role.SCHOOL_HEAD: f"school_head@{ELSEWHERE}",
    Role.CLASS_TEACHER: f"class_teacher@{ELSEWHERE}",
}
OUTSIDERS = frozenset({Role.SCHOOL_CLERK, Role.SCHOOL_HEAD, Role.COUNTY_OFFICER})
PLAIN = {
    "school_year": "2007-2008",
    "list": "nothing",
    "number": "GS-1",
    "code": "nothing",
    "client": "nobody",
}
# What every caller in the city may know: the offices, the programmes, the rounds.
SHARED = {"organisations", "programmes", "rounds", "bank-formats", "days", "months", "years"}
PANEL = {
    "panel": ["校长", "年级主任", "家长代表"],
    "panel_met_on": "2008-04-01",
    "notice_from": "2008-04-02",
    "notice_to": "2008-04-09",
}
ENROLMENT = {"school_year": "2008-2009", "grade": 2, "entered_on": "2008-09-01"}
ACCOUNT = {"kind": "passbook", "number": "6228480000000000011", "bank_name": "农业银行",
           "holder": "student", "holder_name": "赵芳"}  # fmt: skip
SCHOOL_ACCOUNT = {"number": "1608001009022123456", "bank_name": "农业银行", "holder_name": "某校"}
CASE = {"student": {"name": "赵芳"}, "enrolment": {"grade": 1}}
TOLD = {"members": []}
RULING = {"verdict": "confirm", "because": "已核实"}
BODIES = {
    "PUT /recognitions/forms/{form_id}": TOLD,
    "POST /recognitions/forms/{form_id}/reveal": {"fields": ["address"], "reason": "家访"},
    "POST /recognitions/changes/{change_id}/settle": RULING,
    "POST /recognitions/cancellations/{cancellation_id}/settle": RULING,
    "POST /registers/{register_id}/recognitions": {"school_year": "2007-2008", "because": "低保"},
    "PATCH /students/{student_id}": {"name": "赵方"},
    "POST /students/{student_id}/reveal": {"fields": ["resident_id"], "reason": "核对身份"},
    "POST /students/{student_id}/enrolments": ENROLMENT,
    "PATCH /enrolments/{enrolment_id}": {"grade": 2},
    "PUT /students/{student_id}/households/{school_year}": {"members": 3},
    "PATCH /schools/{school_id}": {"name": "新校名"},
    "PUT /students/{student_id}/account": ACCOUNT,
    "POST /transfers/{transfer_id}/refuse": {"reason": "不同意"},
    "POST /transfers/{transfer_id}/withdraw": {"reason": "不转了"},
    "POST /recovery-agreements/{agreement_id}/end": {"because": "未履行"},
    "POST /roll-overs/{roll_over_id}/undo": {"reason": "年级有误"},
    "POST /applications/{application_id}/submissions": CASE,
    "PUT /batches/{batch_id}": PANEL,
    "POST /places/{place_id}/pass": {"because": "家庭放弃"},
    "POST /objections/{objection_id}/settle": {"verdict": "dismissed", "because": "查无此事"},
    "POST /applications/{application_id}/reviews": {
        "asked_by_name": "赵强",
        "relation": "父亲",
        "words": "请复核",
    },
    "POST /reviews/{review_id}/decide": {"outcome": "upheld", "because": "事实清楚"},
    "POST /runs/{run_id}/cancel": {"because": "取消"},
    "POST /signed-registers/{signed_register_id}/send-back": {"because": "不清"},
    "POST /runs/{run_id}/payouts/override": {
        "payout_ids": [str(uuid4())],
        "findings": ["account_changed"],
        "because": "已核实",
    },
    "POST /blackouts/{blackout_id}/cancel": {"because": "取消"},
    "POST /schools/{school_id}/staff-accounts": {
        "accounts": [{"number": "6228480000000000011", "holder_name": "赵师", "reason": "教师"}]
    },
    "POST /staff-accounts/{staff_account_id}/remove": {"because": "离职"},
    "POST /runs/{run_id}/payouts/cancel": {"payout_ids": [str(uuid4())], "because": "取消"},
    "POST /schools/{school_id}/accounts": SCHOOL_ACCOUNT,
    "POST /school-allocations/{allocation_id}/cancel": {"because": "统计有误"},
    "POST /holds/{hold_id}/lift": {"because": "已核实"},
}


def is_shared(operation: Operation) -> bool:
    return not SHARED.isdisjoint(operation.path.split("/")[3:5])


ABOUT_ONE = [op for op in OPERATIONS if op.parameters]
LISTS = [op for op in OPERATIONS if op.method == "GET" and not op.parameters]


@pytest.fixture(scope="module")
def neighbours(city: City) -> dict[str, UUID]:
    with Session(db.engine(), expire_on_commit=False) as session, session.begin():
        return make_neighbours(session, city)


@pytest.fixture(scope="module")
def bearers(city: City) -> dict[Role, dict[str, str]]:
    return {role: city.bearer(who) for role, who in WHO.items()}


def short(operation: Operation) -> str:
    return str(operation).replace("/api/v1", "")


def call(client: TestClient, operation: Operation, path: str, **more: Any) -> Response:
    if operation.method in WRITES and "json" not in more and "application/json" in operation.takes:
        more["json"] = {}
    return client.request(operation.method, path, **more)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_nobody_in_particular_is_asked_to_log_in(client, operation) -> None:
    reply = client.request(operation.method, operation.at(any=uuid4(), **PLAIN))
    assert reply.status_code == 401
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_role_that_may_not_is_refused_before_anything_is_looked_at(
    client, bearers, operation
) -> None:
    path = operation.at(any=uuid4(), **PLAIN)
    wrong = {
        role: reply.status_code
        for role, bearer in bearers.items()
        if role not in operation.allowed
        and (reply := call(client, operation, path, headers=bearer)).status_code != 403
    }
    assert wrong == {}


@pytest.mark.parametrize("operation", ABOUT_ONE, ids=str)
def test_an_id_of_nothing_is_not_found(client, bearers, operation) -> None:
    path = operation.at(any=uuid4(), **PLAIN)
    expected = {404} if operation.method == "GET" else {404, 422, 428}
    for role, bearer in bearers.items():
        if role in operation.allowed:
            reply = call(client, operation, path, headers=bearer)
            assert reply.status_code in expected, (role, reply.text)


@pytest.mark.parametrize(
    "operation", [op for op in OPERATIONS if op.method in WRITES and op.takes], ids=str
)
def test_a_body_that_says_nothing_is_refused(client, bearers, operation) -> None:
    role = next(role for role in WHO if role in operation.allowed)
    path = operation.at(any=uuid4(), **PLAIN)
    for body in ({}, {"surprise": 1}, [], None, "text", 1):
        reply = client.request(operation.method, path, json=body, headers=bearers[role])
        assert 400 <= reply.status_code < 500, (body, reply.text)
        assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("operation", [op for op in ABOUT_ONE if not is_shared(op)], ids=str)
def test_another_countys_object_is_not_found(
    client, bearers, neighbours, counts, operation
) -> None:
    before = counts()
    path = operation.at(**{**PLAIN, **neighbours, **_of_this_path(operation, neighbours)})
    body = {"json": BODIES[short(operation)]} if short(operation) in BODIES else {}
    for role in OUTSIDERS & operation.allowed:
        headers = {**bearers[role], "If-Match": '"1"'}
        reply = client.request(operation.method, path, headers=headers, **body)
        assert reply.status_code == 404, (role, reply.text)
    assert counts() == before


def _of_this_path(operation: Operation, neighbours: dict[str, UUID]) -> dict[str, UUID]:
    first = operation.path.split("/")[3]
    return {
        name: neighbours[f"{first}:{name}"]
        for name in operation.parameters
        if f"{first}:{name}" in neighbours
    }


def test_the_same_objects_are_there_for_their_own_county(client, city, neighbours) -> None:
    own = city.bearer("county_officer@370811")
    for path in ("students/{student_id}", "applications/{application_id}", "awards/{award_id}"):
        reply = client.get(f"/api/v1/{path.format_map(neighbours)}", headers=own)
        assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("operation", [op for op in LISTS if not is_shared(op)], ids=str)
def test_a_list_shows_an_outsider_nothing(client, bearers, neighbours, operation) -> None:
    for role in OUTSIDERS & operation.allowed:
        reply = client.get(operation.path, headers=bearers[role])
        assert reply.status_code in {200, 422}, reply.text
        assert [kind for kind, key in neighbours.items() if str(key) in reply.text] == []
        assert not {"赵芳", "孙丽"} & set(re.findall(r"[一-龥]+", reply.text))
