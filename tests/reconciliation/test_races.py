"""One return file has one effect, however often and by however many it is handed in."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import httpx
import pytest
from fastapi.testclient import TestClient
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
from app.reconciliation.queries import invariants
from app.reconciliation.replies import Lesson, learn
from app.reconciliation.reply_models import LearntOutcome
from app.reconciliation.statements import take_statement
from tests.bank.statement_rows import ACCOUNT, row, statement
from tests.factories.cases import BOARDERS
from tests.factories.live import served
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import answer, failed, lines_in, states, take_in, timed_out
from tests.reconciliation.conftest import DAY, RURAL
from tests.reconciliation.desk import Desk, Sent, standing

THREADS = 8
# A file that is handed in again is kept where its bytes are new, and nothing else of it is.
KEPT = {"document", "return_file", "return_line"}


def came_to(file: Sent) -> list[tuple[object, ...]]:
    """By line of a payment file: its payout, the movements of its money, the work it left."""
    asked = text("""
        SELECT p.file_line, p.state, p.bank_reason,
            ARRAY(SELECT i.state FROM payout_part part JOIN instalment i
                ON i.id = part.instalment_id WHERE part.payout_id = p.id ORDER BY i.id),
            ARRAY(SELECT t.kind || ' ' || t.amount_fen FROM ledger_transfer t
                JOIN payout_part part ON part.instalment_id = t.refers_to
                WHERE part.payout_id = p.id ORDER BY t.id),
            ARRAY(SELECT w.kind || ' ' || w.state || ' ' || w.reason FROM work_item w
                WHERE w.payout_id = p.id ORDER BY w.id)
        FROM payout p JOIN payment_file f ON f.id = p.file_id
        WHERE f.number = :number ORDER BY p.file_line
    """)
    with db.scoped_session(SYSTEM) as session:
        assert invariants(session) == []
        return [tuple(row) for row in session.execute(asked, {"number": file.number})]


def at_once(desk: Desk, number: str, files: Sequence[bytes]) -> list[int]:
    """The status each file is answered with, all handed in over a port at the same moment."""
    gate = Barrier(len(files))

    with served() as url:

        def hand_in(data: bytes) -> int:
            with httpx.Client(base_url=url, timeout=60) as client:
                gate.wait()
                return int(replace(desk, client=client).hand_in(number, data).status_code)

        with ThreadPoolExecutor(len(files)) as pool:
            return sorted(pool.map(hand_in, files))


def test_a_return_file_ends_as_it_did_once_however_often_it_is_handed_in(
    client: TestClient, city: City
) -> None:
    desk = Desk(client, city)
    once, often = desk.send("generic-pipe", 12), desk.send("generic-pipe", 12)
    says = (failed, timed_out, lambda line: BankAnswer(line, "E-17"))
    desk.hand_in(once.number, answer(once.lines, *says))
    same = answer(often.lines, *says)
    permuted = [answer(often.lines, *says, shuffle=seed) for seed in range(1, 11)]
    # The permuted file is another file with the same words: it is taken in and moves nothing.
    answers = at_once(desk, often.number, [same] * (THREADS - 1) + permuted[:1])
    assert answers == [200] * (THREADS - 2) + [201] * 2
    assert came_to(often) == came_to(once)
    before = standing()
    assert {desk.hand_in(often.number, same).status_code for _ in range(10)} == {200}
    assert standing() == before
    said = [desk.hand_in(often.number, data) for data in permuted[1:]]
    assert {one["outcome"] for reply in said for one in reply.json()["outcomes"]} == {"duplicate"}
    assert {name for name, digest in standing().items() if digest != before[name]} == KEPT
    assert came_to(often) == came_to(once)


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
