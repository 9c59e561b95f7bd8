"""The request to the treasury for a run's money: as data, as a page to sign, as a workbook."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import described, workbook
from app.core.media import XLSX
from app.core.web import AidRoute
from app.reports.paper import page
from app.reports.payment_request_schemas import PaymentRequestOut
from app.reports.payment_requests import as_workbook, payment_request, shown

router = APIRouter(route_class=AidRoute, tags=["disbursement"])


@router.get("/runs/{run_id}/payment-request")
def show_request(
    run_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.RUN_READ)]
) -> PaymentRequestOut:
    """What the treasury is asked to pay of a released run, per fund line, in figures and words."""
    return PaymentRequestOut.of(payment_request(session, run_id, by=by))


@router.get("/runs/{run_id}/payment-request/page", response_class=HTMLResponse)
def request_page(
    run_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.RUN_READ)]
) -> HTMLResponse:
    """The request to print, sign and seal."""
    return page("payment_request.html", **shown(payment_request(session, run_id, by=by)))


@router.get("/runs/{run_id}/payment-request/sheet", responses=described("The request.", XLSX))
def request_sheet(
    run_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.RUN_READ)]
) -> Response:
    """The request as a workbook."""
    request = payment_request(session, run_id, by=by)
    return workbook(as_workbook(request), f"{request.run}-支付申请.xlsx")
