"""The centre's public notice (公示) of approved cases, and their confirmation after it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, exists, not_, select, update
from sqlmodel import Session, col

from app.applications import selection
from app.applications.announcement_errors import NothingToAnnounce, NoticeDaysTooFew
from app.applications.decision_errors import moved_away, moved_fault
from app.applications.models import Application, ApplicationState, Objection, ObjectionState
from app.applications.selection import CaseFilter
from app.audit import service as audit
from app.awards import service as awards
from app.core import clock
from app.core.actor import Actor
from app.core.staging import Rows, stage
from app.notices import queries as notice_queries
from app.notices import service as notices
from app.notices.errors import NoticeOpen
from app.notices.models import Notice
from app.notices.service import Posting
from app.policy import queries as policy
from app.policy.calendar import parse_period
from app.registry.models import School


@dataclass(frozen=True, kw_only=True)
class Announcing:
    """What is announced: approved cases by filter, or of those the named ones."""

    filter: CaseFilter
    ids: tuple[UUID, ...] = ()
    working_days: int | None = None


@dataclass(frozen=True)
class Confirmed:
    """How many cases were confirmed, and the numbers of those an open objection holds back."""

    count: int
    held_back: list[str]


def announce(session: Session, said: Announcing, *, by: Actor) -> Notice:
    """Posts the notice of approved cases for the programme's working days or more.

    Raises NoticeDaysTooFew, NothingToAnnounce, CaseUnknown, or CasesMoved listing named cases
    that are not approved or are of another programme or period.
    """
    programme = policy.programme(said.filter.programme)
    days = _days(said, programme.notice.centre_working_days)
    approved = said.filter.matches() & (col(Application.state) == ApplicationState.APPROVED)
    if said.ids:
        chosen = selection.lock_named(session, said.ids, by=by)
        _refuse_moved(session, select(chosen.c.id), approved)
    else:
        chosen = selection.lock(session, approved, by=by)
    if not session.execute(select(exists().where(chosen.c.id.is_not(None)))).scalar_one():
        raise NothingToAnnounce(
            "没有符合条件的已审批申请可公示。",
            "No approved case matches; there is none to announce.",
        )
    posting = Posting(
        programme=programme.code,
        period=said.filter.period,
        title=f"{parse_period(said.filter.period).zh}{programme.name.zh}公示",
        working_days=days,
    )
    notice = notices.post(session, posting, _lines(chosen), by=by)
    session.execute(
        update(Application)
        .where(col(Application.id) == chosen.c.id)
        .values(state=ApplicationState.ANNOUNCED, notice_id=notice.id)
        .execution_options(synchronize_session=False)
    )
    audit.note(
        session,
        by=by,
        did="application.announced",
        records=select(chosen.c.id),
        detail={"notice": notice.number, "count": notice.line_count},
    )
    return notice


def confirm(session: Session, notice_id: UUID, *, by: Actor) -> Confirmed:
    """Confirms the cases of a closed notice and grants their awards.

    Cases with an open objection stay announced and are listed; asked again after it is settled,
    the rest follows, and what is confirmed stays so. Raises NoticeUnknown, NoticeOpen.
    """
    notice = notice_queries.notice(session, notice_id)
    if notice.shown_to >= clock.office_day():
        raise NoticeOpen(notice.number, notice.shown_to)
    announced = and_(
        col(Application.notice_id) == notice_id,
        col(Application.state) == ApplicationState.ANNOUNCED,
    )
    chosen = selection.lock(session, announced, by=by)
    disputed = exists().where(
        col(Objection.application_id) == Application.id,
        col(Objection.state) == ObjectionState.OPEN,
    )
    among = select(col(Application.id)).join(chosen, chosen.c.id == Application.id)
    free = stage(session, "confirming", among.where(not_(disputed)), ["id"])
    held_back = session.execute(
        select(col(Application.number))
        .join(chosen, chosen.c.id == Application.id)
        .where(disputed)
        .order_by(col(Application.number))
    ).scalars()
    confirmed: Any = session.execute(
        update(Application)
        .where(col(Application.id) == free.c.id)
        .values(state=ApplicationState.CONFIRMED)
        .execution_options(synchronize_session=False)
    )
    count = int(confirmed.rowcount)
    if count:
        awards.grant(session, select(free.c.id), by)
        audit.note(
            session,
            by=by,
            did="application.confirmed",
            records=select(free.c.id),
            detail={"notice": notice.number, "count": count},
        )
    return Confirmed(count, list(held_back))


def _days(said: Announcing, needed: int) -> int:
    days = needed if said.working_days is None else said.working_days
    if days < needed:
        raise NoticeDaysTooFew(
            f"该项目的公示至少 {needed} 个工作日，现为 {days} 个。",
            f"The programme asks for a notice of {needed} working days; this one has {days}.",
            facts={"working_days": days, "working_days_needed": needed},
        )
    return days


def _lines(chosen: Table) -> Rows:
    """What the notice may show of each case, and whose line it is."""
    return (
        select(
            col(Application.id),
            col(Application.school_id),
            col(Application.county_id),
            col(Application.student_name),
            col(School.name),
            col(Application.grade),
            col(Application.class_name),
        )
        .join(chosen, chosen.c.id == Application.id)
        .join(School, col(School.id) == Application.school_id)
    )


def _refuse_moved(session: Session, chosen: selection.Ids, fits: selection.Condition) -> None:
    others = session.execute(
        select(col(Application.number), col(Application.state), col(Application.step))
        .where(col(Application.id).in_(chosen), not_(fits))
        .order_by(col(Application.number))
    ).all()
    if others:
        raise moved_away([moved_fault(*row) for row in others])
