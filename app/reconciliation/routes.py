"""Doors of return files, the worklist, and payments made again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import clock, settings
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.disbursement import queries as payments
from app.disbursement.schemas import RunDetailOut
from app.reconciliation import bank_notices, queries, service
from app.reconciliation.models import LineOutcome, ReturnKind, WorkKind, WorkState
from app.reconciliation.rules import overdue_before
from app.reconciliation.schemas import (
    ReceivedOut,
    ReissueIn,
    ResolvedOut,
    ResolveIn,
    ReturnFileOut,
    ReturnLineOut,
    WorkItemOut,
)

REPEATED = 200

router = APIRouter(route_class=AidRoute, tags=["reconciliation"])


@router.post("/return-files", status_code=201, responses={REPEATED: {"model": ReceivedOut}})
def receive(
    payment_file: Annotated[str, Form(min_length=1, max_length=40)],
    kind: Annotated[ReturnKind, Form()],
    file: Annotated[UploadFile, File()],
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.RETURN_RECEIVE)],
) -> ReceivedOut:
    """Takes in the bank's file for a payment file, once: a repeat gets the first result (200)."""
    taken = service.receive(
        session, payment_file=payment_file, kind=kind, data=file.file.read(), by=by
    )
    if taken.repeated:
        response.status_code = REPEATED
    return _received(session, taken, by)


@router.post("/bank-notices", status_code=201, responses={REPEATED: {"model": ReceivedOut}})
def take_notice(
    paying_account: Annotated[UUID, Form()],
    file: Annotated[UploadFile, File()],
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.RETURN_RECEIVE)],
) -> ReceivedOut:
    """Takes in a bank's notice (camt.054) of payments sent back, once: a repeat gets the first."""
    taken = bank_notices.take_notice(
        session, account_id=paying_account, data=file.file.read(), by=by
    )
    if taken.repeated:
        response.status_code = REPEATED
    return _received(session, taken, by)


@router.get("/return-files")
def list_return_files(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
) -> Page[ReturnFileOut]:
    """Files from the bank within the caller's scope."""
    rows = queries.return_files(session, by, asked)
    return page_of(rows, asked, key=lambda row: row.id, show=ReturnFileOut.of)


@router.get("/return-files/{file_id}/lines")
def list_lines(
    file_id: UUID,
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
    outcome: LineOutcome | None = None,
) -> Page[ReturnLineOut]:
    """A file's lines and what each came to, in the order of the file."""
    file = queries.return_file(session, file_id, by)
    rows = queries.lines(session, file.id, asked, outcome)
    return page_of(rows, asked, key=lambda row: UUID(int=row.line_no), show=ReturnLineOut.of)


@router.get("/worklist")
def list_work(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.WORKLIST_READ)],
    kind: WorkKind | None = None,
    state: WorkState | None = None,
    school_id: UUID | None = None,
    *,
    overdue: bool = False,
    escalated: bool = False,
) -> Page[WorkItemOut]:
    """What the bank's word left to do; a school sees its own.

    `overdue` leaves what was to be corrected by yesterday, `escalated` what was handed up for it.
    """
    days = settings.get().correction_working_days
    sought = queries.WorkSought(
        kind=kind,
        state=state,
        school_id=school_id,
        overdue_before=overdue_before(clock.office_day(), days) if overdue else None,
        escalated=escalated,
    )
    rows = queries.worklist(session, by, asked, sought)
    return page_of(rows, asked, key=lambda row: row.id, show=WorkItemOut.of)


@router.post("/worklist/resolve")
def resolve(
    sent: ResolveIn, session: DbSession, by: Annotated[Actor, may(Act.WORKLIST_RESOLVE)]
) -> ResolvedOut:
    """Closes items with a reason; payouts and books stay as they are."""
    count = service.resolve(session, sent.ids, because=sent.because, by=by)
    return ResolvedOut(resolved=count)


@router.post("/payouts/reissue", status_code=201)
def reissue(
    sent: ReissueIn, session: DbSession, by: Annotated[Actor, may(Act.REISSUE)]
) -> RunDetailOut:
    """Opens a run that pays failed or returned payouts again, to the account confirmed by now.

    Or in hand, where policy allows it.
    """
    run = service.reissue(
        session, sent.payout_ids, bank_format=sent.wanted_format, by=by, method=sent.method
    )
    return RunDetailOut.of(
        payments.run_for(session, run.id, by),
        payments.by_state(session, run.id),
        payments.by_finding(session, run.id),
    )


def _received(session: DbSession, taken: service.Received, by: Actor) -> ReceivedOut:
    shown = queries.return_file(session, taken.file.id, by)
    tallies = queries.outcomes(session, taken.file.id)
    return ReceivedOut.of(shown, tallies, repeated=taken.repeated)
