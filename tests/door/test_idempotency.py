"""One key, one effect, one answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import text

from app.core import clock, idempotency
from tests.door.conftest import Counts
from tests.factories.office import City

STUDENTS, DOCUMENTS = "/api/v1/students", "/api/v1/documents"
SCHOOL = "2137000006"
CLERK, HEAD = f"school_clerk@{SCHOOL}", f"school_head@{SCHOOL}"
SCAN = b"%PDF-1.4 " + b"x" * 100


def pupil(name: str) -> dict[str, Any]:
    return {"name": name, "school_year": "2007-2008", "grade": 1, "class_name": "1"}


@pytest.fixture
def key() -> str:
    return f"key-{uuid4().hex}"


@pytest.fixture
def enrol(client: TestClient, city: City):
    def post(key: str, name: str, who: str = CLERK) -> Response:
        headers = city.bearer(who) | {"Idempotency-Key": key}
        return client.post(STUDENTS, json=pupil(name), headers=headers)

    return post


def scan_form(boundary: str, data: bytes) -> bytes:
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    ).encode() + data + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip


@pytest.fixture
def scan(client: TestClient, city: City):
    def post(key: str, boundary: str, data: bytes = SCAN) -> Response:
        headers = city.bearer("finance_maker") | {
            "Idempotency-Key": key,
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        return client.post(DOCUMENTS, content=scan_form(boundary, data), headers=headers)

    return post


def test_the_same_key_and_body_get_the_first_answer_byte_for_byte(enrol, counts, key) -> None:
    first = enrol(key, "赵一")
    after_one = counts()
    second = enrol(key, "赵一")
    assert first.status_code == second.status_code == 201
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert counts() == after_one


def test_another_body_under_the_same_key_is_refused(enrol, counts, key) -> None:
    assert enrol(key, "赵二").status_code == 201
    after_one = counts()
    other = enrol(key, "赵三")
    assert other.status_code == 409
    assert other.json()["type"] == "/problems/idempotency.key-reused"
    assert counts() == after_one


def test_another_path_under_the_same_key_is_refused(client, city, enrol, key) -> None:
    assert enrol(key, "赵四").status_code == 201
    headers = city.bearer(CLERK) | {"Idempotency-Key": key}
    body = {"ids": [str(uuid4())], "reason": "离校", "left_on": "2008-05-01"}
    reply = client.post(f"{STUDENTS}/leave", json=body, headers=headers)
    assert reply.json()["type"] == "/problems/idempotency.key-reused"


def test_twins_at_the_same_moment_have_one_effect_and_one_answer(enrol, counts, key) -> None:
    before, together = counts(), Barrier(2)

    def send(_: int) -> Response:
        together.wait()
        return enrol(key, "赵双")

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(send, range(2))
    assert one.status_code == other.status_code == 201
    assert one.content == other.content
    assert [each.headers.get("Idempotency-Replayed") for each in (one, other)].count("true") == 1
    assert counts()["student"] == before["student"] + 1


def test_a_form_with_another_boundary_is_the_same_request(scan, key) -> None:
    first, second = scan(key, "one-boundary"), scan(key, "quite-another")
    assert first.status_code == 201, first.text
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"


def test_a_form_with_other_content_is_another_request(scan, key) -> None:
    assert scan(key, "boundary").status_code == 201
    assert scan(key, "boundary", SCAN + b"y").status_code == 409


def test_a_refused_request_frees_the_key(client, city, enrol, counts, key) -> None:
    headers = city.bearer(CLERK) | {"Idempotency-Key": key}
    wrong = pupil("赵五") | {"grade": 0}
    assert client.post(STUDENTS, json=wrong, headers=headers).status_code == 422
    unknown = f"{STUDENTS}/{uuid4()}/reveal"
    asked = {"fields": ["resident_id"], "reason": "核对身份"}
    head = city.bearer(HEAD) | {"Idempotency-Key": key}
    assert client.post(unknown, json=asked, headers=head).status_code == 404
    assert enrol(key, "赵五").status_code == 201
    assert enrol(key, "赵六", HEAD).status_code == 201


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (idempotency.KEEP - timedelta(minutes=1), "true"),
        (idempotency.KEEP + timedelta(minutes=1), None),
    ],
)
def test_a_key_is_kept_for_72_hours(enrol, owner, key, age, expected) -> None:
    name = f"赵{key[-6:]}"
    first = enrol(key, name)
    assert first.status_code == 201
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE kept_reply SET made_at = :then WHERE key = :key"),
            {"then": clock.now() - age, "key": key},
        )
    second = enrol(key, name)
    assert second.headers.get("Idempotency-Replayed") == expected
    assert (second.content == first.content) is (expected == "true")


def test_a_key_belongs_to_its_caller(enrol, key) -> None:
    mine, theirs = enrol(key, "赵八"), enrol(key, "赵九", HEAD)
    assert mine.status_code == theirs.status_code == 201
    assert "Idempotency-Replayed" not in theirs.headers
    assert mine.json()["id"] != theirs.json()["id"]


def test_the_kept_reply_shows_no_name(enrol, owner, key) -> None:
    reply = enrol(key, "欧阳云")
    with owner.connect() as connection:
        kept = bytes(
            connection.execute(
                text("SELECT body FROM kept_reply WHERE key = :key"), {"key": key}
            ).scalar_one()
        )
    assert "欧阳云" in reply.text
    assert "欧阳云".encode() not in kept
    assert reply.json()["id"].encode() not in kept
    assert b"name" not in kept


@pytest.mark.parametrize("short", ["1234567", "x" * 201])
def test_a_key_too_short_or_too_long_is_refused(enrol, counts: Counts, short) -> None:
    before = counts()
    assert enrol(short, "赵十").status_code == 422
    assert counts() == before
