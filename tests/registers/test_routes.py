"""Lists over the door: who may hand one in and see it, once, and what becomes of bad rows."""

import base64
import time
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from app.audit.models import AuditEvent
from app.core import db
from app.core.actor import SYSTEM
from app.registers import jobs, service
from tests.factories.office import City
from tests.factories.working import working
from tests.registers.people import make_pupils, number, row, sheet

HERE, THERE = "county_officer@370811", "county_officer@370826"


@pytest.fixture(scope="module", autouse=True)
def pupils(city: City) -> None:
    """Pupil 1 in 任城区, pupil 2 in 微山县, pupil 3 at the city's own school."""
    with Session(db.engine()) as session, session.begin():
        db.enter(session, SYSTEM)
        for place, code in ((1, "2137000006"), (2, "2137000011"), (3, "3637000060")):
            make_pupils(session, city.schools[code], [place])


def rows_of(table: str) -> int:
    with db.scoped_session(SYSTEM) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_small_list_is_taken_in_and_matched_at_once(send, get) -> None:
    reply = send(sheet(row(1), row(2), row(3), row(900)))
    made = reply.json()
    assert reply.status_code == 201
    assert reply.headers["Location"] == f"/api/v1/registers/{made['id']}"
    assert (made["state"], made["rows_kept"], made["rows_refused"]) == ("done", 4, 0)
    assert (made["matched"], made["county_id"]) == (3, None)
    assert get(f"/registers/{made['id']}") == made


def test_each_county_sees_its_own_pupils_of_a_list_of_the_city(send, get) -> None:
    made = send(sheet(row(1), row(2), row(3), row(901))).json()
    seen = {
        who: [each["school_name"] for each in get(f"/registers/{made['id']}/matches", who)["items"]]
        for who in ("city_officer", "auditor", HERE, THERE)
    }
    assert len(seen["city_officer"]) == len(seen["auditor"]) == 3
    assert seen[HERE] == ["任城区次丘镇中心小学"]
    assert seen[THERE] == ["微山县马坡镇中心小学"]


def test_a_countys_list_is_nothing_to_another_county(send, get, client, city) -> None:
    made = send(sheet(row(1), row(2), row(902)), who=HERE).json()
    assert made["county_id"] == str(city.counties["370811"])
    assert made["matched"] == 1
    for path in ("", "/matches", "/refusals"):
        url = f"/api/v1/registers/{made['id']}{path}"
        assert client.get(url, headers=city.bearer(THERE)).status_code == 404
        assert client.get(url, headers=city.bearer(HERE)).status_code == 200
    listed = {who: [e["id"] for e in get("/registers", who)["items"]] for who in (HERE, THERE)}
    assert made["id"] in listed[HERE]
    assert made["id"] not in listed[THERE]


def test_row_security_hides_a_list_and_its_matches_whatever_a_query_forgets(send, city) -> None:
    send(sheet(row(1), row(2), row("x"), row(903)), who=HERE)
    counted = {}
    for who in (HERE, THERE, "school_clerk@2137000006", "school_clerk@3137000008"):
        with db.scoped_session(city.actor(who)) as session:
            counted[who] = [
                session.execute(text(f"SELECT count(*) > 0 FROM {table}")).scalar_one()
                for table in ("outside_register_row", "register_refusal", "register_match")
            ]
    assert counted[HERE] == [True, True, True]
    assert counted[THERE][:2] == [False, False]
    assert counted["school_clerk@2137000006"] == [False, False, True]
    assert counted["school_clerk@3137000008"] == [False, False, False]


def test_the_pages_of_matches_join_without_a_gap(send, client, city) -> None:
    made = send(sheet(row(1), row(2), row(3), row(904))).json()
    seen, url = [], f"/api/v1/registers/{made['id']}/matches?limit=1"
    while url:
        reply = client.get(url, headers=city.bearer("city_officer"))
        seen += [each["student_id"] for each in reply.json()["items"]]
        url = reply.links.get("next", {}).get("url")
    assert len(seen) == len(set(seen)) == 3


