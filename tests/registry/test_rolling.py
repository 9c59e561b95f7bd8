"""The school year turns: a grade up, graduated, taken back; graduates come to the next school."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.core import clock, db
from app.core.actor import SYSTEM, Actor
from app.core.paging import PageAsked
from app.models import metadata
from app.registry import intake, queries, rolling, rolling_queries
from app.registry.errors import (
    NothingToRoll,
    RollOverEarly,
    RollOverFollowed,
    RollOverNotFound,
    RollOverUndone,
)
from app.registry.rolling import Counts, Part, Turn
from app.registry.rules import GRADUATES, grade_after, school_year_after
from tests.factories.office import City
from tests.registry.rows import card, frame_of, presence_of, resident_id, row_of
from tests.registry.test_intake import statements

PRIMARY, JUNIOR, TOWN_JUNIOR, FAR = "2137000006", "3137000008", "3137000009", "2137000011"
TURN = Turn("2007-2008", "2008-2009", date(2008, 7, 15), date(2008, 9, 1))
ENTERED = date(2007, 9, 1)
EVERYBODY = Part()
ENROLMENTS = text(
    "SELECT id, student_id, school_id, school_year, stage, grade, class_name, boards, entered_on, "
    "left_on, left_because, graduated, roll_over_id, closed_by_roll_over_id FROM enrolment "
    "ORDER BY id"
)
NEW = text(
    "SELECT e.grade, e.class_name, e.boards, e.entered_on FROM enrolment e WHERE "
    "e.student_id = :who AND e.school_year = '2008-2009' AND e.left_on IS NULL"
)


@pytest.fixture
def officer(city: City) -> Actor:
    clock.set_office_day(date(2008, 7, 20))
    return city.actor("city_officer")


def enrol(
    session: Session,
    city: City,
    *rows: dict[str, Any],
    code: str = PRIMARY,
    year: str = "2007-2008",
) -> list[UUID]:
    """Rows of a school's pupils in the city's scope; a `seed` gives the resident id."""
    full = [
        row_of(city.schools[code], resident_id=resident_id(row.pop("seed")), **row) for row in rows
    ]
    db.enter(session, SYSTEM)
    made = intake.register(
        session, frame_of(*full), school_year=year, entered_on=ENTERED, by=SYSTEM
    )
    return [UUID(each) for each in made["student_id"]]


def roll(session: Session, by: Actor, part: Part = EVERYBODY, **more: Any) -> rolling.Rolled:
    db.enter(session, by)
    return rolling.roll_over(session, TURN, part, by=by, **more)


def new_enrolment(session: Session, who: UUID) -> tuple[Any, ...] | None:
    found = session.execute(NEW, {"who": who}).one_or_none()
    return None if found is None else tuple(found)


def old_enrolment(session: Session, who: UUID) -> tuple[Any, ...]:
    found = session.execute(
        text(
            "SELECT left_on, left_because, graduated FROM enrolment "
            "WHERE student_id = :who AND school_year = '2007-2008'"
        ),
        {"who": who},
    )
    return tuple(found.one())


def undo(session: Session, by: Actor, roll_over_id: UUID) -> rolling.Undone:
    held = rolling.hold(session, roll_over_id, by=by)
    return rolling.undo(session, held, because="年级有误", by=by)


@pytest.mark.parametrize(
    ("stage", "years", "grade", "after"),
    [
        ("primary", None, 5, 6),
        ("primary", None, 6, GRADUATES),
        ("primary", 5, 4, 5),
        ("primary", 5, 5, GRADUATES),
        ("primary", 5, 6, None),
        ("primary", None, 7, None),
        ("primary", None, 0, None),
        ("junior", None, 2, 3),
        ("junior", None, 3, GRADUATES),
        ("junior", None, 4, None),
        ("junior", None, 6, None),
        ("junior", None, 7, 8),
        ("junior", None, 8, 9),
        ("junior", None, 9, GRADUATES),
        ("junior", None, 10, None),
        ("junior", 4, 3, 4),
        ("junior", 4, 4, GRADUATES),
        ("junior", 4, 6, 7),
        ("junior", 4, 9, GRADUATES),
        ("senior", None, 12, GRADUATES),
        ("senior", None, 10, 11),
        ("senior", None, 3, GRADUATES),
        ("vocational", None, 3, GRADUATES),
        ("vocational", 4, 3, 4),
        ("preschool", None, 3, GRADUATES),
        ("undergraduate", None, 4, GRADUATES),
        ("undergraduate", 5, 4, 5),
    ],
)
def test_what_comes_after_a_grade(
    stage: str, years: int | None, grade: int, after: int | None
) -> None:
    assert grade_after(stage, grade, years=years) == after


def test_the_year_after_a_century_has_four_digits_each() -> None:
    assert school_year_after("2007-2008") == "2008-2009"
    assert school_year_after("1998-1999") == "1999-2000"


def test_a_pupil_goes_up_and_the_class_and_boarding_stay(
    session: Session, city: City, officer: Actor
) -> None:
    [fifth] = enrol(session, city, {"seed": 1, "grade": 5, "class_name": "2", "boards": True})
    done = roll(session, officer)
    assert done.total == Counts(promoted=1)
    assert new_enrolment(session, fifth) == (6, "2", True, date(2008, 9, 1))
    assert old_enrolment(session, fifth) == (None, None, False)


def test_the_last_grade_graduates_on_the_years_last_day(
    session: Session, city: City, officer: Actor
) -> None:
    sixth, *_ = enrol(session, city, {"seed": 1, "grade": 6})
    [ninth, third] = enrol(
        session, city, {"seed": 3, "grade": 9}, {"seed": 4, "grade": 3}, code=JUNIOR
    )
    assert roll(session, officer).total == Counts(graduates=3)
    for who in (sixth, ninth, third):
        assert new_enrolment(session, who) is None
        assert old_enrolment(session, who) == (date(2008, 7, 15), "毕业", True)


def test_a_graduate_who_came_up_year_by_year_has_no_enrolment_left_open(
    session: Session, city: City, officer: Actor
) -> None:
    enrol(session, city, {"seed": 1, "grade": 5}, year="2006-2007")
    [sixth] = enrol(session, city, {"seed": 1, "grade": 6})
    roll(session, officer)
    still = session.execute(
        text("SELECT count(*) FROM enrolment WHERE student_id = :who AND left_on IS NULL"),
        {"who": sixth},
    ).scalar_one()
    assert still == 0
    there = session.exec(queries.students_select(officer, queries.StudentsSought(grade=6))).all()
    assert there == []


def test_a_five_year_primary_graduates_its_fifth_grade(
    session: Session, city: City, officer: Actor
) -> None:
    [here, there] = (
        enrol(session, city, {"seed": 1, "grade": 5})[0],
        enrol(session, city, {"seed": 2, "grade": 5}, code=FAR)[0],
    )
    session.execute(
        text("UPDATE school SET years = 5 WHERE id = :id"), {"id": city.schools[FAR].id}
    )
    assert roll(session, officer).total == Counts(promoted=1, graduates=1)
    assert new_enrolment(session, here) is not None
    assert new_enrolment(session, there) is None


def test_a_grade_that_is_unknown_or_none_of_the_stage_is_listed_and_left(
    session: Session, city: City, officer: Actor
) -> None:
    unknown, above = enrol(
        session, city, {"seed": 1, "name": "无年级"}, {"seed": 2, "grade": 7, "name": "超年级"}
    )
    enrol(session, city, {"seed": 3, "grade": 1})
    assert roll(session, officer).total == Counts(promoted=1, unknown_grade=2)
    listed = rolling_queries.unclear(session, TURN, EVERYBODY, PageAsked(10, None))
    assert {each.student_id: each.grade for each in listed} == {unknown: None, above: 7}
    assert [each.school_code for each in listed] == [PRIMARY, PRIMARY]
    second = rolling_queries.unclear(
        session, TURN, EVERYBODY, PageAsked(10, listed[0].enrolment_id)
    )
    assert second == listed[1:]


def test_who_is_in_the_new_year_already_is_left_as_the_school_said(
    session: Session, city: City, officer: Actor
) -> None:
    [repeats] = enrol(session, city, {"seed": 1, "grade": 5})
    enrol(session, city, {"seed": 1, "grade": 5, "class_name": "9"}, year="2008-2009")
    assert roll(session, officer, dry_run=True).total == Counts(already_there=1)
    assert new_enrolment(session, repeats) == (5, "9", None, ENTERED)


def test_a_dry_run_counts_by_school_and_writes_nothing(
    session: Session, city: City, officer: Actor
) -> None:
    enrol(session, city, {"seed": 1, "grade": 5}, {"seed": 2, "grade": 6}, {"seed": 3})
    enrol(session, city, {"seed": 4, "grade": 1}, code=FAR)
    before = row_counts(session), rows(session)
    done = roll(session, officer, dry_run=True)
    assert (row_counts(session), rows(session)) == before
    assert done.made is None
    assert [(each.code, each.counts) for each in done.schools] == [
        (PRIMARY, Counts(promoted=1, graduates=1, unknown_grade=1)),
        (FAR, Counts(promoted=1)),
    ]


def row_counts(session: Session) -> dict[str, int]:
    return {
        name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
        for name in sorted(metadata.tables)
    }


def rows(session: Session) -> Sequence[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(ENROLMENTS)]


def test_undo_restores_every_enrolment_as_it_was(
    session: Session, city: City, officer: Actor
) -> None:
    enrol(session, city, {"seed": 2, "grade": 5}, year="2006-2007")
    enrol(session, city, {"seed": 1, "grade": 5}, {"seed": 2, "grade": 6}, {"seed": 3})
    before = rows(session)
    made = roll(session, officer).made
    assert made is not None
    assert rows(session) != before
    done = undo(session, officer, made.id)
    assert rows(session) == before
    assert (done.removed, done.reopened, done.kept) == (1, 2, 0)
    with pytest.raises(RollOverUndone):
        rolling.hold(session, made.id, by=officer)
    assert roll(session, officer).total == Counts(promoted=1, graduates=1, unknown_grade=1)


def test_undo_leaves_who_has_gone_on_since(session: Session, city: City, officer: Actor) -> None:
    changed, graduate = enrol(
        session, city, {"seed": 1, "grade": 5}, {"seed": 2, "grade": 6, "name": "孙丽"}
    )
    made = roll(session, officer).made
    assert made is not None
    enrol(session, city, {"seed": 1, "class_name": "3"}, year="2008-2009")
    enrol(session, city, {"seed": 2, "grade": 1, "name": "孙丽"}, code=JUNIOR, year="2008-2009")
    done = undo(session, officer, made.id)
    assert (done.removed, done.reopened, done.kept) == (0, 0, 2)
    assert new_enrolment(session, changed) == (6, "3", None, date(2008, 9, 1))
    assert old_enrolment(session, graduate) == (date(2008, 7, 15), "毕业", True)


def test_a_second_turn_takes_up_only_who_came_since(
    session: Session, city: City, officer: Actor
) -> None:
    enrol(session, city, {"seed": 1, "grade": 5}, {"seed": 2, "grade": 6})
    roll(session, officer)
    before = rows(session)
    with pytest.raises(NothingToRoll):
        roll(session, officer)
    assert rows(session) == before
    [late] = enrol(session, city, {"seed": 3, "grade": 1})
    assert roll(session, officer).total == Counts(promoted=1, already_there=1)
    assert new_enrolment(session, late) is not None


def test_a_year_does_not_turn_before_its_last_day(
    session: Session, city: City, officer: Actor
) -> None:
    enrol(session, city, {"seed": 1, "grade": 5})
    clock.set_office_day(date(2008, 7, 14))
    assert roll(session, officer, dry_run=True).total == Counts(promoted=1)
    with pytest.raises(RollOverEarly):
        roll(session, officer)
    clock.set_office_day(date(2008, 7, 15))
    assert roll(session, officer).total == Counts(promoted=1)


def test_a_county_turns_its_own_schools_and_sees_its_own_turns(
    session: Session, city: City, officer: Actor
) -> None:
    [ours] = enrol(session, city, {"seed": 1, "grade": 5})
    [theirs] = enrol(session, city, {"seed": 2, "grade": 5}, code=FAR)
    county, other = city.actor("county_officer@370811"), city.actor("county_officer@370826")
    part = rolling.part_for(session, school_id=None, county_id=other.county_id, by=county)
    made = roll(session, county, part).made
    assert made is not None
    db.enter(session, SYSTEM)
    assert (new_enrolment(session, ours), new_enrolment(session, theirs)) == (
        (6, None, None, date(2008, 9, 1)),
        None,
    )
    db.enter(session, other)
    assert rolling_queries.roll_overs(session, other, PageAsked(10, None)) == []
    with pytest.raises(RollOverNotFound):
        rolling.hold(session, made.id, by=other)
    db.enter(session, officer)
    assert [one.id for one in rolling_queries.roll_overs(session, officer, PageAsked(10, None))] \
        == [made.id]  # fmt: skip


def test_one_school_turns_alone(session: Session, city: City, officer: Actor) -> None:
    enrol(session, city, {"seed": 1, "grade": 5})
    enrol(session, city, {"seed": 2, "grade": 7}, code=JUNIOR)
    part = rolling.part_for(session, school_id=city.schools[JUNIOR].id, county_id=None, by=officer)
    done = roll(session, officer, part)
    assert [each.code for each in done.schools] == [JUNIOR]


def test_ten_students_and_five_thousand_take_the_same_number_of_statements(
    session: Session, city: City, officer: Actor
) -> None:
    counts = []
    for size in (10, 5_000):
        place = {"school": city.schools[PRIMARY].id, "county": city.schools[PRIMARY].county_id}
        db.enter(session, SYSTEM)
        session.execute(PUPILS, {**place, "size": size})
        session.execute(PUPILS_ENROLLED, place)
        with statements(session) as seen:
            done = roll(session, officer)
        counts.append(len(seen))
        assert done.total.promoted + done.total.graduates == size
        assert done.total.graduates == size // 6 + (size % 6 > 5)
    assert counts[0] == counts[1]


PUPILS = text(
    "INSERT INTO student (id, school_id, county_id, name, identity, made_at, made_by, version) "
    "SELECT gen_random_uuid(), :school, :county, '学生' || n, 'confirmed', now(), :school, 1 "
    "FROM generate_series(1, :size) n"
)
PUPILS_ENROLLED = text(
    "INSERT INTO enrolment (id, student_id, school_id, county_id, school_year, stage, grade, "
    "class_name, entered_on, made_at, made_by, version) SELECT gen_random_uuid(), s.id, :school, "
    ":county, '2007-2008', 'primary', 1 + (row_number() OVER () - 1) % 6, '1', '2007-09-01', "
    "now(), :school, 1 FROM student s WHERE NOT EXISTS "
    "(SELECT FROM enrolment e WHERE e.student_id = s.id)"
)


def graduate(session: Session, city: City, officer: Actor, seed: int = 1) -> UUID:
    [who] = enrol(
        session, city,
        {"seed": seed, "grade": 6, "name": "孙丽", "household_size": 4, "account_number": card(1)},
    )  # fmt: skip
    roll(session, officer)
    return who


def bring(
    session: Session, city: City, code: str = JUNIOR, year: str = "2008-2009", **given: Any
) -> dict[str, Any]:
    """The graduate on a school's new roll, handed in by its clerk."""
    by = city.actor(f"school_clerk@{code}")
    db.enter(session, by)
    full = {"resident_id": resident_id(1), "name": "孙丽", "grade": 1, **given}
    made = intake.register(
        session, frame_of(row_of(city.schools[code], **full)), school_year=year,
        entered_on=date(2008, 9, 1), by=by,
    )  # fmt: skip
    return made.row(0, named=True)


