"""Many at once: a freed place is offered once, to the next, and none is offered beyond them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update
from sqlmodel import col

from app.applications import freeing, withdrawals
from app.applications.models import Submission, Verdict
from app.applications.place_errors import PlacesExceeded
from app.budgets.models import Quota
from app.core import db
from app.core.actor import SYSTEM
from tests.applications.placing import (
    CENTRE,
    CLERK,
    COUNTY,
    GRANT,
    MERIT,
    SCHOOL,
    Desk,
    catalogue_with_places,
)
from tests.factories.money import appropriate
from tests.factories.office import City


@pytest.fixture(scope="module", autouse=True)
def _catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with catalogue_with_places(Path(tmp_path_factory.mktemp("catalogues"))):
        yield


@pytest.fixture
def desk(city: City, client: TestClient, request: pytest.FixtureRequest) -> Desk:
    asked = [item for item in request.session.items if item.path == request.node.path]
    year = 2020 + asked.index(request.node)
    return Desk(city, client, MERIT, f"{year}-{year + 1}")


def full(desk: Desk, places: int, waiting: int) -> list[UUID]:
    """A school whose places are all used, and that many waiting; the cases by rank."""
    desk.give(places)
    cases = desk.cases(*({"merit_rank": rank} for rank in range(1, places + waiting + 1)))
    assert desk.hand_up().json()["handed_up"] == places
    return cases


def at_once(works: Sequence[Callable[[], object]]) -> list[object]:
    """Each in a thread of its own, let go together; what came of it, or the refusal."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        start.wait()
        try:
            return work()
        except PlacesExceeded as refused:
            return refused

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def offered(desk: Desk, cases: list[UUID]) -> list[int]:
    """The ranks of those that were offered a place."""
    return sorted(entry[0] for entry in desk.entries(cases) if entry and entry[1] == "offered")


def test_two_places_freed_at_once_are_offered_to_two_different_cases(desk: Desk) -> None:
    cases = full(desk, 2, 3)
    at_once(
        [
            lambda: desk.decide(COUNTY, cases[:1], Verdict.REJECT),
            lambda: desk.decide("county_officer_2@370811", cases[1:2], Verdict.REJECT),
        ]
    )
    assert offered(desk, cases) == [3, 4]


@pytest.mark.parametrize("attempt", range(3))
def test_many_freed_at_once_by_all_sorts_offer_as_many_and_the_first_in_line(
    desk: Desk, attempt: int
) -> None:
    cases = full(desk, 6, 9)
    clerk = desk.city.actor(CLERK)

    def withdraw(case: UUID) -> object:
        with db.scoped_session(clerk) as session:
            return withdrawals.withdraw(session, [case], because="家庭放弃", by=clerk)

    works: list[Callable[[], object]] = [
        lambda case=case: desk.decide(COUNTY, [case], Verdict.REJECT) for case in cases[:3]
    ]
    works += [lambda case=case: withdraw(case) for case in cases[3:6]]
    # Of those who wait one is withdrawn meanwhile: it takes no place and frees none.
    works.append(lambda: withdraw(cases[8]))
    at_once(works)
    # Rank 9 may have been offered a place before it was withdrawn; the place goes on to the next.
    assert offered(desk, cases) == [7, 8, 10, 11, 12, 13]


def test_passing_and_freeing_at_once_offer_no_place_twice(desk: Desk) -> None:
    cases = full(desk, 2, 4)
    desk.decide(COUNTY, cases[:1], Verdict.REJECT)
    found = desk.call(CLERK, "GET", f"/places?round_id={desk.round_id}&state=offered").json()
    entry = UUID(found["items"][0]["id"])
    clerk = desk.city.actor(CLERK)

    def pass_it() -> object:
        with db.scoped_session(clerk) as session:
            return freeing.pass_on(session, entry, because="家庭放弃", by=clerk)

    at_once([pass_it, lambda: desk.decide(COUNTY, cases[1:2], Verdict.REJECT)])
    assert offered(desk, cases) == [4, 5]


def test_reporting_while_a_place_comes_free_leaves_none_unoffered(desk: Desk) -> None:
    desk.give(1)
    first = desk.cases({"merit_rank": 1})
    desk.hand_up()
    later = desk.cases({"merit_rank": 2}, {"merit_rank": 3})
    batch = desk.batch()
    assert desk.endorse(batch).status_code == 200
    at_once(
        [
            lambda: desk.report(batch),
            lambda: desk.decide(COUNTY, first, Verdict.REJECT),
        ]
    )
    entries = desk.entries(later)
    # Handed up where the place was free by then, else offered: never both, never neither.
    assert [entry and entry[1] for entry in entries] in (
        ["taken", "waiting"],
        ["offered", "waiting"],
    )


def test_two_officers_at_once_approve_no_more_than_the_places(desk: Desk) -> None:
    desk.give(4)
    cases = desk.cases(*({"merit_rank": rank} for rank in range(1, 5)))
    desk.hand_up()
    desk.decide(COUNTY, cases, Verdict.APPROVE)
    year = int(desk.period[:4])
    with db.scoped_session(SYSTEM) as session:
        for each in (year, year + 1):
            appropriate(session, 32000_00, year=each, programme=MERIT)
    lower(desk, 3)
    outcomes = at_once(
        [
            lambda: desk.decide(CENTRE, cases[:2], Verdict.APPROVE),
            lambda: desk.decide("city_officer_2", cases[2:], Verdict.APPROVE),
        ]
    )
    assert sum(isinstance(each, PlacesExceeded) for each in outcomes) == 1
    assert desk.states(cases).count("approved") == 2


def test_tiers_taken_twice_at_once_are_handed_in_once(city: City, client: TestClient) -> None:
    desk = Desk(city, client, GRANT, "2052-2053")
    cases = desk.drafts({"hardship": 1}, {"hardship": 3})
    said = {"period": desk.period, "what": "tiers", "school": SCHOOL}
    path = f"/programmes/{GRANT}/allocations"
    made = desk.call(CLERK, "POST", f"{path}/propose", said).json()["id"]
    replies = at_once([lambda: desk.call(CLERK, "POST", f"{path}/{made}/take").status_code] * 4)
    assert sorted(map(str, replies)) == ["200", "409", "409", "409"]
    with db.scoped_session(SYSTEM) as session:
        numbers = session.execute(
            select(col(Submission.submission_no)).where(col(Submission.application_id) == cases[0])
        ).scalars()
        assert sorted(numbers) == [1, 2, 3]


def test_freeing_takes_as_many_statements_for_forty_as_for_two(
    city: City, client: TestClient
) -> None:
    took = []
    for many, period in ((2, "2050-2051"), (40, "2051-2052")):
        desk = Desk(city, client, MERIT, period)
        cases = full(desk, many, many)
        took.append(statements(desk, cases[:many]))
        assert len(offered(desk, cases)) == many
    assert took[0] == took[1]


def statements(desk: Desk, cases: list[UUID]) -> int:
    """How many statements it takes to reject the cases, and to offer what that frees."""
    seen: list[str] = []

    def count(_: object, __: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", count)
    try:
        desk.decide(COUNTY, cases, Verdict.REJECT)
    finally:
        event.remove(db.engine(), "before_cursor_execute", count)
    return len(seen)


def lower(desk: Desk, places: int) -> None:
    """The school has fewer places than it has used, which the centre's own door refuses."""
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            update(Quota)
            .where(col(Quota.programme) == desk.programme, col(Quota.period) == desk.period)
            .values(places=places)
        )