def test_the_same_file_is_taken_once_a_kind(send) -> None:
    data = sheet(row(1), row(905))
    first = send(data).json()
    before = rows_of("outside_register_row")
    twice = send(data, "another-name.csv", issued_by="另一个局")
    assert twice.status_code == 409
    assert twice.json()["type"] == "/problems/registers.twice"
    assert twice.json()["register"] == first["id"]
    assert rows_of("outside_register_row") == before
    assert send(data, kind="orphan").status_code == 201
    assert send(data, who=HERE).status_code == 201  # the county's own is another list


def test_bad_rows_are_listed_with_their_reason_and_the_good_ones_kept(send, get) -> None:
    made = send(sheet(row(1), row("370811"), row(906, name=""), row(""))).json()
    assert (made["state"], made["rows_kept"], made["rows_refused"]) == ("done", 1, 3)
    assert made["refusals"] == {"id_format": 1, "id_missing": 1, "name_missing": 1}
    listed = get(f"/registers/{made['id']}/refusals")["items"]
    assert [(each["row"], each["code"]) for each in listed] == [
        (3, "id_format"),
        (4, "name_missing"),
        (5, "id_missing"),
    ]
    assert all(each["zh"] and each["en"] for each in listed)


def test_a_cursor_of_another_list_finds_no_refused_row(send, client, city) -> None:
    made = send(sheet(row(1), row("370811"))).json()
    asked = {"cursor": base64.urlsafe_b64encode(b"\xff" * 16).decode().rstrip("=")}
    url = f"/api/v1/registers/{made['id']}/refusals"
    reply = client.get(url, params=asked, headers=city.bearer("city_officer"))
    assert (reply.status_code, reply.json()["items"]) == (200, [])


def test_all_or_nothing_stores_nothing_and_says_why(send, get) -> None:
    data = sheet(row(1), row("370811"), row(907))
    before = rows_of("outside_register_row"), rows_of("register_match")
    made = send(data, on_error="reject").json()
    assert (made["state"], made["rows_kept"], made["rows_refused"]) == ("refused", 0, 1)
    assert made["problem"]["code"] == "registers.rows-wrong"
    assert (rows_of("outside_register_row"), rows_of("register_match")) == before
    assert len(get(f"/registers/{made['id']}/refusals")["items"]) == 1
    # What was refused may come again, and be taken.
    assert send(data).json()["state"] == "done"


@pytest.mark.parametrize(
    ("data", "name", "form", "code"),
    [
        (sheet(row(1)), "a.csv", {"basis_said": " "}, "registers.duty-not-named"),
        (sheet(row(1)), "a.csv", {"as_of": "2999-01-01"}, "registers.as-of-ahead"),
        (sheet(), "a.csv", {}, "sheet-empty"),
        (b"", "a.csv", {}, "sheet-empty"),
        (b"%PDF-1.4", "a.csv", {}, "sheet-wrong-type"),
        (sheet("x", header="甲,乙"), "a.csv", {}, "sheet-header"),
        (sheet(row(1)), "a.csv", {"kind": "rich"}, "request.fields-wrong"),
        (sheet(row(1)), "a.csv", {"issued_by": "  "}, "request.fields-wrong"),
        (sheet(row(1)), "a.csv", {"as_of": "20080630"}, "request.fields-wrong"),
    ],
)
def test_a_list_that_cannot_be_taken_leaves_nothing(send, data, name, form, code) -> None:
    before = rows_of("outside_register"), rows_of("document")
    reply = send(data, name, **form)
    assert reply.status_code == 422, reply.text
    assert reply.json()["type"] == f"/problems/{code}"
    assert (rows_of("outside_register"), rows_of("document")) == before


@pytest.mark.parametrize(
    "who",
    ["auditor", "finance_maker", "administrator", "school_head@2137000006"],
)
def test_officers_alone_hand_lists_in(send, who: str) -> None:
    assert send(sheet(row(1)), who=who).status_code == 403


def test_a_school_sees_no_list(client: TestClient, city: City) -> None:
    for who in ("school_clerk@2137000006", "school_head@2137000006"):
        assert client.get("/api/v1/registers", headers=city.bearer(who)).status_code == 403


def test_a_county_cannot_match_the_citys_list_but_the_city_can(send, client, city) -> None:
    made = send(sheet(row(1), row(908))).json()
    url = f"/api/v1/registers/{made['id']}/match"
    refused = client.post(url, headers=city.bearer(HERE))
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/registers.not-yours")
    assert "请联系市级资助中心" in refused.json()["detail"]
    with db.scoped_session(SYSTEM) as session:
        make_pupils(session, city.schools["3137000008"], [908])
    again = client.post(url, headers=city.bearer("city_officer")).json()
    assert (again["added"], again["matched"], again["id"]) == (1, 2, made["id"])


