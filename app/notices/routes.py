"""Doors of public notices; the public's needs no log-in and shows only what is posted today."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import db
from app.core.actor import SYSTEM, Actor
from app.core.db import DbSession
from app.core.paging import Page, PageAsked, Paging, page_of
from app.core.web import AidRoute
from app.notices import queries
from app.notices.schemas import LineOut, NoticeOut, NoticePageOut

router = APIRouter(route_class=AidRoute, tags=["notices"])

Number = Annotated[str, Path(max_length=40)]


@router.get("/notices")
def list_notices(
    session: DbSession,
    by: Annotated[Actor, may(Act.NOTICE_READ)],
    asked: Paging,
    programme: Annotated[str | None, Query(max_length=40)] = None,
    period: Annotated[str | None, Query(max_length=11)] = None,
) -> Page[NoticeOut]:
    """The notices shown today."""
    del by
    found = queries.notices(session, asked, programme=programme, period=period)
    return page_of(found, asked, key=lambda each: each.id, show=NoticeOut.of)


@router.get("/notices/{number}")
def show_notice(
    number: Number,
    session: DbSession,
    by: Annotated[Actor, may(Act.NOTICE_READ)],
    asked: Paging,
) -> NoticePageOut:
    """A notice and its lines within the caller's scope."""
    return _page(session, number, asked, by=by)


@router.get("/public/notices/{number}")
def show_public_notice(number: Number, session: DbSession, asked: Paging) -> NoticePageOut:
    """A notice for everybody, while it is shown: name, school, grade and class."""
    db.enter(session, SYSTEM)
    return _page(session, number, asked, by=SYSTEM)


def _page(session: Session, number: str, asked: PageAsked, *, by: Actor) -> NoticePageOut:
    notice = queries.shown(session, number)
    page = page_of(
        queries.lines(session, notice.id, asked, by=by),
        asked,
        key=lambda row: UUID(int=row.line_no),
        show=LineOut.of,
    )
    return NoticePageOut(notice=NoticeOut.of(notice), items=page.items, next=page.next)
