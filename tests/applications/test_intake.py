"""Intake: a row registers its student and applies, whole sheets in a fixed number of statements."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import Session

from app.applications import checks, intake
from app.applications.errors import RoundClosed
from app.core import clock, db
from app.core.actor import SYSTEM
from app.policy.service import load_catalogue
from app.registry.queries import schools_in_scope
from tests.applications.cases import (
    OPEN_DAY,
    PROGRAMME,
    SPRING,
    Office,
    bring,
    frame_of,
    open_round,
    resident_id,
    row_of,
)
from tests.factories.office import City

PRIMARY = "2137000006"
JUNIOR_IN_TOWN = "3137000009"


@pytest.fixture
def office(session: Session, city: City) -> Office:
    """A clerk of a rural primary school, in the clerk's scope, on a day of the open round."""
    clock.set_office_day(OPEN_DAY)
    load_catalogue(session, "jining-2008")
    round_ = open_round(session, city.actor("city_officer"), PROGRAMME, SPRING)
    clerk = city.actor(f"school_clerk@{PRIMARY}")
    db.enter(session, clerk)
    return Office(round_, clerk, city.schools[PRIMARY])


def states(session: Session) -> list[tuple[str, str, int]]:
    found = session.execute(
        text("SELECT number, state, submission_no FROM application ORDER BY number")
    )
    return [(row[0], row[1], row[2]) for row in found]


def move(session: Session, number: str, state: str, step: str | None = None) -> None:
    session.execute(
        text("UPDATE application SET state = :state, step = :step WHERE number = :number"),
        {"state": state, "step": step, "number": number},
    )


def set_batch(session: Session, office: Office, city: City, state: str) -> None:
    db.enter(session, SYSTEM)
    session.execute(
        text(
            "INSERT INTO reporting_batch (id, round_id, school_id, county_id, state, zero, panel, "
            "notice_from, notice_to, filled_by, endorsed_by, version) VALUES (gen_random_uuid(), "
            ":round, :school, :county, :state, false, '{}', '2008-04-01', '2008-04-08', "
            ":filled, :endorsed, 1)"
        ),
        {
            "round": office.round.id,
            "school": office.school.id,
            "county": office.school.county_id,
            "state": state,
            "filled": city.staff[f"school_clerk@{PRIMARY}"].id,
            "endorsed": city.staff[f"school_head@{PRIMARY}"].id,
        },
    )
    db.enter(session, office.clerk)


def test_an_eligible_row_registers_the_student_and_applies(
    session: Session, office: Office
) -> None:
    [result] = bring(session, office, row_of(office.school, 1))
    assert (result["outcome"], result["detail"]) == ("eligible", "250.00")
    assert (result["number"], result["amount_fen"]) == ("BS-2008S-0000001", 250_00)
    stored = session.execute(
        text(
            "SELECT a.state, a.student_name, a.hardship, s.name, u.facts -> 'boards' ->> 'source', "
            "u.facts -> 'school_area' ->> 'source' FROM application a "
            "JOIN student s ON s.id = a.student_id JOIN submission u ON u.application_id = a.id"
        )
    ).one()
    assert tuple(stored) == (
        "submitted", "赵芳1", 1, "赵芳1", "school_form", "school_register",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "outcome", "detail", "state"),
    [
        ({"boards": False}, "ineligible", "boards", "submitted"),
        ({"boards": False, "hardship": 0}, "ineligible", "boards+hardship", "submitted"),
        ({"hardship": None}, "incomplete", "hardship", "draft"),
        ({"hardship": None, "boards": None}, "incomplete", "boards+hardship", "draft"),
        ({"hardship": None, "boards": False}, "ineligible", "boards", "submitted"),
    ],
)
def test_each_outcome_names_its_reasons(
    session: Session,
    office: Office,
    given: dict[str, Any],
    outcome: str,
    detail: str,
    state: str,
) -> None:
    [result] = bring(session, office, row_of(office.school, 1, **given))
    assert (result["outcome"], result["detail"]) == (outcome, detail)
    assert result["amount_fen"] is None
    assert [each[1] for each in states(session)] == [state]


