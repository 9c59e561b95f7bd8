"""What meets at the turn of the year: two schools' admissions, a school's word, an undo."""

import threading
import time
from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.registry import intake, rolling
from app.registry.models import AbsenceKind, RollOver
from app.registry.rolling import Part
from app.registry.service_enrolments import Absence, confirm_enrolment, leave
from tests.factories.office import City
from tests.registry.rows import frame_of, resident_id, row_of
from tests.registry.test_rolling import JUNIOR, PRIMARY, TOWN_JUNIOR, TURN


def test_only_one_of_two_schools_has_the_graduate(city: City) -> None:
    seeds = range(70_000, 70_020)
    clock.set_office_day(date(2008, 7, 20))
    with db.scoped_session(SYSTEM) as session:
        rows = [
            row_of(city.schools[PRIMARY], resident_id=resident_id(seed), grade=6) for seed in seeds
        ]
        intake.register(
            session, frame_of(*rows), school_year="2007-2008", entered_on=date(2007, 9, 1),
            by=SYSTEM,
        )  # fmt: skip
        rolling.roll_over(session, TURN, Part(), by=SYSTEM)
    ready = threading.Barrier(2)
    answers: dict[str, list[bool]] = {}

    def bring(code: str) -> None:
        by = city.actor(f"school_clerk@{code}")
        rows = [
            row_of(city.schools[code], resident_id=resident_id(seed), grade=1) for seed in seeds
        ]
        with db.scoped_session(by) as session:
            ready.wait()
            made = intake.register(
                session, frame_of(*rows), school_year="2008-2009", entered_on=date(2008, 9, 1),
                by=by,
            )  # fmt: skip
            answers[code] = made["moved"].to_list()

    threads = [threading.Thread(target=bring, args=(code,)) for code in (JUNIOR, TOWN_JUNIOR)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(sum, answers.values())) == [0, len(seeds)]


SUMMER = date(2008, 7, 20)


def here(city: City) -> Part:
    school = city.schools[PRIMARY]
    return Part(school.county_id, school.id)


def pupils(city: City, first: int, n: int, grade: int) -> list[UUID]:
    """Committed pupils of the rural primary school in 2007-2008."""
    rows = [
        row_of(city.schools[PRIMARY], resident_id=resident_id(first + each), grade=grade)
        for each in range(n)
    ]
    with scoped_session(SYSTEM) as session:
        made = intake.register(
            session, frame_of(*rows), school_year="2007-2008", entered_on=date(2007, 9, 1),
            by=SYSTEM,
        )  # fmt: skip
    return [UUID(each) for each in made["student_id"]]


def open_years(student: UUID) -> list[str]:
    """The school years in which the student still has an open enrolment."""
    with scoped_session(SYSTEM) as session:
        found = session.execute(
            text(
                "SELECT school_year FROM enrolment WHERE student_id = :who AND left_on IS NULL "
                "ORDER BY school_year"
            ),
            {"who": student},
        )
        return list(found.scalars())


def waits_for_a_lock() -> bool:
    with scoped_session(SYSTEM) as session:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()"
        )
        return bool(session.execute(waiting).scalar_one())


def after_it_waits(act: Callable[[], object]) -> threading.Thread:
    """Starts the act in a thread; it is over, or waits for a lock of ours, when this returns."""
    started = threading.Thread(target=act)
    started.start()
    while started.is_alive() and not waits_for_a_lock():
        time.sleep(0.02)
    return started


def confirmed(city: City, gone: UUID, kind: AbsenceKind) -> Callable[[], object]:
    by = city.actor(f"school_head@{PRIMARY}")

    def act() -> None:
        with scoped_session(by) as session:
            absence = Absence(student_id=gone, kind=kind, since=date(2008, 6, 20))
            school = city.schools[PRIMARY]
            confirm_enrolment(session, school, "2008-spring", [absence], by=by)

    return act


@pytest.mark.parametrize(("kind", "seed"), [(AbsenceKind.DIED, 71_000), (AbsenceKind.LEFT, 71_001)])
def test_who_died_or_left_during_a_turn_has_no_place_in_the_new_year(
    city: City, kind: AbsenceKind, seed: int
) -> None:
    clock.set_office_day(SUMMER)
    [gone] = pupils(city, seed, 1, 3)
    with scoped_session(SYSTEM) as session:
        rolling.roll_over(session, TURN, here(city), by=SYSTEM)
        word = after_it_waits(confirmed(city, gone, kind))
        assert word.is_alive()
    word.join()
    assert open_years(gone) == []


def test_a_turn_that_waits_for_a_schools_word_leaves_out_who_is_gone(city: City) -> None:
    clock.set_office_day(SUMMER)
    gone, stays = pupils(city, 72_000, 2, 3)
    by = city.actor(f"school_head@{PRIMARY}")

    def turn() -> None:
        with scoped_session(SYSTEM) as session:
            rolling.roll_over(session, TURN, here(city), by=SYSTEM)

    with scoped_session(by) as session:
        absence = Absence(student_id=gone, kind=AbsenceKind.DIED, since=date(2008, 6, 20))
        confirm_enrolment(session, city.schools[PRIMARY], "2008-spring", [absence], by=by)
        turning = after_it_waits(turn)
        assert turning.is_alive()
    turning.join()
    assert open_years(gone) == []
    assert open_years(stays) == ["2007-2008", "2008-2009"]


def test_who_left_before_the_turn_leaves_the_new_year_too(city: City) -> None:
    clock.set_office_day(SUMMER)
    [gone] = pupils(city, 73_000, 1, 3)
    with scoped_session(SYSTEM) as session:
        rolling.roll_over(session, TURN, here(city), by=SYSTEM)
    assert open_years(gone) == ["2007-2008", "2008-2009"]
    by = city.actor(f"school_head@{PRIMARY}")
    with scoped_session(by) as session:
        assert leave(session, [gone], left_on=date(2008, 7, 10), because="迁出", by=by) == 1
    assert open_years(gone) == []


def test_an_undo_during_an_admission_leaves_each_graduate_on_one_roll(city: City) -> None:
    clock.set_office_day(SUMMER)
    seeds = range(74_000, 74_020)
    who = pupils(city, seeds[0], len(seeds), 6)
    with scoped_session(SYSTEM) as session:
        made = rolling.roll_over(session, TURN, here(city), by=SYSTEM).made
        assert isinstance(made, RollOver)
        turn = made.id
    ready = threading.Barrier(2)
    moved: list[bool] = []
    reopened: list[int] = []
    by = city.actor(f"school_clerk@{JUNIOR}")

    def bring() -> None:
        rows = [
            row_of(city.schools[JUNIOR], resident_id=resident_id(seed), grade=1) for seed in seeds
        ]
        with scoped_session(by) as session:
            ready.wait()
            became = intake.register(
                session, frame_of(*rows), school_year="2008-2009", entered_on=date(2008, 9, 1),
                by=by,
            )  # fmt: skip
            moved.extend(became["moved"].to_list())

    def undo() -> None:
        with scoped_session(SYSTEM) as session:
            ready.wait()
            held = rolling.hold(session, turn, by=SYSTEM)
            reopened.append(rolling.undo(session, held, because="年级有误", by=SYSTEM).reopened)

    threads = [threading.Thread(target=act) for act in (bring, undo)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(moved) == len(seeds)
    assert sum(moved) + sum(reopened) == len(seeds)
    assert sum(moved) in {0, len(seeds)}
    years = {tuple(open_years(each)) for each in who}
    assert years == ({("2008-2009",)} if all(moved) else {("2007-2008",)})