def test_a_graduate_is_taken_in_by_the_junior_school_without_a_transfer(
    session: Session, city: City, officer: Actor
) -> None:
    who = graduate(session, city, officer)
    row = bring(session, city)
    assert (row["standing"], row["moved"], row["student_id"]) == ("here", True, str(who))
    db.enter(session, SYSTEM)
    there = session.execute(
        text(
            "SELECT s.school_id, s.county_id, h.school_id, b.school_id FROM student s "
            "JOIN household h ON h.student_id = s.id JOIN bank_account b ON b.student_id = s.id "
            "WHERE s.id = :who"
        ),
        {"who": who},
    ).one()
    junior = city.schools[JUNIOR]
    assert tuple(there) == (junior.id, junior.county_id, junior.id, junior.id)
    assert new_enrolment(session, who) == (1, None, None, date(2008, 9, 1))
    assert old_enrolment(session, who)[2]
    old = session.execute(
        text("SELECT school_id FROM enrolment WHERE student_id = :who AND graduated"),
        {"who": who},
    ).scalar_one()
    assert old == city.schools[PRIMARY].id
    again = bring(session, city)
    assert (again["standing"], again["moved"], again["changed"]) == ("here", False, False)


@pytest.mark.parametrize(
    ("code", "given"),
    [
        (JUNIOR, {"name": "孙莉"}),  # another name
        (FAR, {}),  # a primary school
        (JUNIOR, {"year": "2007-2008"}),  # the year in which the pupil was at primary school
    ],
)
def test_nobody_else_takes_a_graduate(
    session: Session, city: City, officer: Actor, code: str, given: dict[str, Any]
) -> None:
    graduate(session, city, officer)
    row = bring(session, city, code, **given)
    assert (row["standing"], row["student_id"]) == ("elsewhere", None)


