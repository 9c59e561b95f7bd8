"""Asks what other rules would do; nothing is written."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.core import problems
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import described, workbook
from app.core.media import XLSX
from app.core.web import AidRoute
from app.simulation import pages
from app.simulation.schemas import SimulationIn, SimulationOut, simulation_out
from app.simulation.service import SHEET_NAMES_MAX, simulate

router = APIRouter(route_class=AidRoute, tags=["simulations"])


@router.post("/simulations")
def run_simulation(
    wanted: SimulationIn, session: DbSession, by: Annotated[Actor, may(Act.SIMULATE)]
) -> SimulationOut:
    """Who would gain, lose or change under other rules, and what it would cost."""
    return simulation_out(simulate(session, wanted.question(), by=by))


@router.post("/simulations.xlsx", response_class=Response, responses=described("The file", XLSX))
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
    book = pages.workbook(found, problems.language(request))
    return workbook(book, f"simulation-{found.asked.period}-{found.on}.xlsx")
