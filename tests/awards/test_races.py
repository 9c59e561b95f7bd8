"""Many at once: the budget is spent exactly, never over, and nobody is served twice."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from app.awards import service as awards
from app.awards.models import Award, Instalment, InstalmentState
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.core.errors import AidError, Conflict
from app.ledger import service as ledger
from tests.factories.cases import BOARDERS, SCHOOL_YEAR, SPRING, VOCATIONAL, as_cases, make_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City

THREADS = 32


@pytest.fixture(autouse=True)
def _in_march_2008() -> None:
    clock.set_office_day(date(2008, 3, 3))


@pytest.fixture
def spring(city: City) -> Iterator[list[UUID]]:
    """400 cases of 250.00 and money for 200 more than was spent before, all committed for real."""
    with scoped_session(SYSTEM) as session:
        appropriate(session, 200 * 250_00)
        made = make_cases(session, city.schools["2137000006"], 400)
    yield made
    with scoped_session(SYSTEM) as session:
        assert ledger.verify(session) == []


def promise(applications: list[UUID], *, as_far: bool = False) -> int:
    with scoped_session(SYSTEM) as session:
        return awards.promise(
            session,
            as_cases(applications),
            programme=BOARDERS,
            period=SPRING,
            batch=ids.new(),
            by=SYSTEM,
            as_far_as_money_goes=as_far,
        ).awarded


def at_once(acts: list[Callable[[], int]]) -> list[int | AidError]:
    """Runs the acts in as many threads, started together; a refusal is an answer."""
    ready = Barrier(len(acts))

    def run(act: Callable[[], int]) -> int | AidError:
        ready.wait()
        try:
            return act()
        except AidError as refused:
            return refused

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def awarded(session: Session, applications: list[UUID]) -> int:
    asked = select(func.count()).where(col(Award.application_id).in_(applications))
    return session.execute(asked.select_from(Award)).scalar_one()


def test_disjoint_sets_spend_the_budget_exactly_and_the_rest_is_refused(
    spring: list[UUID],
) -> None:
    sets = [spring[start : start + 10] for start in range(0, THREADS * 10, 10)]
    answers = at_once([lambda part=part: promise(part) for part in sets])
    refused = [answer for answer in answers if isinstance(answer, AidError)]
    assert sum(answer for answer in answers if not isinstance(answer, AidError)) == 200
    assert len(refused) == THREADS - 20
    assert {(each.status, each.code) for each in refused} == {(409, "budget.exhausted")}
    with scoped_session(SYSTEM) as session:
        assert awarded(session, spring) == 200
        assert "available" not in balances(session, line_code())


def test_overlapping_sets_never_overspend_and_award_nobody_twice(spring: list[UUID]) -> None:
    sets = [[spring[(start * 12 + n) % 400] for n in range(50)] for start in range(THREADS)]
    with scoped_session(SYSTEM) as session:
        before = balances(session, line_code()).get("committed", 0)
    answers = at_once([lambda part=part: promise(part) for part in sets])
    won = sum(answer for answer in answers if not isinstance(answer, AidError))
    refused = [answer for answer in answers if isinstance(answer, AidError)]
    assert all(isinstance(each, Conflict) for each in refused)
    assert 0 < won <= 200
    with scoped_session(SYSTEM) as session:
        assert awarded(session, spring) == won
        assert balances(session, line_code())["committed"] == before + won * 250_00
    with scoped_session(SYSTEM) as session:
        taken = set(
            session.execute(
                select(col(Award.application_id)).where(col(Award.application_id).in_(spring))
            ).scalars()
        )
    promise([each for each in spring if each not in taken], as_far=True)
    with scoped_session(SYSTEM) as session:
        assert awarded(session, spring) == 200
        assert "available" not in balances(session, line_code())


def test_an_appropriation_and_promises_at_once_leave_nothing_waiting_beside_money(
    city: City,
) -> None:
    kind = {"programme": VOCATIONAL, "period": SCHOOL_YEAR}
    clock.set_office_day(date(2007, 11, 1))
    with scoped_session(SYSTEM) as session:
        appropriate(session, 16 * 600_00, year=2007, programme=VOCATIONAL)
        cases = make_cases(session, city.schools["3637000010"], 16, 1500_00, **kind)

    def one(application: UUID) -> int:
        with scoped_session(SYSTEM) as session:
            return awards.promise(
                session, as_cases([application]), batch=ids.new(), by=SYSTEM, **kind
            ).awarded

    def money() -> int:
        with scoped_session(SYSTEM) as session:
            appropriate(session, 16 * 900_00, year=2008, programme=VOCATIONAL)
        return 1

    acts: list[Callable[[], int]] = [lambda case=case: one(case) for case in cases]
    assert at_once([*acts, money]) == [1] * 17
    with scoped_session(SYSTEM) as session:
        waiting = select(func.count()).where(
            col(Instalment.state) == InstalmentState.AWAITING_APPROPRIATION
        )
        assert session.execute(waiting.select_from(Instalment)).scalar_one() == 0
        assert "available" not in balances(session, line_code(programme=VOCATIONAL))
        assert ledger.verify(session) == []
