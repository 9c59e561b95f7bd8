"""One return file handed in by eight at once has one effect."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from app.bank.return_file import BankAnswer
from app.core import clock, db
from app.core.actor import SYSTEM
from app.disbursement.models import PayoutState
from app.disbursement.paying_accounts import (
    NewPayingAccount,
    confirm_paying_account,
    enter_paying_account,
)
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.reconciliation.models import ReturnKind
from app.reconciliation.queries import invariants
from app.reconciliation.replies import Lesson, learn
from app.reconciliation.reply_models import LearntOutcome
from app.reconciliation.service import receive
from app.reconciliation.statements import take_statement
from tests.bank.statement_rows import ACCOUNT, row, statement
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import answer, failed, lines_in, states, take_in, timed_out
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


def test_a_word_taught_while_a_file_is_taken_in_settles_that_files_lines_too(city: City) -> None:
    maker, checker = city.actor("finance_maker"), city.actor("finance_checker")
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 2 * 250_00)
        make_payees(session, city.schools[RURAL], 2)
        asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
        run = open_run(session, asked, by=maker)
        file = release(session, run.id, by=checker).files[0]
        data = answer(lines_in(session, file), lambda line: BankAnswer(line, "E91"))

    def teach() -> int:
        with db.scoped_session(checker) as session:
            lesson = Lesson("generic-pipe", "E91", LearntOutcome.PAID, "电询银行")
            return learn(session, lesson, by=checker).settled

    with ThreadPoolExecutor(1) as pool:
        with db.scoped_session(maker) as session:
            take_in(session, file, data, maker)
            taught = pool.submit(teach)
            with pytest.raises(TimeoutError):
                taught.result(timeout=0.5)
        assert taught.result() == 1
    with db.scoped_session(SYSTEM) as session:
        assert set(states(session, file)) == {PayoutState.PAID}
        assert invariants(session) == []


def test_one_statement_eight_times_at_once_is_taken_once(city: City) -> None:
    maker, checker = city.actor("finance_maker"), city.actor("finance_checker")
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 5 * 250_00)
        make_payees(session, city.schools[RURAL], 5)
        asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
        run = open_run(session, asked, by=maker)
        file = release(session, run.id, by=checker).files[0]
        account = lines_in(session, file)[0].account
        new = NewPayingAccount(
            number=ACCOUNT, account_name="资助中心", bank_name="农业银行", valid_from=DAY
        )
        paying = enter_paying_account(session, new, by=maker).id
        confirm_paying_account(session, paying, by=checker)
    day = str(clock.day_of(clock.now()))
    back = row("250.00", day=day, credit=True, account=account, kind="退汇")
    data = statement([back, row("5.00", day=day)], days=(day, day))
    gate = Barrier(THREADS)

    def hand_in(_: int) -> bool:
        gate.wait()
        with db.scoped_session(maker) as own:
            return take_statement(
                own, account_id=paying, statement_format="generic-statement-csv", data=data,
                by=maker,
            ).repeated  # fmt: skip

    with ThreadPoolExecutor(THREADS) as pool:
        assert sorted(pool.map(hand_in, range(THREADS))) == [False] + [True] * (THREADS - 1)
    with db.scoped_session(SYSTEM) as session:
        lines = session.execute(text("SELECT outcome FROM statement_line ORDER BY line_no"))
        assert lines.scalars().all() == ["returned", "unmatched"]
        assert states(session, file).count(PayoutState.RETURNED) == 1
        moved = text("SELECT count(*) FROM ledger_transfer WHERE kind = 'return'")
        assert session.execute(moved).scalar_one() == 1
        assert invariants(session) == []
