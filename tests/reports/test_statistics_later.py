"""What happens to aid after its term: a later rate pays the difference, or it is owed back."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from app.awards import supplementing
from app.awards.models import Award, Instalment, InstalmentState
from app.awards.supplementing import Supplement
from app.awards.waiting import shares_of
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.core.staging import Rows, stage
from app.policy import queries as policy
from app.recoveries import service as recoveries
from app.recoveries.models import RecoveryReason
from app.recoveries.service import Debt
from app.reports.statistics import Form
from app.reports.statistics_sheet import Heading, write_form
from app.reports.trail import trail
from tests.applications.cases import Office, row_of
from tests.applications.test_arrears import flat, grant, office, publish, settle
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.paid import Paid, give_back, pay, pay_due
from tests.reports.test_statistics import BOARDERS, GRANT, PRIMARY, VOCATIONAL, figures, of_year
from tests.reports.test_statistics_door import pages_of
from tests.reports.test_statistics_schools import PAGE

__all__ = ["office"]  # a fixture

JUNE, OCTOBER, JANUARY = date(2008, 6, 2), date(2008, 10, 10), date(2009, 1, 12)
SPRING, YEAR = "2008-spring", "2007-2008"


def add(session: Session, cases: Sequence[UUID], fen: int, *, on: date) -> None:
    """A supplement of so much for each case, reckoned and paid on that day."""
    awards = session.execute(select(Award).where(col(Award.application_id).in_(cases))).scalars()
    made = list(awards)
    clock.set_office_day(on)
    appropriate(session, fen * len(made), programme=made[0].programme, year=on.year)
    version = policy.version_for(session, made[0].programme, made[0].period)
    rows = [Supplement(each.id, fen, version) for each in made]
    supplementing.supplement(session, rows, batch=ids.new(), by=SYSTEM)
    pay_due(session, cases, on=on)


def rates(form: Form) -> list[tuple[Any, ...]]:
    return [
        (each.term, each.rate_fen, each.supplement, each.people, each.payments)
        for each in form.rates
    ]


@pytest.mark.parametrize("on", [date(2008, 7, 20), OCTOBER, JANUARY], ids=str)
def test_a_supplement_belongs_to_the_term_applied_for_whenever_paid(
    session: Session, city: City, on: date
) -> None:
    cases = pay(session, city, BOARDERS, SPRING, [Paid(PRIMARY, 2, 250_00)], on=JUNE)
    add(session, cases, 50_00, on=on)
    form = of_year(session, YEAR)
    row = figures(form, f"primary/{BOARDERS}")
    assert (row["spring.paid"], row["spring.people"], row["autumn.paid"]) == (600_00, 2, 0)
    assert row["spring.allocated"] == 600_00
    assert rates(form) == [(SPRING, 250_00, False, 2, 2), (SPRING, 50_00, True, 2, 2)]
    paid_then = figures(of_year(session, on.year), "*/*")
    assert paid_then["spring.paid"] == (600_00 if on.year == 2008 else 100_00)
    assert figures(of_year(session, "2008-2009"), "*/*")["year.paid"] == 0


def test_a_supplement_of_the_regular_amount_is_no_second_payment(
    session: Session, city: City
) -> None:
    cases = pay(session, city, BOARDERS, SPRING, [Paid(PRIMARY, 3, 250_00)], on=JUNE)
    add(session, cases, 250_00, on=OCTOBER)
    for asked in (YEAR, 2008):
        form = of_year(session, asked)
        assert figures(form, "*/*")["year.paid"] == 1500_00
        assert rates(form) == [(SPRING, 250_00, False, 3, 3), (SPRING, 250_00, True, 3, 3)]
    book = pages_of(write_form(form, Heading(None, OCTOBER, "zh")))
    assert [(row[3], row[4], row[5], row[6]) for row in book["标准"][1:]] == [
        (SPRING, "", "250.00", 3), (SPRING, "补发", "250.00", 3),
    ]  # fmt: skip


@pytest.mark.parametrize("on", [date(2008, 7, 20), OCTOBER], ids=str)
def test_a_school_years_supplement_is_of_its_spring(session: Session, city: City, on: date) -> None:
    cases = pay(session, city, GRANT, YEAR, [Paid(VOCATIONAL, 2, 1500_00)], on=date(2008, 7, 15))
    add(session, cases, 150_00, on=on)
    form = of_year(session, YEAR)
    row = figures(form, f"vocational/{GRANT}")
    assert (row["autumn.paid"], row["spring.paid"]) == (1500_00, 1500_00 + 300_00)
    assert (SPRING, 150_00, True, 2, 2) in rates(form)


def test_arrears_through_their_own_verb_stand_on_the_form(
    session: Session, city: City, office: Office
) -> None:
    grant(session, office, row_of(office.school, 1), row_of(office.school, 2))
    cases = session.execute(select(col(Award.application_id))).scalars().all()
    pay_due(session, [each for each in cases if each], on=JUNE)
    publish(session, city, **flat("1000.00"))  # 500 a term, where 250 was paid
    assert [each.amount_fen for each in settle(session, city).owed] == [250_00, 250_00]
    db.enter(session, SYSTEM)
    pay_due(session, [each for each in cases if each], on=OCTOBER)
    form = of_year(session, YEAR)
    assert [
        (each.version, *told[1:]) for each, told in zip(form.rates, rates(form), strict=True)
    ] == [
        ("2008-spring.2", 250_00, False, 2, 2),
        ("2008-spring.1000", 250_00, True, 2, 2),
    ]
    seen = trail(session, str(cases[0]), by=SYSTEM, page=PAGE)
    assert [part.supplement for part in seen.cases[0].award.instalments] == [False, True]
    assert seen.agrees


# Owed back


def instalments(session: Session, cases: Sequence[UUID]) -> Rows:
    wanted = (
        select(
            col(Award.student_id),
            col(Award.school_id),
            col(Award.county_id),
            col(Award.id).label("award_id"),
            col(Instalment.id).label("instalment_id"),
            col(Instalment.amount_fen),
        )
        .join(Instalment, col(Instalment.award_id) == Award.id)
        .where(col(Award.application_id).in_(cases), col(Instalment.state) == InstalmentState.PAID)
    )
    return select(*stage(session, "owing", wanted, recoveries.PAID).c)


def owe(session: Session, cases: Sequence[UUID], *, on: date) -> None:
    """What was paid of the cases is held recoverable on that day."""
    clock.set_office_day(on)
    paid = instalments(session, cases)
    shares = shares_of(paid.with_only_columns(paid.selected_columns.instalment_id))
    debt = Debt(RecoveryReason.FALSE_STATEMENT, "隐瞒车辆")
    recoveries.mark(session, paid, shares, debt=debt, batch=ids.new(), by=SYSTEM)


def bank_returns(session: Session, cases: Sequence[UUID], *, on: date) -> None:
    """The bank itself sends back what is owed."""
    clock.set_office_day(on)
    paid = instalments(session, cases)
    keys = paid.with_only_columns(paid.selected_columns.instalment_id)
    recoveries.come_back(session, keys, shares_of(keys), batch=ids.new(), by=SYSTEM)
    give_back(session, cases, on=on)


def test_paid_stays_paid_and_what_is_owed_stands_beside_it(session: Session, city: City) -> None:
    cases = pay(session, city, BOARDERS, SPRING, [Paid(PRIMARY, 3, 250_00)], on=JUNE)
    owe(session, cases[:1], on=OCTOBER)
    for asked in (YEAR, 2008):
        form = of_year(session, asked)
        row = figures(form, f"primary/{BOARDERS}")
        assert (row["spring.paid"], row["spring.people"]) == (750_00, 3)
        assert (row["spring.owed_back"], row["autumn.owed_back"]) == (250_00, 0)
        assert figures(form, "*/*")["year.owed_back"] == form.control_owed_fen == 250_00
        assert rates(form) == [(SPRING, 250_00, False, 3, 3)]
        line = next(each for each in form.funds if each.fiscal_year == 2008)
        assert (line.paid_fen, line.owed_back_fen, line.carried_fen) == (750_00, 250_00, 0)


def test_it_is_owed_in_the_year_in_which_it_became_so(session: Session, city: City) -> None:
    cases = pay(session, city, BOARDERS, SPRING, [Paid(PRIMARY, 3, 250_00)], on=JUNE)
    owe(session, cases[:1], on=JANUARY)
    owed = {
        asked: figures(of_year(session, asked), "*/*")["year.owed_back"]
        for asked in (2008, 2009, YEAR, "2008-2009")
    }
    assert owed == {2008: 0, 2009: 250_00, YEAR: 250_00, "2008-2009": 0}
    later = of_year(session, 2009)
    assert (figures(later, "*/*")["year.paid"], later.rates) == (0, ())
    bridge = of_year(session, YEAR).bridge
    assert [line.owed_fen for line in bridge.lines] == [250_00, -250_00, 0, 0]
    [part] = bridge.line("paid_outside").parts
    assert (part.paid_year, part.amount_fen, part.owed_fen) == (2009, 0, -250_00)
    assert [line.owed_fen for line in later.bridge.lines] == [0, 0, 250_00, 250_00]


def test_what_the_bank_then_returns_is_neither_owed_nor_paid(session: Session, city: City) -> None:
    cases = pay(session, city, BOARDERS, SPRING, [Paid(PRIMARY, 3, 250_00)], on=JUNE)
    owe(session, cases[:1], on=OCTOBER)
    bank_returns(session, cases[:1], on=JANUARY)
    whole = figures(of_year(session, YEAR), "*/*")
    assert (whole["spring.paid"], whole["spring.people"], whole["spring.owed_back"]) == (
        500_00, 2, 0,
    )  # fmt: skip
    by_year = {
        year: (row["year.paid"], row["year.owed_back"])
        for year in (2008, 2009)
        for row in (figures(of_year(session, year), "*/*"),)
    }
    assert by_year == {2008: (750_00, 250_00), 2009: (-250_00, -250_00)}
