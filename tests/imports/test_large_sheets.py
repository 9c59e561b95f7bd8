"""A large sheet is answered with 202 and taken in by the worker, in its uploader's scope."""

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from stdnum.cn.ric import calc_check_digit

from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.jobs import Worker
from app.imports import jobs, service
from tests.factories.working import working
from tests.imports.conftest import COUNTY, HEADER, RURAL, stored

MANY = 2_001
CASES = ("student", "application", "submission", "bank_account")


def numbers(start: int, count: int) -> Iterator[str]:
    """Resident ids whose check digit is right, all different."""
    for place in range(start, start + count):
        body = f"37081119{95 + place // 28_000}{place // 1000 % 12 + 1:02d}"
        body += f"{place // 12_000 + 1:02d}{place % 1000:03d}"
        yield body + calc_check_digit(body + "0")


def csv_sheet(start: int = 0, count: int = MANY, *, school: str = RURAL) -> bytes:
    lines = [",".join(HEADER)]
    lines += [
        f"{school},甲{place},{number},3,2,是,困难,6228489282480527931"
        for place, number in enumerate(numbers(start, count))
    ]
    return "\n".join(lines).encode("gb18030")


def padded(data: bytes) -> bytes:
    """The same sheet over the bytes that are answered at once: with blank rows after it."""
    return data + b"\n" + b",,,,,,,\n" * (1024 * 1024 // 8)


@pytest.fixture
def worker(cluster, database) -> Iterator[Worker]:
    with working(cluster.serving_url(database)) as made:
        yield made


def wait_for(client: Any, city: Any, location: str) -> dict[str, Any]:
    for _ in range(300):
        made = client.get(location, headers=city.bearer(COUNTY)).json()
        if made["state"] not in {"queued", "running"}:
            return made
        time.sleep(0.1)
    raise AssertionError(f"still {made['state']}")


def test_two_thousand_rows_are_answered_at_once_and_one_more_is_queued(send) -> None:
    assert send(csv_sheet(count=2_000), "a.csv", dry_run=True).status_code == 201
    reply = send(csv_sheet(count=2_001), "a.csv", dry_run=True)
    assert reply.status_code == 202
    assert reply.json()["state"] == "queued"
    assert reply.headers["Location"] == f"/api/v1/imports/{reply.json()['id']}"


def test_a_queued_sheet_is_taken_in_by_the_worker(send, client, city, worker, rows_of) -> None:
    reply = send(csv_sheet(), "a.csv")
    assert reply.status_code == 202
    made = wait_for(client, city, reply.headers["Location"])
    assert made["state"] == "done", made["problem"]
    assert made["rows_done"] == made["rows_total"] == MANY
    assert made["counts"] == {"eligible": MANY}
    assert made["amount"] == "500250.00"  # 2 001 × 250
    rows = rows_of(made)
    assert [row["row"] for row in rows] == list(range(2, MANY + 2))
    assert all(row["application_id"] for row in rows)
    back = client.get(f"/api/v1/imports/{made['id']}/sheet", headers=city.bearer(COUNTY))
    assert back.status_code == 200


def test_the_job_sees_no_further_than_its_uploader(send, client, city, worker) -> None:
    before = stored(*CASES)
    data = csv_sheet(5_000, school="2137000011")  # stands in another county
    reply = send(data, "a.csv", on_error="accept_good")
    made = wait_for(client, city, reply.headers["Location"])
    assert made["counts"] == {"error": MANY}
    assert stored(*CASES) == before


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\n".join([b"1,2", *[b"3,4"] * 300_000]), "sheet-header"),
        ("姓名,身份证号\n".encode() + b"\xff\xff\xff\n" * 300_000, "sheet-encoding"),
        (padded("2007年秋季寄宿生名册\n".encode("gb18030") + csv_sheet()),
         "imports.title-contradicts"),
    ],
)  # fmt: skip
def test_a_job_that_is_refused_leaves_its_problem_and_nothing_else(
    data, code, send, client, city, worker
) -> None:
    before = stored(*CASES)
    reply = send(data, "a.csv")
    assert reply.status_code == 202, reply.text
    made = wait_for(client, city, reply.headers["Location"])
    assert made["state"] == "refused"
    assert made["problem"]["code"] == code
    assert len(made["problem"]["zh"]) > 10
    assert stored(*CASES) == before
    sheet = client.get(f"/api/v1/imports/{made['id']}/sheet", headers=city.bearer(COUNTY))
    assert sheet.status_code == 409
    assert sheet.json()["type"] == "/problems/imports.sheet-not-ready"


