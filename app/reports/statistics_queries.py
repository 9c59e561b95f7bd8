"""What the ledger says was paid and set aside, summed by the database for the statistics form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import TextClause, text
from sqlmodel import Session, col, select

from app.auth.models import Organisation, OrganisationKind
from app.core.actor import Actor, Scope
from app.policy import queries as policy
from app.policy.calendar import Rhythm, terms_of
from app.registry.models import School
from app.reports.errors import StatisticsPlaceNotFound
from app.reports.statistics import ALLOCATED, PAID, Form, FundUse, Years, build

PER_TERM: dict[Rhythm, int] = {"month": 5, "term": 1, "year": 1}
HOLDERS = (OrganisationKind.CITY_CENTRE, OrganisationKind.COUNTY_CENTRE)


@dataclass(frozen=True)
class Narrowed:
    """What the form is of: one school, one county, or the city where both are None."""

    school: School | None = None
    county: Organisation | None = None
    programme: str | None = None


def narrowed(
    session: Session, by: Actor, *, county: str | None, school: str | None, programme: str | None
) -> Narrowed:
    """The place of a form, by codes; a school's or county's own caller has its own place.

    Raises StatisticsPlaceNotFound for a code outside the caller's scope, ProgrammeNotFound.
    """
    if programme is not None:
        policy.programme(programme)
    place = Narrowed(programme=programme)
    if school is not None or by.scope is Scope.SCHOOL:
        place = replace(place, school=_school(session, by, school))
    if county is not None or by.scope is Scope.COUNTY:
        place = replace(place, county=_county(session, by, county, place.school))
    return place


def _school(session: Session, by: Actor, code: str | None) -> School:
    # Row security shows a caller no school but those in scope.
    key = col(School.id) == by.school_id if code is None else col(School.code) == code
    found = session.execute(select(School).where(key)).scalar_one_or_none()
    outside = found is not None and (
        (by.scope is Scope.SCHOOL and found.id != by.school_id)
        or (by.scope is Scope.COUNTY and found.county_id != by.county_id)
    )
    if not isinstance(found, School) or outside:
        raise StatisticsPlaceNotFound(code or "")
    return found


def _county(session: Session, by: Actor, code: str | None, school: School | None) -> Organisation:
    key = col(Organisation.id) == by.county_id if code is None else col(Organisation.code) == code
    found = session.execute(
        select(Organisation).where(key, col(Organisation.kind).in_(HOLDERS))
    ).scalar_one_or_none()
    other = found is not None and (
        (by.scope is Scope.COUNTY and found.id != by.county_id)
        or (school is not None and found.id != school.county_id)
    )
    if not isinstance(found, Organisation) or other:
        raise StatisticsPlaceNotFound(code or "")
    return found


def form(session: Session, by: Actor, years: Years, place: Narrowed) -> Form:
    """The form of a year for a place, with its control figure and fund lines, in four statements.

    Fund lines are the holders': the form of one school has none.
    """
    asked = _asked(by, years, place)
    made = build(
        _frame(session, _PAID, asked, PAID), _frame(session, _ALLOCATED, asked, ALLOCATED), years
    )
    programmes = policy.in_force().programmes
    return replace(
        made,
        control_fen=int(session.execute(_CONTROL, asked).scalar_one()),
        funds=() if place.school is not None else _funds(session, asked),
        per_term={code: PER_TERM[each.instalments] for code, each in programmes.items()},
    )


def _asked(by: Actor, years: Years, place: Narrowed) -> dict[str, Any]:
    """The parameters of every statement; the caller's own scope is always among them."""
    calendar = policy.in_force().calendar
    autumn, spring = calendar.autumn.first_day, calendar.spring.first_day
    first = int(terms_of(years.school_year)[0].split("-")[0])
    school_id: UUID | None = by.school_id if by.scope is Scope.SCHOOL else None
    county_id: UUID | None = by.county_id if by.scope is Scope.COUNTY else None
    return {
        "school": place.school.id if place.school is not None else school_id,
        "county": place.county.id if place.county is not None else county_id,
        "programme": place.programme,
        "by_calendar": years.view == "calendar_year",
        "year": years.year,
        "first_day": date(years.year, 1, 1),
        "next_first_day": date(years.year + 1, 1, 1),
        "due_from": autumn.on("autumn", first),
        "due_before": autumn.on("autumn", first + 1),
        "autumn_month": autumn.month,
        "autumn_day": autumn.day,
        "spring_month": spring.month,
        "spring_day": spring.day,
    }


def _frame(
    session: Session, asked: TextClause, values: dict[str, Any], schema: Any
) -> pl.DataFrame:
    rows: Sequence[Any] = session.execute(asked, values).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=dict(schema), orient="row")


def _funds(session: Session, asked: dict[str, Any]) -> tuple[FundUse, ...]:
    return tuple(FundUse(*row) for row in session.execute(_FUNDS, asked))


# An instalment belongs to the term its due day lies in; days between two terms are the earlier's.
_TERM = """
    CASE WHEN i.due_on >= make_date(extract(year FROM i.due_on)::int, :autumn_month, :autumn_day)
         THEN extract(year FROM i.due_on)::int || '-autumn'
         WHEN i.due_on >= make_date(extract(year FROM i.due_on)::int, :spring_month, :spring_day)
         THEN extract(year FROM i.due_on)::int || '-spring'
         ELSE extract(year FROM i.due_on)::int - 1 || '-autumn' END
"""

