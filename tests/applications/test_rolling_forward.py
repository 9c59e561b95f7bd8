"""A new round's list from the last period: who goes on, is new, has gone, is to be checked."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.applications import rolling_forward, rolling_queries, rounds
from app.applications.models import ApplicationRound, Fate
from app.applications.rolling_errors import FromPeriodWrong, LinesWrong, NotRolledForward
from app.applications.rolling_forward import Choice, Forwarded
from app.applications.rolling_rules import Before, Now, to_check
from app.applications.rounds import Days
from app.applications.year_turn import turn_of
from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.paging import PageAsked
from app.policy.service import load_catalogue
from app.registry import intake, rolling
from app.registry.models import School
from app.registry.rolling import Part
from app.registry.service_enrolments import leave
from tests.applications.cases import (
    OPEN_DAY,
    PROGRAMME,
    SPRING,
    Office,
    bring,
    card,
    frame_of,
    open_round,
    row_of,
)
from tests.factories.office import City
from tests.registry.test_intake import statements

PRIMARY, FAR = "2137000006", "2137000011"
AUTUMN = "2008-autumn"
EVERY_DAY = Days(date(2007, 9, 1), date(2009, 12, 31))
BY_STUDENT = text("SELECT student_id FROM application WHERE number = :number")


PROVISIONAL = """
UPDATE student SET identity = 'provisional', resident_id = NULL, resident_id_index = NULL,
    provisional_index = 'x'
"""


@pytest.fixture
def office(session: Session, city: City) -> Office:
    """A clerk of a rural primary school, in the clerk's scope, on a day of the open round."""
    return of_school(session, city, PRIMARY)


def of_school(session: Session, city: City, code: str) -> Office:
    clock.set_office_day(OPEN_DAY)
    load_catalogue(session, "jining-2008")
    db.enter(session, SYSTEM)
    round_ = open_round(session, city.actor("city_officer"), PROGRAMME, SPRING)
    clerk = city.actor(f"school_clerk@{code}")
    db.enter(session, clerk)
    return Office(round_, clerk, city.schools[code])


def approve(session: Session, office: Office, *rows: dict[str, Any]) -> list[UUID]:
    """The rows as cases of spring 2008 that were approved; answers their students."""
    numbers = [each["number"] for each in bring(session, office, *rows)]
    session.execute(
        text("UPDATE application SET state = 'confirmed' WHERE number = ANY(:numbers)"),
        {"numbers": numbers},
    )
    return [session.execute(BY_STUDENT, {"number": number}).scalar_one() for number in numbers]


def turn_the_year(session: Session, city: City, office: Office) -> rolling.Rolled:
    db.enter(session, SYSTEM)
    clock.set_office_day(date(2008, 9, 2))
    done = rolling.roll_over(session, turn_of("2007-2008"), Part(), by=city.actor("city_officer"))
    db.enter(session, office.clerk)
    return done


def next_round(session: Session, office: Office, period: str = AUTUMN) -> ApplicationRound:
    db.enter(session, SYSTEM)
    made = rounds.open_round(session, programme=PROGRAMME, period=period, days=EVERY_DAY, by=SYSTEM)
    db.enter(session, office.clerk)
    return made


def forward(
    session: Session, round_: ApplicationRound, office: Office, from_period: str = SPRING
) -> Forwarded:
    turn = rolling_forward.forward_for(session, round_, from_period, office.school)
    return rolling_forward.roll_forward(session, turn, by=office.clerk)


def lines(session: Session, round_: ApplicationRound, office: Office) -> dict[UUID, Any]:
    """The lines of the school's list, by student."""
    wanted = rolling_queries.lines(round_.id, office.school.id, None, by=office.clerk)
    found = rolling_queries.page_of_lines(session, wanted, PageAsked(200, None))
    return {row.RollForwardLine.student_id: row.RollForwardLine for row in found}


def take(
    session: Session, round_: ApplicationRound, office: Office, **choice: Any
) -> list[dict[str, Any]]:
    taken = rolling_forward.take(session, round_, office.school, Choice(**choice), by=office.clerk)
    return [row for _, row in taken]


def facts_of(session: Session, number: str) -> dict[str, Any]:
    found: dict[str, Any] = session.execute(
        text(
            "SELECT facts FROM submission s JOIN application a ON a.id = s.application_id "
            "WHERE a.number = :number"
        ),
        {"number": number},
    ).scalar_one()
    return found


