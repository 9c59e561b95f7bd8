"""A release: files as the bank wants them, money on its way, what is held left behind."""

import pytest
from sqlalchemy import select, text
from sqlmodel import Session, col

from app.awards.models import Instalment, InstalmentState
from app.disbursement import holds
from app.disbursement.errors import NothingReady, RunNotOpen, RunOpenedBySame
from app.disbursement.models import Payout, PayoutPart, PayoutState, RunState
from app.disbursement.release import release
from app.documents import service as documents
from app.ledger.errors import Overdrawn
from app.reconciliation.queries import invariants
from tests.disbursement.conftest import RURAL, Open
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees


def test_1003_payouts_go_in_two_files_of_502_and_501(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 300_000_00)
    make_payees(session, city.schools[RURAL], 1003)
    done = release(session, opened().id, by=city.actor("finance_checker"))
    assert [file.line_count for file in done.files] == [502, 501]
    assert [file.number for file in done.files] == ["F-2008-0001", "F-2008-0002"]
    assert [file.amount_fen for file in done.files] == [502 * 250_00, 501 * 250_00]
    assert done.amount_fen == 1003 * 250_00
    assert balances(session, line_code())["in_transit"] == 1003 * 250_00
    content = documents.read(session, done.files[1].document_id)
    assert content.count(b"\r\n") == 501
    assert content.startswith(b"1|")
    assert invariants(session) == []


def test_a_release_sends_the_money_and_the_file_says_who_gets_it(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    payees = make_payees(session, city.schools[RURAL], 5, 312_50)
    done = release(session, opened().id, by=city.actor("finance_checker"))
    content = documents.read(session, done.files[0].document_id).decode("gb18030")
    rows = [row.split("|") for row in content.splitlines()]
    assert {row[2] for row in rows} == {one.number for one in payees}
    assert {row[3] for row in rows} == {"312.50"}
    assert done.run.state is RunState.RELEASED
    assert not done.below_minimum
    assert balances(session, line_code()) == {
        "treasury": -10_000_00, "available": 10_000_00 - 5 * 312_50, "in_transit": 5 * 312_50,
    }  # fmt: skip


def test_fewer_lines_than_the_bank_wants_go_as_one_file_that_says_so(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 4)
    done = release(session, opened().id, by=city.actor("finance_checker"))
    assert done.below_minimum
    assert [file.line_count for file in done.files] == [4]


def test_who_opened_a_run_does_not_release_it(session: Session, city: City, opened: Open) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 1)
    run = opened()
    with pytest.raises(RunOpenedBySame):
        release(session, run.id, by=city.actor("finance_maker"))


def test_a_second_release_is_refused_with_the_day_of_the_first(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 1)
    run, checker = opened(), city.actor("finance_checker")
    release(session, run.id, by=checker)
    with pytest.raises(RunNotOpen, match="R-2008-0001 was released on 20"):
        release(session, run.id, by=checker)


def test_what_came_up_since_the_run_was_opened_is_left_behind_and_due_again(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    payees = make_payees(session, city.schools[RURAL], 3)
    run = opened()
    holds.place(session, payees[0].student_id, because="来信反映", by=city.actor("city_officer"))
    done = release(session, run.id, by=city.actor("finance_checker"))
    assert done.payouts == 2
    assert [one.findings for one in done.left_behind] == [("on_hold",)]
    left = session.execute(
        select(Payout).where(col(Payout.student_id) == payees[0].student_id)
    ).scalar_one()
    assert left.state is PayoutState.CANCELLED
    assert (left.file_id, left.number) == (None, done.left_behind[0].number)
    instalment = session.execute(
        select(col(Instalment.state), col(PayoutPart.live))
        .join(PayoutPart, col(PayoutPart.instalment_id) == col(Instalment.id))
        .where(col(PayoutPart.payout_id) == left.id)
    ).one()
    assert tuple(instalment) == (InstalmentState.COMMITTED, False)
    assert opened().number == "R-2008-0002"
    assert invariants(session) == []


def test_a_run_of_nothing_but_held_payouts_is_not_released(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    payees = make_payees(session, city.schools[RURAL], 1)
    holds.place(session, payees[0].student_id, because="待查", by=city.actor("city_officer"))
    run = opened()
    with pytest.raises(NothingReady) as refused:
        release(session, run.id, by=city.actor("finance_checker"))
    assert refused.value.faults[0].more == {"findings": ["on_hold"]}


def test_a_run_one_fen_over_what_is_committed_sends_nothing(
    session: Session, city: City, opened: Open
) -> None:
    appropriate(session, 10_000_00)
    make_payees(session, city.schools[RURAL], 4)
    run = opened()
    session.execute(
        text("UPDATE ledger_account SET debits_fen = debits_fen + 1 WHERE code = :code"),
        {"code": f"{line_code()}/committed"},
    )
    with pytest.raises(Overdrawn), session.begin_nested():
        release(session, run.id, by=city.actor("finance_checker"))
    assert session.execute(text("SELECT DISTINCT state FROM payout")).scalars().all() == ["ready"]
