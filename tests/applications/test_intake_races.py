"""Two who bring the same case at once make one application."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.policy.service import load_catalogue
from tests.applications.cases import OPEN_DAY, PROGRAMME, SPRING, Office, bring, open_round, row_of
from tests.factories.office import City

PRIMARY = "2137000006"


@pytest.fixture(scope="module")
def office(city: City) -> Office:
    with scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        round_ = open_round(session, city.actor("city_officer"), PROGRAMME, SPRING)
    return Office(round_, city.actor(f"school_clerk@{PRIMARY}"), city.schools[PRIMARY])


@pytest.mark.parametrize(
    ("known", "hardship", "second"),
    [
        (False, (1, 1), "unchanged"),
        (False, (1, 2), "already_applied"),
        (True, (1, 1), "unchanged"),
        (True, (1, 2), "already_applied"),
    ],
)
def test_one_case_brought_twice_at_once_is_one_application(
    office: Office, city: City, known: bool, hardship: tuple[int, int], second: str
) -> None:
    clock.set_office_day(OPEN_DAY)
    seed = 5000 + 10 * known + hardship[1]
    if known:  # the student is registered, so only the application itself is raced for
        with scoped_session(office.clerk) as session:
            bring(session, office, row_of(office.school, seed))
            session.execute(text("UPDATE application SET state = 'withdrawn'"))
    start = Barrier(2)

    def hand_in(level: int) -> dict[str, Any]:
        with scoped_session(office.clerk) as session:
            start.wait(10)
            return bring(session, office, row_of(office.school, seed, hardship=level))[0]

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(hand_in, hardship))
    assert sorted(each["outcome"] for each in results) == sorted(["eligible", second])
    assert len({each["application_id"] for each in results}) == 1
    with scoped_session(SYSTEM) as session:
        live = session.execute(
            text(
                "SELECT count(*) FROM application WHERE state <> 'withdrawn' "
                "AND student_name = :name"
            ),
            {"name": f"赵芳{seed}"},
        ).scalar_one()
    assert live == 1


def test_many_at_once_get_every_number_once(office: Office) -> None:
    clock.set_office_day(OPEN_DAY)
    start = Barrier(8)

    def hand_in(place: int) -> list[dict[str, Any]]:
        rows = [row_of(office.school, 6000 + place * 10 + each) for each in range(10)]
        with scoped_session(office.clerk) as session:
            start.wait(10)
            return bring(session, office, *rows)

    with ThreadPoolExecutor(8) as pool:
        numbers = [each["number"] for results in pool.map(hand_in, range(8)) for each in results]
    assert len(set(numbers)) == 80