def test_who_is_still_here_goes_on_and_is_handed_in_with_the_facts_as_they_were(
    session: Session, city: City
) -> None:
    office = of_school(session, city, PRIMARY)
    autumn = next_round(session, office, "2007-autumn")
    clock.set_office_day(date(2007, 10, 8))
    last = Office(autumn, office.clerk, office.school)
    [who] = approve(
        session, last,
        row_of(office.school, 1, hukou="rural", account_number=card(1), household_size=4),
    )  # fmt: skip
    clock.set_office_day(OPEN_DAY)
    done = forward(session, office.round, office, "2007-autumn")
    assert done.counts == {
        Fate.CONTINUED: 1, Fate.ADDED: 0, Fate.LEFT: 0, Fate.TO_CHECK: 0,
    }  # fmt: skip
    line = lines(session, office.round, office)[who]
    assert (line.fate, line.reasons, line.amount_fen) == (Fate.CONTINUED, [], 250_00)
    [result] = take(session, office.round, office)
    assert (result["outcome"], result["detail"]) == ("eligible", "250.00")
    facts = facts_of(session, result["number"])
    assert facts["hardship"] == {"value": 1, "source": "school_form", "as_of": "2007-10-08"}
    assert facts["household_size"]["as_of"] == "2007-10-08"
    assert facts["stage"] == {
        "value": "primary", "source": "school_register", "as_of": "2008-04-20",
    }  # fmt: skip
    assert facts["year"] == {"value": 1, "source": "student_registry", "as_of": "2008-04-20"}
    assert facts["boards"]["source"] == "student_registry"
    assert take(session, office.round, office)[0]["outcome"] == "unchanged"


def test_rolling_forward_twice_adds_nothing_and_follows_what_has_changed(
    session: Session, city: City, office: Office
) -> None:
    approve(session, office, row_of(office.school, 1), row_of(office.school, 2))
    turn_the_year(session, city, office)
    round_ = next_round(session, office)
    first = forward(session, round_, office)
    assert (first.added, first.changed, first.dropped) == (2, 0, 0)
    before = {who: line.id for who, line in lines(session, round_, office).items()}
    second = forward(session, round_, office)
    assert (second.added, second.changed, second.dropped) == (0, 0, 0)
    [gone, stays] = before
    leave(session, [gone], left_on=date(2008, 9, 1), because="随父母迁居", by=office.clerk)
    third = forward(session, round_, office)
    assert (third.added, third.changed, third.dropped) == (0, 1, 0)
    after = lines(session, round_, office)
    assert {who: line.id for who, line in after.items()} == before
    assert (after[gone].fate, after[stays].fate) == (Fate.LEFT, Fate.TO_CHECK)
    session.execute(text("UPDATE application SET state = 'rejected' WHERE student_id = :who"),
                    {"who": stays})  # fmt: skip
    assert forward(session, round_, office).dropped == 1


def test_who_has_left_is_shown_with_the_day_and_the_reason(
    session: Session, city: City, office: Office
) -> None:
    sixth, gone = approve(
        session, office, row_of(office.school, 1, grade=6), row_of(office.school, 2)
    )
    clock.set_office_day(date(2008, 6, 2))
    leave(session, [gone], left_on=date(2008, 6, 1), because="随父母迁居", by=office.clerk)
    turn_the_year(session, city, office)
    round_ = next_round(session, office)
    assert forward(session, round_, office).counts[Fate.LEFT] == 2
    found = lines(session, round_, office)
    assert (found[gone].reasons, found[gone].left_on, found[gone].left_because) == (
        ["left"], date(2008, 6, 1), "随父母迁居",
    )  # fmt: skip
    assert (found[sixth].reasons, found[sixth].left_on) == (["graduated"], date(2008, 7, 15))


def test_a_graduate_moved_out_of_sight_is_still_shown_as_gone(
    session: Session, city: City, office: Office
) -> None:
    [sixth] = approve(session, office, row_of(office.school, 1, grade=6))
    turn_the_year(session, city, office)
    junior = city.schools["3137000008"]
    admit(session, city, junior, 1, grade=1, boards=True)
    round_ = next_round(session, office)
    forward(session, round_, office)
    line = lines(session, round_, office)[sixth]
    assert (line.fate, line.reasons, line.student_name) == (Fate.LEFT, ["graduated"], "赵芳1")
    there = Office(round_, city.actor("school_clerk@3137000008"), junior)
    db.enter(session, there.clerk)
    assert forward(session, round_, there).counts[Fate.ADDED] == 0


def admit(session: Session, city: City, school: School, seed: int, **given: Any) -> UUID:
    """A pupil on a school's roll of 2008-2009."""
    by = city.actor(f"school_clerk@{school.code}")
    db.enter(session, by)
    frame = frame_of({**row_of(school, seed, **given), "county_id": str(school.county_id)})
    made = intake.register(
        session, frame, school_year="2008-2009", entered_on=date(2008, 9, 1), by=by
    )
    return UUID(made.item(0, "student_id"))


