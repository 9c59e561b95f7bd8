"""One return file handed in by eight at once has one effect."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import text

from app.core import db
from app.core.actor import SYSTEM
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.reconciliation.models import ReturnKind
from app.reconciliation.queries import invariants
from app.reconciliation.service import receive
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import answer, failed, lines_in, timed_out
from tests.reconciliation.conftest import DAY, RURAL

THREADS = 8
PAYOUTS = 40


def test_one_return_file_eight_times_at_once_has_one_effect(city: City) -> None:
    maker = city.actor("finance_maker")
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, PAYOUTS * 250_00)
        make_payees(session, city.schools[RURAL], PAYOUTS)
        asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
        run = open_run(session, asked, by=maker)
        file = release(session, run.id, by=city.actor("finance_checker")).files[0]
        lines = lines_in(session, file)
    same = answer(lines, failed, timed_out)
    permuted = answer(lines, failed, timed_out, shuffle=1)
    gate = Barrier(THREADS)

    def hand_in(place: int) -> bool:
        gate.wait()
        data = permuted if place == 0 else same
        with db.scoped_session(maker) as session:
            return receive(
                session, payment_file=file.number, kind=ReturnKind.REPLY, data=data, by=maker
            ).repeated

    with ThreadPoolExecutor(THREADS) as pool:
        repeated = list(pool.map(hand_in, range(THREADS)))
    # The permuted file is another file with the same words: taken in, and all duplicates.
    assert sorted(repeated) == [False, False] + [True] * (THREADS - 2)
    with db.scoped_session(SYSTEM) as session:
        found = session.execute(
            text("SELECT kind, count(*) FROM ledger_transfer WHERE batch IN "
                 "(SELECT id FROM return_file) GROUP BY kind ORDER BY kind")
        ).all()  # fmt: skip
        assert [tuple(row) for row in found] == [("fail", 1), ("pay", PAYOUTS - 2)]
        assert session.execute(text("SELECT count(*) FROM work_item")).scalar_one() == 2
        assert balances(session, line_code())["paid"] == (PAYOUTS - 2) * 250_00
        assert invariants(session) == []
