"""Many at once: one run leaves once, and either guard alone still lets none be paid twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import db
from app.core.actor import SYSTEM, Actor
from app.core.embedded import Cluster
from app.core.errors import Conflict
from app.disbursement.errors import NothingDue
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.reconciliation.queries import invariants
from tests.disbursement.conftest import DAY, RURAL
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees

THREADS = 16
ASKED = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
DROPPED = ("uq_ledger_transfer_once", "uq_payment_file_part", "uq_payout_file_line")


def new_run(city: City, payouts: int) -> UUID:
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, payouts * 250_00)
        make_payees(session, city.schools[RURAL], payouts)
        return open_run(session, ASKED, by=city.actor("finance_maker")).id


def at_once(act: Callable[[], str]) -> list[str]:
    """What each of 16 threads came to that started together."""
    gate = Barrier(THREADS)

    def run(place: int) -> str:
        gate.wait()
        return act()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def try_release(run_id: UUID, by: Actor) -> str:
    try:
        with db.scoped_session(by) as session:
            release(session, run_id, by=by)
    except Conflict:
        return "conflict"
    except IntegrityError:
        return "unique"
    return "released"


def figures(run_id: UUID) -> tuple[int, int, int]:
    """Transfers, files and sent payouts of a run."""
    question = text(
        "SELECT (SELECT count(*) FROM ledger_transfer WHERE batch = :run), "
        "(SELECT count(*) FROM payment_file WHERE run_id = :run), "
        "(SELECT count(*) FROM payout WHERE run_id = :run AND state = 'sent')"
    )
    with db.scoped_session(SYSTEM) as session:
        assert invariants(session) == []
        row = session.execute(question, {"run": run_id}).one()
    return row[0], row[1], row[2]


def test_sixteen_release_one_run_and_one_succeeds(city: City) -> None:
    run_id, checker = new_run(city, 30), city.actor("finance_checker")
    came_to = at_once(lambda: try_release(run_id, checker))
    assert sorted(came_to) == ["conflict"] * (THREADS - 1) + ["released"]
    assert figures(run_id) == (30, 1, 30)


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


def test_without_the_run_s_state_the_unique_keys_still_let_none_leave_twice(
    city: City, cluster: Cluster, database: str
) -> None:
    run_id, checker = new_run(city, 8), city.actor("finance_checker")
    assert try_release(run_id, checker) == "released"
    before = figures(run_id)
    # As if the conditional update had let a second caller through.
    with cluster.superuser(database) as owner:
        owner.execute("UPDATE payout_run SET state = 'open' WHERE id = %s", (run_id,))
        owner.execute(
            "UPDATE payout SET state = 'ready', file_id = NULL, file_line = NULL WHERE run_id = %s",
            (run_id,),
        )
        money = "UPDATE ledger_account SET credits_fen = credits_fen + %s WHERE kind = 'committed'"
        owner.execute(money, (8 * 250_00,))
        owner.commit()
    assert try_release(run_id, checker) == "unique"
    with db.scoped_session(SYSTEM) as session:
        sent = session.execute(
            text("SELECT count(*) FROM ledger_transfer WHERE batch = :run"), {"run": run_id}
        ).scalar_one()
    assert sent == before[0]
    with cluster.superuser(database) as owner:
        owner.execute("UPDATE ledger_account SET credits_fen = credits_fen - %s "
                      "WHERE kind = 'committed'", (8 * 250_00,))  # fmt: skip
        owner.execute(
            "UPDATE payout SET state = 'sent', file_line = n.line, file_id = "
            "(SELECT id FROM payment_file WHERE run_id = %(run)s) FROM (SELECT id, row_number() "
            "OVER (ORDER BY number) AS line FROM payout WHERE run_id = %(run)s) n "
            "WHERE payout.id = n.id",
            {"run": run_id},
        )
        owner.execute("UPDATE payout_run SET state = 'released' WHERE id = %s", (run_id,))
        owner.commit()
    assert figures(run_id) == before


@pytest.mark.parametrize("index", DROPPED)
def test_without_a_unique_key_the_run_s_state_still_lets_it_leave_once(
    city: City, cluster: Cluster, database: str, index: str
) -> None:
    with cluster.superuser(database) as owner:
        (definition,) = owner.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = %s", (index,)
        ).fetchone()
        owner.execute(f"DROP INDEX {index}".encode())
        owner.commit()
    try:
        run_id, checker = new_run(city, 10), city.actor("finance_checker")
        came_to = at_once(lambda: try_release(run_id, checker))
        assert sorted(came_to) == ["conflict"] * (THREADS - 1) + ["released"]
        assert figures(run_id) == (10, 1, 10)
    finally:
        with cluster.superuser(database) as owner:
            owner.execute(definition.encode())
            owner.commit()
