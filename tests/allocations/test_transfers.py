"""A pupil who changes schools is counted once; both schools are told."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.allocations import queries
from app.allocations.errors import AllocationsApproved
from app.allocations.service import approve, cancel
from app.core import clock
from app.core.actor import SYSTEM
from tests.allocations.conftest import Count
from tests.allocations.programmes import put_in_force
from tests.allocations.pupils import enrol, fund, put_on_roll
from tests.factories.office import City

PRIMARY, OTHER, ELSEWHERE = "2137000006", "3137000008", "2137000011"


def told(session: Session) -> dict[str, list[tuple[str, bool]]]:
    """Per school: the other schools of its pupils on two rolls, and whether it counted them."""
    rows = session.execute(
        text(
            "SELECT s.code, o.code, d.counted_here FROM school_allocation_double d "
            "JOIN school_allocation a ON a.id = d.allocation_id AND a.state <> 'cancelled' "
            "JOIN school s ON s.id = d.school_id JOIN school o ON o.id = d.other_school_id "
            "ORDER BY 1, 2"
        )
    )
    found: dict[str, list[tuple[str, bool]]] = {}
    for code, other, counted in rows:
        found.setdefault(code, []).append((other, counted))
    return found


def on_two_rolls(session: Session, city: City, first: str, second: str) -> None:
    """Enrolled at the second school on 1 March; the first has not struck the pupil off yet."""
    [pupil] = enrol(session, city.schools[first], 1, left_on=date(2008, 3, 15))
    put_on_roll(session, city.schools[second], pupil, entered_on=date(2008, 3, 1))


def test_on_two_rolls_a_pupil_is_counted_where_it_enrolled_first(
    city: City, count: Count, session
) -> None:
    on_two_rolls(session, city, PRIMARY, OTHER)
    done = count()
    assert [(each.roll, each.head_count, each.doubles) for each in done.schools] == [
        (1, 1, 1),
        (1, 0, 1),
    ]
    assert told(session) == {PRIMARY: [(OTHER, True)], OTHER: [(PRIMARY, False)]}


def test_where_the_programme_says_so_the_new_school_counts_the_pupil(
    session: Session,
    city: City,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    count: Count,
) -> None:
    put_in_force(monkeypatch, tmp_path / "other", "new_school")
    on_two_rolls(session, city, PRIMARY, OTHER)
    assert [each.head_count for each in count().schools] == [0, 1]
    assert told(session) == {PRIMARY: [(OTHER, False)], OTHER: [(PRIMARY, True)]}


def test_schools_of_two_counties_are_both_told(city: City, count: Count, session) -> None:
    on_two_rolls(session, city, PRIMARY, ELSEWHERE)
    count()
    count(who="county_officer@370826")
    assert told(session) == {PRIMARY: [(ELSEWHERE, True)], ELSEWHERE: [(PRIMARY, False)]}
    [seen] = queries.doubles(
        session,
        session.execute(
            text("SELECT allocation_id FROM school_allocation_double WHERE counted_here")
        ).scalar_one(),
        SYSTEM,
    )
    assert seen.other_school == city.schools[ELSEWHERE].name


def test_who_moved_after_the_approval_stays_counted_at_the_old_school(
    city: City, count: Count, session
) -> None:
    fund(session, 10_000_00)
    [pupil] = enrol(session, city.schools[PRIMARY], 1)
    [counted] = count().schools
    approve(session, [counted.allocation_id], by=city.actor("city_officer"))
    session.execute(text("UPDATE enrolment SET left_on = '2008-04-10'"))
    put_on_roll(session, city.schools[OTHER], pupil, entered_on=date(2008, 4, 10))
    clock.set_office_day(date(2008, 4, 20))
    later = {"as_of": date(2008, 4, 15)}
    with pytest.raises(AllocationsApproved), session.begin_nested():
        count(**later)
    new = count(school_ids=[city.schools[OTHER].id], **later).schools[0]
    assert (new.roll, new.head_count, new.doubles) == (1, 0, 1)
    assert told(session) == {PRIMARY: [(OTHER, True)], OTHER: [(PRIMARY, False)]}
    # Cancelled before it is paid, the old school's place is free, and the new school counts.
    cancel(session, counted.allocation_id, because="学生已转学", by=city.actor("city_officer"))
    assert [each.head_count for each in count(**later).schools] == [1]
    claims = session.execute(text("SELECT school_id FROM school_allocation_claim")).scalars()
    assert list(claims) == [city.schools[OTHER].id]


def test_a_second_claim_to_a_pupil_is_refused_by_the_database(
    city: City, count: Count, session
) -> None:
    enrol(session, city.schools[PRIMARY], 1)
    count()
    with pytest.raises(IntegrityError, match="pk_school_allocation_claim"), session.begin_nested():
        session.execute(
            text("INSERT INTO school_allocation_claim SELECT * FROM school_allocation_claim")
        )
