"""Doors of pay registers: what a school has its payees sign."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import attached, described
from app.core.media import XLSX
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.disbursement import pay_registers
from app.disbursement.pay_register_schemas import PayRegisterOut

router = APIRouter(route_class=AidRoute, tags=["disbursement"])


@router.get("/pay-registers")
def list_registers(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.PAY_REGISTER_READ)],
    run_id: UUID | None = None,
) -> Page[PayRegisterOut]:
    """Pay registers within the caller's scope, of one run or of all; a school sees its own."""
    rows = pay_registers.registers(session, by, asked, run_id=run_id)
    return page_of(rows, asked, key=lambda row: row.id, show=PayRegisterOut.of)


@router.get("/pay-registers/{pay_register_id}/content", responses=described("The register.", XLSX))
def download_register(
    pay_register_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.PAY_REGISTER_READ)]
) -> Response:
    """The register to print and sign, the same every time; who took it is noted."""
    found, data = pay_registers.content(session, pay_register_id, by)
    headers = {
        **attached(f"{found.number}.xlsx"),
        "Aid-Sha256": found.sha256.hex(),
        "Cache-Control": "no-store",
    }
    return Response(data, media_type=XLSX, headers=headers)
