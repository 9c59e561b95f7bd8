"""Doors of payout runs, bank files and holds."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.auth.guards import may
from app.auth.permissions import Act
from app.bank.catalogue import find_format
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import attached
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.disbursement import holds, queries, service
from app.disbursement.models import PayoutState, RunState
from app.disbursement.pay_register_schemas import PayRegisterOut
from app.disbursement.release import release
from app.disbursement.schemas import (
    AT_ONCE_MAX,
    BecauseIn,
    CancelledOut,
    CancelPayoutsIn,
    FileOut,
    HoldIn,
    HoldOut,
    LeftBehindOut,
    PayoutOut,
    RecheckedOut,
    ReleasedOut,
    RunDetailOut,
    RunIn,
    RunOut,
)

router = APIRouter(route_class=AidRoute, tags=["disbursement"])


@router.post("/runs", status_code=201)
def open_run(
    sent: RunIn, session: DbSession, by: Annotated[Actor, may(Act.RUN_OPEN)]
) -> RunDetailOut:
    """Opens a run of what is due; every pre-payment check runs, all failures are kept."""
    asked = service.RunAsked(
        programme=sent.programme,
        due_to=sent.due_to,
        bank_format=sent.wanted_format,
        holder_id=sent.holder_id,
        method=sent.method,
    )
    run = service.open_run(session, asked, by=by)
    return _detail(session, run.id, by)


@router.get("/runs")
def list_runs(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
    state: RunState | None = None,
    programme: Annotated[str | None, Query(max_length=40)] = None,
) -> Page[RunOut]:
    """Runs within the caller's scope."""
    rows = queries.runs(session, by, asked, state=state, programme=programme)
    return page_of(rows, asked, key=lambda run: run.id, show=RunOut.of)


@router.get("/runs/{run_id}")
def show_run(
    run_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.RUN_READ)]
) -> RunDetailOut:
    """A run with counts and sums by state and by finding."""
    return _detail(session, run_id, by)


@router.get("/runs/{run_id}/payouts")
def list_payouts(
    run_id: UUID,
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
    state: PayoutState | None = None,
) -> Page[PayoutOut]:
    """A run's payouts with every finding; accounts are masked."""
    queries.run_for(session, run_id, by)
    rows = queries.payouts(session, run_id, asked, state)
    return page_of(rows, asked, key=lambda row: row.id, show=PayoutOut.of)


@router.get("/runs/{run_id}/files")
def list_files_of_run(
    run_id: UUID,
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
) -> Page[FileOut]:
    """The bank files of a run."""
    queries.run_for(session, run_id, by)
    return page_of(
        queries.files(session, by, asked, run_id), asked, key=lambda file: file.id, show=FileOut.of
    )


@router.post("/runs/{run_id}/recheck")
def recheck(
    run_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.RUN_OPEN)]
) -> RecheckedOut:
    """Examines held payouts again; clean ones become ready."""
    queries.run_for(session, run_id, by)
    done = service.recheck(session, run_id, by=by)
    return RecheckedOut(examined=done.examined, ready=done.ready)


@router.post("/runs/{run_id}/release")
def release_run(
    run_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.RUN_RELEASE)]
) -> ReleasedOut:
    """Sends what is ready and writes bank files or pay registers; lists what is left behind."""
    queries.run_for(session, run_id, by)
    done = release(session, run_id, by=by)
    return ReleasedOut(
        run=RunOut.of(done.run),
        payouts=done.payouts,
        amount=done.amount_fen,
        files=[FileOut.of(file) for file in done.files],
        registers=[PayRegisterOut.of(one) for one in done.registers],
        below_minimum=done.below_minimum,
        left_behind_count=len(done.left_behind),
        left_behind=[LeftBehindOut.of(one) for one in done.left_behind[:AT_ONCE_MAX]],
    )


@router.post("/runs/{run_id}/cancel")
def cancel_run(
    run_id: UUID, sent: BecauseIn, session: DbSession, by: Annotated[Actor, may(Act.RUN_OPEN)]
) -> RunDetailOut:
    """Cancels a run before its release; its instalments are due again."""
    queries.run_for(session, run_id, by)
    service.cancel_run(session, run_id, by=by, because=sent.because)
    return _detail(session, run_id, by)


@router.post("/runs/{run_id}/payouts/cancel")
def cancel_payouts(
    run_id: UUID,
    sent: CancelPayoutsIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.RUN_OPEN)],
) -> CancelledOut:
    """Takes payouts out of a run before its release; their instalments are due again."""
    queries.run_for(session, run_id, by)
    count = service.cancel_payouts(session, run_id, sent.payout_ids, by=by, because=sent.because)
    return CancelledOut(cancelled=count)


@router.get("/files")
def list_files(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
) -> Page[FileOut]:
    """Bank files within the caller's scope."""
    return page_of(
        queries.files(session, by, asked), asked, key=lambda file: file.id, show=FileOut.of
    )


@router.get("/files/{file_id}/content", response_class=Response)
def download(
    file_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.FILE_DOWNLOAD)]
) -> Response:
    """The bytes of a bank file, the same every time; who took them is noted."""
    file, data = queries.content(session, file_id, by)
    name = f"{file.number}.{find_format(file.bank_format).extension}"
    return Response(
        data,
        media_type="application/octet-stream",
        headers={
            **attached(name),
            "Aid-Sha256": file.sha256.hex(),
            "Cache-Control": "no-store",
        },
    )


@router.post("/holds", status_code=201)
def place_hold(
    sent: HoldIn, session: DbSession, by: Annotated[Actor, may(Act.HOLD_PLACE)]
) -> HoldOut:
    """Stops a student's payments until the hold is lifted."""
    return HoldOut.of(holds.place(session, sent.student_id, because=sent.because, by=by))


@router.get("/holds")
def list_holds(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.HOLD_PLACE)],
    live: bool | None = None,
) -> Page[HoldOut]:
    """Holds within the caller's scope."""
    rows = queries.holds(session, by, asked, live=live)
    return page_of(rows, asked, key=lambda hold: hold.id, show=HoldOut.of)


@router.post("/holds/{hold_id}/lift")
def lift_hold(
    hold_id: UUID, sent: BecauseIn, session: DbSession, by: Annotated[Actor, may(Act.HOLD_PLACE)]
) -> HoldOut:
    """Lifts a hold; held payouts are examined again by a recheck."""
    return HoldOut.of(holds.lift(session, hold_id, because=sent.because, by=by))


def _detail(session: DbSession, run_id: UUID, by: Actor) -> RunDetailOut:
    run = queries.run_for(session, run_id, by)
    return RunDetailOut.of(
        run, queries.by_state(session, run_id), queries.by_finding(session, run_id)
    )
