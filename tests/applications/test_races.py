"""Many officers at once: money is spent to the last fen and never beyond, and no case twice."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from app.applications import decisions
from app.applications.models import Application, ApplicationState, Decision, Verdict
from app.applications.orders import Order, Totals
from app.applications.selection import CaseFilter
from app.core import db
from app.core.actor import SYSTEM, Actor
from app.core.errors import AidError
from tests.factories.cases import BOARDERS, make_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City

RENCHENG, WEISHAN = "2137000006", "2137000011"
EACH = 250_00
THREADS = 32

Outcome = int | AidError


def committed_cases(city: City, school: str, n: int, period: str) -> list[UUID]:
    with db.scoped_session(SYSTEM) as session:
        return make_cases(session, city.schools[school], n, EACH, period=period)


def money(cases: int, *, year: int, holder: str = "370811") -> None:
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, cases * EACH, holder, year=year)


def approve(by: Actor, ids: Sequence[UUID], *, as_far: bool = False) -> Outcome:
    order = Order(
        verdict=Verdict.APPROVE, reason="符合条件", ids=tuple(ids), as_far_as_money_goes=as_far
    )
    try:
        with db.scoped_session(by) as session:
            return decisions.decide(session, order, by=by).totals.count
    except AidError as refused:
        return refused


def at_once(work: Callable[[Sequence[UUID]], Outcome], sets: list[list[UUID]]) -> list[Outcome]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, sets))


def approved(session: Session, period: str) -> int:
    return session.execute(
        select(func.count()).where(
            col(Application.period) == period,
            col(Application.state) == ApplicationState.APPROVED,
        )
    ).scalar_one()


def told(outcomes: list[Outcome]) -> tuple[int, list[AidError]]:
    went = sum(each for each in outcomes if isinstance(each, int))
    return went, [each for each in outcomes if isinstance(each, AidError)]


@pytest.mark.slow
def test_disjoint_sets_spend_the_budget_to_the_last_fen(city: City) -> None:
    cases = committed_cases(city, RENCHENG, 400, "2008-spring")
    money(200, year=2008)
    officer = city.actor("city_officer")
    sets = [cases[start : start + 10] for start in range(0, 400, 10)]
    went, refused = told(at_once(lambda ids: approve(officer, ids), sets))
    assert went == 200
    assert len(refused) == 20
    assert {(each.status, each.code) for each in refused} == {(409, "budget.exhausted")}
    with db.scoped_session(SYSTEM) as session:
        assert approved(session, "2008-spring") == 200
        assert balances(session, line_code())["committed"] == 200 * EACH
        assert "available" not in balances(session, line_code())


@pytest.mark.slow
def test_overlapping_sets_never_pass_the_budget_and_the_rest_goes_as_far_as_money(
    city: City,
) -> None:
    period, line = "2009-spring", line_code(year=2009)
    cases = committed_cases(city, RENCHENG, 400, period)
    money(200, year=2009)
    officers = [city.actor("city_officer"), city.actor("city_officer_2")]
    dice = Random(2009)
    sets = [dice.sample(cases, 50) for _ in range(THREADS)]
    outcomes = at_once(lambda ids: approve(officers[hash(ids[0]) % 2], ids), sets)
    went, refused = told(outcomes)
    assert 50 <= went <= 200
    assert {each.status for each in refused} == {409}
    assert {each.code for each in refused} <= {"budget.exhausted", "application.moved"}
    assert all(each.faults or each.facts for each in refused)
    with db.scoped_session(SYSTEM) as session:
        assert approved(session, period) == went
        assert balances(session, line)["committed"] == went * EACH
        twice = session.execute(
            select(Decision.application_id)
            .group_by(col(Decision.application_id))
            .having(func.count() > 1)
        ).all()
        assert not twice
        waiting = session.execute(
            select(col(Application.id)).where(
                col(Application.period) == period,
                col(Application.state) == ApplicationState.IN_REVIEW,
            )
        ).scalars()
        rest = list(waiting)
    assert approve(officers[0], rest, as_far=True) == 200 - went
    with db.scoped_session(SYSTEM) as session:
        assert approved(session, period) == 200
        assert balances(session, line) == {"committed": 200 * EACH, "treasury": -200 * EACH}


def test_a_county_without_money_is_refused_and_the_other_is_untouched(city: City) -> None:
    period = "2010-spring"
    poor = committed_cases(city, RENCHENG, 4, period)
    rich = committed_cases(city, WEISHAN, 4, period)
    money(10, year=2010, holder="370826")
    officer = city.actor("city_officer")
    refused = approve(officer, poor)
    assert isinstance(refused, AidError)
    assert (refused.status, refused.code) == (409, "budget.exhausted")
    with db.scoped_session(SYSTEM) as session:
        untouched = balances(session, line_code("370826", year=2010))
        assert untouched == {"available": 10 * EACH, "treasury": -10 * EACH}
    assert approve(officer, rich) == 4


def test_two_officers_with_one_frozen_filter_decide_the_set_once(city: City) -> None:
    period = "2011-spring"
    committed_cases(city, RENCHENG, 20, period)
    money(20, year=2011)
    order = Order(
        verdict=Verdict.APPROVE,
        reason="符合条件",
        filter=CaseFilter(programme=BOARDERS, period=period),
        expect=Totals(20, 20 * EACH),
    )

    def decide(by: Actor) -> Outcome:
        try:
            with db.scoped_session(by) as session:
                return decisions.decide(session, order, by=by).totals.count
        except AidError as refused:
            return refused

    both = [city.actor("city_officer"), city.actor("city_officer_2")] * 4
    with ThreadPoolExecutor(8) as pool:
        went, refused = told(list(pool.map(decide, both)))
    assert went == 20
    assert len(refused) == 7
    assert {each.code for each in refused} <= {"decision.nothing", "decision.set-changed"}
