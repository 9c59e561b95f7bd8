"""Sheets: up, how far they are, what became of each row, and back with the outcomes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response, UploadFile

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import workbook
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.imports import jobs, queries, service
from app.imports.models import ImportKind, RowOutcome
from app.imports.schemas import ImportOut, ImportRowOut
from app.imports.service import Upload
from app.imports.waiting import waits
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError

router = APIRouter(route_class=AidRoute, tags=["imports"])


@router.post("/imports", status_code=201, responses={202: {"model": ImportOut}})
def upload_sheet(
    request: Request,
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.IMPORT)],
    *,
    kind: Annotated[ImportKind, Form()],
    programme: Annotated[str, Form(max_length=40)],
    period: Annotated[str, Form(max_length=11)],
    file: UploadFile,
    dry_run: Annotated[bool, Form()] = False,
    on_error: Annotated[OnError, Form()] = OnError.REJECT,
) -> ImportOut:
    """Takes a sheet in at once (201) or, a large one, behind the door (202, see `Location`)."""
    sent = Upload(
        filename=file.filename or "",
        data=file.file.read(),
        kind=kind,
        programme=programme,
        period=period,
        dry_run=dry_run,
        on_error=on_error,
    )
    record = service.upload(session, sent, by=by)
    jobs.queue(session, record, by=by)
    response.headers["Location"] = f"{request.url.path}/{record.id}"
    if record.state is TakingState.QUEUED:
        response.status_code = 202
    return ImportOut.of(record, waits(session, [record], by=by))


@router.get("/imports")
def list_imports(
    session: DbSession,
    by: Annotated[Actor, may(Act.IMPORT)],
    page: Paging,
    state: Annotated[TakingState | None, Query()] = None,
) -> Page[ImportOut]:
    """Imports within the caller's scope, the newest first."""
    found = queries.imports(session, by, page, state=state)
    waiting = waits(session, found, by=by)
    return page_of(
        found, page, key=lambda each: each.id, show=lambda each: ImportOut.of(each, waiting)
    )


@router.get("/imports/{import_id}")
def read_import(
    session: DbSession, by: Annotated[Actor, may(Act.IMPORT)], import_id: UUID
) -> ImportOut:
    """How an import stands: place in the queue, state, rows done, counts by outcome, amount."""
    record = queries.one(session, import_id, by)
    return ImportOut.of(record, waits(session, [record], by=by))


@router.get("/imports/{import_id}/rows")
def list_rows(
    session: DbSession,
    by: Annotated[Actor, may(Act.IMPORT)],
    *,
    import_id: UUID,
    page: Paging,
    outcome: Annotated[RowOutcome | None, Query()] = None,
) -> Page[ImportRowOut]:
    """What became of each row, in the sheet's order."""
    record = queries.one(session, import_id, by)
    found = queries.rows(session, record, page, outcome=outcome)
    return page_of(found, page, key=lambda row: UUID(int=row.id or 0), show=ImportRowOut.of)


@router.get("/imports/{import_id}/sheet", response_class=Response)
def download_sheet(
    session: DbSession, by: Annotated[Actor, may(Act.IMPORT)], import_id: UUID
) -> Response:
    """The sheet as .xlsx with each row's outcome in words in its last column."""
    filename, data = service.annotated(session, import_id, by=by)
    return workbook(data, f"{filename.rpartition('.')[0] or filename}-处理结果.xlsx")