def test_a_pupil_who_goes_up_is_not_taken_in_without_a_transfer(
    session: Session, city: City, officer: Actor
) -> None:
    enrol(session, city, {"seed": 1, "grade": 5, "name": "孙丽"})
    roll(session, officer)
    assert bring(session, city)["standing"] == "elsewhere"


def test_of_two_junior_schools_the_first_has_the_graduate(
    session: Session, city: City, officer: Actor
) -> None:
    graduate(session, city, officer)
    assert bring(session, city)["moved"]
    assert bring(session, city, TOWN_JUNIOR)["standing"] == "elsewhere"


def test_a_late_sheet_of_the_old_year_opens_nothing_for_a_graduate(
    session: Session, city: City, officer: Actor
) -> None:
    who = graduate(session, city, officer)
    before = rows(session)
    row = bring(session, city, PRIMARY, "2007-2008", grade=6)
    assert (row["standing"], row["student_id"]) == ("here", str(who))
    db.enter(session, SYSTEM)
    assert rows(session) == before


def test_a_graduate_still_counts_as_there_in_the_last_term(
    session: Session, city: City, officer: Actor
) -> None:
    who = graduate(session, city, officer)
    school = city.schools[PRIMARY].id
    count, _ = queries.enrolled(session, school, "2008-spring", PageAsked(10, None))
    assert count == 1
    assert presence_of(session, [who], "2008-spring") == ["unconfirmed"]
    assert presence_of(session, [who], "2008-autumn") == ["absent"]


def test_a_turn_on_which_a_later_one_stands_is_not_undone_before_it(
    session: Session, city: City, officer: Actor
) -> None:
    [who] = enrol(session, city, {"seed": 1, "grade": 4})
    first = roll(session, officer).made
    clock.set_office_day(date(2009, 7, 20))
    following = Turn("2008-2009", "2009-2010", date(2009, 7, 15), date(2009, 9, 1))
    second = rolling.roll_over(session, following, EVERYBODY, by=officer).made
    assert first is not None
    assert second is not None
    with pytest.raises(RollOverFollowed):
        undo(session, officer, first.id)
    assert new_enrolment(session, who) is not None
    assert undo(session, officer, second.id).removed == 1
    assert undo(session, officer, first.id).removed == 1
    assert new_enrolment(session, who) is None
