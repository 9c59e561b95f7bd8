"""Many at once: a draft is published once, and of two that compete each has its own revision."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import db, settings
from app.core.actor import SYSTEM, Actor
from app.core.embedded import Cluster
from app.policy import drafting, service
from app.policy.errors import DraftSettled, DraftTaken
from tests.factories.office import City
from tests.policy_db.drafts import version

BOARDERS = "boarding-subsidy"
THREADS = 8


@pytest.fixture(scope="module")
def offices(city: City) -> City:
    """The city with its policy published, committed."""
    with db.scoped_session(SYSTEM) as session:
        service.load_catalogue(session, settings.get().catalogue)
    return city


@pytest.fixture
def maker(offices: City) -> Actor:
    return offices.actor("city_officer")


@pytest.fixture
def checker(offices: City) -> Actor:
    return offices.actor("city_officer_2")


def at_once(acts: Sequence[Callable[[], str]]) -> list[str]:
    """What each came to, in a thread of its own and let go together; sorted."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], str]) -> str:
        gate.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))


def draft(period: str, by: Actor) -> UUID:
    with db.scoped_session(by) as session:
        wanted = version(effective_from=period)
        return drafting.draft(session, BOARDERS, wanted, because="调标", by=by).id


def try_draft(period: str, by: Actor) -> str:
    try:
        draft(period, by)
    except DraftTaken:
        return "taken"
    return "drafted"


def try_settle(made: UUID, by: Actor, *, withdraw: bool = False) -> str:
    act = drafting.withdraw if withdraw else drafting.approve
    try:
        with db.scoped_session(by) as session:
            act(session, BOARDERS, made, because="同意", by=by)
    except DraftSettled:
        return "settled"
    except IntegrityError as refused:
        return str(refused.orig).split('"')[1]
    return "withdrawn" if withdraw else "published"


def stands(period: str) -> tuple[int, int, int]:
    """Versions published from a period, drafts approved for it, and acts of publishing noted."""
    question = text(
        "WITH mine AS (SELECT id FROM policy_version WHERE programme = :programme "
        "AND effective_from = :period AND revision >= :own) "
        "SELECT (SELECT count(*) FROM mine), (SELECT count(*) FROM policy_draft "
        "WHERE programme = :programme AND effective_from = :period AND state = 'approved'), "
        "(SELECT count(*) FROM audit_record r JOIN audit_event e ON e.id = r.event_id "
        "WHERE e.did = 'policy.published' AND r.record_id IN (SELECT id FROM mine))"
    )
    given = {"programme": BOARDERS, "period": period, "own": drafting.OWN_REVISIONS}
    with db.scoped_session(SYSTEM) as session:
        row = session.execute(question, given).one()
    return row[0], row[1], row[2]


def test_many_who_approve_one_draft_publish_exactly_one_version(
    maker: Actor, checker: Actor
) -> None:
    made = draft("2030-spring", maker)
    came_to = at_once([lambda: try_settle(made, checker)] * THREADS)
    assert came_to == ["published"] + ["settled"] * (THREADS - 1)
    assert stands("2030-spring") == (1, 1, 1)


def test_approving_and_withdrawing_at_once_do_one_of_the_two(maker: Actor, checker: Actor) -> None:
    made = draft("2031-spring", maker)
    came_to = at_once(
        [
            lambda: try_settle(made, checker),
            lambda: try_settle(made, maker, withdraw=True),
        ]
    )
    published = "published" in came_to
    assert came_to == (["published", "settled"] if published else ["settled", "withdrawn"])
    assert stands("2031-spring") == (int(published),) * 3


def test_many_drafts_of_one_period_each_have_a_revision_of_their_own(maker: Actor) -> None:
    came_to = at_once([lambda: try_draft("2032-spring", maker)] * THREADS)
    assert set(came_to) <= {"drafted", "taken"}
    with db.scoped_session(SYSTEM) as session:
        revisions = session.execute(
            text("SELECT revision FROM policy_draft WHERE effective_from = '2032-spring'")
        ).scalars()
        own = drafting.OWN_REVISIONS
        assert sorted(revisions) == list(range(own, own + came_to.count("drafted")))


def test_without_the_draft_s_state_the_version_s_key_still_lets_it_be_published_once(
    maker: Actor, checker: Actor, cluster: Cluster, database: str
) -> None:
    made = draft("2033-spring", maker)
    assert try_settle(made, checker) == "published"
    with cluster.superuser(database) as owner:
        # As if the lock had let a second officer through.
        owner.execute(
            "UPDATE policy_draft SET state = 'drafted', version_id = NULL WHERE id = %s", (made,)
        )
    assert try_settle(made, checker) == "uq_policy_version_key"
    assert stands("2033-spring") == (1, 0, 1)