def award(session: Session, who: UUID) -> None:
    """A granted award for the confirmed case of a student."""
    db.enter(session, SYSTEM)
    session.execute(
        text(
            "INSERT INTO award (id, application_id, student_id, school_id, county_id, programme, "
            "period, policy_version_id, amount_fen, state, decision_batch_id, made_at) SELECT "
            "gen_random_uuid(), a.id, a.student_id, a.school_id, a.county_id, a.programme, "
            "a.period, s.policy_version_id, a.amount_fen, 'granted', gen_random_uuid(), now() "
            "FROM application a JOIN submission s ON s.application_id = a.id "
            "WHERE a.student_id = :who"
        ),
        {"who": who},
    )


def test_who_is_new_with_a_sign_of_need_is_shown_and_not_applied_for(
    session: Session, city: City, office: Office
) -> None:
    [sixth] = approve(session, office, row_of(office.school, 1, grade=6))
    award(session, sixth)
    turn_the_year(session, city, office)
    junior = city.schools["3137000008"]
    assert admit(session, city, junior, 1, grade=1) == sixth
    orphan = admit(session, city, junior, 2, special_group="orphan")
    admit(session, city, junior, 3, special_group="none")
    admit(session, city, junior, 4)
    round_ = next_round(session, office)
    there = Office(round_, city.actor("school_clerk@3137000008"), junior)
    db.enter(session, there.clerk)
    assert forward(session, round_, there).counts[Fate.ADDED] == 2
    found = lines(session, round_, there)
    assert {who: line.reasons for who, line in found.items()} == {
        sixth: ["award_elsewhere"],
        orphan: ["special_group"],
    }
    assert take(session, round_, there) == []
    with pytest.raises(LinesWrong):
        take(session, round_, there, lines=[found[orphan].id])


def test_at_the_turn_of_the_year_an_old_recognition_is_checked_and_said_anew(
    session: Session, city: City, office: Office
) -> None:
    [who] = approve(session, office, row_of(office.school, 1))
    turn_the_year(session, city, office)
    round_ = next_round(session, office)
    forward(session, round_, office)
    line = lines(session, round_, office)[who]
    assert (line.fate, line.reasons, line.grade) == (Fate.TO_CHECK, ["hardship_old"], 2)
    assert take(session, round_, office) == []
    with pytest.raises(LinesWrong) as refused:
        take(session, round_, office, lines=[], checked={line.id: {}})
    assert [fault.code for fault in refused.value.faults] == ["hardship_old"]
    [result] = take(session, round_, office, checked={line.id: {"hardship": 2}})
    assert result["outcome"] == "eligible"
    facts = facts_of(session, result["number"])
    assert facts["hardship"] == {"value": 2, "source": "school_form", "as_of": "2008-09-02"}
    assert facts["year"]["value"] == 2


def recognise_anew(
    session: Session, office: Office, who: UUID, level: int, *groups: str, year: str = "2008-2009"
) -> None:
    """The new school year's recognition, valid from 2 September 2008."""
    db.enter(session, SYSTEM)
    session.execute(
        text(
            "INSERT INTO recognition (id, student_id, school_id, county_id, school_year, level, "
            "groups, basis, valid_from, decided_by, because, made_at) SELECT gen_random_uuid(), "
            "id, school_id, county_id, :year, :level, :groups, 'form', '2008-09-02', "
            "gen_random_uuid(), '认定', now() FROM student WHERE id = :who"
        ),
        {"who": who, "level": level, "groups": list(groups), "year": year},
    )
    db.enter(session, office.clerk)


def test_who_is_recognised_in_the_new_year_goes_on_with_its_level_and_group(
    session: Session, city: City, office: Office
) -> None:
    [who] = approve(session, office, row_of(office.school, 1, special_group="disabled_parent"))
    turn_the_year(session, city, office)
    recognise_anew(session, office, who, 3, "orphan")
    round_ = next_round(session, office)
    forward(session, round_, office)
    line = lines(session, round_, office)[who]
    assert (line.fate, line.reasons) == (Fate.CONTINUED, [])
    [result] = take(session, round_, office)
    facts = facts_of(session, result["number"])
    told = {"source": "recognition", "as_of": "2008-09-02"}
    assert facts["hardship"] == {"value": 3, **told}
    assert facts["special_group"] == {"value": "orphan", **told}


def test_who_is_recognised_as_not_in_hardship_is_to_be_checked_for_that_alone(
    session: Session, city: City, office: Office
) -> None:
    [who] = approve(session, office, row_of(office.school, 1))
    turn_the_year(session, city, office)
    recognise_anew(session, office, who, 0)
    round_ = next_round(session, office)
    forward(session, round_, office)
    line = lines(session, round_, office)[who]
    assert (line.fate, line.reasons, line.detail) == (
        Fate.TO_CHECK, ["eligibility_flips"], ["hardship"],
    )  # fmt: skip


