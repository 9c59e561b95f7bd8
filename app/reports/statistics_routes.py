"""The statistics form, to read and to take away."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.core import clock, problems
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import described, workbook
from app.core.media import XLSX
from app.core.tongues import Tongue
from app.core.web import AidRoute
from app.reports import statistics_queries as queries
from app.reports.statistics_queries import Narrowed
from app.reports.statistics_schemas import FormOut, StatisticsAsked, form_out
from app.reports.statistics_sheet import Heading, write_form

FILE = described("The form as a workbook", XLSX)

router = APIRouter(route_class=AidRoute, tags=["reports"])


@router.get("/reports/statistics")
def show_statistics(
    request: Request,
    session: DbSession,
    asked: Annotated[StatisticsAsked, Query()],
    by: Annotated[Actor, may(Act.STATISTICS_READ)],
) -> FormOut:
    """Per stage and programme: allocated, paid, people and groups by term, with its own checks.

    Of a calendar year (`year`) or a school year (`school_year`), with the bridge between the two.
    """
    years, place = asked.years(), _place(session, asked, by)
    form = queries.form(session, by, years, place)
    return form_out(form, place, as_of=clock.office_day(), tongue=_tongue(request, asked))


@router.get("/reports/statistics.xlsx", response_class=Response, responses=FILE)
def download_statistics(
    request: Request,
    session: DbSession,
    asked: Annotated[StatisticsAsked, Query()],
    by: Annotated[Actor, may(Act.STATISTICS_READ)],
) -> Response:
    """The same form as a workbook: the form, the bridge, the checks, the fund lines."""
    years, place = asked.years(), _place(session, asked, by)
    form = queries.form(session, by, years, place)
    heading = Heading(_of(place), clock.office_day(), _tongue(request, asked))
    audit.note(
        session,
        by=by,
        did="statistics.exported",
        detail={"year": years.own, "filters": sorted(asked.model_dump(exclude_none=True))},
    )
    return workbook(write_form(form, heading), f"statistics-{years.own}.xlsx")


def _place(session: DbSession, asked: StatisticsAsked, by: Actor) -> Narrowed:
    return queries.narrowed(
        session, by, county=asked.county, school=asked.school, programme=asked.programme
    )


def _of(place: Narrowed) -> str | None:
    if place.school is not None:
        return place.school.name
    return None if place.county is None else place.county.name


def _tongue(request: Request, asked: StatisticsAsked) -> Tongue:
    return asked.lang or problems.language(request)
