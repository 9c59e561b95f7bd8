"""From the class panel to the file: who may speak when, what is shown, what is refused."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.core import clock, db
from app.core.actor import SYSTEM
from app.notices import service as notices
from app.recognition import rules
from app.recognition.forms import hand_in
from app.recognition.models import FormState
from app.recognition.schemas import ToldIn
from tests.factories.office import City
from tests.recognition.school import (
    ANSWERS,
    SCHOOL,
    SCHOOL_AFTER,
    WEISHAN,
    YEAR,
    Caller,
    code_of,
)

HEAD, CLERK = f"school_head@{SCHOOL}", f"school_clerk@{SCHOOL}"
COUNTY, COUNTY_2 = "county_officer@370811", "county_officer_2@370811"


def object_to(school: Caller, form: str, who: str = COUNTY) -> Any:
    return school.post(who, "/recognitions/objections", {"form_id": form, "words": "家里有车"})


def review(school: Caller, objection: str, level: int | None, who: str = COUNTY_2) -> Any:
    said: dict[str, Any] = {"objection_id": objection, "because": "已走访核实"}
    said |= {"outcome": "upheld"} if level is None else {"outcome": "changed", "level": level}
    return school.post(who, "/recognitions/reviews", said)


# The panel


def test_a_panel_proposes_and_is_kept_with_members_and_day(school: Caller) -> None:
    form = school.form()
    made = school.propose(form, level=3)
    assert made.status_code == 201, made.text
    assert (made.json()["forms"], made.json()["met_on"]) == (1, "2007-09-10")
    assert school.state(form) == ("reviewed", 3)
    [spoken] = school.show(form)["decisions"]
    assert (spoken["step"], spoken["verdict"], spoken["level"]) == ("panel", "propose", 3)


@pytest.mark.parametrize(
    ("members", "code"),
    [(["甲", "乙"], 422), (["甲", "乙", "乙"], 422), (["甲", "乙", "丙"], 201)],
)
def test_a_panel_has_three_members(school: Caller, members: list[str], code: int) -> None:
    assert school.propose(school.form(), members=members).status_code == code


def test_a_panel_that_has_not_met_yet_is_refused(school: Caller) -> None:
    refused = school.propose(school.form(), met_on="2007-09-11")
    assert code_of(refused) == (422, "recognition.wrong")
    assert refused.json()["errors"][0]["code"] == "met_in_future"


def test_a_panel_speaks_on_one_class_alone(school: Caller) -> None:
    other = school.form(school.students(class_name="2")[0])
    refused = school.propose(school.form(), other, who=CLERK)
    assert code_of(refused) == (422, "recognition.panel-mixed")


def test_a_form_named_twice_or_not_there_refuses_the_panel(school: Caller) -> None:
    form = school.form()
    twice = school.propose(form, form)
    assert [each["where"] for each in twice.json()["errors"]] == ["/forms/1"]
    other = school.students(school=WEISHAN)[0]
    elsewhere = school.hand_in(other, f"school_clerk@{WEISHAN}").json()["id"]
    refused = school.propose(form, elsewhere)
    assert code_of(refused) == (404, "recognition.form-unknown")
    assert [each["where"] for each in refused.json()["errors"]] == [elsewhere]
    assert school.state(form) == ("submitted", None)


def test_a_panel_of_three_hundred_is_one_act_of_few_statements(
    school: Caller, client: TestClient, statements: list[str]
) -> None:
    students = school.students(300, grade=2)
    told = ToldIn.model_validate(ANSWERS)
    with db.scoped_session(school.city.actor(CLERK)) as session:
        filled = [told.filled(UUID(each), YEAR) for each in students]
        del statements[:]
        forms = [str(each) for each in hand_in(session, filled, by=school.city.actor(CLERK))]
    assert len(statements) < 15
    del statements[:]
    made = school.propose(*forms, who=CLERK)
    assert made.json()["forms"] == 300
    asked = len(statements)
    del statements[:]
    school.propose(school.form(), who=CLERK)
    assert asked <= len(statements)
    assert asked < 40
    assert school.decide(*forms).json() == {"decided": 300, "returned": 0, "rejected": 0}
    shown = school.notice(grade=2)
    assert shown.json()["line_count"] == 300
    clock.set_office_day(SCHOOL_AFTER)
    assert school.file(shown.json()["id"]).json()["filed"] == 300


# The group


def test_the_group_takes_the_panels_level_or_says_another(school: Caller) -> None:
    one, two = school.form(), school.form()
    school.propose(one, two, level=1)
    assert school.decide(one).json() == {"decided": 1, "returned": 0, "rejected": 0}
    school.decide(two, level=3)
    assert (school.state(one), school.state(two)) == (("decided", 1), ("decided", 3))


def test_accepted_at_no_level_a_form_is_refused(school: Caller) -> None:
    one, two = school.form(), school.form()
    school.propose(one, level=0)
    school.propose(two, level=2)
    school.decide(one)
    school.decide(two, verdict="refuse")
    assert (school.state(one), school.state(two)) == (("rejected", 0), ("rejected", 0))
    said = [(each["step"], each["verdict"]) for each in school.show(one)["decisions"]]
    assert said == [("panel", "propose"), ("group", "refuse")]


def test_a_returned_form_comes_in_again_as_another_submission(school: Caller) -> None:
    form = school.form()
    school.propose(form)
    assert school.decide(form, verdict="return").json()["returned"] == 1
    assert school.state(form) == ("returned", None)
    again = school.put(CLERK, f"/recognitions/forms/{form}", ANSWERS, '"3"')
    assert (again.json()["state"], again.json()["submission_no"]) == ("submitted", 2)
    assert school.propose(form).status_code == 201
    assert school.decide(form).status_code == 200


def test_a_form_no_panel_has_seen_is_not_decided(school: Caller) -> None:
    form = school.form()
    assert code_of(school.decide(form)) == (409, "recognition.moved")
    school.propose(form)
    school.decide(form)
    assert code_of(school.decide(form)) == (409, "recognition.moved")


def test_who_filled_a_form_in_does_not_decide_it(school: Caller) -> None:
    form = school.form(who=HEAD)
    school.propose(form)
    refused = school.decide(form)
    assert code_of(refused) == (403, "recognition.four-eyes")
    assert [each["where"] for each in refused.json()["errors"]] == [form]


def test_only_the_head_decides(school: Caller) -> None:
    form = school.form()
    school.propose(form)
    assert school.decide(form, who=CLERK).status_code == 403
    assert school.decide(form, who=COUNTY).status_code == 403


# The notices


def test_a_notice_shows_only_what_may_be_shown(school: Caller) -> None:
    form, notice = school.noticed()
    assert school.state(form)[0] == "noticed"
    [posted] = [
        each for each in school.get("/notices?programme=recognition&limit=200").json()["items"]
        if each["id"] == notice
    ]  # fmt: skip
    assert (posted["shown_from"], posted["shown_to"]) == ("2007-09-10", "2007-09-17")
    public = school.client.get(f"/api/v1/public/notices/{posted['number']}")
    [line] = public.json()["items"]
    assert set(line) == {"name", "school", "grade", "class_name"}
    said = public.text
    for hidden in ("次丘镇前王村", "15953700001", "1999", "level", "hardship"):
        assert hidden not in said


@pytest.mark.parametrize(("stage", "few", "enough"), [("class", 1, 2), ("school", 4, 5)])
def test_a_notice_runs_for_its_least_days_or_more(
    school: Caller, stage: str, few: int, enough: int
) -> None:
    form = school.form()
    school.propose(form)
    if stage == "school":
        school.decide(form)
    refused = school.notice(form, stage=stage, working_days=few)
    assert code_of(refused) == (422, "recognition.notice-too-short")
    assert refused.json()["working_days_needed"] == enough
    assert school.notice(form, stage=stage).json()["working_days"] == enough


def test_the_class_notice_must_close_before_the_group_decides(school: Caller) -> None:
    form = school.form()
    school.propose(form)
    assert school.notice(form, stage="class").json()["shown_to"] == "2007-09-12"
    assert code_of(school.decide(form)) == (409, "notice.open")
    clock.set_office_day(date(2007, 9, 12))
    assert code_of(school.decide(form)) == (409, "notice.open")
    clock.set_office_day(date(2007, 9, 13))
    assert school.decide(form).status_code == 200


def test_a_form_that_is_not_decided_is_not_shown_by_the_school(school: Caller) -> None:
    form = school.form()
    school.propose(form)
    refused = school.notice(form)
    assert code_of(refused) == (409, "recognition.moved")
    assert "请由学校认定" in str(refused.json()["errors"])
    nothing = school.notice(grade=9)
    assert code_of(nothing) == (409, "recognition.nothing")


def test_a_notice_is_filed_the_day_after_its_last(school: Caller) -> None:
    form, notice = school.noticed(level=3)
    clock.set_office_day(date(2007, 9, 17))
    assert code_of(school.file(notice)) == (409, "notice.open")
    clock.set_office_day(SCHOOL_AFTER)
    assert school.file(notice, f"school_head@{WEISHAN}").status_code == 404
    assert school.file(notice).json() == {"filed": 1, "held_back": []}
    assert school.file(notice).json() == {"filed": 0, "held_back": []}
    assert school.state(form) == ("filed", 3)
    assert school.levels(school.show(form)["student_id"]) == [(3, "form")]
    refused = school.put(CLERK, f"/recognitions/forms/{form}", ANSWERS, '"5"')
    assert code_of(refused) == (409, "recognition.moved")


# Objection and review


def test_an_objection_is_answered_by_another_officer_within_three_days(school: Caller) -> None:
    form, notice = school.noticed()
    made = object_to(school, form)
    assert made.status_code == 201, made.text
    assert (made.json()["raised_on"], made.json()["answer_by"]) == ("2007-09-10", "2007-09-13")
    clock.set_office_day(SCHOOL_AFTER)
    assert school.file(notice).json() == {"filed": 0, "held_back": [form]}
    own = review(school, made.json()["id"], None, COUNTY)
    assert code_of(own) == (403, "recognition.four-eyes")
    assert review(school, made.json()["id"], None).json()["state"] == "upheld"
    waiting = [
        [each["id"] for each in school.get(f"/recognitions/objections?state={state}&limit=200",
                                           who).json()["items"]].count(made.json()["id"])
        for state, who in (("open", COUNTY), ("upheld", COUNTY), ("upheld", HEAD),
                           ("upheld", "county_officer@370826"))
    ]  # fmt: skip
    assert waiting == [0, 1, 1, 0]
    again = review(school, made.json()["id"], None)
    assert code_of(again) == (409, "recognition.objection-settled")
    assert "请重新登记" in again.json()["detail"]
    assert school.file(notice).json()["filed"] == 1
    assert school.levels(school.show(form)["student_id"]) == [(2, "form")]


def test_a_review_that_changes_the_level_is_what_the_recognition_rests_on(school: Caller) -> None:
    form, notice = school.noticed(level=2)
    objection = object_to(school, form).json()["id"]
    same = review(school, objection, 2)
    assert code_of(same) == (422, "recognition.wrong")
    assert review(school, objection, 1).json()["state"] == "changed"
    clock.set_office_day(SCHOOL_AFTER)
    school.file(notice)
    assert school.levels(school.show(form)["student_id"]) == [(1, "review")]


def test_a_review_to_no_level_takes_the_form_out_of_the_notice(school: Caller) -> None:
    form, notice = school.noticed()
    review(school, object_to(school, form).json()["id"], 0)
    assert school.state(form) == ("rejected", 0)
    [posted] = [
        each for each in school.get("/notices?programme=recognition&limit=200").json()["items"]
        if each["id"] == notice
    ]  # fmt: skip
    assert school.get(f"/notices/{posted['number']}").json()["items"] == []
    clock.set_office_day(SCHOOL_AFTER)
    assert school.file(notice).json() == {"filed": 0, "held_back": []}


def test_a_refused_family_asks_for_a_review_and_comes_into_the_next_notice(school: Caller) -> None:
    form = school.form()
    school.propose(form)
    school.decide(form, verdict="refuse")
    objection = object_to(school, form, HEAD).json()["id"]
    blocked = school.put(CLERK, f"/recognitions/forms/{form}", ANSWERS, '"3"')
    assert code_of(blocked) == (409, "recognition.objection-open")
    assert review(school, objection, 2).status_code == 200
    assert school.state(form) == ("decided", 2)
    assert school.notice(form).status_code == 201


def test_the_group_waits_for_the_answer_to_an_objection(school: Caller) -> None:
    form = school.form()
    school.propose(form, level=2)
    school.notice(form, stage="class")
    objection = object_to(school, form).json()["id"]
    clock.set_office_day(date(2007, 9, 13))
    assert code_of(school.decide(form)) == (409, "recognition.objection-open")
    review(school, objection, 1)
    school.decide(form)
    assert school.state(form) == ("decided", 1)


def test_nobody_objects_to_what_is_not_shown(school: Caller) -> None:
    form = school.form()
    assert code_of(object_to(school, form)) == (409, "recognition.not-in-notice")
    school.propose(form)
    assert code_of(object_to(school, form)) == (409, "recognition.not-in-notice")
    shown, _ = school.noticed()
    assert object_to(school, shown, "county_officer@370826").status_code == 404
    clock.set_office_day(SCHOOL_AFTER)
    assert code_of(object_to(school, shown)) == (409, "notice.over")


def test_a_notice_taken_down_leaves_no_line(city: City, school: Caller) -> None:
    _, notice = school.noticed()
    clock.set_office_day(SCHOOL_AFTER)
    with db.scoped_session(SYSTEM) as session:
        assert notices.take_down_due(session, SCHOOL_AFTER, by=SYSTEM) >= 1
    assert school.file(notice).json()["filed"] == 1


def test_a_level_is_said_with_a_change_and_only_then(school: Caller) -> None:
    form, _ = school.noticed()
    objection = object_to(school, form).json()["id"]
    said = {"objection_id": objection, "outcome": "upheld", "level": 1, "because": "不实"}
    assert school.post(COUNTY_2, "/recognitions/reviews", said).status_code == 422
    assert school.show(form)["objections"][0]["state"] == "open"
    assert school.show(form)["school_year"] == YEAR


def test_every_state_has_its_moves_and_each_can_be_reached() -> None:
    assert set(rules.MOVES) == set(FormState)
    reached = {to for moves in rules.MOVES.values() for to in moves}
    # RETURNED is where the group sends a form, DRAFT and SUBMITTED where one comes in.
    assert reached == set(FormState)
    assert rules.MOVES[FormState.FILED] == frozenset()
