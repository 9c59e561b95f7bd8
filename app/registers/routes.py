"""Other departments' lists: up, how they stand, the rows not taken, the students they name."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response, UploadFile

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.days import Day
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registers import jobs, queries, service
from app.registers.models import Basis, RegisterKind, RegisterMatch
from app.registers.schemas import MatchedAgain, MatchOut, Office, RefusalOut, RegisterOut, Said
from app.registers.service import Upload
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError

router = APIRouter(route_class=AidRoute, tags=["registers"])


@router.post("/registers", status_code=201, responses={202: {"model": RegisterOut}})
def upload_register(
    request: Request,
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.REGISTER_LOAD)],
    *,
    kind: Annotated[RegisterKind, Form()],
    issued_by: Annotated[Office, Form()],
    as_of: Annotated[Day, Form()],
    basis: Annotated[Basis, Form()],
    file: UploadFile,
    basis_said: Annotated[Said, Form()] = "",
    on_error: Annotated[OnError, Form()] = OnError.ACCEPT_GOOD,
) -> RegisterOut:
    """Takes a list in and matches it at once (201) or, a large one, behind the door (202).

    `basis=duty` compares it with every pupil and names in `basis_said` the law or document that
    orders it; `basis=authorisation` with those alone whose family has signed.
    """
    sent = Upload(
        filename=file.filename or "",
        data=file.file.read(),
        kind=kind,
        issued_by=issued_by,
        as_of=as_of,
        basis=basis,
        basis_said=basis_said,
        on_error=on_error,
    )
    record = service.upload(session, sent, by=by)
    jobs.queue(session, record, by=by)
    response.headers["Location"] = f"{request.url.path}/{record.id}"
    if record.state is TakingState.QUEUED:
        response.status_code = 202
    return RegisterOut.of(record)


@router.get("/registers")
def list_registers(
    session: DbSession,
    by: Annotated[Actor, may(Act.REGISTER_READ)],
    page: Paging,
    kind: Annotated[RegisterKind | None, Query()] = None,
) -> Page[RegisterOut]:
    """The city's lists and the own county's, the newest first."""
    found = queries.registers(session, by, page, kind=kind)
    return page_of(found, page, key=lambda each: each.id, show=RegisterOut.of)


@router.get("/registers/{register_id}")
def read_register(
    session: DbSession, by: Annotated[Actor, may(Act.REGISTER_READ)], register_id: UUID
) -> RegisterOut:
    """How a list stands: rows done, kept and refused by reason, students matched."""
    return RegisterOut.of(queries.one(session, register_id, by))


@router.get("/registers/{register_id}/refusals")
def list_refusals(
    session: DbSession,
    by: Annotated[Actor, may(Act.REGISTER_READ)],
    register_id: UUID,
    page: Paging,
) -> Page[RefusalOut]:
    """The rows that were not taken and why, in the file's order; at most ten thousand are kept."""
    record = queries.one(session, register_id, by)
    found = queries.refusals(session, record, by, page)
    return page_of(found, page, key=lambda row: UUID(int=row.id or 0), show=RefusalOut.of)


@router.get("/registers/{register_id}/matches")
def list_matches(
    session: DbSession,
    by: Annotated[Actor, may(Act.REGISTER_READ)],
    register_id: UUID,
    page: Paging,
) -> Page[MatchOut]:
    """The students a list names, as far as they are in the caller's scope, by student."""
    record = queries.one(session, register_id, by)
    found = queries.matches(session, record, by, page)
    return page_of(found, page, key=_student_of, show=MatchOut.of)


@router.post("/registers/{register_id}/match")
def match_register(
    session: DbSession, by: Annotated[Actor, may(Act.REGISTER_LOAD)], register_id: UUID
) -> MatchedAgain:
    """Matches a list once more: with pupils who came since, and families who have signed since."""
    record, added = service.match_again(session, register_id, by=by)
    return MatchedAgain(added=added, **RegisterOut.of(record).model_dump())


def _student_of(row: object) -> UUID:
    match: RegisterMatch = row[0]  # type: ignore[index]
    return match.student_id
