"""Doors of signed registers: up by the school or finance, settled by another person."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response, UploadFile
from pydantic import Field, Json

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import attached
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.documents.scans import read_scan
from app.reconciliation import signed_register_queries as queries
from app.reconciliation import signed_registers
from app.reconciliation.signed_register_models import SignedState
from app.reconciliation.signed_register_schemas import (
    UNSIGNED_MAX,
    SendBackIn,
    SignedDetailOut,
    SignedRegisterOut,
    UnsignedIn,
)

REPEATED = 200

router = APIRouter(route_class=AidRoute, tags=["reconciliation"])

Listed = Annotated[list[UnsignedIn], Field(max_length=UNSIGNED_MAX)]


@router.post("/signed-registers", status_code=201, responses={REPEATED: {"model": SignedDetailOut}})
def upload(
    pay_register: Annotated[str, Form(min_length=1, max_length=40)],
    file: UploadFile,
    unsigned: Annotated[Json[Listed], Form()],
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.PAY_REGISTER_SIGN)],
) -> SignedDetailOut:
    """Takes in a register as signed, once: a repeat gets the first result (200).

    `unsigned` is a JSON list of `{payout, reason}`, empty where everybody signed.
    """
    taken = signed_registers.take_in(
        session,
        number=pay_register,
        scan=read_scan(file.file),
        unsigned=[one.told for one in unsigned],
        by=by,
    )
    if taken.repeated:
        response.status_code = REPEATED
    return _detail(session, taken.signed.id, by, repeated=taken.repeated)


@router.get("/signed-registers")
def list_signed_registers(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.PAY_REGISTER_READ)],
    state: SignedState | None = None,
) -> Page[SignedRegisterOut]:
    """Signed registers within the caller's scope; a school sees its own."""
    rows = queries.signed_registers(session, by, asked, state=state)
    return page_of(rows, asked, key=lambda row: row.id, show=SignedRegisterOut.of)


@router.get("/signed-registers/{signed_register_id}")
def show_signed_register(
    signed_register_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.PAY_REGISTER_READ)],
) -> SignedDetailOut:
    """A signed register and everybody who did not sign."""
    return _detail(session, signed_register_id, by)


@router.get("/signed-registers/{signed_register_id}/content", response_class=Response)
def download_scan(
    signed_register_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.PAY_REGISTER_READ)],
) -> Response:
    """The scan as it came; who took it is noted."""
    number, media_type, data = queries.scan(session, signed_register_id, by)
    return Response(
        data,
        media_type=media_type,
        headers={**attached(number), "Cache-Control": "no-store"},
    )


@router.post("/signed-registers/{signed_register_id}/confirm")
def confirm(
    signed_register_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.PAY_REGISTER_CONFIRM)],
) -> SignedDetailOut:
    """Pays who signed, fails who did not; another person than the uploader."""
    signed_registers.confirm(session, signed_register_id, by=by)
    return _detail(session, signed_register_id, by)


@router.post("/signed-registers/{signed_register_id}/send-back")
def send_back(
    signed_register_id: UUID,
    sent: SendBackIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.PAY_REGISTER_CONFIRM)],
) -> SignedDetailOut:
    """Sends an upload back with a reason; another may take its place, and no money moves."""
    signed_registers.send_back(session, signed_register_id, because=sent.because, by=by)
    return _detail(session, signed_register_id, by)


def _detail(
    session: DbSession, signed_id: UUID, by: Actor, *, repeated: bool = False
) -> SignedDetailOut:
    found = queries.one(session, signed_id, by)
    return SignedDetailOut.of(found, queries.unsigned(session, signed_id), repeated=repeated)
