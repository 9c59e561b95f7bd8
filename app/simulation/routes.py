"""Asks what other rules would do; nothing is written."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.core import problems
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.web import AidRoute
from app.simulation.pages import Tongue, workbook
from app.simulation.schemas import SimulationIn, SimulationOut, simulation_out
from app.simulation.service import SHEET_NAMES_MAX, simulate

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX: {}}, "description": "The file"}}

router = APIRouter(route_class=AidRoute, tags=["simulations"])


@router.post("/simulations")
def run_simulation(
    wanted: SimulationIn, session: DbSession, by: Annotated[Actor, may(Act.SIMULATE)]
) -> SimulationOut:
    """Who would gain, lose or change under other rules, and what it would cost."""
    return simulation_out(simulate(session, wanted.question(), by=by))


@router.post("/simulations.xlsx", response_class=Response, responses=FILE)
def simulation_sheet(
    request: Request,
    wanted: SimulationIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.SIMULATE)],
) -> Response:
    """The same as a workbook, with every name where names are asked for."""
    found = simulate(session, wanted.question(), by=by, names_max=SHEET_NAMES_MAX)
    if found.names:
        detail = {"period": found.asked.period, "count": len(found.names)}
        audit.note(session, by=by, did="simulation.names_exported", detail=detail)
    tongue: Tongue = "en" if problems.language(request) == "en" else "zh"
    name = quote(f"simulation-{found.asked.period}-{found.on}.xlsx")
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(workbook(found, tongue), media_type=XLSX, headers=headers)
