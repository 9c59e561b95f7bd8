"""Reads public notices. A notice past its last day is not shown, taken down by then or not."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, select
from sqlmodel import Session, col

from app.core import clock
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.notices.errors import NoticeUnknown
from app.notices.models import Notice, NoticeLine, NoticeState


def shown(session: Session, number: str) -> Notice:
    """A notice that is shown today. Raises NoticeUnknown."""
    return _one(session, and_(col(Notice.number) == number, _is_shown()))


def notice(session: Session, notice_id: UUID) -> Notice:
    """A notice, shown or not. Raises NoticeUnknown."""
    return _one(session, col(Notice.id) == notice_id)


def notices(
    session: Session, asked: PageAsked, *, programme: str | None, period: str | None
) -> Sequence[Notice]:
    """One page of the notices shown today, by id."""
    query = select(Notice).where(_is_shown())
    if programme is not None:
        query = query.where(col(Notice.programme) == programme)
    if period is not None:
        query = query.where(col(Notice.period) == period)
    return session.execute(asked.cut(query, col(Notice.id))).scalars().all()


def lines(session: Session, notice_id: UUID, asked: PageAsked, *, by: Actor) -> Sequence[Row[Any]]:
    """One page of what a notice shows within scope: line_no, name, school_name, grade, class_name.

    The cursor is the line's number dressed as an id.
    """
    query = select(
        col(NoticeLine.line_no),
        col(NoticeLine.name),
        col(NoticeLine.school_name),
        col(NoticeLine.grade),
        col(NoticeLine.class_name),
    ).where(col(NoticeLine.notice_id) == notice_id, visible(NoticeLine, by))
    return session.execute(asked.cut_lines(query, col(NoticeLine.line_no))).all()


def _one(session: Session, which: ColumnElement[bool]) -> Notice:
    found: Notice | None = session.execute(select(Notice).where(which)).scalar_one_or_none()
    if found is None:
        raise NoticeUnknown
    return found


def _is_shown() -> ColumnElement[bool]:
    return and_(col(Notice.state) == NoticeState.POSTED, col(Notice.shown_to) >= clock.office_day())
