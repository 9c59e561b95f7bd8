"""Who filled a form never decides it; what is cancelled takes no form; each school has its own."""

from datetime import date
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.recognition.models import Basis, FormState, Recognition, RecognitionForm
from app.registry.models import Enrolment, Student
from tests.recognition.school import (
    ANSWERS,
    SCHOOL,
    SCHOOL_AFTER,
    WEISHAN,
    YEAR,
    Caller,
    code_of,
)
from tests.recognition.test_recognitions import COUNTY, COUNTY_2

CLERK, HEAD = f"school_clerk@{SCHOOL}", f"school_head@{SCHOOL}"


def test_whoever_filled_a_form_before_the_last_does_not_decide_it(school: Caller) -> None:
    form = school.form(who=HEAD)
    changed = school.put(CLERK, f"/recognitions/forms/{form}", ANSWERS)
    assert changed.status_code == 200, changed.text
    assert school.propose(form).status_code == 201
    assert code_of(school.decide(form)) == (403, "recognition.four-eyes")


def cancel(school: Caller, student: str) -> None:
    """Cancelled for a false statement by two officers."""
    said = {"student_ids": [student], "school_year": YEAR, "because": "隐瞒车辆"}
    [request] = school.post(COUNTY, "/recognitions/cancellations", said).json()["ids"]
    ruling = {"verdict": "confirm", "because": "已核实"}
    done = school.post(COUNTY_2, f"/recognitions/cancellations/{request}/settle", ruling)
    assert done.status_code == 200, done.text


def test_after_a_cancellation_no_form_is_taken_for_the_year(school: Caller) -> None:
    form, student = school.filed(level=2)
    cancel(school, student)
    assert code_of(school.hand_in(student)) == (409, "recognition.cancelled")
    # As a form that stood beside the recognition was refused with it, and could come in again.
    with db.scoped_session(SYSTEM) as session:
        mine = update(RecognitionForm).where(col(RecognitionForm.id) == UUID(form))
        session.execute(mine.values(state=FormState.REJECTED, version=1))
    again = school.put(CLERK, f"/recognitions/forms/{form}", ANSWERS)
    assert code_of(again) == (409, "recognition.cancelled")


def test_after_a_transfer_in_the_year_the_new_school_hands_in_a_form_of_its_own(
    school: Caller,
) -> None:
    (student,) = school.students()
    old = school.form(student)
    there = school.city.schools[WEISHAN]
    with db.scoped_session(SYSTEM) as session:
        place = {"school_id": there.id, "county_id": there.county_id}
        of = col(Enrolment.student_id) == UUID(student)
        session.execute(update(Enrolment).where(of).values(left_on=date(2007, 10, 1)))
        session.execute(update(Student).where(col(Student.id) == UUID(student)).values(place))
        session.add(
            Enrolment(
                student_id=UUID(student),
                school_year=YEAR,
                stage=there.stage,
                grade=1,
                class_name="1",
                entered_on=date(2007, 10, 2),
                made_at=clock.now(),
                made_by=ids.new(),
                **place,
            )
        )
    made = school.hand_in(student, who=f"school_clerk@{WEISHAN}")
    assert made.status_code == 201, made.text
    assert made.json()["id"] != old
    again = school.hand_in(student, who=f"school_clerk@{WEISHAN}")
    assert code_of(again) == (409, "recognition.form-exists")
    assert again.json()["form_id"] == made.json()["id"]


def test_a_form_whose_students_recognition_was_cancelled_is_never_filed(school: Caller) -> None:
    """However it came into the notice: by an objection, or handed in at the same moment."""
    form, notice = school.noticed(2)
    with db.scoped_session(SYSTEM) as session:
        stands = session.get_one(RecognitionForm, UUID(form))
        session.add(
            Recognition(
                student_id=stands.student_id,
                school_id=stands.school_id,
                county_id=stands.county_id,
                school_year=YEAR,
                level=0,
                groups=[],
                basis=Basis.CANCELLED,
                valid_from=date(2007, 9, 1),
                decided_by=ids.new(),
                because="隐瞒车辆",
                made_at=clock.now(),
            )
        )
    clock.set_office_day(SCHOOL_AFTER)
    assert school.file(notice).json() == {"filed": 0, "held_back": []}
    assert school.state(form) == ("rejected", 0)
