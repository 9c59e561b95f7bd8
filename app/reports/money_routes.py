"""Doors that follow money, hand out evidence, and print rosters."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import attached, described, workbook
from app.core.media import XLSX, ZIP
from app.core.web import AidRoute
from app.reports import rosters
from app.reports.evidence import as_archive, evidence
from app.reports.following import Direction, follow
from app.reports.money_schemas import RevealIn, RosterOut, SchoolOfRunOut, WayOut
from app.reports.paper import page
from app.reports.schemas import NO_NUL

router = APIRouter(route_class=AidRoute, tags=["proof"])


# A path, for the code of a fund line has slashes in it.
Asked = Annotated[str, Path(max_length=120, pattern=NO_NUL)]


@router.get("/money/down/{asked:path}")
def follow_down(
    asked: Asked, session: DbSession, by: Annotated[Actor, may(Act.TRAIL_READ)]
) -> WayOut:
    """Where the money around an id or number went, to the bank's word."""
    return WayOut.of(asked, Direction.DOWN, follow(session, asked, Direction.DOWN, by=by))


@router.get("/money/up/{asked:path}")
def follow_up(
    asked: Asked, session: DbSession, by: Annotated[Actor, may(Act.TRAIL_READ)]
) -> WayOut:
    """Where the money around an id or number came from, and the clause that allowed it."""
    return WayOut.of(asked, Direction.UP, follow(session, asked, Direction.UP, by=by))


@router.get("/payouts/{payout_id}/evidence", responses=described("The bundle.", ZIP))
def show_evidence(
    payout_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.TRAIL_READ)]
) -> Response:
    """Everything behind a payout as one archive; numbers of people and accounts are masked."""
    return _archive(payout_id, as_archive(evidence(session, payout_id, by=by)))


@router.post("/payouts/{payout_id}/evidence", responses=described("The bundle.", ZIP))
def reveal_evidence(
    payout_id: UUID,
    asked: RevealIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.EVIDENCE_REVEAL)],
) -> Response:
    """The same with the payee's numbers in clear; the audit trail keeps who asked and why."""
    members = evidence(session, payout_id, by=by, reveal_because=asked.reason)
    return _archive(payout_id, as_archive(members))


@router.get("/runs/{run_id}/rosters")
def list_rosters(
    run_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.ROSTER_READ)]
) -> list[SchoolOfRunOut]:
    """The schools of a run within the caller's scope, each with a roster of its own."""
    return [SchoolOfRunOut.of(row) for row in rosters.schools(session, run_id, by=by)]


@router.get("/runs/{run_id}/rosters/{school_id}")
def show_roster(
    run_id: UUID,
    school_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.ROSTER_READ)],
) -> RosterOut:
    """Who of a school is in a run."""
    return RosterOut.of(rosters.roster(session, run_id, school_id, by=by))


@router.get("/runs/{run_id}/rosters/{school_id}/page", response_class=HTMLResponse)
def roster_page(
    run_id: UUID,
    school_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.ROSTER_READ)],
) -> HTMLResponse:
    """The roster to print, sign and seal; a subtotal a page."""
    found = rosters.roster(session, run_id, school_id, by=by)
    return page("roster.html", roster=found, heads=rosters.HEADS, title=rosters.TITLE)


@router.get("/runs/{run_id}/rosters/{school_id}/sheet", responses=described("The roster.", XLSX))
def roster_sheet(
    run_id: UUID,
    school_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.ROSTER_READ)],
) -> Response:
    """The roster as a workbook."""
    found = rosters.roster(session, run_id, school_id, by=by)
    return workbook(rosters.as_workbook(found), f"{found.run}-花名册.xlsx")


def _archive(payout_id: UUID, data: bytes) -> Response:
    headers = {**attached(f"{payout_id}.zip"), "Cache-Control": "no-store"}
    return Response(data, media_type=ZIP, headers=headers)
