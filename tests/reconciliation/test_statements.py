"""A statement's lines are matched, move what came back, and leave the rest as work."""

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from app.core import clock
from app.core.actor import Actor
from app.core.money import show_yuan
from app.disbursement.models import PayoutRun, PayoutState
from app.disbursement.paying_accounts import (
    NewPayingAccount,
    confirm_paying_account,
    enter_paying_account,
)
from app.disbursement.paying_errors import OwnPayingAccount
from app.reconciliation import worklist
from app.reconciliation.models import WorkItem, WorkKind, WorkState
from app.reconciliation.queries import invariants
from app.reconciliation.rules import earliest_sent
from app.reconciliation.statement_models import StatementLine
from app.reconciliation.statements import Taken, take_statement
from tests.bank.statement_rows import ACCOUNT, row, statement
from tests.factories.office import City
from tests.reconciliation.bank import answer, lines_in, payouts_of, states, take_in
from tests.reconciliation.conftest import DAY, Send

Take = Callable[[bytes], Taken]


@pytest.fixture
def take(session: Session, city: City, maker: Actor) -> Take:
    """Hands in a statement of a confirmed account."""
    new = NewPayingAccount(
        number=ACCOUNT, account_name="济宁市学生资助管理中心", bank_name="农业银行", valid_from=DAY
    )
    account = enter_paying_account(session, new, by=maker)
    with pytest.raises(OwnPayingAccount):
        confirm_paying_account(session, account.id, by=maker)
    confirm_paying_account(session, account.id, by=city.actor("finance_checker"))
    return lambda data: take_statement(
        session,
        account_id=account.id,
        statement_format="generic-statement-csv",
        data=data,
        by=maker,
    )


def today(yuan: str, **said: object) -> tuple[str, int]:
    return row(yuan, day=str(clock.day_of(clock.now())), **said)  # type: ignore[arg-type]


def handed(rows: Sequence[tuple[str, int]]) -> bytes:
    day = str(clock.day_of(clock.now()))
    return statement(rows, days=(day, day))


def outcomes(session: Session, taken: Taken) -> list[str]:
    chosen = select(col(StatementLine.outcome)).where(
        col(StatementLine.statement_id) == taken.statement.id
    )
    return [o.value for o in session.execute(chosen.order_by(col(StatementLine.line_no))).scalars()]


def open_work(session: Session) -> list[WorkKind]:
    chosen = select(col(WorkItem.kind)).where(col(WorkItem.state) == WorkState.OPEN)
    return sorted(session.execute(chosen).scalars())


def test_a_files_sum_agrees_and_a_return_after_paid_is_reversed(
    session: Session, maker: Actor, sent: Send, take: Take
) -> None:
    file = sent(3)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines), maker)
    back = today("250.00", credit=True, account=lines[1].account, kind="退汇")
    whole = handed([today("750.00", reference=file.number), back, today("5.00")])
    taken = take(whole)
    assert outcomes(session, taken) == ["agrees", "returned", "unmatched"]
    assert states(session, file) == [PayoutState.PAID, PayoutState.RETURNED, PayoutState.PAID]
    assert open_work(session) == [WorkKind.RETURNED, WorkKind.UNMATCHED]
    assert invariants(session) == []
    assert all(take(whole).repeated for _ in range(10))
    assert session.execute(select(func.count()).select_from(StatementLine)).scalar_one() == 3


def test_two_lines_for_one_payout_are_nobodys_to_choose(
    session: Session, sent: Send, take: Take
) -> None:
    file = sent(5)
    account = lines_in(session, file)[0].account
    twins = [
        today("250.00", seq=seq, credit=True, account=account, kind="退汇") for seq in ("1", "2")
    ]
    assert outcomes(session, take(handed(twins))) == ["unmatched", "unmatched"]
    assert set(states(session, file)) == {PayoutState.SENT}


@pytest.mark.parametrize(
    ("sums", "came_to"),
    [
        ((1250_00, 1250_00), ["agrees", "duplicate"]),
        ((1250_01,), ["amount_differs"]),
        ((1249_99,), ["amount_differs"]),
    ],
)
def test_a_files_debit_twice_or_one_fen_off_is_work(
    session: Session, sent: Send, take: Take, sums: Sequence[int], came_to: list[str]
) -> None:
    file = sent(5)
    rows = [today(show_yuan(s), seq=str(n), reference=file.number) for n, s in enumerate(sums)]
    assert outcomes(session, take(handed(rows))) == came_to
    assert open_work(session) == [WorkKind(one) for one in came_to if one != "agrees"]
    assert set(states(session, file)) == {PayoutState.SENT}


