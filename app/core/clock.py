"""Two clocks: the moment in UTC, and the civil day at the office in Shanghai."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR_YEARS = range(2004, 2027)  # the years for which chinesecalendar knows holidays
TERM_DAYS_MAX = 366


@dataclass
class _Office:
    day: date | None = None


_office = _Office()


def now() -> datetime:
    """This moment in UTC: tokens, audit, jobs."""
    return datetime.now(UTC)


def office_day() -> date:
    """The civil business day at the office: notices, due dates, numbers, fiscal year."""
    return _office.day or datetime.now(SHANGHAI).date()


def set_office_day(day: date | None) -> None:
    """Fixes the office day; the caller has checked that the mode allows it. None undoes it."""
    _office.day = day


def office_day_is_set() -> bool:
    """Whether the office day is fixed rather than today's."""
    return _office.day is not None


def day_of(moment: datetime) -> date:
    """The civil day in Shanghai at a moment."""
    return moment.astimezone(SHANGHAI).date()


def is_working_day(day: date) -> bool:
    """Whether the office works: by the published calendar where known, else Monday to Friday."""
    if day.year in CALENDAR_YEARS:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5  # noqa: PLR2004 Saturday


def add_working_days(start: date, days: int) -> tuple[date, bool]:
    """The last of `days` working days after `start`, and whether published holidays were known."""
    if not 0 <= days <= TERM_DAYS_MAX:
        raise ValueError("working days must be between 0 and 366")
    day, known = start, True
    while days > 0:
        day += timedelta(days=1)
        known = known and day.year in CALENDAR_YEARS
        days -= is_working_day(day)
    return day, known


def working_days_between(first: date, last: date) -> int:
    """How many working days lie in `first … last`, both included; 0 where last is before first."""
    span = (last - first).days + 1
    return sum(is_working_day(first + timedelta(days=n)) for n in range(max(span, 0)))