def test_a_recognition_of_the_year_before_is_old(
    session: Session, city: City, office: Office
) -> None:
    [who] = approve(session, office, row_of(office.school, 1))
    turn_the_year(session, city, office)
    recognise_anew(session, office, who, 3, year="2007-2008")
    round_ = next_round(session, office)
    forward(session, round_, office)
    assert lines(session, round_, office)[who].reasons == ["hardship_old"]


def test_a_line_left_out_is_not_handed_in(session: Session, city: City) -> None:
    office = of_school(session, city, PRIMARY)
    autumn = next_round(session, office, "2007-autumn")
    first, second = approve(
        session, Office(autumn, office.clerk, office.school),
        row_of(office.school, 1), row_of(office.school, 2),
    )  # fmt: skip
    with pytest.raises(NotRolledForward):
        take(session, office.round, office)
    forward(session, office.round, office, "2007-autumn")
    found = lines(session, office.round, office)
    assert len(take(session, office.round, office, without=[found[first].id])) == 1
    applied = session.execute(
        text("SELECT student_id FROM application WHERE round_id = :id"), {"id": office.round.id}
    ).scalars()
    assert list(applied) == [second]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE enrolment SET boards = NULL WHERE school_year = '2008-2009'", "boards_unknown"),
        ("UPDATE enrolment SET boards = false WHERE school_year = '2008-2009'",
         "eligibility_flips"),
        ("UPDATE enrolment SET grade = 1 WHERE school_year = '2008-2009'", "grade_changed"),
        ("UPDATE enrolment SET grade = NULL WHERE school_year = '2008-2009'", "grade_unknown"),
        ("UPDATE enrolment SET stage = 'junior' WHERE school_year = '2008-2009'",
         "stage_changed"),
        ("DELETE FROM enrolment WHERE school_year = '2008-2009'", "not_enrolled_yet"),
        (PROVISIONAL, "identity_provisional"),
        ("UPDATE student SET name = '=赵芳'", "fields_wrong"),
    ],
)  # fmt: skip
def test_what_has_changed_is_to_be_checked_by_name(
    session: Session, city: City, office: Office, change: str, reason: str
) -> None:
    [who] = approve(session, office, row_of(office.school, 1))
    turn_the_year(session, city, office)
    session.execute(text(change))
    round_ = next_round(session, office)
    forward(session, round_, office)
    line = lines(session, round_, office)[who]
    assert line.fate is Fate.TO_CHECK
    assert set(line.reasons) - {"hardship_old"} == {reason}


@pytest.mark.parametrize(
    ("learnt", "turns", "grade", "expected"),
    [
        (date(2008, 9, 1), 1, 2, []),
        (date(2008, 8, 31), 1, 2, ["hardship_old"]),
        (date(2008, 8, 31), 0, 1, []),
        (None, 1, 2, []),
        (date(2008, 9, 1), 1, 1, ["grade_changed"]),
        (date(2008, 9, 1), 0, 2, ["grade_changed"]),
        (date(2008, 9, 1), 2, 3, []),
    ],
)
def test_recognition_is_old_from_the_day_before_the_school_year(
    learnt: date | None, turns: int, grade: int, expected: list[str]
) -> None:
    before = Before(stage="primary", grade=1, turns=turns, hardship_on=learnt, boarding_known=True)
    now = Now(
        stage="primary", grade=grade, boards=True, provisional=False,
        first_day=date(2008, 9, 1), years=None,
    )  # fmt: skip
    assert to_check(before, now) == expected


@pytest.mark.parametrize("from_period", [SPRING, AUTUMN])
def test_only_an_earlier_period_is_carried(
    session: Session, office: Office, from_period: str
) -> None:
    with pytest.raises(FromPeriodWrong):
        forward(session, office.round, office, from_period)


def test_another_school_sees_nothing_of_the_list(
    session: Session, city: City, office: Office
) -> None:
    approve(session, office, row_of(office.school, 1))
    turn_the_year(session, city, office)
    round_ = next_round(session, office)
    forward(session, round_, office)
    db.enter(session, city.actor(f"school_clerk@{FAR}"))
    seen = session.execute(text("SELECT count(*) FROM roll_forward_line")).scalar_one()
    assert seen == 0


def test_three_students_and_three_hundred_take_the_same_number_of_statements(
    session: Session, city: City
) -> None:
    office = of_school(session, city, PRIMARY)
    autumn = next_round(session, office, "2007-autumn")
    last = Office(autumn, office.clerk, office.school)
    counts = []
    for first, size in ((1, 3), (1000, 300)):
        approve(session, last, *(row_of(office.school, first + n) for n in range(size)))
        with statements(session) as seen:
            forward(session, office.round, office, "2007-autumn")
            take(session, office.round, office)
        counts.append(len(seen))
    assert counts[0] == counts[1]