def test_the_nightly_job_matches_pupils_who_came_during_the_day(send, get, city) -> None:
    made = send(sheet(row(1), row(909)), who=HERE).json()
    with db.scoped_session(SYSTEM) as session:
        make_pupils(session, city.schools["3137000008"], [909])
    with db.scoped_session(SYSTEM) as session:
        jobs.match_again(session, SYSTEM)
    assert get(f"/registers/{made['id']}", HERE)["matched"] == 2


def test_a_reply_and_the_audit_name_nobody(send) -> None:
    reply = send(sheet(row(1), row(910)))
    assert number(1) not in reply.text
    with db.scoped_session(SYSTEM) as session:
        events = session.exec(
            select(AuditEvent).where(col(AuditEvent.did) == "register.taken_in")
        ).all()
    assert any(event.detail["kept"] == 2 for event in events)
    assert all(number(1) not in str(event.detail) for event in events)


# A large list: the same, behind the door.


def large(*rows: str) -> bytes:
    """Over the bytes that are answered at once: with blank rows after it."""
    return sheet(*rows) + b"\n" + b",,,,,\n" * (1024 * 1024 // 6)


@pytest.fixture
def worker(cluster, database):
    with working(cluster.serving_url(database)) as made:
        yield made


def wait_for(get: Any, register: str) -> Any:
    for _ in range(300):
        made = get(f"/registers/{register}")
        if made["state"] not in {"queued", "running"}:
            return made
        time.sleep(0.1)
    raise AssertionError(f"still {made['state']}")


def test_a_large_list_is_taken_in_by_the_worker(send, get, worker) -> None:
    reply = send(large(row(1), row(2), row("x")))
    assert reply.status_code == 202
    assert reply.json()["state"] == "queued"
    made = wait_for(get, reply.json()["id"])
    assert made["state"] == "done", made["problem"]
    assert (made["rows_kept"], made["rows_refused"], made["matched"]) == (2, 1, 2)
    assert made["rows_done"] == made["rows_total"] == 3


def test_a_large_list_that_is_none_says_why(send, get, worker) -> None:
    made = wait_for(get, send(large(row(1)).replace(b"\xd0\xd5\xc3\xfb", b"x")).json()["id"])
    assert made["state"] == "refused"
    assert made["problem"]["code"] == "sheet-header"


def test_a_running_list_shows_how_far_it_is(send, get) -> None:
    made = send(large(row(4), row(5))).json()
    key, seen = UUID(made["id"]), []

    def progress(done: int) -> None:
        with db.scoped_session(SYSTEM) as others:
            service.TAKING.show_progress(others, key, rows_done=done)
        shown = get(f"/registers/{key}")
        seen.append((shown["state"], shown["rows_done"]))

    with db.scoped_session(SYSTEM) as session:
        service.run_queued(session, key, by=SYSTEM, progress=progress)
    assert seen[0] == ("running", 2)
    assert get(f"/registers/{key}")["state"] == "done"


def test_a_job_that_breaks_stores_nothing_and_once_given_up_is_failed(send, get) -> None:
    made = send(large(*(row(place) for place in range(20_000, 22_000)))).json()
    before = rows_of("outside_register_row")

    def run_with_no_time() -> None:
        with db.scoped_session(SYSTEM) as session:
            session.execute(text("SET LOCAL statement_timeout = '3ms'"))
            jobs.run(session, SYSTEM, register_id=made["id"])

    with pytest.raises((OperationalError, psycopg.OperationalError)):
        run_with_no_time()
    with db.scoped_session(SYSTEM) as session:
        jobs.failed(session, SYSTEM, register_id=made["id"])
    shown = get(f"/registers/{made['id']}")
    assert shown["state"] == "failed"
    assert shown["problem"]["code"] == "registers.failed"
    assert rows_of("outside_register_row") == before


def test_a_sixth_list_under_way_is_refused(send) -> None:
    made = [send(large(row(920 + at)), who=THERE).status_code for at in range(6)]
    assert made == [202] * 5 + [409]
