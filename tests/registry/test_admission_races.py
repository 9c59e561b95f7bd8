"""Two junior schools bring one graduate at the same moment."""

import threading
from datetime import date

from app.core import clock, db
from app.core.actor import SYSTEM
from app.registry import intake, rolling
from app.registry.rolling import Part
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
