"""The yearly form: what it takes, what it asks, who sees it."""

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.recognition import queries
from app.recognition.models import RecognitionForm
from app.registers.models import RegisterKind
from tests.factories.office import City
from tests.recognition.school import ANSWERS, SCHOOL, WEISHAN, Caller, code_of

CLERK = f"school_clerk@{SCHOOL}"


def test_a_whole_form_is_submitted_with_family_and_masked_numbers(school: Caller) -> None:
    made = school.hand_in(school.students()[0])
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["state"], shown["needed"], shown["version"]) == ("submitted", [], 1)
    assert made.headers["ETag"] == '"1"'
    assert (shown["grade"], shown["class_name"], shown["birth_month"]) == (1, "1", "1999-09")
    assert [(each["name"], each["income"]) for each in shown["members"]] == [("赵强", "6000.00")]
    assert shown["income_per_head"] == "2100.00"
    assert shown["address"] == "任城区***"
    assert "15953700001" not in made.text


@pytest.mark.parametrize(
    ("left_out", "asks"),
    [
        ("car", ["car"]),
        ("house_bought", ["house_bought"]),
        ("income_per_head", ["income_per_head_fen"]),
        ("groups", ["groups"]),
        ("promise", ["promise_signer", "promise_on"]),
    ],
)
def test_what_is_not_known_is_asked_and_refuses_nothing(
    school: Caller, left_out: str, asks: list[str]
) -> None:
    made = school.hand_in(school.students()[0], **{left_out: None})
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["needed"]) == ("draft", asks)


def test_a_car_or_a_house_is_an_answer_like_any_other(school: Caller) -> None:
    made = school.hand_in(school.students()[0], car=True, house_bought=True)
    assert (made.json()["state"], made.json()["needed"]) == ("submitted", [])


def test_a_draft_cannot_go_to_the_panel_until_it_is_answered(school: Caller) -> None:
    form = school.form(car=None)
    refused = school.propose(form)
    assert code_of(refused) == (409, "recognition.moved")
    assert refused.json()["errors"][0]["state"] == "draft"
    again = school.put(CLERK, f"/recognitions/forms/{form}", ANSWERS)
    assert again.status_code == 200, again.text
    assert (again.json()["state"], again.json()["submission_no"]) == ("submitted", 1)
    assert school.propose(form).status_code == 201


def test_one_form_a_student_and_school_year(school: Caller) -> None:
    student = school.students()[0]
    form = school.form(student)
    refused = school.hand_in(student)
    assert code_of(refused) == (409, "recognition.form-exists")
    assert refused.json()["form_id"] == form


def test_a_change_needs_the_version_that_was_seen(school: Caller) -> None:
    form = school.form()
    path = f"/recognitions/forms/{form}"
    changed = school.put(CLERK, path, {**ANSWERS, "members": []})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["version"], changed.json()["members"]) == (2, [])
    assert changed.json()["birth_month"] == "1999-09"
    assert code_of(school.put(CLERK, path, ANSWERS)) == (412, "etag.stale")
    assert school.put(CLERK, path, ANSWERS, '"2"').status_code == 200


def test_a_form_that_was_spoken_on_is_not_changed(school: Caller) -> None:
    form = school.form()
    school.propose(form)
    refused = school.put(CLERK, f"/recognitions/forms/{form}", ANSWERS, '"2"')
    assert code_of(refused) == (409, "recognition.moved")


def test_who_is_not_enrolled_or_without_a_grade_is_named(school: Caller) -> None:
    refused = school.hand_in(school.students()[0], year="2008-2009")
    assert code_of(refused) == (422, "recognition.wrong")
    assert refused.json()["errors"][0]["code"] == "not_enrolled"
    refused = school.hand_in(school.students(grade=None)[0])
    assert refused.json()["errors"][0]["code"] == "grade_missing"


def test_groups_are_read_in_the_words_of_the_time(school: Caller) -> None:
    made = school.hand_in(school.students()[0], groups=["五保户", "烈属", "无"])
    assert made.json()["groups"] == ["extreme_poverty", "martyr_child"]
    refused = school.hand_in(school.students()[0], groups=["低宝户", "孤儿", "脱贫户"])
    assert code_of(refused) == (422, "codes.word-unknown")
    faults = refused.json()["errors"]
    assert [each["where"] for each in faults] == ["/0/groups/0", "/0/groups/2"]
    assert "低保户" in str(faults[0])


def test_numbers_and_address_are_sealed_and_revealed_with_a_reason(school: Caller) -> None:
    form = school.form()
    with db.scoped_session(SYSTEM) as session:
        row = session.get_one(RecognitionForm, form)
        assert row.telephone is not None
        assert row.address is not None
        assert "次丘".encode() not in row.address
    said = {"fields": ["address", "parent_telephone"], "reason": "家访"}
    assert school.post(CLERK, f"/recognitions/forms/{form}/reveal", said).status_code == 403
    shown = school.post(f"school_head@{SCHOOL}", f"/recognitions/forms/{form}/reveal", said)
    assert shown.json()["values"] == {"address": ANSWERS["address"], "parent_telephone": None}


def test_another_school_sees_no_form_and_a_teacher_only_the_own_class(school: Caller) -> None:
    own, other = school.form(), school.form(school.students(class_name="2")[0])
    path = "/recognitions/forms"
    assert school.get(f"{path}/{own}", f"school_head@{WEISHAN}").status_code == 404
    assert school.get(path, "county_officer@370826").json()["items"] == []
    teacher = f"class_teacher@{SCHOOL}"
    assert school.get(f"{path}/{own}", teacher).status_code == 200
    assert school.get(f"{path}/{other}", teacher).status_code == 404
    refused = school.hand_in(school.students(class_name="2")[0], teacher)
    assert refused.status_code == 404


def test_row_security_hides_forms_from_another_county(city: City, school: Caller) -> None:
    school.form()
    with db.scoped_session(city.actor("county_officer@370826")) as session:
        for table in ("recognition_form", "recognition_member"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    with db.scoped_session(city.actor(CLERK)) as session:
        assert session.execute(text("SELECT count(*) FROM recognition_form")).scalar_one() > 0


def test_only_who_is_authorised_may_be_looked_up_in_a_register(school: Caller) -> None:
    leave = {
        "signer": "赵强", "relation": "父亲", "signed_on": "2007-09-05",
        "scope": ["minimum_living", "disabled"],
    }  # fmt: skip
    given, none = school.students(2)
    school.form(given, authorisation=leave)
    school.form(none)
    both = {given, none}

    def among(session: Session, kind: RegisterKind) -> list[str]:
        signed = session.execute(queries.signed()).all()
        return [str(who) for who, of in signed if of == kind.value and str(who) in both]

    with db.scoped_session(SYSTEM) as session:
        assert among(session, RegisterKind.MINIMUM_LIVING) == [given]
        assert among(session, RegisterKind.DISABLED) == [given]
        assert among(session, RegisterKind.ORPHAN) == []
        every = [(str(who), of) for who, of in session.execute(queries.signed())]
        assert (given, "minimum_living") in every
