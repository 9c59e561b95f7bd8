"""The books beside the bank: what each side knows alone, and that a day waits for the bank."""

from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlmodel import Session, col

from app.core import clock, db
from app.core.actor import SYSTEM
from app.disbursement.models import Payout
from app.periods.errors import DayDoesNotAgree
from app.periods.service import close_day
from app.reconciliation.bank_balances import BankBalance, ItemKind, bank_balances
from app.reconciliation.models import ReturnKind
from tests.bank.statement_rows import row
from tests.factories.office import City
from tests.periods.city_bank import DAY, Desk
from tests.reconciliation.bank import answer, failed, lines_in, sent_back, take_in

ITEMS = list[tuple[ItemKind, str, int]]


@pytest.fixture
def desk(session: Session, city: City) -> Desk:
    clock.set_office_day(DAY)
    return Desk(session, city)


def balance(session: Session, on: date = DAY) -> BankBalance:
    [found] = bank_balances(session, on)
    assert found.bank_adjusted_fen == found.book_adjusted_fen
    return found


def items(found: BankBalance) -> ITEMS:
    return [(item.kind, item.about, item.amount_fen) for item in found.items]


def came(yuan: str, **more: object) -> tuple[str, int]:
    return row(yuan, day=str(DAY), credit=True, kind="转账", **more)  # type: ignore[arg-type]


def left(yuan: str, reference: str, seq: str = "") -> tuple[str, int]:
    return row(yuan, day=str(DAY), reference=reference, seq=seq)


def test_a_run_that_the_bank_has_paid_leaves_nothing_open(session: Session, desk: Desk) -> None:
    desk.receive(1000_00)
    file = desk.pay(2)
    take_in(session, file, answer(lines_in(session, file)), desk.maker)
    desk.statement(came("1000.00"), left("500.00", file.number))
    found = balance(session)
    assert (found.bank_fen, found.book_fen, items(found)) == (500_00, 500_00, [])
    close_day(session, DAY, by=desk.checker)


def test_each_side_says_what_it_knows_alone(session: Session, desk: Desk) -> None:
    desk.receive(1000_00)
    file = desk.pay(2)
    desk.statement(came("1000.00"), left("500.00", file.number, "1"), came("7.00", seq="2"))
    # The bank has paid, its reply has not come; and somebody sent 7 yuan.
    assert items(balance(session)) == [
        (ItemKind.BANK_RECEIVED, "booking", 7_00),
        (ItemKind.BANK_PAID, "run", 500_00),
    ]
    close_day(session, DAY, by=desk.checker)


def test_a_refused_payment_is_not_the_banks_for_good(session: Session, desk: Desk) -> None:
    desk.receive(1000_00)
    file = desk.pay(2)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines, failed), desk.maker)
    desk.statement(came("1000.00"), left("500.00", file.number))
    assert items(balance(session)) == [(ItemKind.BANK_PAID, "run", 250_00)]
    # The bank gives back what it could not pay: then nothing is open any more.
    number = session.execute(
        select(col(Payout.number)).where(col(Payout.file_id) == file.id, col(Payout.file_line) == 1)
    ).scalar_one()
    after = date(2008, 6, 3)
    back = row("250.00", day=str(after), credit=True, reference=number, kind="退汇")
    desk.statement(back, opening=500_00, day=after, first=after)
    assert items(balance(session, after)) == []


def test_money_that_only_the_books_have_keeps_the_day_open(session: Session, desk: Desk) -> None:
    desk.receive(1000_00)
    file = desk.pay(2)
    take_in(session, file, answer(lines_in(session, file)), desk.maker)
    with pytest.raises(DayDoesNotAgree) as refused:
        close_day(session, DAY, by=desk.checker)
    assert [fault.code for fault in refused.value.faults] == ["statement_missing"]
    desk.statement(came("999.00"))
    with pytest.raises(DayDoesNotAgree) as refused:
        close_day(session, DAY, by=desk.checker)
    assert {fault.code for fault in refused.value.faults} == {"bank_lacks"}
    assert items(balance(session)) == [
        (ItemKind.WE_RECEIVED, "booking", 1000_00),
        (ItemKind.BANK_RECEIVED, "booking", 999_00),
        (ItemKind.WE_PAID, "run", 500_00),
    ]


def test_what_came_back_is_known_on_both_sides_or_is_an_item(session: Session, desk: Desk) -> None:
    desk.receive(1000_00)
    file = desk.pay(2)
    lines = lines_in(session, file)
    take_in(session, file, answer(lines), desk.maker)
    desk.statement(came("1000.00"), left("500.00", file.number))
    take_in(session, file, answer(lines[:1], sent_back), desk.maker, ReturnKind.REVERSAL)
    assert items(balance(session)) == [(ItemKind.WE_RECEIVED, "run", 250_00)]


def test_what_lay_in_the_bank_before_is_said(session: Session, desk: Desk) -> None:
    desk.receive(1000_00)
    desk.statement(came("1000.00"), opening=3_00)
    found = balance(session)
    assert (found.opening_fen, found.bank_fen, found.book_fen) == (3_00, 1003_00, 1000_00)
    assert items(found) == []


def test_a_county_reads_its_own_and_the_city_all(city: City, client: TestClient) -> None:
    clock.set_office_day(DAY)
    with db.scoped_session(SYSTEM) as session:
        desk = Desk(session, city)
        desk.receive(1000_00)
        desk.statement(came("1000.00"))
    where = f"/api/v1/ledger/bank-balances?on={DAY}"
    own = client.get(where, headers=city.bearer("finance_checker@370811")).json()
    assert [one["bank"] for one in own] == ["1000.00"]
    assert own == client.get(where, headers=city.bearer("auditor")).json()
    assert client.get(where, headers=city.bearer("county_officer@370826")).json() == []
