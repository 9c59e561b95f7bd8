"""Where the school tells no level, recognition does; what the school tells goes before."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Date, Integer, String, Uuid, cast, literal, null, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col

from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.columns import TextEnum
from app.policy.service import load_catalogue
from app.recognition import service
from app.recognition.models import Basis
from app.registry.models import Student
from tests.applications.cases import (
    OPEN_DAY,
    PROGRAMME,
    SPRING,
    Office,
    bring,
    open_round,
    row_of,
)
from tests.factories.office import City

PRIMARY, OTHER = "2137000006", "2137000011"
OCTOBER = date(2007, 10, 8)


@pytest.fixture
def office(session: Session, city: City) -> Office:
    clock.set_office_day(OPEN_DAY)
    load_catalogue(session, "jining-2008")
    round_ = open_round(session, city.actor("city_officer"), PROGRAMME, SPRING)
    clerk = city.actor(f"school_clerk@{PRIMARY}")
    db.enter(session, clerk)
    return Office(round_, clerk, city.schools[PRIMARY])


def known(session: Session, office: Office, **given: Any) -> dict[str, Any]:
    """A student who is in already, with a draft that lacks the level."""
    [result] = bring(session, office, row_of(office.school, 1, hardship=None, **given))
    assert (result["outcome"], result["missing"]) == ("incomplete", ["hardship"])
    return result


def recognise(
    session: Session,
    office: Office,
    level: int,
    since: date,
    *groups: str,
    year: str = "2007-2008",
    basis: Basis = Basis.FORM,
) -> None:
    rows = select(
        col(Student.id),
        col(Student.school_id),
        col(Student.county_id),
        literal(year, String(9)),
        literal(level, Integer),
        literal(list(groups), ARRAY(String)),
        literal(basis, TextEnum(Basis)),
        cast(null(), Uuid()),
        cast(null(), Uuid()),
        literal(since, Date()),
        literal("测试", String(500)),
    )
    service.recognise(session, rows, by=SYSTEM)
    db.enter(session, office.clerk)


def facts_of(session: Session, number: str) -> dict[str, Any]:
    found: dict[str, Any] = session.execute(
        text(
            "SELECT u.facts FROM submission u JOIN application a ON a.id = u.application_id "
            "AND a.submission_no = u.submission_no WHERE a.number = :number"
        ),
        {"number": number},
    ).scalar_one()
    return found


def test_the_recognised_level_makes_the_case_whole_and_says_where_it_is_from(
    session: Session, office: Office
) -> None:
    number = known(session, office)["number"]
    recognise(session, office, 2, OCTOBER, "orphan")
    [result] = bring(session, office, row_of(office.school, 1, hardship=None))
    assert (result["outcome"], result["number"]) == ("eligible", number)
    facts = facts_of(session, number)
    told = {"source": "recognition", "as_of": "2007-10-08"}
    assert facts["hardship"] == {"value": 2, **told}
    assert facts["special_group"] == {"value": "orphan", **told}
    assert facts["boards"]["source"] == "school_form"
    stored = session.execute(text("SELECT hardship FROM application")).scalar_one()
    assert stored == 2


def test_what_the_school_tells_goes_before(session: Session, office: Office) -> None:
    number = known(session, office)["number"]
    recognise(session, office, 3, OCTOBER, "orphan")
    bring(session, office, row_of(office.school, 1, hardship=1, special_group="minimum_living"))
    facts = facts_of(session, number)
    assert (facts["hardship"]["value"], facts["hardship"]["source"]) == (1, "school_form")
    assert facts["special_group"]["value"] == "minimum_living"
    assert facts["hardship"]["as_of"] == OPEN_DAY.isoformat()


def test_a_recognition_of_another_year_or_after_the_period_says_nothing(
    session: Session, office: Office
) -> None:
    known(session, office)
    recognise(session, office, 3, date(2008, 9, 1))
    recognise(session, office, 3, OCTOBER, year="2006-2007")
    [result] = bring(session, office, row_of(office.school, 1, hardship=None))
    assert (result["outcome"], result["missing"]) == ("unchanged", ["hardship"])


def test_a_cancelled_recognition_is_no_hardship(session: Session, office: Office) -> None:
    known(session, office)
    recognise(session, office, 0, OCTOBER)
    [result] = bring(session, office, row_of(office.school, 1, hardship=None))
    assert (result["outcome"], result["failed"]) == ("ineligible", ["hardship"])


def test_a_false_statement_goes_before_what_the_school_tells(
    session: Session, office: Office
) -> None:
    number = known(session, office)["number"]
    recognise(session, office, 3, OCTOBER)
    recognise(session, office, 0, date(2008, 9, 1), basis=Basis.CANCELLED)
    told = row_of(office.school, 1, hardship=3, special_group="orphan")
    [result] = bring(session, office, told)
    assert (result["outcome"], result["failed"]) == ("ineligible", ["hardship"])
    facts = facts_of(session, number)
    assert (facts["hardship"]["value"], facts["hardship"]["source"]) == (0, "recognition")


def test_a_recognition_follows_the_student_to_another_school(
    session: Session, office: Office, city: City
) -> None:
    known(session, office)
    other = city.schools[OTHER]
    db.enter(session, SYSTEM)
    recognise(session, office, 2, OCTOBER)
    db.enter(session, SYSTEM)
    moved = {"school": other.id, "county": other.county_id}
    session.execute(text("UPDATE student SET school_id = :school, county_id = :county"), moved)
    session.execute(text("UPDATE enrolment SET left_on = '2008-03-01'"))
    session.execute(text("UPDATE application SET state = 'withdrawn', eligible = false"))
    clerk = city.actor(f"school_clerk@{OTHER}")
    db.enter(session, clerk)
    there = Office(office.round, clerk, other)
    [result] = bring(session, there, row_of(other, 1, hardship=None))
    assert result["outcome"] == "eligible"
