"""Rolls over the door: what becomes of each row, in every scope, at once and behind the door."""

import io
import tempfile
import time
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest
import xlsxwriter
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from app.audit.models import AuditEvent
from app.core import db
from app.core.actor import SYSTEM
from app.core.jobs import Worker
from app.registry import numbers
from app.registry.models import Enrolment, Student
from app.registry.queries import schools_in_scope
from app.rolls import jobs, reading, service
from app.rolls.columns import OFFICES, SCHOOLS
from app.rolls.service import Upload
from app.sheets.errors import SheetTooLarge, SheetWrongType
from app.sheets.uploads import OnError
from tests.factories.office import City
from tests.factories.working import working
from tests.registry.rows import resident_id
from tests.rolls.conftest import Get, Send
from tests.rolls.lines import CITYS, HEADER, THERE, A, B, large, line, roll

HERE, OTHER, CLERK = "county_officer@370811", "county_officer@370826", f"school_clerk@{A}"
COUNTED = ("rows_new", "rows_updated", "rows_unchanged", "rows_refused")


def counts(made: Any) -> tuple[int, ...]:
    return tuple(made[name] for name in COUNTED)


def pupil(place: int) -> Student | None:
    with db.scoped_session(SYSTEM) as session:
        return session.exec(
            select(Student).where(
                col(Student.resident_id_index) == numbers.resident_index(resident_id(place))
            )
        ).one_or_none()


def rows_of(table: str) -> int:
    with db.scoped_session(SYSTEM) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def wrong(get: Get, made: Any, who: str = "city_officer") -> list[tuple[int, str]]:
    items = get(f"/rolls/{made['id']}/refusals", who, limit=200)["items"]
    assert all(each["zh"] and each["en"] for each in items)
    return [(each["row"], each["code"]) for each in items]


def test_a_roll_of_the_city_registers_every_pupil_at_their_school(
    send: Send, get: Get, city: City
) -> None:
    reply = send(roll(line(1), line(2, B), line(3, THERE), line(4, CITYS, grade="一年级")))
    made = reply.json()
    assert reply.status_code == 201, reply.text
    assert reply.headers["Location"] == f"/api/v1/rolls/{made['id']}"
    assert (made["state"], counts(made)) == ("done", (4, 0, 0, 0))
    assert get(f"/rolls/{made['id']}") == made
    student = pupil(1)
    assert student is not None
    assert student.school_id == city.schools[A].id
    assert numbers.opened(student, "resident_id") == resident_id(1)
    assert numbers.opened(student, "telephone") == "13900000000"
    assert (student.register_no, student.guardian_name) == (f"G{resident_id(1)}", "王强")
    with db.scoped_session(SYSTEM) as session:
        enrolment = session.exec(select(Enrolment).where(Enrolment.student_id == student.id)).one()
    assert (enrolment.grade, enrolment.class_name, enrolment.boards) == (3, "2班", True)
    assert (enrolment.school_year, enrolment.entered_on.isoformat()) == ("2007-2008", "2007-09-01")


def test_the_same_roll_again_changes_nothing_and_another_word_changes_its_row(
    send: Send,
) -> None:
    data = roll(line(10), line(11))
    assert counts(send(data).json()) == (2, 0, 0, 0)
    before = rows_of("student"), rows_of("enrolment"), rows_of("document")
    assert counts(send(data).json()) == (0, 0, 2, 0)
    assert (rows_of("student"), rows_of("enrolment"), rows_of("document")) == before
    assert counts(send(roll(line(10, class_name="3班"), line(11))).json()) == (0, 1, 1, 0)
    first = pupil(10)
    assert first is not None
    assert first.version == 1


