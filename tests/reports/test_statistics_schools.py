"""Money paid to schools by head count on the form: every pupil, every fen, both views."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from sqlmodel import Session

from app.allocations import counting
from app.allocations.service import approve
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.core.paging import PageAsked
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.policy import queries as policy
from app.policy.service import load_catalogue
from app.reconciliation.models import ReturnKind
from app.registry.models import Household
from app.reports.statistics import Form, calendar_years, school_years
from app.reports.statistics_queries import Narrowed
from app.reports.statistics_queries import form as form_from_books
from app.reports.statistics_schemas import form_out
from app.reports.statistics_sheet import FIGURES, Heading, write_form
from app.reports.trail import trail
from tests.allocations.programmes import FUNDS as HEAD_MONEY
from tests.allocations.programmes import NAME, put_in_force
from tests.allocations.pupils import enrol, fund
from tests.allocations.test_paying import JUNIOR, PRIMARY, account
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.paid import Paid, pay
from tests.reconciliation.bank import answer, lines_in, sent_back, take_in
from tests.reconciliation.bank import paid as arrived
from tests.reports.test_statistics import figures, of_year
from tests.reports.test_statistics_door import figure, pages_of, printed

FUNDS, BOOKS, BOARDERS = "public-funds", "textbook-waiver", "boarding-subsidy"
PAGE = PageAsked(limit=50, after=None)
SPRING, YEAR = "2008-spring", "2007-2008"
MARCH, JUNE = date(2008, 3, 20), date(2008, 6, 2)
URBAN = "3137000009"  # stands in the city: no free textbooks


def promise(session: Session, city: City, programme: str, period: str, day: date) -> list[UUID]:
    """Counted by 任城区's officer on that day and approved by the city's."""
    clock.set_office_day(day)
    by = city.actor("county_officer@370811")
    db.enter(session, by)
    counted = counting.count(session, programme, period, as_of=day, by=by)
    db.enter(session, SYSTEM)
    chosen = [each.allocation_id for each in counted.schools if each.allocation_id]
    approve(session, chosen, by=city.actor("city_officer"))
    return chosen


def accounts(session: Session, city: City) -> None:
    for place, code in enumerate((PRIMARY, JUNIOR, URBAN)):
        account(session, city, code, number=f"160800100902265432{place}")


def bank_pays(session: Session, city: City, programme: str, day: date) -> Any:
    """What is due of a programme by that day goes out and arrives on it."""
    clock.set_office_day(day)
    maker = city.actor("finance_maker")
    asked = RunAsked(programme=programme, due_to=day, bank_format="generic-pipe")
    run = open_run(session, asked, by=maker)
    [file] = release(session, run.id, by=city.actor("finance_checker")).files
    take_in(session, file, answer(lines_in(session, file)), maker)
    return file


def poor(session: Session, city: City, student: UUID, group: str, school_year: str = YEAR) -> None:
    school = city.schools[PRIMARY]
    session.execute(
        insert(Household).values(
            id=ids.new(),
            student_id=student,
            school_id=school.id,
            county_id=school.county_id,
            school_year=school_year,
            special_group=group,
            made_at=clock.now(),
            made_by=SYSTEM.id,
            version=1,
        )
    )


@pytest.fixture
def pupils(session: Session, city: City) -> list[UUID]:
    """Three primary pupils, one an orphan; two juniors of the country and one of the city."""
    clock.set_office_day(MARCH)
    load_catalogue(session, NAME)
    made = enrol(session, city.schools[PRIMARY], 3)
    enrol(session, city.schools[JUNIOR], 2)
    enrol(session, city.schools[URBAN], 1)
    poor(session, city, made[0], "orphan")
    poor(session, city, made[1], "orphan", school_year="2006-2007")
    return made


@pytest.fixture
def paid_schools(session: Session, city: City, pupils: list[UUID]) -> None:
    accounts(session, city)
    for programme in (FUNDS, BOOKS):
        appropriate(session, 10_000_00, programme=programme)
        promise(session, city, programme, SPRING, MARCH)
        bank_pays(session, city, programme, JUNE)


@pytest.mark.parametrize("asked", [2008, YEAR], ids=str)
def test_heads_times_the_real_rates_to_the_fen(
    session: Session, city: City, paid_schools: None, asked: int | str
) -> None:
    form = of_year(session, asked)
    rows = {row.key: row.figures for row in form.rows}
    assert {
        key: (row["spring.people"], row["spring.allocated"], row["spring.paid"], row["year.paid"])
        for key, row in rows.items()
    } == {
        f"primary/{FUNDS}": (3, 3 * 147_50, 3 * 147_50, 3 * 147_50),
        f"primary/{BOOKS}": (3, 3 * 45_00, 3 * 45_00, 3 * 45_00),
        f"junior/{FUNDS}": (3, 3 * 222_50, 3 * 222_50, 3 * 222_50),
        f"junior/{BOOKS}": (2, 2 * 90_00, 2 * 90_00, 2 * 90_00),
    }
    primary = rows[f"primary/{FUNDS}"]
    assert (primary["spring.group1_people"], primary["spring.group1_amount"]) == (1, 147_50)
    assert (primary["spring.group2_people"], primary["spring.group2_amount"]) == (2, 295_00)
    assert all(
        rate.people * rate.rate_fen == rate.amount_fen and not rate.supplement
        for rate in form.rates
    )
    total = figures(form, "*/*")
    assert (total["year.people"], total["year.in_several_rows"]) == (6, 5)
    assert total["year.paid"] == form.control_fen


@pytest.mark.parametrize("years", [calendar_years(2008), school_years(YEAR)], ids=["cal", "sch"])
def test_the_workbook_equals_the_json(
    session: Session, city: City, paid_schools: None, years: Any
) -> None:
    form = form_from_books(session, SYSTEM, years, Narrowed())
    told = form_out(form, Narrowed(), as_of=JUNE, tongue="zh").model_dump(mode="json")
    assert told["checks"] == []
    book = pages_of(write_form(form, Heading(None, JUNE, "zh")))
    shown = printed(book["统计表"])
    rows = {(row["stage_label"], row["programme_label"]): row for row in told["rows"]}
    assert len(rows) == 4
    seen = {(row[0], row[1]): row for row in shown if (row[0], row[1]) in rows}
    assert set(seen) == set(rows)
    for key, row in seen.items():
        assert [Decimal(str(cell)) for cell in row[2:]] == [figure(rows[key], n) for n in FIGURES]
    rates = {(row[2], row[5], row[6], row[4]) for row in book["标准"][1:]}
    assert rates == {(each["version"], each["rate"], each["people"], "") for each in told["rates"]}


def test_a_pupil_paid_as_a_student_too_is_one_person(
    session: Session, city: City, paid_schools: None
) -> None:
    pay(session, city, BOARDERS, SPRING, [Paid(PRIMARY, 2, 250_00)], on=JUNE)
    total = figures(of_year(session, 2008), "*/*")
    assert total["year.people"] == 6 + 2
    assert total["year.paid"] == 3 * (147_50 + 45_00 + 222_50) + 2 * 90_00 + 2 * 250_00


def test_one_school_and_another_countys_officer(
    session: Session, city: City, paid_schools: None
) -> None:
    assert figures(of_year(session, 2008, school=JUNIOR), "*/*")["year.people"] == 2
    assert figures(of_year(session, 2008, programme=BOOKS), "*/*")["year.people"] == 5
    for who, people in (("county_officer@370811", 6), ("county_officer@370826", 0)):
        by = city.actor(who)
        db.enter(session, by)
        assert figures(of_year(session, 2008, by=by), "*/*")["year.people"] == people


def test_what_came_back_of_a_school_leaves_its_pupils_out(
    session: Session, city: City, pupils: list[UUID]
) -> None:
    from_bank = city.actor("finance_maker")
    accounts(session, city)
    appropriate(session, 10_000_00, programme=FUNDS)
    promise(session, city, FUNDS, SPRING, MARCH)
    file = bank_pays(session, city, FUNDS, JUNE)
    lines = lines_in(session, file)
    assert [line.amount_fen for line in lines] == [3 * 147_50, 2 * 222_50, 222_50]
    back = answer(lines[:1], sent_back, otherwise=arrived)
    take_in(session, file, back, from_bank, kind=ReturnKind.REVERSAL)
    row = figures(of_year(session, 2008), f"primary/{FUNDS}")
    assert (row["spring.people"], row["spring.paid"]) == (0, 0)
    assert row["spring.allocated"] == 3 * 147_50
    assert figures(of_year(session, YEAR), "*/*")["year.people"] == 3


def two_instalments(session: Session, city: City, paid_on: tuple[date, ...]) -> Form:
    """Three primary pupils at 295.01: 442.52 in autumn and 442.51 in spring; the year's form."""
    fund(session, 10_000_00)
    made = enrol(session, city.schools[PRIMARY], 3)
    poor(session, city, made[1], "orphan")
    account(session, city, PRIMARY)
    promise(session, city, HEAD_MONEY, YEAR, date(2007, 11, 20))
    for day in paid_on:
        bank_pays(session, city, HEAD_MONEY, day)
    return of_year(session, YEAR)


