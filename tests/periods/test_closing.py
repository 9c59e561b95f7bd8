"""A day is closed by a checker once everything agrees; else each difference is told."""

from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from app.core import clock, db
from app.core.actor import SYSTEM
from app.periods.errors import DayDoesNotAgree
from app.periods.service import close_day
from tests.factories.money import appropriate, line_code
from tests.factories.office import City

DAY = date(2008, 6, 2)
DOOR = "/api/v1/ledger/days"


def test_a_day_is_closed_by_a_checker_and_seen_with_its_seal(
    city: City, client: TestClient
) -> None:
    clock.set_office_day(DAY)
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 1000)
    checker = city.bearer("finance_checker")
    maker = client.post(f"{DOOR}/{DAY}/close", headers=city.bearer("finance_maker"))
    assert maker.status_code == 403
    done = client.post(f"{DOOR}/{DAY}/close", headers=checker)
    assert done.status_code == 201, done.text
    assert (done.json()["transfers"], done.json()["amount"]) == (1, "10.00")
    assert client.get(f"{DOOR}/{DAY}", headers=checker).json() == done.json()
    listed = client.get(DOOR, headers=checker).json()
    assert (listed["items"], listed["next"]) == ([done.json()], None)
    again = client.post(f"{DOOR}/{DAY}/close", headers=checker)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/ledger.day-closed")
    unknown = client.get(f"{DOOR}/2008-06-03", headers=checker)
    assert unknown.status_code == 404
    assert client.get(f"{DOOR}/tomorrow", headers=checker).status_code == 404


def test_a_day_that_does_not_agree_stays_open_and_names_both_figures(
    session: Session, city: City
) -> None:
    clock.set_office_day(DAY)
    appropriate(session, 1000)
    session.execute(
        text("UPDATE ledger_account SET credits_fen = credits_fen + 5 WHERE code = :code"),
        {"code": f"{line_code()}/in_transit"},
    )
    with pytest.raises(DayDoesNotAgree) as refused:
        close_day(session, DAY, by=city.actor("finance_checker"))
    codes = {fault.code for fault in refused.value.faults}
    assert {"trial-balance-off", "balance-off", "ledger_balance"} <= codes
    [differs] = [each for each in refused.value.faults if each.code == "ledger_balance"]
    assert (differs.more["has"], differs.more["needs"]) == ("0.05", "0.00")