def test_every_wrong_row_is_listed_with_all_that_is_wrong_and_the_good_ones_kept(
    send: Send, get: Get
) -> None:
    made = send(
        roll(
            line(20),
            line("370811"),
            line(21, "9999999999"),
            line(22, grade="九年级"),
            line(23, name=""),
            line(24, boards="也许", grade="?"),
            line(25, guardian_resident_id=resident_id(7)[:-1] + "?"),
            line(20, name="又一个"),
            line(26, telephone="1" * 21),
        )
    ).json()
    assert (made["state"], counts(made)) == ("done", (1, 0, 0, 8))
    assert wrong(get, made) == [
        (3, "id_format"),
        (4, "school_unknown"),
        (5, "grade_range"),
        (6, "name_missing"),
        (7, "grade_range"),
        (7, "boards_unclear"),
        (8, "id_format"),
        (9, "id_duplicate"),
        (10, "text_too_long"),
    ]
    assert made["refusals"] == {
        "grade_range": 2, "id_duplicate": 1, "id_format": 2, "name_missing": 1,
        "school_unknown": 1, "text_too_long": 1,
    }  # fmt: skip
    assert pupil(21) is None


def test_all_or_nothing_stores_nothing_and_says_why(send: Send, get: Get) -> None:
    data = roll(line(30), line("370811"), line(31))
    before = rows_of("student"), rows_of("enrolment")
    made = send(data, on_error="reject").json()
    assert (made["state"], counts(made)) == ("refused", (0, 0, 0, 1))
    assert made["problem"]["code"] == "rolls.rows-wrong"
    assert (rows_of("student"), rows_of("enrolment")) == before
    assert wrong(get, made) == [(3, "id_format")]
    assert counts(send(data).json()) == (2, 0, 0, 1)


def test_a_trial_tells_all_and_leaves_nothing(send: Send) -> None:
    before = rows_of("student"), rows_of("enrolment")
    made = send(roll(line(40), line("370811")), dry_run="true").json()
    assert (made["state"], counts(made)) == ("done", (1, 0, 0, 1))
    assert (rows_of("student"), rows_of("enrolment")) == before


def test_who_is_at_another_school_is_listed_and_left_there(
    send: Send, get: Get, city: City
) -> None:
    send(roll(line(50)))
    made = send(roll(line(50, THERE), line(51, THERE)), who=OTHER).json()
    assert counts(made) == (1, 0, 0, 1)
    assert wrong(get, made, OTHER) == [(2, "student_elsewhere")]
    student = pupil(50)
    assert student is not None
    assert student.school_id == city.schools[A].id


def test_a_school_hands_in_its_own_pupils_without_naming_itself(send: Send, city: City) -> None:
    header = HEADER.partition(",")[2]
    data = roll(line(60).partition(",")[2], header=header)
    made = send(data, who=CLERK).json()
    assert counts(made) == (1, 0, 0, 0)
    assert made["school_id"] == str(city.schools[A].id)
    student = pupil(60)
    assert student is not None
    assert student.school_id == city.schools[A].id


def test_a_school_cannot_hand_in_anothers_pupils_nor_a_county_anothers_schools(
    send: Send, get: Get
) -> None:
    made = send(roll(line(70), line(71, B)), who=CLERK).json()
    assert counts(made) == (1, 0, 0, 1)
    assert wrong(get, made, CLERK) == [(3, "school_unknown")]
    made = send(roll(line(72), line(73, THERE)), who=OTHER).json()
    assert counts(made) == (1, 0, 0, 1)
    assert wrong(get, made, OTHER) == [(2, "school_unknown")]


def test_a_county_sees_the_rolls_of_its_schools_and_no_other_countys(
    send: Send, get: Get, client: TestClient, city: City
) -> None:
    schools = send(roll(line(80), line("x")), who=CLERK).json()
    countys = send(roll(line(81), line("x")), who=HERE).json()
    for made, seen in ((schools, (CLERK, HERE)), (countys, (HERE,))):
        for who in (CLERK, HERE, OTHER, f"school_head@{B}"):
            for path in ("", "/refusals"):
                url = f"/api/v1/rolls/{made['id']}{path}"
                reply = client.get(url, headers=city.bearer(who))
                assert reply.status_code == (200 if who in seen else 404)
            listed = [each["id"] for each in get("/rolls", who, limit=200)["items"]]
            assert (made["id"] in listed) == (who in seen)


