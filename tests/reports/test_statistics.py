"""The form out of the ledger: what was paid, what came back, what was set aside."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from app.applications.models import Decision, DecisionBatch, Step, Submission, Verdict
from app.awards.models import Award
from app.core import clock, db, ids
from app.core.actor import SYSTEM, Actor
from app.reports import statistics_queries as queries
from app.reports.errors import StatisticsPlaceNotFound
from app.reports.statistics import Form, calendar_years, school_years
from app.reports.statistics_checks import check
from app.reports.statistics_queries import Narrowed
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.paid import Paid, give_back, pay, pay_due

PRIMARY, JUNIOR, VOCATIONAL = "2137000006", "3137000008", "3637000010"
OTHER_COUNTY, CITY_RUN = "2137000011", "3637000060"
BOARDERS, GRANT = "boarding-subsidy", "vocational-grant"
JUNE = date(2008, 6, 2)


@pytest.fixture(autouse=True)
def _june() -> None:
    clock.set_office_day(JUNE)


def of_year(session: Session, asked: int | str, by: Actor = SYSTEM, **place: Any) -> Form:
    """The form of a calendar year or a school year, which must hold."""
    years = calendar_years(asked) if isinstance(asked, int) else school_years(asked)
    narrowed = queries.narrowed(
        session,
        by,
        county=place.get("county"),
        school=place.get("school"),
        programme=place.get("programme"),
    )
    made = queries.form(session, by, years, narrowed)
    assert check(made) == []
    return made


def figures(form: Form, key: str) -> Any:
    return next(row.figures for row in form.in_order() if row.key == key)


def test_amounts_people_and_groups_come_from_the_ledger(session: Session, city: City) -> None:
    pay(
        session,
        city,
        BOARDERS,
        "2008-spring",
        [
            Paid(PRIMARY, 3, 250_00, "orphan", 3),
            Paid(PRIMARY, 4, 250_00, "low_income_margin"),
            Paid(PRIMARY, 1, 250_00),
            Paid(JUNIOR, 2, 375_00, "minimum_living", 2),
        ],
        on=JUNE,
    )
    form = of_year(session, 2008)
    primary = figures(form, f"primary/{BOARDERS}")
    assert primary["spring.paid"] == primary["spring.allocated"] == 8 * 250_00
    assert (primary["spring.people"], primary["autumn.people"], primary["year.people"]) == (8, 0, 8)
    assert (primary["spring.group1_people"], primary["spring.group1_amount"]) == (3, 750_00)
    assert (primary["spring.group2_people"], primary["spring.group2_amount"]) == (5, 1250_00)
    total = figures(form, "*/*")
    assert (total["year.people"], total["year.paid"]) == (10, 2_750_00)
    assert {rate.rate_fen: rate.people for rate in form.rates} == {250_00: 8, 375_00: 2}


@pytest.mark.parametrize(("decided_on", "column"), [(1, "group1"), (2, "group2")])
def test_the_group_is_that_of_the_submission_decided_on(
    session: Session, city: City, decided_on: int, column: str
) -> None:
    (case,) = pay(
        session, city, BOARDERS, "2008-spring", [Paid(PRIMARY, 1, 250_00, "orphan")], on=JUNE
    )
    first = session.exec(select(Submission).where(Submission.application_id == case)).one()
    award = session.exec(select(Award).where(Award.application_id == case)).one()
    again = {**first.model_dump(), "submission_no": 2, "facts": {}}
    batch = DecisionBatch(
        id=award.decision_batch_id,
        step=Step.CITY,
        verdict=Verdict.APPROVE,
        reason="符合条件",
        case_count=1,
        amount_fen=250_00,
        left_out=0,
        decided_by=ids.new(),
        decided_at=clock.now(),
    )
    session.add_all([Submission(**again), batch])
    session.flush()
    said = {"submission_no": decided_on, "batch_id": batch.id, "application_id": case}
    place = {"school_id": first.school_id, "county_id": first.county_id}
    word = {key: getattr(batch, key) for key in ("step", "verdict", "reason", "decided_by")}
    session.add(Decision(**said, **place, **word, decided_at=clock.now()))
    session.flush()
    assert figures(of_year(session, 2008), "*/*")[f"spring.{column}_people"] == 1


def test_a_payout_that_came_back_lowers_people_and_amount(session: Session, city: City) -> None:
    made = pay(session, city, BOARDERS, "2008-spring", [Paid(PRIMARY, 3, 250_00)], on=JUNE)
    give_back(session, made[:1], on=JUNE)
    row = figures(of_year(session, 2008), f"primary/{BOARDERS}")
    assert (row["spring.people"], row["spring.paid"]) == (2, 500_00)
    assert row["spring.allocated"] == 750_00  # committed again: it carries over
    pay_due(session, made, on=JUNE)
    row = figures(of_year(session, 2008), f"primary/{BOARDERS}")
    assert (row["spring.people"], row["spring.paid"]) == (3, 750_00)


def test_a_student_paid_in_both_terms_is_counted_once_a_year(session: Session, city: City) -> None:
    pay(session, city, GRANT, "2007-2008", [Paid(VOCATIONAL, 2, 1500_00)], on=date(2008, 7, 20))
    row = figures(of_year(session, "2007-2008"), f"vocational/{GRANT}")
    assert [row[f"{block}.people"] for block in ("spring", "autumn", "year")] == [2, 2, 2]
    assert row["year.in_both_terms"] == 2
    assert [row[f"{block}.paid"] for block in ("spring", "autumn", "year")] == [
        1500_00, 1500_00, 3000_00,
    ]  # fmt: skip


def test_both_views_and_the_bridge_agree_across_the_end_of_december(
    session: Session, city: City
) -> None:
    row = Paid(VOCATIONAL, 2, 1500_00)
    made = pay(session, city, GRANT, "2007-2008", [row], on=date(2007, 12, 31))
    pay_due(session, made, on=date(2008, 1, 15))  # January's, of the autumn term
    pay_due(session, made, on=date(2008, 7, 15))
    pay(session, city, GRANT, "2008-2009", [row], on=date(2008, 12, 31))
    school, calendar = of_year(session, "2007-2008"), of_year(session, 2008)
    assert figures(school, "*/*")["year.paid"] == 3000_00
    assert figures(school, "*/*")["autumn.paid"] == 1500_00
    # 2008 holds January's 2 × 150 of the old year, the spring's, and four months of the new year.
    assert figures(calendar, "*/*")["autumn.paid"] == 300_00 + 4 * 300_00
    assert figures(calendar, "*/*")["year.paid"] == 300_00 + 1500_00 + 1200_00
    for form in (school, calendar):
        amounts = [line.amount_fen for line in form.bridge.lines]
        assert amounts == [3000_00, -1200_00, 1200_00, 3000_00]
    outside = calendar.bridge.line("paid_outside").parts
    assert [(each.term, each.paid_year, each.amount_fen) for each in outside] == [
        ("2007-autumn", 2007, -1200_00)
    ]


@pytest.mark.parametrize(
    ("on", "year"), [(date(2007, 12, 31), 2007), (date(2008, 1, 1), 2008)], ids=str
)
def test_the_office_day_of_paying_decides_the_calendar_year(
    session: Session, city: City, on: date, year: int
) -> None:
    pay(session, city, BOARDERS, "2007-autumn", [Paid(PRIMARY, 1, 150_00)], on=on)
    for asked in (2007, 2008):
        assert figures(of_year(session, asked), "*/*")["year.paid"] == (150_00) * (asked == year)
    assert figures(of_year(session, "2007-2008"), "*/*")["autumn.paid"] == 150_00


def test_what_waits_is_allocated_and_not_paid(session: Session, city: City) -> None:
    pay(session, city, BOARDERS, "2008-spring", [Paid(PRIMARY, 2, 250_00)])
    appropriate(session, 100_00)
    form = of_year(session, "2007-2008")
    row = figures(form, f"primary/{BOARDERS}")
    assert (row["spring.allocated"], row["spring.paid"], row["spring.people"]) == (500_00, 0, 0)
    line = next(each for each in form.funds if each.fiscal_year == 2008)
    assert (line.appropriated_fen, line.committed_fen, line.available_fen) == (
        600_00, 500_00, 100_00,
    )  # fmt: skip
    assert line.carried_fen == 600_00


def test_one_programme_one_county_one_school(session: Session, city: City) -> None:
    pay(
        session,
        city,
        BOARDERS,
        "2008-spring",
        [Paid(PRIMARY, 1, 250_00), Paid(JUNIOR, 2, 375_00), Paid(OTHER_COUNTY, 4, 250_00)],
        on=JUNE,
    )
    pay(session, city, GRANT, "2007-2008", [Paid(CITY_RUN, 1, 1500_00)], on=JUNE)

    def people(**place: Any) -> int:
        return int(figures(of_year(session, 2008, **place), "*/*")["year.people"])

    assert people() == 8
    assert people(programme=BOARDERS) == 7
    assert people(county="370811") == 3
    assert people(county="370826") == 4
    assert people(county="370800") == 1
    assert people(school=JUNIOR) == 2
    assert people(county="370811", school=JUNIOR) == 2
    assert of_year(session, 2008, school=JUNIOR).funds == ()
    with pytest.raises(StatisticsPlaceNotFound):
        people(county="370826", school=JUNIOR)


def test_the_statements_do_not_grow_with_the_students(session: Session, city: City) -> None:
    counts = []
    for n in (1, 300):
        pay(session, city, BOARDERS, "2008-spring", [Paid(PRIMARY, n, 250_00)], on=JUNE)
        with statements() as seen:
            form = queries.form(session, SYSTEM, calendar_years(2008), Narrowed())
        counts.append(len(seen))
    assert form.total.figures["year.people"] == 301
    assert counts == [6, 6]  # two of them set the scope


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that the database is asked within."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield seen
    event.remove(db.engine(), "before_cursor_execute", note)
