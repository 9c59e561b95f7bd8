"""Months keep the bank's side; years carry what is promised, or send its money back."""

from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlmodel import Session, col

from app.awards.models import Instalment, InstalmentState
from app.budgets.errors import YearEndInvalid
from app.budgets.models import YearEnd
from app.budgets.year_ends import YearEndAsked, confirm_year_ends, propose_year_ends
from app.core import clock, db
from app.core.actor import SYSTEM, Actor
from app.disbursement.models import PayoutState as S
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.ledger import seals
from app.periods.errors import MonthDoesNotAgree, PeriodClosed, PeriodNotYet
from app.periods.months import close_month
from app.periods.service import close_day
from app.periods.years import close_year
from app.reconciliation.models import ReturnKind
from app.reconciliation.queries import invariants
from app.reports import verification
from tests.bank.statement_rows import row
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.periods.city_bank import DAY, RURAL, Desk
from tests.reconciliation.bank import answer, lines_in, sent_back, states, take_in

JULY, JANUARY = date(2008, 7, 1), date(2009, 1, 5)
LINE, NEXT = line_code(), line_code(year=2009)


@pytest.fixture
def checker(city: City) -> Actor:
    clock.set_office_day(DAY)
    return city.actor("finance_checker")


def test_a_month_is_closed_once_its_days_are_and_the_bank_agrees(
    session: Session, city: City, checker: Actor
) -> None:
    desk = Desk(session, city)
    desk.receive(1000_00)
    with pytest.raises(PeriodNotYet, match="not over"):
        close_month(session, "2008-06", by=checker)
    clock.set_office_day(JULY)
    with pytest.raises(PeriodNotYet, match="2008-06-02 has transfers"):
        close_month(session, "2008-06", by=checker)
    seals.seal(session, DAY, signer=None, by=checker)
    with pytest.raises(MonthDoesNotAgree) as refused:
        close_month(session, "2008-06", by=checker)
    assert [fault.code for fault in refused.value.faults] == ["statement_missing"]
    came = row("1000.00", day=str(DAY), credit=True, kind="转账")
    desk.statement(came, day=JULY - timedelta(1), first=DAY)
    [kept] = close_month(session, "2008-06", by=checker).balances
    assert (kept["bank"], kept["books"], kept["items"]) == ("1000.00", "1000.00", [])
    with pytest.raises(PeriodClosed):
        close_month(session, "2008-06", by=checker)


def promised(session: Session, city: City, n: int = 3) -> None:
    """n pupils promised 250.00 each out of this year's money, none paid."""
    appropriate(session, n * 250_00 + 40_00)
    make_payees(session, city.schools[RURAL], n)


def unsound(session: Session) -> list[str]:
    """What verification finds; cases made by a factory have no decisions behind them."""
    return [each.code for each in verification.verify(session)]


def say(session: Session, city: City, rule: YearEnd) -> None:
    """The maker proposes and the checker confirms it."""
    asked = YearEndAsked([LINE], rule, "财政年终文件")
    made = propose_year_ends(session, asked, by=city.actor("finance_maker"))
    confirm_year_ends(session, made.values(), by=city.actor("finance_checker"))


def states_of(session: Session) -> dict[InstalmentState, int]:
    asked = select(col(Instalment.state), func.count()).group_by(col(Instalment.state))
    return dict(session.execute(asked).all())


def end_the_year(session: Session, by: Actor) -> None:
    for each in (DAY, date(2008, 12, 30)):
        clock.set_office_day(each)
        close_day(session, each, by=by)
    clock.set_office_day(JANUARY)


def test_carried_money_stays_promised_and_is_paid_in_the_next_year(
    session: Session, city: City, checker: Actor
) -> None:
    promised(session, city)
    end_the_year(session, checker)
    made = close_year(session, 2008, by=checker)
    assert (made.carried_fen, made.lapsed_fen, made.instalments) == (790_00, 0, 0)
    assert balances(session, LINE)["committed"] == 750_00
    asked = RunAsked(programme=BOARDERS, due_to=JANUARY, bank_format="generic-pipe")
    run = open_run(session, asked, by=city.actor("finance_maker"))
    assert release(session, run.id, by=checker).payouts == 3
    assert invariants(session) == []


