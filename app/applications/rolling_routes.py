"""Roll-forward over HTTP: a school's list of a new round, and its cases handed in."""

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.applications import queries, rolling_forward, rolling_queries, rolling_sheet
from app.applications.forms import refusals
from app.applications.models import Fate
from app.applications.rolling_schemas import (
    ForwardedOut,
    ForwardIn,
    LineOut,
    TakeIn,
    TakenOut,
    taken_line_out,
)
from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.core import problems
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import described, workbook
from app.core.media import XLSX
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry.queries import school_for

router = APIRouter(route_class=AidRoute, tags=["roll-forward"])
MayForward = Annotated[Actor, may(Act.ROLL_FORWARD)]
FILE = described("The list", XLSX)


@router.post("/rounds/{round_id}/roll-forward", status_code=201)
def roll_forward(
    round_id: UUID, asked: ForwardIn, session: DbSession, by: MayForward
) -> ForwardedOut:
    """Makes the school's list of the round from an earlier period, or brings it up to date."""
    round_ = queries.round_by_id(session, round_id)
    school = school_for(session, asked.school_id, by)
    forward = rolling_forward.forward_for(session, round_, asked.from_period, school)
    return ForwardedOut.of(rolling_forward.roll_forward(session, forward, by=by))


@router.get("/rounds/{round_id}/roll-forward")
def list_lines(
    *,
    round_id: UUID,
    session: DbSession,
    by: MayForward,
    asked: Paging,
    school_id: UUID | None = None,
    fate: Fate | None = None,
) -> Page[LineOut]:
    """The school's list: who goes on, is new, has gone or is to be checked, each with why."""
    queries.round_by_id(session, round_id)
    school = school_for(session, school_id, by)
    wanted = rolling_queries.lines(round_id, school.id, fate, by=by)
    return page_of(
        rolling_queries.page_of_lines(session, wanted, asked),
        asked,
        key=lambda row: row.RollForwardLine.id,
        show=lambda row: LineOut.of(
            row, rolling_sheet.masked(row.RollForwardLine, row.resident_id)
        ),
    )


@router.get("/rounds/{round_id}/roll-forward/sheet", response_class=Response, responses=FILE)
def download_lines(
    request: Request,
    round_id: UUID,
    session: DbSession,
    by: MayForward,
    school_id: UUID | None = None,
    fate: Fate | None = None,
) -> Response:
    """The same list as .xlsx to work from, resident ids masked."""
    queries.round_by_id(session, round_id)
    school = school_for(session, school_id, by)
    rows = session.execute(rolling_queries.lines(round_id, school.id, fate, by=by)).all()
    book = rolling_sheet.sheet_of(rows, school, problems.language(request))
    detail = {"count": len(rows), "fate": fate}
    audit.note(session, by=by, did="roll_forward.exported", records=[round_id], detail=detail)
    return workbook(book, f"roll-forward-{school.code}.xlsx")


@router.post("/rounds/{round_id}/roll-forward/take")
def take(round_id: UUID, asked: TakeIn, session: DbSession, by: MayForward) -> TakenOut:
    """Hands in the cases that go on, and those checked, as their records stand now."""
    round_ = queries.round_by_id(session, round_id)
    school = school_for(session, asked.school_id, by)
    taken = rolling_forward.take(session, round_, school, asked.choice(), by=by)
    results = [
        taken_line_out(index, draft, row, refusals(row)) for index, (draft, row) in enumerate(taken)
    ]
    return TakenOut(counts=Counter(each.outcome for each in results), results=results)