def test_a_student_without_a_resident_id_is_provisional(session: Session, office: Office) -> None:
    unknown, told = bring(
        session,
        office,
        row_of(office.school, 1, resident_id=None),
        row_of(
            office.school, 2, resident_id=None, birth_on=OPEN_DAY.replace(year=1999),
            guardian_resident_id=resident_id(9000),
        ),
    )  # fmt: skip
    assert [unknown["outcome"], told["outcome"]] == ["provisional", "provisional"]
    assert unknown["amount_fen"] == 250_00
    assert unknown["detail"] == "no resident id yet: birth date and guardian's id asked for"
    assert told["detail"] == "no resident id yet: an officer has to confirm who it is"


def test_the_same_facts_again_are_unchanged_on_another_day(
    session: Session, office: Office
) -> None:
    [first] = bring(session, office, row_of(office.school, 1))
    clock.set_office_day(OPEN_DAY.replace(day=25))
    [second] = bring(session, office, row_of(office.school, 1))
    assert second["outcome"] == "unchanged"
    assert second["application_id"] == first["application_id"]
    assert second["detail"] == "BS-2008S-0000001 submitted"
    assert len(states(session)) == 1


def test_other_facts_of_a_submitted_case_are_already_applied(
    session: Session, office: Office
) -> None:
    bring(session, office, row_of(office.school, 1))
    [second] = bring(session, office, row_of(office.school, 1, hardship=2))
    assert second["outcome"] == "already_applied"
    assert states(session) == [("BS-2008S-0000001", "submitted", 1)]


@pytest.mark.parametrize("state", ["draft", "returned"])
def test_a_draft_or_returned_case_is_handed_in_again_under_its_number(
    session: Session, office: Office, state: str
) -> None:
    [first] = bring(session, office, row_of(office.school, 1))
    move(session, first["number"], state)
    [second] = bring(session, office, row_of(office.school, 1, hardship=3))
    assert (second["outcome"], second["number"]) == ("eligible", first["number"])
    assert states(session) == [(first["number"], "submitted", 2)]
    kept = session.execute(
        text("SELECT facts -> 'hardship' -> 'value' FROM submission ORDER BY submission_no")
    ).scalars()
    assert list(kept) == [1, 3]


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
def test_a_case_that_is_over_leaves_room_for_another(
    session: Session, office: Office, state: str
) -> None:
    [first] = bring(session, office, row_of(office.school, 1))
    move(session, first["number"], state)
    [second] = bring(session, office, row_of(office.school, 1))
    assert (second["outcome"], second["number"]) == ("eligible", "BS-2008S-0000002")


@pytest.mark.parametrize("state", ["endorsed", "reported"])
def test_an_endorsed_batch_takes_no_more_and_keeps_nothing_of_the_refused(
    session: Session, office: Office, city: City, state: str
) -> None:
    bring(session, office, row_of(office.school, 1), row_of(office.school, 2))
    move(session, "BS-2008S-0000002", "returned")
    set_batch(session, office, city, state)
    same, returned, new = bring(
        session,
        office,
        row_of(office.school, 1),
        row_of(office.school, 2, hardship=2),
        row_of(office.school, 3),
    )
    assert same["outcome"] == "unchanged"
    assert (returned["outcome"], returned["number"]) == ("eligible", "BS-2008S-0000002")
    assert (new["outcome"], new["kinds"]) == ("error", ["batch_closed"])
    names = session.execute(text("SELECT name FROM student ORDER BY name")).scalars()
    assert list(names) == ["赵芳1", "赵芳2"]


def test_a_batch_being_filled_takes_more(session: Session, office: Office, city: City) -> None:
    set_batch(session, office, city, "filling")
    [result] = bring(session, office, row_of(office.school, 1))
    assert result["outcome"] == "eligible"