def test_released_money_goes_back_and_the_promise_waits_for_new(
    session: Session, city: City, checker: Actor
) -> None:
    promised(session, city)
    known = unsound(session)
    say(session, city, YearEnd.RELEASE)
    end_the_year(session, checker)
    made = close_year(session, 2008, by=checker)
    assert (made.carried_fen, made.lapsed_fen, made.instalments) == (0, 790_00, 3)
    assert balances(session, LINE) == {"treasury": -790_00, "returned_to_treasury": 790_00}
    assert states_of(session) == {
        InstalmentState.CANCELLED: 3, InstalmentState.AWAITING_APPROPRIATION: 3,
    }  # fmt: skip
    appropriate(session, 500_00, year=2009)
    assert balances(session, NEXT)["committed"] == 500_00
    assert states_of(session)[InstalmentState.AWAITING_APPROPRIATION] == 1
    assert unsound(session) == known


def test_money_that_is_there_already_takes_the_promise_up_at_once(
    session: Session, city: City, checker: Actor
) -> None:
    promised(session, city)
    appropriate(session, 750_00, year=2009)
    say(session, city, YearEnd.RELEASE)
    end_the_year(session, checker)
    close_year(session, 2008, by=checker)
    assert balances(session, NEXT) == {"treasury": -750_00, "committed": 750_00}
    assert invariants(session) == []


@pytest.mark.parametrize("rule", YearEnd)
def test_what_comes_back_in_january_goes_by_the_rule_of_its_year(
    session: Session, city: City, checker: Actor, rule: YearEnd
) -> None:
    promised(session, city)
    known = unsound(session)
    say(session, city, rule)
    maker = city.actor("finance_maker")
    asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
    run = open_run(session, asked, by=maker)
    file = release(session, run.id, by=checker).files[0]
    lines = lines_in(session, file)
    take_in(session, file, answer(lines), maker)
    end_the_year(session, checker)
    close_year(session, 2008, by=checker)
    take_in(session, file, answer(lines[:1], sent_back), maker, ReturnKind.REVERSAL)
    assert states(session, file) == [S.RETURNED, S.PAID, S.PAID]
    stands = balances(session, LINE)
    if rule is YearEnd.CARRY:
        assert stands["committed"] == 250_00
    else:
        assert (stands["returned_to_treasury"], stands.get("committed")) == (290_00, None)
        assert states_of(session)[InstalmentState.AWAITING_APPROPRIATION] == 1
    assert invariants(session) == []
    assert unsound(session) == known


def test_a_year_is_closed_when_it_is_over_and_once(
    session: Session, city: City, checker: Actor
) -> None:
    promised(session, city)
    with pytest.raises(PeriodNotYet, match="not over"):
        close_year(session, 2008, by=checker)
    clock.set_office_day(JANUARY)
    with pytest.raises(PeriodNotYet, match="2008-06-02 has transfers"):
        close_year(session, 2008, by=checker)
    seals.seal(session, DAY, signer=None, by=checker)
    close_year(session, 2008, by=checker)
    with pytest.raises(PeriodClosed):
        close_year(session, 2008, by=checker)
    asked = YearEndAsked([LINE, "2008/x"], YearEnd.CARRY, "x")
    with pytest.raises(YearEndInvalid) as refused:
        propose_year_ends(session, asked, by=city.actor("finance_maker"))
    assert [fault.code for fault in refused.value.faults] == ["year-closed", "line-unknown"]


def test_the_doors_of_months_and_years(city: City, client: TestClient) -> None:
    clock.set_office_day(DAY)
    with db.scoped_session(SYSTEM) as session:
        promised(session, city)
        seals.seal(session, DAY, signer=None, by=SYSTEM)
    clock.set_office_day(JANUARY)
    checker, maker = city.bearer("finance_checker"), city.bearer("finance_maker")
    base = "/api/v1/ledger"
    with db.scoped_session(SYSTEM) as session:
        say(session, city, YearEnd.RELEASE)
    month = client.post(f"{base}/months/2008-06/close", headers=checker)
    assert (month.status_code, month.json()["balances"]) == (201, [])
    assert client.get(f"{base}/months", headers=maker).json() == [month.json()]
    assert client.post(f"{base}/months/2008-13/close", headers=checker).status_code == 404
    year = client.post(f"{base}/years/2008/close", headers=checker)
    assert (year.status_code, year.json()["lapsed"], year.json()["instalments"]) == (
        201, "790.00", 3,
    )  # fmt: skip
    assert client.get(f"{base}/years", headers=maker).json() == [year.json()]
