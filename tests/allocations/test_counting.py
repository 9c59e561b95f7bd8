"""Heads on a roll × rate, each pupil once, unknown facts asked about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, text
from sqlmodel import Session

from app.allocations import roll
from app.allocations.counting import Figures
from app.allocations.errors import (
    AllocationsApproved,
    DayNotYet,
    DayOutsidePeriod,
    NothingCounted,
    PaidToStudents,
    SchoolsNotInScope,
)
from app.allocations.service import approve
from app.core import clock, db
from app.policy import queries
from tests.allocations.conftest import DAY, Count
from tests.allocations.programmes import FUNDS, NAME, SPRING, UNPRICED, WAIVER, YEAR
from tests.allocations.pupils import enrol, fund, put_on_roll
from tests.factories.cases import make_cases
from tests.factories.office import City
from tests.recognition.test_recognitions import recognise

PRIMARY, JUNIOR, VOCATIONAL, ELSEWHERE = "2137000006", "3137000008", "3637000010", "2137000011"


def school_ids(city: City) -> tuple[UUID, ...]:
    return (city.schools[PRIMARY].id,)


def figures(city: City, schools: Sequence[Figures], code: str) -> Figures:
    [found] = [each for each in schools if each.school_id == city.schools[code].id]
    return found


def test_heads_times_the_rate_of_the_stage_to_the_fen(city: City, count: Count, session) -> None:
    enrol(session, city.schools[PRIMARY], 7)
    enrol(session, city.schools[JUNIOR], 3)
    enrol(session, city.schools[VOCATIONAL], 2)
    done = count()
    assert [(each.head_count, each.amount_fen) for each in done.schools] == [
        (7, 7 * 295_00),
        (3, 3 * 445_00),
    ]
    listed = session.execute(
        text("SELECT count(*), sum(amount_fen) FROM school_allocation_student")
    ).one()
    assert tuple(listed) == (10, 7 * 295_00 + 3 * 445_00)
    assert session.execute(text("SELECT count(*) FROM school_allocation")).scalar_one() == 2


def test_the_roll_is_that_of_the_day(city: City, count: Count, session) -> None:
    school = city.schools[PRIMARY]
    enrol(session, school, 1, entered_on=DAY)
    enrol(session, school, 1, entered_on=date(2008, 3, 11))
    enrol(session, school, 1, left_on=DAY)
    enrol(session, school, 1, left_on=date(2008, 3, 11))
    enrol(session, school, 1, school_year="2008-2009")
    [counted] = count().schools
    assert (counted.roll, counted.head_count) == (2, 2)


def test_a_missing_fact_is_asked_about_and_not_paid(city: City, count: Count, session) -> None:
    school = city.schools[PRIMARY]
    make_cases(session, school, 2, hardship=1, period=SPRING)
    known = session.execute(text("SELECT id FROM student")).scalars().all()
    for student in known:
        put_on_roll(session, school, student)
    [poor] = make_cases(session, school, 1, hardship=0, period=SPRING)
    student = session.execute(
        text("SELECT student_id FROM application WHERE id = :id"), {"id": poor}
    ).scalar_one()
    put_on_roll(session, school, student)
    enrol(session, school, 3)
    [counted] = count(WAIVER, SPRING).schools
    assert (counted.roll, counted.head_count, counted.amount_fen) == (6, 2, 2 * 45_00)
    assert (counted.asked, counted.asks) == (3, {"hardship": 3})


@pytest.mark.parametrize(
    ("level", "since", "heads"),
    [
        (1, date(2007, 10, 8), 1),
        (1, date(2008, 7, 15), 1),  # the term's last day
        (1, date(2008, 7, 16), 0),
        (0, date(2007, 10, 8), 0),
    ],
)
def test_what_a_pupil_is_recognised_as_counts_without_an_application(
    city: City, count: Count, session, level: int, since: date, heads: int
) -> None:
    pupil, other = enrol(session, city.schools[PRIMARY], 2)
    recognise(session, [pupil], level, valid_from=since)
    recognise(session, [other], 3, valid_from=date(2007, 10, 8))
    [counted] = count(WAIVER, SPRING).schools
    assert counted.head_count == heads + 1
    assert counted.asked == (1 if since > date(2008, 7, 15) else 0)


def test_recognition_goes_before_what_an_application_said(
    city: City, count: Count, session
) -> None:
    school = city.schools[PRIMARY]
    make_cases(session, school, 3, hardship=1, period=SPRING)
    pupils = session.execute(text("SELECT id FROM student ORDER BY id")).scalars().all()
    for student in pupils:
        put_on_roll(session, school, student)
    recognise(session, pupils[:2], 2, valid_from=date(2007, 10, 8))
    recognise(session, pupils[:1], 0, valid_from=date(2008, 3, 1))
    [counted] = count(WAIVER, SPRING).schools
    assert (counted.head_count, counted.asked) == (2, 0)


@pytest.mark.parametrize(
    ("born", "heads", "asked"),
    [
        (date(2001, 2, 20), 0, 0),  # seven on the term's first day
        (date(2001, 2, 21), 1, 0),
        (None, 0, 1),
        (date(2009, 1, 1), 0, 1),  # not born yet: a wrong date, and the age is not known
    ],
)
def test_the_age_is_that_of_the_terms_first_day(
    published: Session,
    city: City,
    tmp_path: Path,
    born: date | None,
    heads: int,
    asked: int,
) -> None:
    home = tmp_path / NAME / f"{WAIVER}.toml"
    told = home.read_text("utf-8").replace("hardship >= 1", "age <= 6")
    home.write_text(told.replace("hardship = 1", "age = 6"), "utf-8")
    queries.catalogue.cache_clear()
    enrol(published, city.schools[PRIMARY], 1)
    published.execute(text("UPDATE student SET birth_on = :born"), {"born": born})
    loaded = queries.version_for(published, WAIVER, SPRING)
    version = queries.programme(WAIVER).versions[0]
    setting = roll.Setting(replace(loaded, version=version), SPRING, DAY, school_ids(city))
    judged, asks = roll.judge(published, setting, roll.stage_roll(published, setting))
    counted = published.execute(select(func.count()).where(judged.c.counted)).scalar_one()
    assert counted == heads
    assert asks == ({city.schools[PRIMARY].id: {"age": asked}} if asked else {})


def test_a_waiver_without_a_rate_lists_its_students_and_pays_nothing(
    city: City, count: Count, session
) -> None:
    school = city.schools[PRIMARY]
    make_cases(session, school, 2, hardship=2, period=SPRING)
    for student in session.execute(text("SELECT id FROM student")).scalars().all():
        put_on_roll(session, school, student)
    enrol(session, school, 1)
    [counted] = count(UNPRICED, SPRING).schools
    assert (counted.head_count, counted.amount_fen) == (2, None)
    assert (counted.asked, counted.asks) == (1, {"hardship": 1})
    listed = session.execute(text("SELECT amount_fen FROM school_allocation_student")).scalars()
    assert list(listed) == [None, None]
    done = approve(session, [counted.allocation_id], by=city.actor("city_officer"))
    assert (done.totals.count, done.totals.amount_fen, done.batch) == (1, 0, None)
    assert session.execute(text("SELECT count(*) FROM award")).scalar_one() == 0


def test_a_dry_run_counts_and_writes_nothing(city: City, count: Count, session) -> None:
    enrol(session, city.schools[PRIMARY], 2)
    [tried] = count(dry_run=True).schools
    assert (tried.head_count, tried.allocation_id) == (2, None)
    assert session.execute(text("SELECT count(*) FROM school_allocation")).scalar_one() == 0


def test_counting_again_replaces_and_points_at_what_it_replaced(
    city: City, count: Count, session
) -> None:
    enrol(session, city.schools[PRIMARY], 2)
    [first] = count().schools
    enrol(session, city.schools[PRIMARY], 1)
    [second] = count().schools
    rows = session.execute(
        text("SELECT id, state, head_count, supersedes FROM school_allocation ORDER BY number")
    )
    assert [tuple(row) for row in rows] == [
        (first.allocation_id, "cancelled", 2, None),
        (second.allocation_id, "counted", 3, first.allocation_id),
    ]
    claims = session.execute(text("SELECT DISTINCT allocation_id FROM school_allocation_claim"))
    assert claims.scalars().all() == [second.allocation_id]


def test_after_approval_a_recount_says_both_figures_and_changes_nothing(
    city: City, count: Count, session
) -> None:
    fund(session, 10_000_00)
    school = city.schools[PRIMARY]
    enrol(session, school, 2)
    [counted] = count().schools
    approve(session, [counted.allocation_id], by=city.actor("city_officer"))
    count()  # the same figures stand
    enrol(session, school, 1)
    enrol(session, city.schools[JUNIOR], 1)
    with pytest.raises(AllocationsApproved) as refused, session.begin_nested():
        count()
    [fault] = refused.value.faults
    assert fault.where == counted.number
    assert fault.more == {
        "approved": {"head_count": 2, "amount": "590.00"},
        "now": {"head_count": 3, "amount": "885.00"},
    }
    done = count(skip_approved=True)
    stands = figures(city, done.schools, PRIMARY)
    assert (stands.allocation_id, stands.differs) == (counted.allocation_id, True)
    assert figures(city, done.schools, JUNIOR).head_count == 1
    kept = session.execute(text("SELECT state, head_count FROM school_allocation ORDER BY number"))
    assert [tuple(row) for row in kept] == [("approved", 2), ("counted", 1)]


@pytest.mark.parametrize(
    ("programme", "period", "more", "refusal"),
    [
        ("boarding-subsidy", "2008-spring", {}, PaidToStudents),
        ("head-money", "2007-2008", {"as_of": date(2008, 3, 21)}, DayNotYet),
        ("head-money", "2007-2008", {}, NothingCounted),
    ],
)
def test_what_cannot_be_counted_is_refused(
    count: Count, programme: str, period: str, more: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        count(programme, period, **more)


def test_in_chunks_the_figures_and_the_questions_are_the_same(
    city: City, count: Count, session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cases(session, city.schools[PRIMARY], 5, hardship=1, period=SPRING)
    for student in session.execute(text("SELECT id FROM student")).scalars().all():
        put_on_roll(session, city.schools[PRIMARY], student)
    enrol(session, city.schools[PRIMARY], 3)
    enrol(session, city.schools[JUNIOR], 4)
    whole = count(WAIVER, SPRING, dry_run=True).schools
    monkeypatch.setattr(roll, "PUPILS_AT_ONCE", 2)
    assert count(WAIVER, SPRING, dry_run=True).schools == whole
    assert [(each.head_count, each.asked) for each in whole] == [(5, 3), (0, 4)]


def test_what_the_vocabulary_does_not_know_is_an_unknown_fact(
    city: City, count: Count, session
) -> None:
    [pupil] = enrol(session, city.schools[PRIMARY], 1, grade=99)
    session.execute(
        text(
            "INSERT INTO household (id, student_id, school_id, county_id, school_year, "
            "special_group, made_at, made_by, version) SELECT gen_random_uuid(), id, school_id, "
            "county_id, '2007-2008', 'somebody', now(), made_by, 1 FROM student WHERE id = :id"
        ),
        {"id": pupil},
    )
    assert [each.head_count for each in count().schools] == [1]


def test_a_county_counts_its_own_schools_and_no_others(city: City, count: Count, session) -> None:
    enrol(session, city.schools[PRIMARY], 1)
    enrol(session, city.schools[ELSEWHERE], 1)
    assert [each.school_id for each in count().schools] == [city.schools[PRIMARY].id]
    with pytest.raises(SchoolsNotInScope), session.begin_nested():
        count(school_ids=[city.schools[ELSEWHERE].id])
    db.enter(session, city.actor("county_officer@370826"))
    for table in ("", "_student", "_claim", "_double"):
        seen = session.execute(text(f"SELECT count(*) FROM school_allocation{table}"))
        assert seen.scalar_one() == 0, table


def test_statements_do_not_grow_with_schools_or_pupils(
    city: City, count: Count, session: Session
) -> None:
    counted: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        counted.append(statement)

    enrol(session, city.schools[PRIMARY], 1)
    event.listen(db.engine(), "before_cursor_execute", note)
    count()
    one = len(counted)
    event.remove(db.engine(), "before_cursor_execute", note)
    for code in (PRIMARY, JUNIOR):
        enrol(session, city.schools[code], 40)
    enrol(session, city.schools["3137000009"], 40)
    counted.clear()
    event.listen(db.engine(), "before_cursor_execute", note)
    assert len(count().schools) == 3
    event.remove(db.engine(), "before_cursor_execute", note)
    assert len(counted) == one


@pytest.mark.parametrize(
    ("programme", "period", "days"),
    [
        (FUNDS, YEAR, (date(2007, 9, 1), date(2008, 7, 15))),
        (WAIVER, SPRING, (date(2008, 2, 20), date(2008, 7, 15))),
    ],
)
def test_heads_are_counted_on_a_day_of_the_period(
    city: City, count: Count, session, programme: str, period: str, days: tuple[date, date]
) -> None:
    first, last = days
    school = city.schools[PRIMARY]
    make_cases(session, school, 1, hardship=1, period=SPRING)
    [known] = session.execute(text("SELECT id FROM student")).scalars().all()
    put_on_roll(session, school, known, entered_on=date(2007, 8, 20))
    clock.set_office_day(date(2008, 8, 1))
    for day in (first, last):
        assert count(programme, period, as_of=day, dry_run=True).schools
    for day in (first - timedelta(1), last + timedelta(1)):
        with pytest.raises(DayOutsidePeriod) as refused:
            count(programme, period, as_of=day, dry_run=True)
        for said in (refused.value.zh, refused.value.en):
            assert all(str(each) in said for each in (day, first, last))
