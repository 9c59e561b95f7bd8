"""Many at once: money enters one run, and answers that cross come to an end."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from sqlalchemy import case, literal, select, text
from sqlmodel import col

from app.core import db, ids
from app.core.actor import SYSTEM
from app.core.columns import TextEnum
from app.disbursement.errors import NothingDue
from app.disbursement.models import Payout, PayoutState
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.disbursement.settling import settle
from app.ledger import service as ledger
from app.reconciliation.queries import invariants
from tests.disbursement.conftest import DAY, OTHER_COUNTY, RURAL
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees

THREADS = 16
ASKED = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")


def at_once(act: Callable[[], str]) -> list[str]:
    """What each of 16 threads came to that started together."""
    gate = Barrier(THREADS)

    def run(place: int) -> str:
        gate.wait()
        return act()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_sixteen_open_a_run_of_the_same_money_and_one_gets_it(city: City) -> None:
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 20 * 250_00)
        make_payees(session, city.schools[RURAL], 20)
    maker = city.actor("finance_maker")

    def try_open() -> str:
        try:
            with db.scoped_session(maker) as session:
                return open_run(session, ASKED, by=maker).number
        except NothingDue:
            return ""

    numbers = sorted(at_once(try_open))
    assert numbers[:-1] == [""] * (THREADS - 1)
    assert numbers[-1].startswith("R-2008-")


def test_two_answers_crossing_the_same_fund_lines_both_come_to_an_end(city: City) -> None:
    first, second = "370811", "370826"
    with db.scoped_session(SYSTEM) as session:
        here, there = [], []
        for holder, school, sent in ((first, RURAL, here), (second, OTHER_COUNTY, there)):
            appropriate(session, 2 * 250_00, holder)
            payees = make_payees(session, city.schools[school], 2)
            sent += [one.student_id for one in payees]
        run = open_run(session, ASKED, by=city.actor("finance_maker"))
        release(session, run.id, by=city.actor("finance_checker"))
        before = [balances(session, line_code(holder)) for holder in (first, second)]

    def take_in(paid: UUID, failed: UUID) -> int:
        state = TextEnum(PayoutState)
        to = case((col(Payout.student_id) == paid, literal(PayoutState.PAID, state)),
                  else_=literal(PayoutState.FAILED, state))  # fmt: skip
        said = select(
            col(Payout.id), col(Payout.state), to, literal("账户不存在")
        ).where(col(Payout.student_id).in_([paid, failed]))  # fmt: skip
        with db.scoped_session(SYSTEM) as session:
            return settle(session, said, batch=ids.new(), by=SYSTEM)

    with ThreadPoolExecutor(2) as pool:
        # Whoever holds the first line lets both begin; the one that pays on it is first in turn.
        with db.scoped_session(SYSTEM) as session:
            ledger.hold(session, select(literal(line_code(first))))
            one = pool.submit(take_in, paid=here[0], failed=there[0])
            until_waiting(1)
            other = pool.submit(take_in, paid=there[1], failed=here[1])
            until_waiting(2)
        assert [one.result(), other.result()] == [2, 2]
    with db.scoped_session(SYSTEM) as session:
        for holder, was in zip((first, second), before, strict=True):
            now = balances(session, line_code(holder))
            gained = {kind: now[kind] - was.get(kind, 0) for kind in ("paid", "committed")}
            assert gained == {"paid": 250_00, "committed": 250_00}
        assert invariants(session) == []


def until_waiting(count: int) -> None:
    """Returns once so many wait for somebody's lock."""
    question = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    waiting = 0
    for _ in range(1000):
        with db.scoped_session(SYSTEM) as session:
            waiting = session.execute(question).scalar_one()
        if waiting >= count:
            return
        time.sleep(0.01)
    assert waiting >= count