def test_row_security_hides_a_roll_whatever_a_query_forgets(send: Send, city: City) -> None:
    made = send(roll(line(85), line("x")), who=HERE).json()
    asked = {
        "roll": "id = :roll",
        "roll_refusal": "roll_id = :roll",
        "document_piece": "document_id = (SELECT document_id FROM roll WHERE id = :roll)",
    }
    for who, there in ((HERE, True), (OTHER, False), (f"school_clerk@{B}", False)):
        with db.scoped_session(city.actor(who)) as session:
            for table, this in asked.items():
                found = text(f"SELECT count(*) > 0 FROM {table} WHERE {this}")
                seen = session.execute(found, {"roll": made["id"]}).scalar_one()
                assert seen is there, (who, table)


@pytest.mark.parametrize("who", ["auditor", "finance_maker", "administrator"])
def test_who_keeps_no_students_hands_in_no_roll(send: Send, who: str) -> None:
    assert send(roll(line(1)), who=who).status_code == 403


@pytest.mark.parametrize(
    ("data", "name", "form", "code"),
    [
        (b"", "a.csv", {}, "sheet-empty"),
        (roll(), "a.csv", {}, "sheet-empty"),
        (b"%PDF-1.4", "a.csv", {}, "sheet-wrong-type"),
        (roll(line(1), header="甲,乙"), "a.csv", {}, "sheet-header"),
        (roll(line(1), header=HEADER.replace("年级", "年纪")), "a.csv", {}, "sheet-header"),
        (roll(line(1)) + b"\n\xff\xff\xff", "a.csv", {}, "sheet-encoding"),
        (roll(line(1)) + '\n"王'.encode("gb18030"), "a.csv", {}, "sheet-broken"),
        (roll(line(1)), "a.csv", {"school_year": "2007-2009"}, "request.fields-wrong"),
        (roll(line(1)), "a.csv", {"entered_on": "20070901"}, "request.fields-wrong"),
        (roll(line(1)), "a.csv", {"on_error": "maybe"}, "request.fields-wrong"),
    ],
)
def test_a_roll_that_cannot_be_taken_leaves_nothing(
    send: Send, data: bytes, name: str, form: dict[str, str], code: str
) -> None:
    before = rows_of("roll"), rows_of("document"), rows_of("document_piece"), rows_of("student")
    reply = send(data, name, **form)
    assert reply.status_code == 422, reply.text
    assert reply.json()["type"] == f"/problems/{code}"
    assert before == (
        rows_of("roll"), rows_of("document"), rows_of("document_piece"), rows_of("student")
    )  # fmt: skip


def test_a_workbook_is_taken_too_and_its_formulas_and_rounded_ids_are_refused(
    send: Send, get: Get
) -> None:
    kept = io.BytesIO()
    book = xlsxwriter.Workbook(kept)
    sheet = book.add_worksheet("一班")
    for at, cells in enumerate([HEADER, line(90), line(91), line(92)]):
        sheet.write_row(at, 0, cells.split(","))
    sheet.write_formula(2, 1, '="王"&"芳"', None, "王芳")
    sheet.write_number(3, 2, 370811200801011234)
    book.close()
    made = send(kept.getvalue(), "花名册.xlsx").json()
    assert counts(made) == (1, 0, 0, 2)
    assert wrong(get, made) == [(3, "formula"), (4, "id_scientific")]


def test_a_pupil_who_stands_twice_is_found_across_the_parts_of_a_file(city: City) -> None:
    assert city
    unnumbered = [line("", name=name, guardian_resident_id=resident_id(99)) for name in "甲乙甲"]
    lines = [line(at) for at in (100, 101, 102, 100, 103, 104, 101)] + unnumbered
    with db.scoped_session(SYSTEM) as session:
        told = reading.chunks(
            io.BytesIO(roll(*lines)), "a.csv", OFFICES, schools_in_scope(session, SYSTEM),
            alone=False, size=3,
        )  # fmt: skip
        found = [
            (row, code) for chunk in told for row, code in chunk.wrong.select("row", "code").rows()
        ]
    assert found == [(5, "id_duplicate"), (8, "id_duplicate"), (11, "id_duplicate")]


