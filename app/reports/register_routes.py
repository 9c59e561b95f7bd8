"""What the lists tell of the aid: the needy who have none, and aid that should not be."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session, col

from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.awards.models import Award
from app.core import clock, problems
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import described, workbook
from app.core.media import XLSX
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.reports import exports
from app.reports.exports import Export
from app.reports.register_answers import (
    NeedySought,
    NotAidedBecause,
    needy_not_aided,
    not_aided_counts,
)
from app.reports.register_columns import NEEDY_COLUMNS, UNDUE_COLUMNS
from app.reports.register_schemas import (
    NeedyCounts,
    NeedyExportAsked,
    NeedyOut,
    Period,
    UndueExportAsked,
    UndueOut,
    counts_out,
)
from app.reports.schemas import Code
from app.reports.undue_aid import Undue, UndueSought, undue_aid

FILE = described("The workbook", XLSX)

router = APIRouter(route_class=AidRoute, tags=["registers"])


@router.get("/reports/needy-not-aided")
def list_needy(
    session: DbSession,
    by: Annotated[Actor, may(Act.REGISTER_NEEDY_READ)],
    page: Paging,
    *,
    programme: Annotated[Code, Query()],
    period: Annotated[Period, Query()],
    school: Annotated[UUID | None, Query()] = None,
    county: Annotated[UUID | None, Query()] = None,
    reason: Annotated[NotAidedBecause | None, Query()] = None,
) -> Page[NeedyOut]:
    """应助未助: students whom a list names and who have no aid of the programme in the period."""
    sought = NeedySought(
        programme=programme, period=period, school_id=school, county_id=county, reason=reason
    )
    found = session.execute(needy_not_aided(session, sought, by=by, page=page)).all()
    return page_of(found, page, key=_student_of, show=NeedyOut.of)


@router.get("/reports/needy-not-aided/counts")
def count_needy(
    session: DbSession,
    by: Annotated[Actor, may(Act.REGISTER_NEEDY_READ)],
    programme: Annotated[Code, Query()],
    period: Annotated[Period, Query()],
    county: Annotated[UUID | None, Query()] = None,
) -> NeedyCounts:
    """The same students counted by county, school and reason."""
    sought = NeedySought(programme=programme, period=period, county_id=county)
    found = not_aided_counts(session, needy_not_aided(session, sought, by=by))
    return counts_out(found, programme=programme, period=period)


@router.get("/reports/needy-not-aided/export", response_class=Response, responses=FILE)
def export_needy(
    request: Request,
    session: DbSession,
    asked: Annotated[NeedyExportAsked, Query()],
    by: Annotated[Actor, may(Act.REGISTER_NEEDY_READ)],
) -> Response:
    """The list with the same filters and scope as .xlsx, ids masked."""
    rows = needy_not_aided(session, asked.sought(), by=by)
    export = Export(rows, NEEDY_COLUMNS, problems.language(request))
    return _sent(session, export, name="needy-not-aided", by=by)


@router.get("/reports/aided-not-entitled")
def list_undue(
    session: DbSession,
    by: Annotated[Actor, may(Act.REGISTER_READ)],
    page: Paging,
    *,
    period: Annotated[Period, Query()],
    programme: Annotated[Code | None, Query()] = None,
    school: Annotated[UUID | None, Query()] = None,
    finding: Annotated[Undue | None, Query()] = None,
) -> Page[UndueOut]:
    """不应助而助: live awards of the dead, of those who left and of those on two rolls."""
    sought = UndueSought(period=period, programme=programme, school_id=school, finding=finding)
    rows = undue_aid(session, sought, by=by)
    if page.after is not None:
        rows = rows.where(col(Award.id) > page.after)
    found = session.execute(rows.limit(page.fetch)).all()
    return page_of(found, page, key=_award_of, show=UndueOut.of)


@router.get("/reports/aided-not-entitled/export", response_class=Response, responses=FILE)
def export_undue(
    request: Request,
    session: DbSession,
    asked: Annotated[UndueExportAsked, Query()],
    by: Annotated[Actor, may(Act.REGISTER_READ)],
) -> Response:
    """The list with the same filters and scope as .xlsx, ids masked."""
    rows = undue_aid(session, asked.sought(), by=by)
    export = Export(rows, UNDUE_COLUMNS, problems.language(request))
    return _sent(session, export, name="aided-not-entitled", by=by)


def _student_of(row: Any) -> UUID:
    key: UUID = row.student_id
    return key


def _award_of(row: Any) -> UUID:
    key: UUID = row.award_id
    return key


def _sent(session: Session, export: Export, *, name: str, by: Actor) -> Response:
    count = exports.count(session, export)
    book = exports.as_sheet(session, export, expected=count)
    audit.note(session, by=by, did=f"{name}.exported", detail={"count": count})
    return workbook(book, f"{name}-{clock.office_day().isoformat()}.xlsx")
