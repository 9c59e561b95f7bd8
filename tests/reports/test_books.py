"""Vouchers and detailed accounts are the transfers, and add up to the trial balance."""

import csv
import io
from collections import Counter
from datetime import date

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlmodel import Session

from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.money import parse_yuan
from app.ledger.queries import trial_balance
from app.reports import books
from tests.bank.statement_rows import row
from tests.factories.office import City
from tests.periods.city_bank import DAY, Desk
from tests.reconciliation.bank import answer, failed, lines_in, take_in

NEXT_DAY = date(2008, 6, 3)
ALL = books.Period(DAY, NEXT_DAY)
TITLES = [column.title for column in books.layout().column]
KINDS = {words: kind for kind, words in books.layout().subjects.items()}


@pytest.fixture
def desk(session: Session, city: City) -> Desk:
    return busy(session, city)


def busy(session: Session, city: City) -> Desk:
    """Two days of work: money comes, three are paid, the bank refuses one."""
    clock.set_office_day(DAY)
    desk = Desk(session, city)
    desk.receive(1000_00)
    file = desk.pay(3)
    clock.set_office_day(NEXT_DAY)
    take_in(session, file, answer(lines_in(session, file), failed), desk.maker)
    desk.statement(row("1000.00", day=str(DAY), credit=True, kind="转账"))
    return desk


def fen(cell: str) -> int:
    return parse_yuan(cell) if cell else 0


def test_vouchers_add_up_to_the_trial_balance(session: Session, desk: Desk) -> None:
    rows = [
        dict(zip(TITLES, cells, strict=True)) for cells in books.vouchers(session, ALL, by=SYSTEM)
    ]
    debits, credits_, acts = Counter(), Counter(), Counter()
    for each in rows:
        kind = KINDS[each["科目"]]
        debits[kind] += fen(each["借方金额"])
        credits_[kind] += fen(each["贷方金额"])
        acts[each["凭证号"]] += fen(each["借方金额"]) - fen(each["贷方金额"])
    for line in trial_balance(session):
        assert (debits[line.kind], credits_[line.kind]) == (line.debits_fen, line.credits_fen)
    assert set(acts.values()) == {0}
    assert {each["日期"] for each in rows} == {str(DAY), str(NEXT_DAY)}
    paid = [each for each in rows if each["摘要"] == "银行已入账"]
    assert {each["发放批次"][:2] for each in paid} == {"R-"}


def test_a_detailed_account_runs_from_opening_to_closing(session: Session, desk: Desk) -> None:
    line = "2008/boarding-subsidy/county/370811"
    second = books.Period(NEXT_DAY, NEXT_DAY)
    rows = books.detail(session, line, second, by=SYSTEM)
    closing = {cells[0]: stands_at(*cells[6:8]) for cells in rows if cells[2] == books.CLOSING}
    stands = {row.kind: row.balance_fen for row in trial_balance(session)}
    assert {KINDS[words] for words in closing} >= {kind for kind, has in stands.items() if has}
    assert all(stands[KINDS[words]] == balance for words, balance in closing.items())
    transit = [cells[2:8] for cells in rows if cells[0] == "在途资金"]
    assert transit[0] == ["期初余额", "", "", "", "贷", "750.00"]
    assert [cells[0] for cells in transit] == ["期初余额", "银行已入账", "代发失败", "期末余额"]
    assert transit[-1] == ["期末余额", "", "750.00", "0.00", "平", "0.00"]


def rows_of(content: bytes) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def stands_at(side: str, yuan: str) -> int:
    return {"借": -1, "贷": 1, "平": 0}[side] * parse_yuan(yuan)


def test_the_doors_answer_files_within_the_callers_scope(city: City, client: TestClient) -> None:
    with db.scoped_session(SYSTEM) as session:
        busy(session, city)
    where = f"from_on={DAY}&to_on={NEXT_DAY}"
    own, other = city.bearer("finance_checker@370811"), city.bearer("county_officer@370826")
    sheet = client.get(f"/api/v1/ledger/vouchers?{where}", headers=own)
    page = rows_of(sheet.content)
    assert page[0] == TITLES
    text = client.get(f"/api/v1/ledger/vouchers?{where}&format=csv", headers=own).content
    assert len(list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))) == len(page)
    none = client.get(f"/api/v1/ledger/vouchers?{where}&format=csv", headers=other).content
    assert len(none.decode("utf-8-sig").splitlines()) == 1
    line = "2008/boarding-subsidy/county/370811"
    detail = client.get(f"/api/v1/ledger/detail?fund_line={line}&{where}", headers=own)
    assert rows_of(detail.content)[1][0] == "财政下达"
    turned = client.get(f"/api/v1/ledger/vouchers?from_on={NEXT_DAY}&to_on={DAY}", headers=own)
    assert turned.json()["type"] == "/problems/report.period-turned"