def test_a_student_of_another_school_is_an_error_that_shows_nothing(
    session: Session, office: Office, city: City
) -> None:
    bring(session, office, row_of(office.school, 1))
    other = city.schools["2137000011"]
    clerk = city.actor("school_clerk@2137000011")
    db.enter(session, clerk)
    there = Office(office.round, clerk, other)
    [result] = bring(session, there, row_of(other, 1))
    assert (result["outcome"], result["kinds"]) == ("error", ["student_elsewhere"])
    assert result["number"] is None


def test_a_school_outside_the_scope_is_unknown_and_keeps_no_other_out(
    session: Session, office: Office, city: City
) -> None:
    rows = frame_of(row_of(city.schools["2137000011"], 1), row_of(office.school, 2))
    placed = checks.at_schools(rows, schools_in_scope(session, office.clerk))
    taken = intake.take_in(session, placed, round_=office.round, by=office.clerk)
    assert taken.get_column("outcome").to_list() == ["error", "eligible"]
    assert taken.get_column("kinds").to_list() == [["school_unknown"], []]


def test_a_county_hands_in_for_its_schools_each_at_its_own_rate(
    session: Session, office: Office, city: City
) -> None:
    officer = city.actor("county_officer@370811")
    db.enter(session, officer)
    county = Office(office.round, officer, office.school)
    results = bring(
        session,
        county,
        row_of(office.school, 1),
        row_of(city.schools["3137000008"], 2),
        row_of(city.schools[JUNIOR_IN_TOWN], 3),
    )
    assert [each["detail"] for each in results] == ["250.00", "375.00", "school_area"]


def test_a_vocational_award_says_its_ten_payments(
    session: Session, office: Office, city: City
) -> None:
    db.enter(session, SYSTEM)
    round_ = open_round(session, city.actor("city_officer"), "vocational-grant", "2007-autumn")
    clerk = city.actor("school_clerk@3637000010")
    db.enter(session, clerk)
    there = Office(round_, clerk, city.schools["3637000010"])
    second, third = bring(
        session,
        there,
        row_of(there.school, 1, grade=2, hukou="rural", hardship=0),
        row_of(there.school, 2, grade=12, hukou="rural"),  # 高三, counted from primary school
    )
    assert second["detail"] == "1500.00 a year, 10 x 150.00"
    assert second["number"] == "VG-2007Y-0000001"
    assert third["detail"] == "year"


def test_nothing_comes_in_after_the_close(session: Session, office: Office) -> None:
    clock.set_office_day(office.round.closes_on.replace(month=5, day=1))
    with pytest.raises(RoundClosed) as refused:
        bring(session, office, row_of(office.school, 1))
    assert refused.value.facts == {"closes_on": "2008-04-30"}


def test_the_uploader_stands_on_the_case_and_in_the_audit(session: Session, office: Office) -> None:
    results = bring(session, office, row_of(office.school, 1), row_of(office.school, 2))
    uploaded = session.execute(text("SELECT DISTINCT uploaded_by FROM application")).scalar_one()
    assert uploaded == office.clerk.id
    db.enter(session, SYSTEM)
    noted = session.execute(
        text(
            "SELECT r.record_id FROM audit_event e JOIN audit_record r ON r.event_id = e.id "
            "WHERE e.did = 'application.taken_in' ORDER BY 1"
        )
    ).scalars()
    assert list(noted) == sorted(UUID(each["application_id"]) for each in results)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement this process sends while the test runs."""
    sent: list[str] = []

    def seen(*given: Any) -> None:
        sent.append(given[2])

    event.listen(Engine, "before_cursor_execute", seen)
    yield sent
    event.remove(Engine, "before_cursor_execute", seen)


def test_a_thousand_rows_take_no_more_statements_than_ten(
    session: Session, office: Office, statements: list[str]
) -> None:
    counts = []
    for first, size in ((0, 10), (10, 1000)):
        del statements[:]
        results = bring(
            session,
            office,
            *(row_of(office.school, first + place) for place in range(size)),
        )
        counts.append(len(statements))
        assert {each["outcome"] for each in results} == {"eligible"}
    assert counts[0] == counts[1]
    assert counts[0] < 50
