"""A false statement comes out while cases wait: nobody approves them; the school is told why."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlmodel import Session, col

from app.applications.models import Application
from app.audit.models import AuditEvent, AuditRecord
from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import enter
from app.recognition.service import Ruling
from tests.applications.cases import Office as Counter
from tests.applications.cases import bring, row_of
from tests.applications.test_intake_recognised import PRIMARY, facts_of, known, recognise
from tests.applications.test_intake_recognised import office as counter  # noqa: F401
from tests.factories.cases import make_cases
from tests.factories.office import City
from tests.recognition.test_false_statements import Office
from tests.recognition.test_recognitions import recognise as recognised_as

JUNE = date(2008, 6, 2)
SCHOOL = PRIMARY


@pytest.fixture
def office(session: Session, city: City) -> Office:
    clock.set_office_day(JUNE)
    return Office(session, city)


def waiting(office: Office, state: str, step: str | None = None, **more: str) -> tuple[UUID, UUID]:
    """A case in that state, of a recognised student; answers both ids."""
    [case] = make_cases(
        office.session, office.city.schools[SCHOOL], 1, state=state, step=step, **more
    )  # type: ignore[arg-type]
    student = office.session.execute(
        select(col(Application.student_id)).where(col(Application.id) == case)
    ).scalar_one()
    recognised_as(office.session, [student], 2)
    return case, student


def stands(session: Session, case: UUID) -> tuple[str, str | None, str | None]:
    row = session.execute(
        select(col(Application.state), col(Application.step), col(Application.returned_because))
        .where(col(Application.id) == case)
        .execution_options(populate_existing=True)
    ).one()
    return row[0].value, row[1], row[2]


@pytest.mark.parametrize(
    ("state", "step"), [("submitted", None), ("in_review", "county"), ("in_review", "city")]
)
def test_what_was_handed_in_goes_back_to_the_school_with_the_reason(
    office: Office, state: str, step: str | None
) -> None:
    case, false = waiting(office, state, step)
    other, _ = waiting(office, state, step)
    undone = office.cancel(false)
    assert (undone.students, undone.applications, len(undone.returned)) == (1, [], 1)
    assert (undone.released_fen, undone.recoverable_fen) == (0, 0)
    assert stands(office.session, case) == ("returned", None, "虚假承诺：隐瞒车辆")
    assert stands(office.session, other) == (state, step, None)
    [noted] = office.session.execute(
        select(col(AuditEvent.because))
        .join(AuditRecord, col(AuditRecord.event_id) == AuditEvent.id)
        .where(col(AuditRecord.record_id) == case, col(AuditEvent.did) == "application.sent-back")
    ).scalars()
    assert noted == "虚假承诺：隐瞒车辆"


@pytest.mark.parametrize("state", ["draft", "returned"])
def test_what_is_with_the_school_stays_there_and_is_marked(office: Office, state: str) -> None:
    case, false = waiting(office, state)
    assert len(office.cancel(false).returned) == 1
    assert stands(office.session, case) == (state, None, "虚假承诺：隐瞒车辆")


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
def test_what_is_over_stays_as_it_was(office: Office, state: str) -> None:
    case, false = waiting(office, state)
    assert office.cancel(false).returned == []
    assert stands(office.session, case) == (state, None, None)


def test_a_case_of_another_school_year_stays(office: Office) -> None:
    case, false = waiting(office, "in_review", "city", period="2007-spring")
    assert office.cancel(false).returned == []
    assert stands(office.session, case) == ("in_review", "city", None)


def test_a_refused_cancellation_sends_nothing_back(office: Office) -> None:
    case, false = waiting(office, "in_review", "city")
    assert office.cancel(false, ruling=Ruling(confirm=False, because="查无此事")).returned == []
    assert stands(office.session, case) == ("in_review", "city", None)


def test_the_schools_batch_is_open_again(office: Office) -> None:
    case, false = waiting(office, "in_review", "county")
    session = office.session
    session.execute(
        text(
            "INSERT INTO reporting_batch (id, round_id, school_id, county_id, state, zero, panel, "
            "filled_by, endorsed_by, endorsed_at, notice_from, notice_to, version) SELECT "
            "gen_random_uuid(), round_id, school_id, county_id, 'reported', false, '{}', "
            "gen_random_uuid(), gen_random_uuid(), now(), '2008-05-01', '2008-05-08', 1 "
            "FROM application WHERE id = :case"
        ),
        {"case": case},
    )
    office.cancel(false)
    [batch] = session.execute(text("SELECT state, endorsed_by FROM reporting_batch")).all()
    assert tuple(batch) == ("filling", None)


def test_handed_in_anew_it_takes_what_is_recognised_now(
    session: Session,
    city: City,
    counter: Counter,  # noqa: F811
) -> None:
    result = known(session, counter)
    recognise(session, counter, 2, date(2007, 10, 8))
    [whole] = bring(session, counter, row_of(counter.school, 1, hardship=None))
    assert whole["outcome"] == "eligible"
    case = UUID(str(whole["application_id"]))
    enter(session, SYSTEM)
    session.execute(
        update(Application)
        .where(col(Application.id) == case)
        .values(state="in_review", step="county")
    )
    student = session.execute(
        select(col(Application.student_id)).where(col(Application.id) == case)
    ).scalar_one()
    Office(session, city).cancel(student)
    enter(session, counter.clerk)
    assert stands(session, case)[0] == "returned"
    [again] = bring(session, counter, row_of(counter.school, 1, hardship=None))
    assert (again["outcome"], again["failed"]) == ("ineligible", ["hardship"])
    facts = facts_of(session, result["number"])
    assert (facts["hardship"]["value"], facts["hardship"]["source"]) == (0, "recognition")
    assert stands(session, case)[2] is None
