"""Lists to take home, and where everything stands."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.core import clock, problems
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import attached, described, workbook
from app.core.media import CSV, XLSX
from app.core.web import AidRoute
from app.reports import exports
from app.reports.board import board
from app.reports.exports import Export
from app.reports.schemas import (
    ApplicationsAsked,
    Code,
    Format,
    StudentsAsked,
    SummaryOut,
    summary_out,
)

FILE = described("The file", XLSX, CSV)

# Stands before the applications' own routes, where `export` would be read as an id.
router = APIRouter(route_class=AidRoute, tags=["reports"])


@router.get("/applications/export", response_class=Response, responses=FILE)
def export_applications(
    request: Request,
    session: DbSession,
    asked: Annotated[ApplicationsAsked, Query()],
    by: Annotated[Actor, may(Act.APPLICATION_READ)],
) -> Response:
    """The list of applications with the same filters and scope, as .xlsx or .csv, ids masked."""
    export = exports.of_applications(by, asked.wanted(), problems.language(request))
    filters = _filters(asked)
    return _sent(session, export, by=by, kind="applications", form=asked.format, filters=filters)


@router.get("/students/export", response_class=Response, responses=FILE)
def export_students(
    request: Request,
    session: DbSession,
    asked: Annotated[StudentsAsked, Query()],
    by: Annotated[Actor, may(Act.STUDENT_READ)],
) -> Response:
    """The list of students with the same filters and scope, as .xlsx or .csv, ids masked."""
    export = exports.of_students(by, asked.sought(), problems.language(request))
    filters = _filters(asked)
    return _sent(session, export, by=by, kind="students", form=asked.format, filters=filters)


@router.get("/reports/summary")
def show_summary(
    session: DbSession,
    by: Annotated[Actor, may(Act.APPLICATION_READ)],
    period: Annotated[Code, Query()],
    programme: Annotated[Code | None, Query()] = None,
) -> SummaryOut:
    """Counts and sums by state of a period's applications, awards, instalments and payouts."""
    found = board(session, by=by, programme=programme, period=period)
    return summary_out(found, programme=programme, period=period)


def _sent(
    session: DbSession,
    export: Export,
    *,
    by: Actor,
    kind: Literal["applications", "students"],
    form: Format,
    filters: list[str],
) -> Response:
    rows = exports.count(session, export)
    name = f"{kind}-{clock.office_day().isoformat()}.{form}"
    # Which filters were used, not their values: a name is an identity.
    detail = {"format": form, "count": rows, "filters": filters}
    if form == "csv":
        answer: Response = StreamingResponse(
            exports.as_csv(export, by=by), media_type=CSV, headers=attached(name)
        )
    else:
        book = exports.as_sheet(session, export, expected=rows)
        answer = workbook(book, name)
    audit.note(session, by=by, did=f"{kind}.exported", detail=detail)
    return answer


def _filters(asked: BaseModel) -> list[str]:
    return sorted(asked.model_dump(exclude={"format"}, exclude_none=True))
