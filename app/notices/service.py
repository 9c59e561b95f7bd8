"""Posts public notices and takes them down; knows what is shown, not who asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid as UuidType
from sqlalchemy import any_, delete, func, insert, literal, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids, numbers
from app.core.actor import Actor
from app.core.staging import Rows
from app.notices.errors import NothingToShow
from app.notices.models import Notice, NoticeLine, NoticeState


@dataclass(frozen=True, kw_only=True)
class Posting:
    """What is to be shown, under which title, and for how many working days."""

    programme: str
    period: str
    title: str
    working_days: int


SHOWN = ("subject_id", "school_id", "county_id", "name", "school_name", "grade", "class_name")
"""The columns of `lines`, in order; only the last four are ever shown."""


def post(session: Session, posting: Posting, lines: Rows, *, by: Actor) -> Notice:
    """Posts a notice from today for whole working days after today.

    `lines` yields the columns of SHOWN. Raises NothingToShow where it yields no row.
    """
    today = clock.office_day()
    shown_to, known = clock.add_working_days(today, posting.working_days)
    place = numbers.take(session, f"notice-{today.year}")
    notice = Notice(
        number=f"N-{today.year}-{place:04d}",
        title=posting.title,
        programme=posting.programme,
        period=posting.period,
        shown_from=today,
        shown_to=shown_to,
        working_days=posting.working_days,
        holidays_known=known,
        line_count=0,
        state=NoticeState.POSTED,
        posted_by=by.id,
        posted_at=clock.now(),
    )
    session.add(notice)
    session.flush()  # the lines point at the notice
    notice.line_count = _write_lines(session, notice.id, lines)
    if not notice.line_count:
        raise NothingToShow(
            "没有可公示的申请；请核对筛选条件。",
            "There is nothing to show in the notice; check the filter.",
        )
    session.add(notice)
    session.flush()  # its count is read by whoever asks for it in this transaction
    audit.note(
        session,
        by=by,
        did="notice.posted",
        records=[notice.id],
        detail={"lines": notice.line_count, "shown_to": shown_to.isoformat()},
    )
    return notice


def strike(session: Session, subjects: Sequence[UUID]) -> int:
    """Deletes the lines of these subjects from every notice; answers how many."""
    among = literal(list(subjects), ARRAY(UuidType()))
    done: Any = session.execute(
        delete(NoticeLine)
        .where(col(NoticeLine.subject_id) == any_(among))
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def take_down_due(session: Session, day: date, *, by: Actor) -> int:
    """Takes down every notice whose last day lies before `day`; answers how many.

    The lines are deleted: what is no longer public is no longer kept here.
    """
    due = session.execute(
        update(Notice)
        .where(col(Notice.state) == NoticeState.POSTED, col(Notice.shown_to) < day)
        .values(state=NoticeState.TAKEN_DOWN, taken_down_at=clock.now())
        .returning(col(Notice.id))
        .execution_options(synchronize_session=False)
    )
    down = list(due.scalars())
    if not down:
        return 0
    session.execute(
        delete(NoticeLine)
        .where(col(NoticeLine.notice_id) == any_(literal(down, ARRAY(UuidType()))))
        .execution_options(synchronize_session=False)
    )
    audit.note(session, by=by, did="notice.taken_down", records=down)
    return len(down)


def _write_lines(session: Session, notice_id: UUID, lines: Rows) -> int:
    given = lines.subquery()
    columns = [column.label(name) for column, name in zip(given.c, SHOWN, strict=True)]
    shown = select(*columns).subquery()
    order = (shown.c.school_name, shown.c.grade, shown.c.class_name, shown.c.name)
    session.execute(
        insert(NoticeLine)
        .from_select(
            ["id", "notice_id", "line_no", *SHOWN],
            select(
                literal_column(ids.SQL_UUID7),
                literal(notice_id),
                func.row_number().over(order_by=[*order, shown.c.subject_id]),
                *(shown.c[name] for name in SHOWN),
            ),
        )
        .inline()
    )
    written = select(func.count()).where(col(NoticeLine.notice_id) == notice_id)
    return int(session.execute(written).scalar_one())