def about(session: Session, taken: Taken) -> list[tuple[UUID | None, UUID | None]]:
    """The payout and the run each line is about."""
    chosen = select(col(StatementLine.payout_id), col(StatementLine.run_id)).where(
        col(StatementLine.statement_id) == taken.statement.id
    )
    return list(map(tuple, session.execute(chosen.order_by(col(StatementLine.line_no)))))


def test_a_payouts_number_names_it_whatever_account_the_line_has(
    session: Session, sent: Send, take: Take
) -> None:
    file = sent(5)
    payouts = payouts_of(session, file)
    first, second, third, *_ = (one.number for one in payouts)
    strange = lines_in(session, file)[4].account
    rows = [
        today("250.00", seq="1", reference=first, account=strange),
        today("250.01", seq="2", reference=second),
        today("250.00", seq="3", reference=third, credit=True, kind="退汇"),
    ]
    taken = take(handed(rows))
    assert outcomes(session, taken) == ["agrees", "amount_differs", "returned"]
    assert [payout for payout, _ in about(session, taken)] == [one.id for one in payouts[:3]]
    moved = [PayoutState.SENT, PayoutState.SENT, PayoutState.RETURNED]
    assert states(session, file) == [*moved, PayoutState.SENT, PayoutState.SENT]
    assert invariants(session) == []


def test_a_runs_number_is_its_files_sum_to_the_fen(
    session: Session, sent: Send, take: Take
) -> None:
    runs = [session.get_one(PayoutRun, sent(5).run_id) for _ in range(2)]
    rows = [
        today(yuan, seq=str(n), reference=run.number)
        for n, (yuan, run) in enumerate(zip(("1250.00", "1250.01"), runs, strict=True))
    ]
    taken = take(handed(rows))
    assert outcomes(session, taken) == ["agrees", "amount_differs"]
    assert about(session, taken) == [(None, run.id) for run in runs]


@pytest.mark.parametrize("yuan", ["250.00", "250.01"])
def test_without_a_number_account_and_amount_name_a_payout_to_the_fen(
    session: Session, sent: Send, take: Take, yuan: str
) -> None:
    file = sent(5)
    line = today(yuan, seq="1", account=lines_in(session, file)[2].account)
    stranger = today("250.00", seq="2", account="6228480000000000011")
    taken = take(handed([line, stranger]))
    if yuan == "250.00":
        assert outcomes(session, taken) == ["agrees", "unmatched"]
        assert about(session, taken)[0] == (payouts_of(session, file)[2].id, None)
    else:
        assert outcomes(session, taken) == ["unmatched", "unmatched"]
        assert about(session, taken)[0] == (None, None)


@pytest.mark.parametrize("credit", [False, True])
def test_a_line_that_two_payouts_fit_is_nobodys_to_choose(
    session: Session, sent: Send, take: Take, *, credit: bool
) -> None:
    file = sent(5)
    first, second, *_ = payouts_of(session, file)
    # Brothers are paid to their father's one account.
    second.account_id = first.account_id
    session.flush()
    account = lines_in(session, file)[0].account
    kind = "退汇" if credit else "代发"
    taken = take(handed([today("250.00", credit=credit, account=account, kind=kind)]))
    assert outcomes(session, taken) == ["unmatched"]
    assert about(session, taken) == [(None, None)]
    assert set(states(session, file)) == {PayoutState.SENT}


def test_five_working_days_reach_over_the_holiday() -> None:
    # 9 June 2008 was Dragon Boat Day's holiday.
    assert earliest_sent(date(2008, 6, 10), 5) == date(2008, 6, 2)
    assert earliest_sent(date(2008, 6, 6), 5) == date(2008, 5, 30)


def test_a_payout_without_word_is_late_once_and_closes_when_the_bank_speaks(
    session: Session, maker: Actor, sent: Send
) -> None:
    file = sent(5)
    # Moments are real while the office's day is set: the day after the last that is in time.
    clock.set_office_day(clock.add_working_days(clock.day_of(clock.now()), 5)[0])
    assert worklist.open_silent(session, by=maker) == 0
    clock.set_office_day(clock.add_working_days(clock.day_of(clock.now()), 6)[0])
    assert worklist.open_silent(session, by=maker) == 5
    assert worklist.open_silent(session, by=maker) == 0
    take_in(session, file, answer(lines_in(session, file)), maker)
    assert open_work(session) == []