@pytest.fixture
def odd_rate(session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    put_in_force(monkeypatch, tmp_path)
    home = tmp_path / NAME / f"{HEAD_MONEY}.toml"
    home.write_text(home.read_text("utf-8").replace("295.00", "295.01"), "utf-8")
    load_catalogue(session, NAME)
    yield
    policy.catalogue.cache_clear()


def test_two_instalments_of_odd_fen_sum_both_ways(
    session: Session, city: City, odd_rate: None
) -> None:
    form = two_instalments(session, city, (date(2007, 11, 20), JUNE))
    row = figures(form, f"primary/{HEAD_MONEY}")
    assert (row["autumn.paid"], row["spring.paid"]) == (442_52, 442_51)
    assert (row["year.paid"], row["year.people"]) == (3 * 295_01, 3)
    assert row["year.group1_amount"] == 295_01  # a pupil's parts are the pupil's amount
    assert {rate.rate_fen for rate in form.rates} == {147_50, 147_51}
    calendar = of_year(session, 2008)
    assert figures(calendar, "*/*")["year.paid"] == 442_51
    amounts = [line.amount_fen for line in calendar.bridge.lines]
    assert amounts == [885_03, -442_52, 0, 442_51]


def test_one_instalment_of_two_is_part_of_each_pupils_amount(
    session: Session, city: City, odd_rate: None
) -> None:
    form = two_instalments(session, city, (date(2007, 11, 20),))
    row = figures(form, f"primary/{HEAD_MONEY}")
    assert (row["year.people"], row["year.paid"], row["spring.paid"]) == (3, 442_52, 0)
    assert row["spring.allocated"] == 442_51


def test_the_trail_of_a_pupil_shows_the_pupils_own_amount(
    session: Session, city: City, pupils: list[UUID], paid_schools: None
) -> None:
    seen = trail(session, str(pupils[0]), by=SYSTEM, page=PAGE)
    shown = [(one.programme, one.amount, one.student_amount) for one in seen.allocations]
    assert sorted(shown) == [(FUNDS, 3 * 147_50, 147_50), (BOOKS, 3 * 45_00, 45_00)]
    assert (seen.allocation_count, seen.sums.awards, seen.sums.paid_transfers) == (2, 0, 0)
    assert seen.agrees
    whole = trail(session, seen.allocations[0].number, by=SYSTEM, page=PAGE)
    assert whole.allocations[0].student_amount is None
    assert whole.sums.awards == whole.allocations[0].amount


def test_a_pupil_who_moved_since_stays_in_its_group(
    session: Session, city: City, pupils: list[UUID], paid_schools: None
) -> None:
    elsewhere = city.schools["2137000011"]
    for table, key in (("student", "id"), ("household", "student_id")):
        session.execute(
            text(f"UPDATE {table} SET school_id = :school, county_id = :county WHERE {key} = :who"),
            {"school": elsewhere.id, "county": elsewhere.county_id, "who": pupils[0]},
        )
    by = city.actor("county_officer@370811")
    db.enter(session, by)
    row = figures(of_year(session, 2008, by=by), f"primary/{FUNDS}")
    assert (row["spring.people"], row["spring.group1_people"]) == (3, 1)
    session.expire_all()
    assert session.execute(text("SELECT count(*) FROM household")).scalar_one() == 1