def test_the_audit_names_who_came_and_nobodys_number(send: Send) -> None:
    reply = send(roll(line(110), line(111)))
    assert resident_id(110) not in reply.text
    student = pupil(110)
    assert student is not None
    with db.scoped_session(SYSTEM) as session:
        did = session.execute(
            text(
                "SELECT did FROM audit_event e JOIN audit_record r ON r.event_id = e.id "
                "WHERE r.record_id = :id"
            ),
            {"id": student.id},
        ).scalars()
        assert list(did) == ["student.registered"]
        taken = session.exec(select(AuditEvent).where(col(AuditEvent.did) == "roll.taken_in")).all()
    assert any(event.detail["new"] == 2 for event in taken)
    assert all(resident_id(110) not in str(event.detail) for event in taken)


# A large roll: the same, behind the door.


@pytest.fixture
def worker(cluster: Any, database: str) -> Any:
    with working(cluster.serving_url(database)) as made:
        yield made


def wait_for(get: Get, key: str) -> Any:
    for _ in range(300):
        made = get(f"/rolls/{key}")
        if made["state"] not in {"queued", "running"}:
            return made
        time.sleep(0.1)
    raise AssertionError(f"still {made['state']}")


def test_a_large_roll_is_taken_in_by_the_worker(send: Send, get: Get, worker: Worker) -> None:
    assert worker
    reply = send(large(line(120), line(121), line("x")))
    assert reply.status_code == 202
    assert reply.json()["state"] == "queued"
    made = wait_for(get, reply.json()["id"])
    assert made["state"] == "done", made["problem"]
    assert counts(made) == (2, 0, 0, 1)
    assert made["rows_done"] == made["rows_total"] == 3


def test_a_large_roll_cut_in_the_middle_is_refused_and_nothing_of_it_stored(
    send: Send, get: Get, worker: Worker
) -> None:
    assert worker
    cut = large(line(125)) + '2137000006,"王'.encode("gb18030")
    made = wait_for(get, send(cut).json()["id"])
    assert made["state"] == "refused"
    assert made["problem"]["code"] == "sheet-broken"
    assert pupil(125) is None


def test_a_running_roll_shows_how_far_it_is(send: Send, get: Get) -> None:
    key = UUID(send(large(line(130), line(131))).json()["id"])
    seen = []

    def progress(done: int) -> None:
        with db.scoped_session(SYSTEM) as others:
            service.TAKING.show_progress(others, key, rows_done=done)
        shown = get(f"/rolls/{key}")
        seen.append((shown["state"], shown["rows_done"]))

    with db.scoped_session(SYSTEM) as session:
        service.run_queued(session, key, by=SYSTEM, progress=progress)
    assert seen[0] == ("running", 2)
    assert get(f"/rolls/{key}")["state"] == "done"


def test_a_job_that_breaks_stores_nothing_and_once_given_up_is_failed(send: Send, get: Get) -> None:
    made = send(large(*(line(place) for place in range(20_000, 22_000)))).json()
    before = rows_of("student"), rows_of("enrolment")

    def run_with_no_time() -> None:
        with db.scoped_session(SYSTEM) as session:
            session.execute(text("SET LOCAL statement_timeout = '12ms'"))
            jobs.run(session, SYSTEM, roll_id=made["id"])

    with pytest.raises((OperationalError, psycopg.OperationalError)):
        run_with_no_time()
    with db.scoped_session(SYSTEM) as session:
        jobs.failed(session, SYSTEM, roll_id=made["id"])
    shown = get(f"/rolls/{made['id']}")
    assert (shown["state"], shown["problem"]["code"]) == ("failed", "rolls.failed")
    assert (rows_of("student"), rows_of("enrolment")) == before


def test_a_sixth_roll_under_way_is_refused(send: Send) -> None:
    made = [send(large(line(140 + at)), who=OTHER).status_code for at in range(6)]
    assert made == [202] * 5 + [409]


def test_a_school_may_send_less_than_an_office(session: Session, city: City) -> None:
    with tempfile.TemporaryFile() as file:
        file.truncate(SCHOOLS.csv.max_bytes + 1)  # of no byte that would be read
        sent = Upload("花名册.csv", file, "2007-2008", date(2007, 9, 1), OnError.REJECT, False)
        with pytest.raises(SheetTooLarge):
            service.upload(session, sent, by=city.actor(CLERK))
        with pytest.raises(SheetWrongType):  # its bytes are looked at: they are not too many
            service.upload(session, sent, by=city.actor("city_officer"))
