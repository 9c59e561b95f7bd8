"""Who looks again at a rejection that a cancelled recognition brought with it."""

from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from app.applications import reviews
from app.applications.models import Application, Objection, ObjectionState, ReviewState
from app.applications.review_errors import ReviewerInvolved, ReviewNotYours
from app.applications.reviews import Asking, Finding
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.notices import service as notices
from app.notices.service import Posting
from app.registry.models import School, Student
from app.reports.refusals import refusal
from tests.factories.cases import BOARDERS, SPRING
from tests.factories.office import City
from tests.factories.payouts import Payee
from tests.recognition.school import SCHOOL, WEISHAN
from tests.recognition.test_false_statements import JUNE, Office

COUNTY, COUNTY_2 = "county_officer@370811", "county_officer_2@370811"
CLERK = f"school_clerk@{SCHOOL}"


@pytest.fixture
def office(session: Session, city: City) -> Office:
    clock.set_office_day(JUNE)
    return Office(session, city)


def ask_review(office: Office, payee: Payee) -> UUID:
    """The school records that the family asks for a review."""
    by = office.city.actor(CLERK)
    asking = Asking(asked_by_name="王芳", relation="母亲", words="车不是我家的")
    db.enter(office.session, by)
    made = reviews.ask_review(office.session, payee.application_id, asking, by=by).id
    office.session.flush()
    db.enter(office.session, SYSTEM)
    return made


def uphold(office: Office, review: UUID, who: str) -> ReviewState:
    """The officer finds that the rejection stands."""
    found = Finding(change=False, because="已重新核对")
    by = office.city.actor(who)
    return reviews.decide_review(office.session, review, found, by=by).state


def test_a_countys_cancellation_is_reviewed_there_and_the_citys_by_the_city(
    office: Office,
) -> None:
    by_county, by_city = payees = office.payees(2)
    office.cancel(by_county.student_id, who=COUNTY, settler=COUNTY_2)
    office.cancel(by_city.student_id)
    here, there = (ask_review(office, each) for each in payees)
    with pytest.raises(ReviewerInvolved):
        uphold(office, here, COUNTY_2)
    assert uphold(office, here, COUNTY) is ReviewState.UPHELD
    with pytest.raises(ReviewNotYours):
        uphold(office, there, COUNTY)
    assert uphold(office, there, "city_officer") is ReviewState.UPHELD


def test_a_cancellation_upheld_upon_an_objection_is_reviewed_in_the_county_too(
    office: Office,
) -> None:
    [false] = office.payees(1)
    object_to(office, false)
    office.cancel(false.student_id, who=COUNTY, settler=COUNTY_2)
    assert uphold(office, ask_review(office, false), COUNTY) is ReviewState.UPHELD


def test_the_family_of_a_student_who_moved_away_can_ask_for_a_review(office: Office) -> None:
    session, [false] = office.session, office.payees(1)
    other = office.city.schools[WEISHAN]
    session.execute(
        update(Student)
        .where(col(Student.id) == false.student_id)
        .values(school_id=other.id, county_id=other.county_id)
    )
    office.cancel(false.student_id)
    ask_review(office, false)
    clerk = office.city.actor(CLERK)
    db.enter(session, clerk)
    told = refusal(session, false.application_id, by=clerk)
    db.enter(session, SYSTEM)
    assert "隐瞒车辆" in told.rejection.reason


def object_to(office: Office, payee: Payee) -> None:
    """Somebody objects to the case while it is in a notice."""
    session, case = office.session, office.session.get_one(Application, payee.application_id)
    shown = (
        select(
            col(Application.id), col(Application.school_id), col(Application.county_id),
            col(Application.student_name), col(School.name), col(Application.grade),
            col(Application.class_name),
        )
        .join(School, col(School.id) == Application.school_id)
        .where(col(Application.id) == case.id)
    )  # fmt: skip
    posting = Posting(programme=BOARDERS, period=SPRING, title="公示", working_days=5)
    notice = notices.post(session, posting, shown, by=SYSTEM)
    session.add(
        Objection(
            application_id=case.id, school_id=case.school_id, county_id=case.county_id,
            notice_id=notice.id, raised_on=JUNE, words="家里有车", recorded_by=ids.new(),
            state=ObjectionState.OPEN,
        )
    )  # fmt: skip
    session.flush()