_SCOPE = """
    (CAST(:school AS uuid) IS NULL OR a.school_id = CAST(:school AS uuid))
    AND (CAST(:county AS uuid) IS NULL OR a.county_id = CAST(:county AS uuid))
    AND (CAST(:programme AS text) IS NULL OR a.programme = CAST(:programme AS text))
"""


def _written(sql: str) -> TextClause:
    """A statement with its term and scope written out; both are constants above."""
    return text(sql.replace("[term]", _TERM).replace("[scope]", _SCOPE))


# The submission that was approved: the one the deciding act was on. Where the award was made
# without a recorded act, the newest.
_PAID = _written(
    """
WITH wanted AS (
    SELECT id FROM instalment WHERE due_on >= :due_from AND due_on < :due_before
    UNION
    SELECT refers_to FROM ledger_transfer
    WHERE kind IN ('pay', 'return') AND office_day >= :first_day AND office_day < :next_first_day
), acts AS (
    SELECT t.refers_to, t.kind, t.batch, extract(year FROM t.office_day)::int AS paid_year,
           sum(t.amount_fen) AS fen
    FROM ledger_transfer t JOIN wanted ON wanted.id = t.refers_to
    WHERE t.kind IN ('pay', 'return')
    GROUP BY t.refers_to, t.kind, t.batch, extract(year FROM t.office_day)::int
), sums AS (
    SELECT i.award_id, [term] AS term, i.amount_fen AS rate_fen, acts.paid_year,
           sum(CASE acts.kind WHEN 'pay' THEN 1 ELSE -1 END)::bigint AS payments,
           sum(CASE acts.kind WHEN 'pay' THEN acts.fen ELSE -acts.fen END)::bigint AS fen
    FROM acts JOIN instalment i ON i.id = acts.refers_to
    GROUP BY 1, 2, 3, 4
)
SELECT a.student_id::text, app.stage, a.programme, s.facts -> 'special_group' ->> 'value',
       coalesce(v.effective_from, 'start') || '.' || v.revision,
       sums.rate_fen, sums.term, sums.paid_year, sums.payments, sums.fen
FROM sums
JOIN award a ON a.id = sums.award_id
JOIN application app ON app.id = a.application_id
JOIN policy_version v ON v.id = a.policy_version_id
LEFT JOIN LATERAL (
    SELECT d.submission_no FROM decision d
    WHERE d.application_id = app.id AND d.batch_id = a.decision_batch_id LIMIT 1) decided ON true
LEFT JOIN submission s ON s.application_id = app.id
    AND s.submission_no = coalesce(decided.submission_no, app.submission_no)
WHERE [scope]"""
)

_ALLOCATED = _written(
    """
SELECT app.stage, a.programme, [term] AS term, i.fiscal_year,
       sum(CASE t.kind WHEN 'commit' THEN t.amount_fen ELSE -t.amount_fen END)::bigint
FROM instalment i
JOIN ledger_transfer t ON t.refers_to = i.id AND t.kind IN ('commit', 'release_commitment')
JOIN award a ON a.id = i.award_id
JOIN application app ON app.id = a.application_id
WHERE ((i.due_on >= :due_from AND i.due_on < :due_before) OR i.fiscal_year = :year) AND [scope]
GROUP BY 1, 2, 3, 4"""
)

# The books' own word on the view, without the cases: what a wrong join would hide shows here.
_CONTROL = _written(
    """
SELECT coalesce(sum(CASE t.kind WHEN 'pay' THEN t.amount_fen ELSE -t.amount_fen END), 0)::bigint
FROM ledger_transfer t
JOIN instalment i ON i.id = t.refers_to
JOIN award a ON a.id = i.award_id
WHERE t.kind IN ('pay', 'return')
  AND CASE WHEN :by_calendar
           THEN t.office_day >= :first_day AND t.office_day < :next_first_day
           ELSE i.due_on >= :due_from AND i.due_on < :due_before END
  AND [scope]"""
)

_FUNDS = text("""
WITH moved AS (
    SELECT acc.fund_line,
           sum(CASE t.kind WHEN 'appropriate' THEN t.amount_fen
                           WHEN 'recall' THEN -t.amount_fen ELSE 0 END) AS appropriated,
           sum(CASE t.kind WHEN 'commit' THEN t.amount_fen
                           WHEN 'release_commitment' THEN -t.amount_fen ELSE 0 END) AS committed,
           sum(CASE t.kind WHEN 'pay' THEN t.amount_fen
                           WHEN 'return' THEN -t.amount_fen ELSE 0 END) AS paid
    FROM ledger_transfer t JOIN ledger_account acc ON acc.code = t.debit
    WHERE acc.fund_line IN (SELECT code FROM fund_line)
    GROUP BY acc.fund_line
)
SELECT line.code, line.fiscal_year, line.programme, line.source, holder.name,
       coalesce(moved.appropriated, 0)::bigint, coalesce(moved.committed, 0)::bigint,
       coalesce(moved.paid, 0)::bigint, (free.credits_fen - free.debits_fen)::bigint
FROM fund_line line
JOIN organisation holder ON holder.id = line.holder_id
JOIN ledger_account free ON free.fund_line = line.code AND free.kind = 'available'
LEFT JOIN moved ON moved.fund_line = line.code
WHERE (line.fiscal_year = :year OR (NOT :by_calendar AND line.fiscal_year = :year - 1))
  AND (CAST(:county AS uuid) IS NULL OR line.holder_id = CAST(:county AS uuid))
  AND (CAST(:programme AS text) IS NULL OR line.programme = CAST(:programme AS text))
ORDER BY line.code
""")
