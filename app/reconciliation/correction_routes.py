"""Doors of the sheet of accounts to correct, and of paying again what has been corrected."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Request, Response, UploadFile

from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.core import problems, settings
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import described, workbook
from app.core.media import XLSX
from app.core.web import AidRoute
from app.disbursement import queries as payments
from app.disbursement.schemas import RunDetailOut
from app.reconciliation import correction_queries as queries
from app.reconciliation import correction_sheet, corrections
from app.reconciliation.correction_schemas import CorrectedOut, ReissueReadyIn, ReissueReadyOut
from app.registry.queries import school_for

NONE_OPENED = 200

router = APIRouter(route_class=AidRoute, tags=["reconciliation"])


@router.get(
    "/worklist/sheet", response_class=Response, responses=described("The school's lines", XLSX)
)
def download(
    request: Request,
    session: DbSession,
    by: Annotated[Actor, may(Act.WORKLIST_READ)],
    school_id: UUID | None = None,
) -> Response:
    """A school's failed and returned payments as .xlsx, with empty columns for new accounts."""
    school = school_for(session, school_id, by)
    rows = queries.lines_of(session, school.id, by)
    days = settings.get().correction_working_days
    book = correction_sheet.write(rows, working_days=days, tongue=problems.language(request))
    detail = {"count": len(rows)}
    audit.note(session, by=by, did="worklist.exported", records=[school.id], detail=detail)
    return workbook(book, f"accounts-to-correct-{school.code}.xlsx")


@router.post("/worklist/sheet")
def hand_back(
    file: Annotated[UploadFile, File()],
    session: DbSession,
    by: Annotated[Actor, may(Act.ACCOUNT_WRITE)],
) -> CorrectedOut:
    """Enters the accounts filled in; one wrong cell stops the whole sheet."""
    done = corrections.take_sheet(
        session, filename=file.filename or "", data=file.file.read(), by=by
    )
    return CorrectedOut.of(done)


@router.post(
    "/worklist/reissue-ready",
    status_code=201,
    responses={NONE_OPENED: {"model": ReissueReadyOut}},
)
def reissue_ready(
    sent: ReissueReadyIn,
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.REISSUE)],
) -> ReissueReadyOut:
    """Opens a run a programme for everything corrected since (201), or only counts it (200)."""
    done = corrections.reissue_ready(
        session, bank_format=sent.bank_format, dry_run=sent.dry_run, by=by
    )
    if not done.runs:
        response.status_code = NONE_OPENED
    runs = [
        RunDetailOut.of(
            payments.run_for(session, run.id, by),
            payments.by_state(session, run.id),
            payments.by_finding(session, run.id),
        )
        for run in done.runs
    ]
    return ReissueReadyOut.of(done, runs)
