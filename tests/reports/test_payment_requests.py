"""What the treasury is asked to pay of a run: per fund line, in figures and in words."""

from datetime import date
from io import BytesIO

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlmodel import Session

from app.budgets import cash
from app.budgets.cash import CashLine, CashVoucher, ModeAsked
from app.budgets.errors import CashShort
from app.budgets.models import CashKind, PaymentMode
from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.disbursement.models import PayoutRun
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.reconciliation.queries import invariants
from app.reports.errors import NothingToRequest, RunNotReleased
from app.reports.payment_requests import as_workbook, payment_request
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees

RURAL, DAY = "2137000006", date(2008, 6, 2)


@pytest.fixture(autouse=True)
def _june() -> None:
    clock.set_office_day(DAY)


def opened(session: Session, city: City, *, payees: int = 3) -> PayoutRun:
    make_payees(session, city.schools[RURAL], payees, 312_50)
    asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
    return open_run(session, asked, by=city.actor("finance_maker"))


def test_a_released_run_asks_for_what_its_fund_lines_pay(session: Session, city: City) -> None:
    appropriate(session, 10_000_00)
    run = opened(session, city)
    release(session, run.id, by=city.actor("finance_checker"))
    asked = payment_request(session, run.id, by=city.actor("finance_maker"))
    (line,) = asked.lines
    assert (line.fund_line, line.payouts, line.amount_fen) == (line_code(), 3, 937_50)
    assert asked.capitals == "玖佰叁拾柒元伍角整"
    assert asked.released_on == DAY
    book = CalamineWorkbook.from_filelike(BytesIO(as_workbook(asked)))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[3][-1] == "937.50"
    assert any("人民币玖佰叁拾柒元伍角整" in row[0] for row in rows)


def test_before_its_release_a_run_asks_for_nothing(session: Session, city: City) -> None:
    appropriate(session, 10_000_00)
    run = opened(session, city)
    with pytest.raises(RunNotReleased, match=run.number):
        payment_request(session, run.id, by=city.actor("finance_maker"))


def test_a_release_above_the_cash_that_has_come_is_refused_whole(
    session: Session, city: City
) -> None:
    cash.set_mode(
        session, ModeAsked("370811", 2008, PaymentMode.DEDICATED_ACCOUNT, "设专户"), by=SYSTEM
    )
    appropriate(session, 10_000_00)
    run = opened(session, city)
    come = CashVoucher("到账1", CashKind.RECEIVED, DAY, [CashLine(line_code(), 937_49)])
    cash.record(session, come, by=SYSTEM)
    checker = city.actor("finance_checker")
    with pytest.raises(CashShort) as refused, session.begin_nested():
        release(session, run.id, by=checker)
    assert refused.value.faults[0].more["short"] == "0.01"
    rest = CashVoucher("到账2", CashKind.RECEIVED, DAY, [CashLine(line_code(), 1)])
    cash.record(session, rest, by=SYSTEM)
    session.expire_all()
    release(session, run.id, by=checker)
    assert balances(session, line_code())["cash_sent"] == 937_50
    assert "cash" not in balances(session, line_code())
    assert invariants(session) == []
    with pytest.raises(NothingToRequest):
        payment_request(session, run.id, by=checker)


def test_the_request_is_had_as_data_and_as_a_page_and_not_from_elsewhere(
    city: City, client: TestClient
) -> None:
    with scoped_session(SYSTEM) as session:
        appropriate(session, 10_000_00)
        run = opened(session, city)
        release(session, run.id, by=city.actor("finance_checker"))
    door = f"/api/v1/runs/{run.id}/payment-request"
    maker = city.bearer("finance_maker")
    assert client.get(door, headers=maker).json()["amount_in_capitals"] == "玖佰叁拾柒元伍角整"
    page = client.get(f"{door}/page", headers=maker)
    assert "财政直接支付申请书" in page.text
    sheet = client.get(f"{door}/sheet", headers=maker)
    assert sheet.content[:2] == b"PK"
    elsewhere = city.bearer("finance_maker@370811")
    assert client.get(door, headers=elsewhere).status_code == 404
