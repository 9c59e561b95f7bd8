"""Cash comes to a dedicated account before it leaves, or never comes here at all."""

from datetime import date

import pytest
from sqlalchemy import BigInteger, literal, select, text
from sqlmodel import Session, col

from app.budgets import cash
from app.budgets.cash import CashLine, CashVoucher, ModeAsked
from app.budgets.errors import (
    CashInvalid,
    CashRecorded,
    CashShort,
    HolderUnknown,
    ModeTooLate,
)
from app.budgets.models import CashKind, FundLine, PaymentMode
from app.core import ids
from app.core.actor import SYSTEM
from app.ledger import service as ledger
from app.ledger.errors import Overdrawn
from app.ledger.models import TransferKind
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City

DEDICATED, DIRECT = PaymentMode.DEDICATED_ACCOUNT, PaymentMode.TREASURY_DIRECT
LINE, OTHER = line_code("370811"), line_code("370826")


def keep_cash(session: Session, holder: str = "370811", *, from_year: int = 2008) -> None:
    cash.set_mode(session, ModeAsked(holder, from_year, DEDICATED, "设专户"), by=SYSTEM)


def voucher(
    amount_fen: int, *lines: str, number: str = "到账1号", kind: CashKind = CashKind.RECEIVED
) -> CashVoucher:
    codes = lines or (LINE,)
    return CashVoucher(
        number, kind, date(2008, 3, 3), [CashLine(code, amount_fen) for code in codes]
    )


def moving(session: Session, kind: TransferKind, amount_fen: int) -> None:
    lines = select(
        col(FundLine.code), col(FundLine.id), literal(amount_fen, BigInteger).label("fen")
    ).where(col(FundLine.code) == LINE)
    ledger.move(session, kind=kind, batch=ids.new(), by=SYSTEM, lines=lines)


def test_authority_and_cash_are_postings_apart(session: Session, city: City) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    assert balances(session, LINE) == {"treasury": -1000, "available": 1000}
    moved = cash.record(session, voucher(600), by=SYSTEM)
    assert (moved.count, moved.amount_fen) == (1, 600)
    assert balances(session, LINE) == {
        "treasury": -1000, "available": 1000, "cash_source": -600, "cash": 600,
    }  # fmt: skip
    assert ledger.verify(session) == []


def test_cash_that_is_handed_back_leaves_the_account(session: Session, city: City) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    cash.record(session, voucher(600), by=SYSTEM)
    cash.record(session, voucher(600, number="缴回", kind=CashKind.HANDED_BACK), by=SYSTEM)
    assert balances(session, LINE) == {"treasury": -1000, "available": 1000}


def test_more_than_lies_there_cannot_be_handed_back(session: Session, city: City) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    cash.record(session, voucher(600), by=SYSTEM)
    with pytest.raises(CashShort) as refused:
        cash.record(session, voucher(601, number="缴回", kind=CashKind.HANDED_BACK), by=SYSTEM)
    assert refused.value.faults[0].more["short"] == "0.01"
    assert balances(session, LINE)["cash"] == 600


def test_a_voucher_is_recorded_once(session: Session, city: City) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    cash.record(session, voucher(600), by=SYSTEM)
    with pytest.raises(CashRecorded):
        cash.record(session, voucher(600), by=SYSTEM)
    assert balances(session, LINE)["cash"] == 600


def test_every_line_that_cannot_stand_is_named_and_nothing_recorded(
    session: Session, city: City
) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    appropriate(session, 1000, "370826")
    asked = voucher(600, LINE, LINE, OTHER, "2008/x/county/1")
    with pytest.raises(CashInvalid) as refused:
        cash.record(session, asked, by=SYSTEM)
    assert [(fault.code, fault.where) for fault in refused.value.faults] == [
        ("line-repeated", "/lines/1"),
        ("line-paid-direct", "/lines/2"),
        ("line-unknown", "/lines/3"),
    ]
    assert "cash" not in balances(session, LINE)


def test_a_voucher_of_tomorrow_is_refused(session: Session, city: City) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    asked = CashVoucher("明日", CashKind.RECEIVED, date(2199, 1, 1), [CashLine(LINE, 1)])
    with pytest.raises(CashInvalid) as refused:
        cash.record(session, asked, by=SYSTEM)
    assert refused.value.faults[0].code == "booked-later"


def test_how_a_holder_pays_cannot_change_under_open_lines(session: Session, city: City) -> None:
    appropriate(session, 1000)
    with pytest.raises(ModeTooLate, match="2008/boarding-subsidy"):
        keep_cash(session)
    keep_cash(session, from_year=2009)
    appropriate(session, 1000, year=2009)
    found = dict(
        session.execute(select(col(FundLine.fiscal_year), col(FundLine.payment_mode))).all()
    )
    assert found == {2008: DIRECT, 2009: DEDICATED}


def test_a_year_is_told_once(session: Session, city: City) -> None:
    keep_cash(session, from_year=2010)
    for year in (2009, 2010):
        with pytest.raises(ModeTooLate):
            keep_cash(session, from_year=year)
    keep_cash(session, from_year=2011)


def test_a_county_says_so_of_itself_alone(session: Session, city: City) -> None:
    finance = city.actor("finance_checker@370811")
    with pytest.raises(HolderUnknown):
        cash.set_mode(session, ModeAsked("370826", 2008, DEDICATED, "x"), by=finance)


def test_cash_goes_with_what_is_sent_paid_failed_and_returned(session: Session, city: City) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    cash.record(session, voucher(600), by=SYSTEM)
    steps = [
        (TransferKind.COMMIT, {"cash": 600}),
        (TransferKind.SEND, {"cash": 100, "cash_sent": 500}),
        (TransferKind.FAIL, {"cash": 600}),
        (TransferKind.SEND, {"cash": 100, "cash_sent": 500}),
        (TransferKind.PAY, {"cash": 100, "cash_paid": 500}),
        (TransferKind.RETURN, {"cash": 600}),
    ]
    for kind, expected in steps:
        moving(session, kind, 500)
        held = balances(session, LINE)
        places = {"cash", "cash_sent", "cash_paid"}
        assert {place: fen for place, fen in held.items() if place in places} == expected
        assert ledger.verify(session) == []


def test_no_more_is_sent_than_has_come(session: Session, city: City) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    cash.record(session, voucher(500), by=SYSTEM)
    moving(session, TransferKind.COMMIT, 501)
    with pytest.raises(Overdrawn, match="cash received"):
        moving(session, TransferKind.SEND, 501)


def test_cash_that_is_not_where_its_authority_is_is_found(session: Session, city: City) -> None:
    keep_cash(session)
    appropriate(session, 1000)
    cash.record(session, voucher(600), by=SYSTEM)
    session.execute(
        text("UPDATE ledger_account SET credits_fen = credits_fen + 7 WHERE code = :code"),
        {"code": f"{LINE}/cash_sent"},
    )
    assert "cash-off" in {finding.code for finding in ledger.verify(session)}
