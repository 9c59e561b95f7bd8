"""Many at once: a school's roll is counted into one allocation, and its money promised once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count as count_from
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest
from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.allocations import counting
from app.allocations.errors import AllocationsApproved, AllocationsMoved, NothingToApprove
from app.allocations.service import AllocationFilter, approve
from app.awards.errors import AlreadyAwarded
from app.core import db
from app.core.actor import SYSTEM, Actor
from app.core.embedded import Cluster
from app.policy import queries
from app.registry.models import RunBy, SchoolArea, Stage
from app.reports import verification
from tests.allocations.conftest import DAY
from tests.allocations.programmes import FUNDS, YEAR, publish
from tests.allocations.pupils import enrol, fund
from tests.factories.office import City, add_school

THREADS = 8
PUPILS = 3
CODES = count_from(2137000100)


@pytest.fixture(scope="module")
def funded(city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The city with programmes paid to schools and money for them, committed."""
    with pytest.MonkeyPatch.context() as patched:
        with db.scoped_session(SYSTEM) as session:
            publish(session, patched, Path(tmp_path_factory.mktemp("catalogues")))
            fund(session, 100_000_00)
        yield city
    queries.catalogue.cache_clear()


@pytest.fixture
def school(funded: City) -> UUID:
    """A school of the test's own, in 任城区, with pupils on its roll; committed."""
    with db.scoped_session(SYSTEM) as session:
        made = add_school(
            session,
            str(next(CODES)),
            "任城区石桥镇小学",
            stage=Stage.PRIMARY,
            area=SchoolArea.RURAL,
            county=funded.counties["370811"],
            run_by=RunBy.COUNTY,
            division="370811",
        )
        enrol(session, made, PUPILS)
        return made.id


@pytest.fixture
def counter(funded: City) -> Actor:
    return funded.actor("county_officer@370811")


@pytest.fixture
def checker(funded: City) -> Actor:
    return funded.actor("city_officer")


def at_once(acts: Sequence[Callable[[], str]]) -> list[str]:
    """What each came to, in a thread of its own and let go together; sorted."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], str]) -> str:
        gate.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))


def count(school: UUID, by: Actor) -> UUID:
    with db.scoped_session(by) as session:
        done = counting.count(session, FUNDS, YEAR, as_of=DAY, by=by, school_ids=[school])
    [each] = done.schools
    assert each.allocation_id is not None
    return each.allocation_id


def try_count(school: UUID, by: Actor) -> str:
    try:
        count(school, by)
    except AllocationsApproved:
        return "approved before"
    except IntegrityError as refused:
        return str(refused.orig).split('"')[1]  # the constraint
    return "counted"


def try_approve(chosen: Sequence[UUID] | AllocationFilter, by: Actor) -> str:
    try:
        with db.scoped_session(by) as session:
            approve(session, chosen, by=by)
    except AllocationsMoved:
        return "moved"
    except NothingToApprove:
        return "nothing"
    except AlreadyAwarded:
        return "awarded"
    return "approved"


def of_school(school: UUID) -> tuple[int, int, int, int]:
    """Live allocations, claims, live awards, and committing transfers of a school."""
    question = text(
        "SELECT (SELECT count(*) FROM school_allocation WHERE school_id = :school "
        "AND state <> 'cancelled'), "
        "(SELECT count(*) FROM school_allocation_claim WHERE school_id = :school), "
        "(SELECT count(*) FROM award WHERE school_id = :school AND state <> 'cancelled'), "
        "(SELECT count(*) FROM ledger_transfer t JOIN instalment i ON i.id = t.refers_to "
        "WHERE i.school_id = :school AND t.kind = 'commit')"
    )
    with db.scoped_session(SYSTEM) as session:
        assert verification.verify(session) == []
        row = session.execute(question, {"school": school}).one()
    return row[0], row[1], row[2], row[3]


def test_many_who_count_one_school_leave_one_allocation_and_the_others_are_told(
    school: UUID, counter: Actor
) -> None:
    came_to = at_once([lambda: try_count(school, counter)] * THREADS)
    assert "counted" in came_to
    assert set(came_to) <= {"counted", "uq_school_allocation_live"}
    assert of_school(school) == (1, PUPILS, 0, 0)


@pytest.mark.parametrize("told", ["moved", "nothing"])
def test_many_who_approve_one_allocation_promise_its_money_once(
    school: UUID, counter: Actor, checker: Actor, told: str
) -> None:
    named = [count(school, counter)]
    of_one = AllocationFilter(programme=FUNDS, period=YEAR, school_id=school)
    chosen = named if told == "moved" else of_one
    came_to = at_once([lambda: try_approve(chosen, checker)] * THREADS)
    assert came_to == sorted(["approved"] + [told] * (THREADS - 1))
    # Two terms, each from two sources.
    assert of_school(school) == (1, PUPILS, 1, 4)


def test_counting_anew_and_approving_at_once_leave_one_or_the_other(
    school: UUID, counter: Actor, checker: Actor
) -> None:
    first = count(school, counter)
    came_to = at_once([lambda: try_count(school, counter), lambda: try_approve([first], checker)])
    # An approved allocation that the roll still agrees with is no reason to refuse a count.
    assert came_to in (["counted", "moved"], ["approved", "counted"])
    promised = came_to[0] == "approved"
    assert of_school(school) == (1, PUPILS, int(promised), 4 if promised else 0)


def test_without_the_allocation_s_state_its_award_is_still_made_once(
    school: UUID, counter: Actor, checker: Actor, cluster: Cluster, database: str
) -> None:
    counted = count(school, counter)
    assert try_approve([counted], checker) == "approved"
    with cluster.superuser(database) as owner:
        turn = "UPDATE school_allocation SET state = %s WHERE id = %s"
        # As if the lock had let a second caller through, and then the look at what is awarded too.
        owner.execute(turn, ("counted", counted))
        assert try_approve([counted], checker) == "awarded"
        made = "CREATE TEMP TABLE again AS SELECT * FROM award WHERE allocation_id = %s"
        owner.execute(made, (counted,))
        owner.execute("UPDATE again SET id = gen_random_uuid()")
        with pytest.raises(UniqueViolation, match="uq_award_allocation_id"):
            owner.execute("INSERT INTO award SELECT * FROM again")
        owner.execute(turn, ("approved", counted))
    assert of_school(school) == (1, PUPILS, 1, 4)
