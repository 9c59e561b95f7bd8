"""School rolls: up, how they stand, the rows not taken."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response, UploadFile

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import clock
from app.core.actor import Actor
from app.core.days import Day
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry.schemas import SchoolYear
from app.rolls import jobs, queries, service
from app.rolls.schemas import RollOut, RollRefusalOut
from app.rolls.service import Upload
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError

router = APIRouter(route_class=AidRoute, tags=["rolls"])


@router.post("/rolls", status_code=201, responses={202: {"model": RollOut}})
def upload_roll(
    request: Request,
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.STUDENT_WRITE)],
    *,
    school_year: Annotated[SchoolYear, Form()],
    file: UploadFile,
    entered_on: Annotated[Day | None, Form()] = None,
    on_error: Annotated[OnError, Form()] = OnError.REJECT,
    dry_run: Annotated[bool, Form()] = False,
) -> RollOut:
    """Takes a roll in at once (201) or, a large one, behind the door (202, see `Location`).

    `entered_on` is the day from which its new enrolments count, the office's day unless given.
    """
    sent = Upload(
        filename=file.filename or "",
        file=file.file,
        school_year=school_year,
        entered_on=entered_on or clock.office_day(),
        on_error=on_error,
        dry_run=dry_run,
    )
    roll = service.upload(session, sent, by=by)
    jobs.queue(session, roll, by=by)
    response.headers["Location"] = f"{request.url.path}/{roll.id}"
    if roll.state is TakingState.QUEUED:
        response.status_code = 202
    return RollOut.of(roll)


@router.get("/rolls")
def list_rolls(
    session: DbSession,
    by: Annotated[Actor, may(Act.STUDENT_WRITE)],
    page: Paging,
) -> Page[RollOut]:
    """The rolls handed in within the caller's scope, the newest first."""
    found = queries.rolls(session, by, page)
    return page_of(found, page, key=lambda each: each.id, show=RollOut.of)


@router.get("/rolls/{roll_id}")
def read_roll(
    session: DbSession, by: Annotated[Actor, may(Act.STUDENT_WRITE)], roll_id: UUID
) -> RollOut:
    """How a roll stands: rows done, and what became of them."""
    return RollOut.of(queries.one(session, roll_id, by))


@router.get("/rolls/{roll_id}/refusals")
def list_roll_refusals(
    session: DbSession,
    by: Annotated[Actor, may(Act.STUDENT_WRITE)],
    roll_id: UUID,
    page: Paging,
) -> Page[RollRefusalOut]:
    """Everything wrong with the rows not taken, in the file's order; of ten thousand rows."""
    roll = queries.one(session, roll_id, by)
    found = queries.refusals(session, roll, page)
    return page_of(found, page, key=lambda row: UUID(int=row.id or 0), show=RollRefusalOut.of)
