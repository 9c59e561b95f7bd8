"""Documents put money on fund lines and take it back, never below what is promised."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from app.awards import service as awards
from app.budgets import service as budgets
from app.budgets.errors import AppropriationInvalid, AppropriationRecorded, RecallBelowCommitted
from app.budgets.models import Appropriation, AppropriationKind, FundLine
from app.budgets.rules import AppropriationDocument, DocumentLine, FundLineKey
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.documents.errors import DocumentNotFound
from app.ledger import service as ledger
from app.ledger.models import AccountKind
from app.ledger.rules import CASH_KINDS
from tests.factories.cases import BOARDERS, SPRING, as_cases, make_cases
from tests.factories.money import appropriate, balances, line_code, make_document
from tests.factories.office import City

RECALL = AppropriationKind.RECALL


def document(*lines: DocumentLine) -> AppropriationDocument:
    return AppropriationDocument(
        "济财教〔2008〕7号", date(2008, 3, 1), AppropriationKind.THIS, lines
    )


def line(holder: str = "370811", **other: object) -> DocumentLine:
    given = {"fiscal_year": 2008, "programme": BOARDERS, "source": "county", "amount_fen": 1}
    return DocumentLine(holder_code=holder, **(given | other))


def test_a_document_puts_its_money_on_its_lines(session: Session, city: City) -> None:
    taken = budgets.record_appropriation(
        session, document(line(amount_fen=1), line("370826", amount_fen=2)), SYSTEM
    )
    assert taken.amount_fen == 3
    assert balances(session, line_code("370811")) == {"treasury": -1, "available": 1}
    assert balances(session, line_code("370826")) == {"treasury": -2, "available": 2}
    holders = session.execute(select(col(FundLine.holder_id))).scalars()
    assert set(holders) == set(city.counties.values())
    assert ledger.verify(session) == []


def test_a_second_document_adds_to_the_same_line(session: Session, city: City) -> None:
    appropriate(session, 100)
    appropriate(session, 50)
    assert balances(session, line_code()) == {"treasury": -150, "available": 150}
    assert session.execute(select(func.count()).select_from(FundLine)).scalar_one() == 1


def test_a_document_is_recorded_once_for_a_line(session: Session, city: City) -> None:
    budgets.record_appropriation(session, make_document(100, number="7号"), SYSTEM)
    with pytest.raises(AppropriationRecorded) as refused, session.begin_nested():
        budgets.record_appropriation(session, make_document(100, number="7号"), SYSTEM)
    assert refused.value.faults[0].where == line_code()
    budgets.record_appropriation(session, make_document(1, "370826", number="7号"), SYSTEM)
    assert balances(session, line_code())["available"] == 100


def test_a_recall_takes_back_what_is_available_to_the_last_fen(
    session: Session, city: City
) -> None:
    appropriate(session, 100)
    budgets.record_appropriation(session, make_document(100, kind=RECALL), SYSTEM)
    assert balances(session, line_code()) == {}
    assert ledger.verify(session) == []


def test_a_recall_below_committed_is_refused_with_the_figures(session: Session, city: City) -> None:
    clock.set_office_day(date(2008, 3, 3))
    appropriate(session, 600_00)
    made = make_cases(session, city.schools["2137000006"], 2)
    awards.promise(
        session, as_cases(made), programme=BOARDERS, period=SPRING, batch=ids.new(), by=SYSTEM
    )
    with pytest.raises(RecallBelowCommitted) as refused, session.begin_nested():
        awards.take_appropriation(session, make_document(100_01, kind=RECALL), SYSTEM)
    assert refused.value.faults[0].more == {
        "fund_line": line_code(), "available": "100.00", "asked": "100.01", "committed": "500.00",
    }  # fmt: skip
    assert session.execute(select(func.count()).select_from(Appropriation)).scalar_one() == 1
    awards.take_appropriation(session, make_document(100_00, kind=RECALL), SYSTEM)
    assert balances(session, line_code()) == {"treasury": -500_00, "committed": 500_00}


def test_every_fault_of_every_line_is_listed(session: Session, city: City) -> None:
    wrong = document(line("999999"), line(programme="no-such"), line(source="moon"), line(), line())
    with pytest.raises(AppropriationInvalid) as refused:
        budgets.record_appropriation(session, wrong, SYSTEM)
    assert [(fault.code, fault.where) for fault in refused.value.faults] == [
        ("holder-unknown", "/lines/0/holder_code"),
        ("programme-unknown", "/lines/1/programme"),
        ("source-unknown", "/lines/2/source"),
        ("line-repeated", "/lines/4"),
    ]


def test_a_school_holds_no_money(session: Session, city: City) -> None:
    with pytest.raises(AppropriationInvalid):
        budgets.record_appropriation(session, document(line("2137000006")), SYSTEM)


def test_a_county_appropriates_for_itself_only(session: Session, city: City) -> None:
    county = city.actor("finance_maker@370811")
    db.enter(session, county)
    budgets.record_appropriation(session, document(line()), county)
    with pytest.raises(AppropriationInvalid) as refused, session.begin_nested():
        budgets.record_appropriation(session, make_document(1, "370826"), county)
    assert refused.value.faults[0].code == "holder-not-yours"
    with pytest.raises(AppropriationInvalid):
        budgets.record_appropriation(session, make_document(1, "370800"), county)


def test_the_scan_must_be_there(session: Session, city: City) -> None:
    made = AppropriationDocument(
        "8号", date(2008, 3, 1), AppropriationKind.THIS, (line(),), scan_id=ids.new()
    )
    with pytest.raises(DocumentNotFound):
        budgets.record_appropriation(session, made, SYSTEM)


def test_fund_lines_are_opened_once_with_their_accounts(session: Session, city: City) -> None:
    key = FundLineKey(2008, BOARDERS, "county", city.counties["370811"])
    budgets.ensure_fund_lines(session, [key, key])
    budgets.ensure_fund_lines(session, [key])
    budgets.ensure_fund_lines(session, [])
    assert session.execute(select(col(FundLine.code))).scalars().all() == [line_code()]
    opened = {row.kind for row in ledger.trial_balance(session) if row.accounts == 1}
    assert opened == set(AccountKind) - set(CASH_KINDS)
