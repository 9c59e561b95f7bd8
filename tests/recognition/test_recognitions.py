"""What a student is recognised as, from which day, and who may change it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Date, Integer, String, Uuid, cast, literal, null, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col

from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.core.columns import TextEnum
from app.recognition import queries, service
from app.recognition.errors import DayTaken
from app.recognition.models import Basis, Recognition
from app.registry.models import Student
from tests.factories.office import City
from tests.recognition.school import (
    MONDAY,
    SCHOOL,
    SCHOOL_AFTER,
    WEISHAN,
    YEAR,
    Caller,
    code_of,
    make_students,
)

COUNTY, COUNTY_2 = "county_officer@370811", "county_officer_2@370811"
DAY = date(2007, 10, 8)


@pytest.fixture(autouse=True)
def _october() -> None:
    clock.set_office_day(DAY)


def recognise(
    session: Session,
    students: Sequence[UUID],
    level: int = 2,
    *,
    groups: Sequence[str] | None = (),
    basis: Basis = Basis.FORM,
    valid_from: date | None = None,
) -> int:
    rows = select(
        col(Student.id),
        col(Student.school_id),
        col(Student.county_id),
        literal(YEAR, String(9)),
        literal(level, Integer),
        cast(null(), ARRAY(String)) if groups is None else literal(list(groups), ARRAY(String)),
        literal(basis, TextEnum(Basis)),
        cast(null(), Uuid()),
        literal(ids.new() if basis is Basis.REGISTER else None, Uuid()),
        literal(valid_from, Date()),
        literal("测试", String(500)),
    ).where(col(Student.id).in_(students))
    return service.recognise(session, rows, by=SYSTEM)


def made_of(session: Session, student: UUID) -> list[tuple[int, list[str], str, date]]:
    found = session.execute(
        select(Recognition)
        .where(col(Recognition.student_id) == student)
        .order_by(col(Recognition.valid_from))
    ).scalars()
    return [(each.level, each.groups, each.basis.value, each.valid_from) for each in found]


def valid(session: Session, students: Sequence[UUID], on: date) -> list[dict[str, Any]]:
    found = queries.facts_for(session, students, school_year=YEAR, on=on, by=SYSTEM)
    return found.sort("student_id").to_dicts()


# The set-wise verb


def test_the_valid_one_is_the_newest_not_after_the_day(session: Session, city: City) -> None:
    [one] = make_students(session, city.schools[SCHOOL])
    recognise(session, [one], 1, valid_from=date(2007, 10, 8))
    recognise(session, [one], 3, valid_from=date(2008, 3, 1))
    assert valid(session, [one], date(2007, 10, 7)) == []
    days = (date(2007, 10, 8), date(2008, 2, 29), date(2008, 3, 1), date(2009, 1, 1))
    levels = [valid(session, [one], on)[0]["hardship"] for on in days]
    assert levels == [1, 1, 3, 3]


def test_a_second_one_of_a_day_is_valid_from_the_next(session: Session, city: City) -> None:
    [one] = make_students(session, city.schools[SCHOOL])
    recognise(session, [one], 2)
    recognise(session, [one], 1)
    assert [(level, since) for level, _, _, since in made_of(session, one)] == [
        (2, DAY), (1, DAY + timedelta(days=1)),
    ]  # fmt: skip


def test_a_day_that_is_taken_is_refused_with_the_students(session: Session, city: City) -> None:
    one, two = make_students(session, city.schools[SCHOOL], 2)
    recognise(session, [one], 2)
    with pytest.raises(DayTaken) as refused:
        recognise(session, [one, two], 1, valid_from=DAY)
    assert [fault.where for fault in refused.value.faults] == [str(one)]


def test_a_register_recognises_at_least_hardship(session: Session, city: City) -> None:
    [one] = make_students(session, city.schools[SCHOOL])
    assert recognise(session, [one], 1, groups=["orphan"], basis=Basis.REGISTER) == 1
    assert made_of(session, one) == [(2, ["orphan"], "register", DAY)]


@pytest.mark.parametrize(("stands", "comes_to"), [(1, 2), (2, 2), (3, 3)])
def test_a_register_never_lowers_and_adds_its_group(
    session: Session, city: City, stands: int, comes_to: int
) -> None:
    [one] = make_students(session, city.schools[SCHOOL])
    recognise(session, [one], stands, groups=["martyr_child"])
    recognise(session, [one], 2, groups=["minimum_living"], basis=Basis.REGISTER)
    assert made_of(session, one)[-1][:2] == (comes_to, ["martyr_child", "minimum_living"])


def test_a_register_that_says_nothing_new_writes_nothing(session: Session, city: City) -> None:
    students = make_students(session, city.schools[SCHOOL], 3)
    first = recognise(session, students, 2, groups=["orphan"], basis=Basis.REGISTER)
    again = recognise(session, students, 2, groups=["orphan"], basis=Basis.REGISTER)
    assert (first, again) == (3, 0)


def test_groups_that_are_not_said_stay(session: Session, city: City) -> None:
    [one] = make_students(session, city.schools[SCHOOL])
    recognise(session, [one], 1, groups=["orphan"])
    recognise(session, [one], 3, groups=None, basis=Basis.CHANGE)
    assert made_of(session, one)[-1][:2] == (3, ["orphan"])


# A cancellation


def test_a_cancellation_holds_in_the_whole_year_and_until_two_officers_change_it(
    session: Session, city: City
) -> None:
    [one] = make_students(session, city.schools[SCHOOL])
    recognise(session, [one], 3, groups=["orphan"], valid_from=DAY)
    recognise(session, [one], 0, basis=Basis.CANCELLED, valid_from=date(2008, 9, 2))
    [seen] = valid(session, [one], date(2008, 2, 1))
    assert (seen["hardship"], seen["special_group"], seen["basis"]) == (0, "none", "cancelled")
    assert recognise(session, [one], 2, basis=Basis.FORM) == 0
    assert recognise(session, [one], 2, groups=["orphan"], basis=Basis.REGISTER) == 0
    assert recognise(session, [one], 2, basis=Basis.CHANGE) == 1
    assert valid(session, [one], date(2008, 9, 3))[0]["hardship"] == 2


# Facts


def test_the_fact_is_the_level_and_the_first_group(session: Session, city: City) -> None:
    one, two, three = sorted(make_students(session, city.schools[SCHOOL], 3), key=str)
    recognise(session, [one], 3, groups=["martyr_child", "minimum_living"])
    recognise(session, [two], 1)
    found = valid(session, [one, two, three], DAY)
    assert [(each["hardship"], each["special_group"], each["basis"]) for each in found] == [
        (3, "minimum_living", "form"), (1, "none", "form"),
    ]  # fmt: skip
    assert {each["valid_from"] for each in found} == {DAY}
    chosen = select(col(Student.id)).where(col(Student.id).in_([one]))
    by_select = queries.facts_for(session, chosen, school_year=YEAR, on=DAY, by=SYSTEM)
    assert by_select["hardship"].to_list() == [3]
    other = queries.facts_for(session, [one], school_year="2008-2009", on=DAY, by=SYSTEM)
    assert other.is_empty()


# Change during the year


def ask(school: Caller, student: str, who: str = COUNTY, **other: Any) -> Any:
    said = {"student_ids": [student], "school_year": YEAR, "level": 3, "because": "家庭失火"}
    return school.post(who, "/recognitions/changes", {**said, **other})


def settle(school: Caller, request: str, who: str = COUNTY_2, verdict: str = "confirm") -> Any:
    said = {"verdict": verdict, "because": "已核实"}
    return school.post(who, f"/recognitions/changes/{request}/settle", said)


@pytest.fixture
def student(school: Caller) -> str:
    """One who is recognised at level 2."""
    return school.filed(level=2)[1]


def test_a_change_holds_once_a_second_officer_confirms(school: Caller, student: str) -> None:
    [request] = ask(school, student, groups=["五保户"]).json()["ids"]
    assert school.levels(student, history=False) == [(2, "form")]
    assert code_of(settle(school, request, COUNTY)) == (403, "recognition.request-four-eyes")
    assert settle(school, request).json() == {"recognitions": 1}
    clock.set_office_day(SCHOOL_AFTER + timedelta(days=1))
    assert school.levels(student, history=False) == [(3, "change")]
    assert school.levels(student) == [(2, "form"), (3, "change")]
    again = settle(school, request)
    assert code_of(again) == (409, "recognition.request-settled")
    [settled] = again.json()["errors"]
    assert (settled["where"], settled["state"]) == (request, "confirmed")
    assert "请重新提出申请" in again.json()["detail"]
    [shown] = school.get(f"/recognitions?student={student}").json()["items"]
    assert (shown["groups"], shown["because"]) == (["extreme_poverty"], "家庭失火")


def test_a_change_may_lower_from_a_named_day(school: Caller, student: str) -> None:
    [request] = ask(school, student, level=0, valid_from="2008-03-01").json()["ids"]
    settle(school, request)
    path = f"/recognitions?student={student}&on="
    assert school.get(f"{path}2008-02-29").json()["items"][0]["level"] == 2
    assert school.get(f"{path}2008-03-01").json()["items"][0]["level"] == 0


def test_a_change_from_a_day_that_is_taken_is_refused(school: Caller, student: str) -> None:
    [request] = ask(school, student, valid_from=SCHOOL_AFTER.isoformat()).json()["ids"]
    assert code_of(settle(school, request)) == (409, "recognition.day-taken")
    assert school.levels(student) == [(2, "form")]


def test_a_change_reaches_a_student_who_has_moved_to_another_county(
    school: Caller, student: str
) -> None:
    [request] = ask(school, student).json()["ids"]
    other = school.city.schools[WEISHAN]
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            update(Student)
            .where(col(Student.id) == UUID(student))
            .values(school_id=other.id, county_id=other.county_id)
        )
    assert settle(school, request).json() == {"recognitions": 1}


def test_a_refused_change_changes_nothing_and_leaves_room(school: Caller, student: str) -> None:
    [request] = ask(school, student).json()["ids"]
    assert code_of(ask(school, student)) == (409, "recognition.request-waits")
    assert settle(school, request, verdict="refuse").json() == {"recognitions": 0}
    assert school.levels(student) == [(2, "form")]
    assert ask(school, student).status_code == 201


def test_who_is_not_recognised_has_nothing_to_change(school: Caller) -> None:
    student = school.students()[0]
    refused = ask(school, student)
    assert code_of(refused) == (409, "recognition.none")
    [fault] = refused.json()["errors"]
    assert fault["where"] == student
    assert "请先提交认定申请" in str(fault)


@pytest.mark.parametrize(
    ("day", "status"),
    [("2007-08-31", 422), ("2007-09-01", 201), ("2008-08-31", 201), ("2008-09-01", 422)],
)
def test_a_change_holds_from_a_day_of_its_own_school_year(
    school: Caller, student: str, day: str, status: int
) -> None:
    asked = ask(school, student, valid_from=day)
    assert asked.status_code == status
    if status == 422:
        assert code_of(asked)[1] == "recognition.day-outside-year"
        problem = asked.json()
        assert (problem["first_day"], problem["last_day"]) == ("2007-09-01", "2008-08-31")
        assert ask(school, student).status_code == 201  # nothing was kept


def test_an_unknown_group_of_a_change_is_named(school: Caller, student: str) -> None:
    assert code_of(ask(school, student, groups=["低宝"])) == (422, "codes.word-unknown")


def test_schools_and_other_counties_change_nothing(school: Caller, student: str) -> None:
    assert ask(school, student, f"school_head@{SCHOOL}").status_code == 403
    assert ask(school, student, "county_officer@370826").status_code == 404
    [request] = ask(school, student).json()["ids"]
    assert settle(school, request, "county_officer@370826").status_code == 404
    assert settle(school, request, "city_officer").status_code == 200


def test_recognitions_are_seen_within_scope(school: Caller, student: str) -> None:
    path = f"/recognitions?student={student}"
    assert len(school.get(path, f"class_teacher@{SCHOOL}").json()["items"]) == 1
    assert len(school.get(path, "auditor").json()["items"]) == 1
    assert school.get(path, f"school_head@{WEISHAN}").json()["items"] == []
    clock.set_office_day(MONDAY)
    form = school.form(other := school.students(class_name="2")[0])
    school.propose(form, who=f"school_clerk@{SCHOOL}")
    school.decide(form)
    notice = school.notice(form).json()["id"]
    clock.set_office_day(SCHOOL_AFTER)
    school.file(notice)
    assert school.levels(other) == [(2, "form")]
    hidden = f"/recognitions?student={other}"
    assert school.get(hidden, f"class_teacher@{SCHOOL}").json()["items"] == []


# A false statement, through the door; the money behind it is in test_false_statements


def test_a_cancellation_is_asked_for_and_confirmed_by_two_officers(
    school: Caller, student: str
) -> None:
    said = {"student_ids": [student], "school_year": YEAR, "because": "隐瞒车辆"}
    path = "/recognitions/cancellations"
    assert school.post(f"school_head@{SCHOOL}", path, said).status_code == 403
    [request] = school.post(COUNTY, path, said).json()["ids"]
    waiting = school.get(f"{path}?state=open&limit=200", COUNTY_2).json()["items"]
    [shown] = [each for each in waiting if each["id"] == request]
    assert (shown["kind"], shown["level"], shown["student_id"]) == ("cancel", None, student)
    ruling = {"verdict": "confirm", "because": "已核实"}
    own = school.post(COUNTY, f"{path}/{request}/settle", ruling)
    assert code_of(own) == (403, "recognition.request-four-eyes")
    as_change = school.post(COUNTY_2, f"/recognitions/changes/{request}/settle", ruling)
    assert code_of(as_change) == (404, "recognition.request-unknown")
    done = school.post(COUNTY_2, f"{path}/{request}/settle", ruling)
    assert done.json() == {
        "students": 1, "applications": [], "returned": [], "released": "0.00",
        "recoverable": "0.00",
    }  # fmt: skip
    assert school.levels(student) == [(2, "form"), (0, "cancelled")]
    again = school.post(COUNTY, path, said)
    assert code_of(again) == (409, "recognition.none")


def test_a_request_refused_with_the_cancellation_changes_nothing(
    school: Caller, student: str
) -> None:
    said = {"student_ids": [student], "school_year": YEAR, "because": "有人举报"}
    [request] = school.post(COUNTY, "/recognitions/cancellations", said).json()["ids"]
    ruling = {"verdict": "refuse", "because": "查无此事"}
    done = school.post("city_officer", f"/recognitions/cancellations/{request}/settle", ruling)
    assert done.json()["students"] == 0
    assert school.levels(student) == [(2, "form")]