def test_progress_is_seen_by_others_while_the_job_runs(send, client, city) -> None:
    made = send(csv_sheet(10_000), "a.csv", dry_run=True).json()
    actor = city.actor(COUNTY)
    seen = []

    def progress(done: int, total: int) -> None:
        with db.scoped_session(actor) as apart:
            service.TAKING.show_progress(apart, _id(made), rows_done=done, rows_total=total)
        shown = client.get(f"/api/v1/imports/{made['id']}", headers=city.bearer(COUNTY)).json()
        seen.append((shown["state"], shown["rows_done"], shown["rows_total"]))

    with db.scoped_session(actor) as session:
        service.run_queued(session, _id(made), by=actor, progress=progress)
    assert seen == [("running", 0, MANY), ("running", MANY, MANY)]


def _id(made: dict[str, Any]) -> Any:
    with db.scoped_session(SYSTEM) as session:
        return session.execute(
            text("SELECT id FROM sheet_import WHERE id = CAST(:id AS uuid)"), {"id": made["id"]}
        ).scalar_one()


def test_a_job_that_breaks_stores_nothing_and_once_given_up_is_failed(send, client, city) -> None:
    made = send(csv_sheet(20_000), "a.csv").json()
    before = stored(*CASES)
    actor = city.actor(COUNTY)

    def run_with_no_time() -> None:
        with db.scoped_session(actor) as session:
            session.execute(text("SET LOCAL statement_timeout = '5ms'"))
            jobs.run(session, actor, import_id=made["id"])

    with pytest.raises((OperationalError, psycopg.OperationalError)):
        run_with_no_time()
    with db.scoped_session(actor) as session:
        jobs.failed(session, actor, import_id=made["id"])
    shown = client.get(f"/api/v1/imports/{made['id']}", headers=city.bearer(COUNTY)).json()
    assert shown["state"] == "failed"
    assert shown["problem"]["code"] == "imports.failed"
    assert stored(*CASES) == before


def test_a_sixth_import_under_way_is_refused(send, client, city) -> None:
    who = "county_officer@370826"
    data = padded(csv_sheet(count=1))
    made = [send(data, "a.csv", who, dry_run=True).status_code for _ in range(6)]
    assert made == [202] * 5 + [409]
    refused = send(data, "a.csv", who, dry_run=True).json()
    assert refused["type"] == "/problems/imports.too-many-queued"
    assert (refused["under_way"], refused["most"]) == (5, 5)
    small = send(csv_sheet(count=1), "a.csv", who, dry_run=True)
    assert small.status_code == 201
    listed = client.get(
        "/api/v1/imports", params={"limit": 2, "state": "queued"}, headers=city.bearer(who)
    )
    assert len(listed.json()["items"]) == 2
    assert 'rel="next"' in listed.headers["Link"]


def test_a_round_that_closed_meanwhile_refuses_the_job(send, client, city) -> None:
    clock.set_office_day(date(2007, 10, 31))
    made = send(csv_sheet(15_000), "a.csv", period="2007-autumn").json()
    assert made["state"] == "queued"
    clock.set_office_day(date(2007, 11, 1))
    before = stored(*CASES)
    actor = city.actor(COUNTY)
    with db.scoped_session(actor) as session:
        jobs.run(session, actor, import_id=made["id"])
    shown = client.get(f"/api/v1/imports/{made['id']}", headers=city.bearer(COUNTY)).json()
    assert shown["state"] == "refused"
    assert shown["problem"]["code"] == "round.closed"
    assert shown["problem"]["facts"] == {"closes_on": "2007-10-31"}
    assert stored(*CASES) == before


def test_a_cursor_of_another_list_finds_no_row(send, client, city) -> None:
    made = send(csv_sheet(40_000, 2), "a.csv").json()
    who = city.bearer(COUNTY)
    other = client.get("/api/v1/schools?limit=1", headers=who).json()["next"]
    assert other is not None
    rows = f"/api/v1/imports/{made['id']}/rows"
    assert len(client.get(rows, headers=who).json()["items"]) == 2
    assert client.get(f"{rows}?cursor={other}", headers=who).json() == {"items": [], "next": None}
