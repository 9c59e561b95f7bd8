"""What the ledger says was paid and set aside, summed by the database for the statistics form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import TextClause
from sqlmodel import Session, col, select

from app.auth.models import Organisation
from app.budgets.queries import HOLDERS
from app.core import db
from app.core.actor import Actor, Scope
from app.policy import queries as policy
from app.policy.calendar import Rhythm, terms_of
from app.registry.models import School
from app.reports import statistics_sql as sql
from app.reports.errors import StatisticsPlaceNotFound
from app.reports.statistics import ALLOCATED, PAID, Form, FundUse, Years, build

PER_TERM: dict[Rhythm, int] = {"month": 5, "term": 1, "year": 1}


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
    # The group of a pupil who has moved since is known to the new school alone; what is counted
    # are the payments of the caller's own scope, which `asked` names.
    with db.city_scope(session, by):
        paid = _frame(session, sql.PAID, asked, PAID)
    made = build(paid, _frame(session, sql.ALLOCATED, asked, ALLOCATED), years)
    control = session.execute(sql.CONTROL, asked).one()
    programmes = policy.in_force().programmes
    return replace(
        made,
        control_fen=int(control.paid),
        control_owed_fen=int(control.owed_back),
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
        "periods": [years.school_year, *terms_of(years.school_year)],
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
    return tuple(FundUse(*row) for row in session.execute(sql.FUNDS, asked))
