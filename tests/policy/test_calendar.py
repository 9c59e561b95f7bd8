"""Terms, school years, and the days on which programmes pay."""

from dataclasses import replace
from datetime import date

import pytest

from app.policy.calendar import (
    due_dates,
    normalise_period,
    parse_period,
    school_year_of,
    terms_of,
)
from app.policy.catalogue import Catalogue
from app.policy.errors import PeriodInvalid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2008",
        "2008-Spring",
        "2008-summer",
        "2007-2009",
        "2008-2007",
        "0001-spring",
        "２００８-spring",
    ],
)
def test_what_is_no_period_is_refused_in_both_languages(text: str) -> None:
    with pytest.raises(PeriodInvalid) as refused:
        parse_period(text)
    assert "2007-autumn" in refused.value.zh
    assert "2007-autumn" in refused.value.en


def test_terms_follow_one_another_and_a_school_year_starts_with_its_autumn() -> None:
    names = ["2007-spring", "2007-autumn", "2008-spring", "2008-autumn"]
    orders = [parse_period(name).order for name in names]
    assert orders == sorted(set(orders))
    assert parse_period("2007-2008").order == parse_period("2007-autumn").order


def test_a_school_year_is_an_autumn_and_the_spring_after() -> None:
    assert terms_of("2007-2008") == ("2007-autumn", "2008-spring")
    assert {school_year_of(each) for each in (*terms_of("2007-2008"), "2007-2008")} == {"2007-2008"}


def test_a_school_year_programme_takes_the_year_or_its_autumn(catalogue: Catalogue) -> None:
    grant = catalogue.programme("vocational-grant")
    assert normalise_period(grant, "2007-autumn") == "2007-2008"
    assert normalise_period(grant, "2007-2008") == "2007-2008"
    with pytest.raises(PeriodInvalid, match="2007-2008"):
        normalise_period(grant, "2008-spring")


def test_a_term_programme_takes_a_term_only(catalogue: Catalogue) -> None:
    boarders = catalogue.programme("boarding-subsidy")
    assert normalise_period(boarders, "2008-spring") == "2008-spring"
    with pytest.raises(PeriodInvalid, match="2007-autumn or 2008-spring"):
        normalise_period(boarders, "2007-2008")


def test_ten_months_from_september_to_july_without_february(catalogue: Catalogue) -> None:
    days = due_dates(catalogue.programme("vocational-grant"), "2007-2008")
    assert [day.month for day in days] == [9, 10, 11, 12, 1, 3, 4, 5, 6, 7]
    assert [day.year for day in days] == [2007] * 4 + [2008] * 6


def test_a_term_instalment_is_due_within_its_term(catalogue: Catalogue) -> None:
    boarders = catalogue.programme("boarding-subsidy")
    assert due_dates(boarders, "2008-spring") == (date(2008, 5, 15),)
    assert due_dates(boarders, "2007-autumn") == (date(2007, 11, 15),)
    assert catalogue.calendar.days_of("2007-autumn") == (date(2007, 9, 1), date(2008, 1, 31))
    assert catalogue.calendar.days_of("2007-2008") == (date(2007, 9, 1), date(2008, 7, 15))


def test_the_other_rhythms_pay_by_term_year_and_five_months(catalogue: Catalogue) -> None:
    grant = catalogue.programme("vocational-grant")
    boarders = catalogue.programme("boarding-subsidy")
    by_term = due_dates(replace(grant, instalments="term"), "2007-2008")
    assert by_term == (date(2007, 11, 15), date(2008, 5, 15))
    assert due_dates(replace(grant, instalments="year"), "2007-2008") == by_term[:1]
    assert len(due_dates(replace(boarders, instalments="month"), "2008-spring")) == 5


def test_the_calendar_says_it_is_the_centres_own_assumption(catalogue: Catalogue) -> None:
    assert catalogue.calendar.verified is False
    assert "own assumption" in catalogue.calendar.source
