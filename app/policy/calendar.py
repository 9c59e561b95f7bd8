"""Terms and school years, and the days on which a programme pays."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from app.policy.errors import PeriodInvalid

Season = Literal["autumn", "spring"]
PeriodKind = Literal["term", "school_year"]
Rhythm = Literal["term", "month", "year"]

_TERM = re.compile(r"([0-9]{4})-(autumn|spring)", re.ASCII)
_SCHOOL_YEAR = re.compile(r"([0-9]{4})-([0-9]{4})", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1980, 2100
_AUGUST = 8
_PAY_DAYS = 5  # a term; ten a school year


@dataclass(frozen=True)
class Period:
    """A term (`2008-spring`) or a school year (`2007-2008`).

    `order` counts terms; a school year stands where its autumn term stands.
    """

    text: str
    kind: PeriodKind
    order: int

    @property
    def school_year(self) -> str:
        """The school year the period lies in, such as `2007-2008`."""
        first = (self.order - 1) // 2
        return f"{first}-{first + 1}"

    @property
    def zh(self) -> str:
        """The period as the office writes it, such as 2008年春季学期."""
        if self.kind == "school_year":
            return f"{self.text}学年"
        year, season = self.text.split("-")
        return f"{year}年{'秋' if season == 'autumn' else '春'}季学期"

    @property
    def short_zh(self) -> str:
        """The period in as few characters as it is understood by, such as 2008春."""
        if self.kind == "school_year":
            return self.zh
        year, season = self.text.split("-")
        return f"{year}{'秋' if season == 'autumn' else '春'}"


class Periodic(Protocol):
    """What a programme tells the calendar: its period, its rhythm of paying, its calendar."""

    @property
    def code(self) -> str:
        """How messages name the programme."""

    @property
    def period(self) -> PeriodKind:
        """What is applied for."""

    @property
    def instalments(self) -> Rhythm:
        """How it is paid."""

    @property
    def calendar(self) -> "PolicyCalendar":
        """The days of the catalogue's terms."""


def parse_period(text: str) -> Period:
    """Reads `2008-spring`, `2007-autumn` or `2007-2008`; raises PeriodInvalid for anything else."""
    if term := _TERM.fullmatch(text):
        year = int(term[1])
        if _FIRST_YEAR <= year <= _LAST_YEAR:
            return Period(text, "term", year * 2 + (term[2] == "autumn"))
    if years := _SCHOOL_YEAR.fullmatch(text):
        first, second = int(years[1]), int(years[2])
        if _FIRST_YEAR <= first <= _LAST_YEAR and second == first + 1:
            return Period(text, "school_year", first * 2 + 1)
    raise PeriodInvalid(
        f"“{text}”不是学期或学年；请写成 2008-spring、2007-autumn 或 2007-2008",
        f"{text!r} is no term or school year; write 2008-spring, 2007-autumn or 2007-2008",
        facts={"period": text},
    )


def terms_of(school_year: str) -> tuple[str, str]:
    """The autumn and the spring term of a school year, in that order."""
    first = parse_period(school_year).school_year.split("-")[0]
    return f"{first}-autumn", f"{int(first) + 1}-spring"


def school_year_of(period: str) -> str:
    """The school year a term or school year lies in."""
    return parse_period(period).school_year


def normalise_period(programme: Periodic, text: str) -> str:
    """The period as this programme is applied for.

    A school-year programme takes the school year or its autumn term, which names the same year; a
    term programme takes a term only. Raises PeriodInvalid and says which periods would do.
    """
    period = parse_period(text)
    autumn, spring = terms_of(period.school_year)
    if programme.period == "term":
        if period.kind == "term":
            return period.text
        raise PeriodInvalid(
            f"{programme.code} 按学期申报：请写 {autumn} 或 {spring}，而不是 {text}",
            f"{programme.code} is applied for by term: write {autumn} or {spring}, not {text}",
            facts={"period": text, "allowed": [autumn, spring]},
        )
    if period.text == spring:
        raise PeriodInvalid(
            f"{programme.code} 按学年申报：请写 {period.school_year} 或 {autumn}，而不是 {text}",
            f"{programme.code} is applied for by school year: write {period.school_year} or "
            f"{autumn}, not {text}",
            facts={"period": text, "allowed": [period.school_year, autumn]},
        )
    return period.school_year


