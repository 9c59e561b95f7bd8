"""The office day is Shanghai's, and working days know the published holidays."""

from datetime import UTC, date, datetime

import pytest

from app.core import clock


def test_late_on_the_last_of_december_in_utc_is_next_year_in_shanghai() -> None:
    assert clock.day_of(datetime(2026, 12, 31, 16, 30, tzinfo=UTC)) == date(2027, 1, 1)
    assert clock.day_of(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("start", "days", "last", "known"),
    [
        (date(2008, 4, 28), 5, date(2008, 5, 6), True),  # 1–3 May off, Sunday the 4th worked
        (date(2008, 9, 26), 1, date(2008, 9, 27), True),  # a Saturday worked for the holiday
        (date(2031, 9, 26), 5, date(2031, 10, 3), False),  # no calendar published: weekdays
        (date(2008, 4, 28), 0, date(2008, 4, 28), True),
    ],
)
def test_working_days_are_counted_by_the_published_calendar(
    start: date, days: int, last: date, known: bool
) -> None:
    assert clock.add_working_days(start, days) == (last, known)


def test_working_days_between_count_both_ends() -> None:
    assert clock.working_days_between(date(2008, 4, 14), date(2008, 4, 18)) == 5
    assert clock.working_days_between(date(2008, 4, 18), date(2008, 4, 14)) == 0