@dataclass(frozen=True)
class DayRule:
    """A day of the year; an autumn term's months before August fall in the next calendar year."""

    month: int
    day: int

    def on(self, season: Season, year: int) -> date:
        """The day in the term of that season and calendar year."""
        late = season == "autumn" and self.month < _AUGUST
        return date(year + late, self.month, self.day)


@dataclass(frozen=True)
class TermRule:
    """One season's first and last day, the day a term's instalment is due, its pay months."""

    first_day: DayRule
    last_day: DayRule
    due: DayRule
    pay_days: tuple[DayRule, ...]


@dataclass(frozen=True)
class PolicyCalendar:
    """The terms' days and the pay months of one catalogue, with their source."""

    autumn: TermRule
    spring: TermRule
    source: str
    verified: bool

    def rule(self, season: Season) -> TermRule:
        """The rule of one season."""
        return self.autumn if season == "autumn" else self.spring

    def days_of(self, period: str) -> tuple[date, date]:
        """The first and last day of a term or school year."""
        terms = _terms(period)
        first, last = terms[0], terms[-1]
        return (
            self.rule(first[0]).first_day.on(*first),
            self.rule(last[0]).last_day.on(*last),
        )


def _terms(period: str) -> list[tuple[Season, int]]:
    parsed = parse_period(period)
    names = terms_of(period) if parsed.kind == "school_year" else (parsed.text,)
    terms: list[tuple[Season, int]] = []
    for name in names:
        year, season = name.split("-")
        terms.append(("autumn" if season == "autumn" else "spring", int(year)))
    return terms


def due_dates(programme: Periodic, period: str) -> tuple[date, ...]:
    """The days on which the programme pays for a period, earliest first.

    One a pay month, one a term, or one a school year (with the autumn term's instalment). Raises
    PeriodInvalid when the programme is not applied for by such a period.
    """
    return tuple(day for day, _ in due_terms(programme, period))


def due_terms(programme: Periodic, period: str) -> tuple[tuple[date, str], ...]:
    """As `due_dates`, each day with the term it pays for, such as `2008-spring`."""
    calendar = programme.calendar
    terms = _terms(normalise_period(programme, period))
    if programme.instalments == "month":
        days = [
            (rule.on(season, year), f"{year}-{season}")
            for season, year in terms
            for rule in calendar.rule(season).pay_days
        ]
    else:
        days = [
            (calendar.rule(season).due.on(season, year), f"{year}-{season}")
            for season, year in terms
        ]
    if programme.instalments == "year":
        days = days[:1]
    return tuple(sorted(days))


def read_calendar(text: str) -> PolicyCalendar:
    """Reads a catalogue's calendar.toml.

    Raises KeyError, TypeError, ValueError (TOML syntax too) with what is wrong; the checker turns
    them into faults.
    """
    table = tomllib.loads(text)
    strange = set(table) - {"source", "verified", "autumn", "spring"}
    if strange:
        raise ValueError(f"unknown keys {sorted(strange)}")
    if not isinstance(table["verified"], bool) or not isinstance(table["source"], str):
        raise TypeError("source is a text and verified is true or false")
    return PolicyCalendar(
        autumn=_term_rule("autumn", table["autumn"]),
        spring=_term_rule("spring", table["spring"]),
        source=table["source"],
        verified=table["verified"],
    )


def _term_rule(season: Season, table: dict[str, object]) -> TermRule:
    keys = {"first_day", "last_day", "due", "pay_days"}
    if set(table) != keys:
        raise ValueError(f"[{season}] has exactly the keys {sorted(keys)}")
    pay_days = table["pay_days"]
    if not isinstance(pay_days, list) or len(pay_days) != _PAY_DAYS:
        raise ValueError(f"[{season}] pay_days lists five days such as 09-15")
    return TermRule(
        first_day=_day_rule(table["first_day"]),
        last_day=_day_rule(table["last_day"]),
        due=_day_rule(table["due"]),
        pay_days=tuple(_day_rule(day) for day in pay_days),
    )


def _day_rule(value: object) -> DayRule:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{2}-[0-9]{2}", value, re.ASCII):
        raise ValueError(f"{value!r} is no day of the year such as 09-15")
    month, day = int(value[:2]), int(value[3:])
    date(2001, month, day)  # not a leap year: the rule must hold every year
    return DayRule(month, day)
