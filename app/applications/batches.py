"""A school's reporting batch (上报批次): filled in, endorsed by another person, handed up.

What is handed up is what the head saw: a case handed in after the endorsement stays with the
school until the batch is filled and endorsed again. When an officer returns a case, the batch
goes back to filling, and the case handed in again goes up with the next report.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.applications import places, queries, reporting, rounds, selection
from app.applications.batch_errors import (
    BatchEmpty,
    BatchExists,
    BatchFactsWrong,
    BatchMoved,
    HeadIsFiller,
    NoticeStillOpen,
    NoticeTooShort,
    NotZero,
    SchoolNotNamed,
)
from app.applications.errors import SchoolUnknown
from app.applications.models import (
    Application,
    ApplicationState,
    BatchState,
    ReportingBatch,
    Step,
    Submission,
)
from app.applications.queries import as_it_stands
from app.audit import service as audit
from app.core import clock, etags, ids
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.policy import queries as policy
from app.policy.catalogue import Programme
from app.registry.models import School
from app.registry.queries import school_visible

PANEL_MIN = 3


@dataclass(frozen=True, kw_only=True)
class Filling:
    """What the school records: the review panel and the days of its own notice."""

    panel: tuple[str, ...]
    panel_met_on: date
    notice_from: date
    notice_to: date


def fill(
    session: Session, filling: Filling, *, round_id: UUID, school_id: UUID | None, by: Actor
) -> ReportingBatch:
    """Starts a school's batch. Raises RoundUnknown, SchoolUnknown, BatchExists, BatchFactsWrong,
    NoticeTooShort.
    """
    round_ = queries.round_by_id(session, round_id)
    school = _school(session, school_id, by=by)
    check_filling(filling, policy.programme(round_.programme))
    made = ReportingBatch(
        round_id=round_id,
        school_id=school.id,
        county_id=school.county_id,
        state=BatchState.FILLING,
        filled_by=by.id,
        **_columns(filling),
    )
    _add(session, made)
    audit.note(session, by=by, did="batch.filled", records=[made.id])
    return made


def change(
    session: Session, batch_id: UUID, filling: Filling, *, seen: int, by: Actor
) -> ReportingBatch:
    """Fills a batch in anew; an endorsement falls, for it was of something else.

    A batch already handed up, or a zero report, opens again where the school has cases to hand up
    or the round is still open to it. Raises BatchUnknown, VersionStale, RoundClosed,
    BatchFactsWrong, NoticeTooShort.
    """
    batch = reporting.batch(session, batch_id, by=by, lock=True)
    etags.check(seen, batch.version)
    round_ = queries.round_by_id(session, batch.round_id)
    check_filling(filling, policy.programme(round_.programme))
    if batch.state is BatchState.REPORTED and not reporting.counts(session, batch).to_report:
        rounds.require_open(session, round_, [batch.school_id])
    batch.sqlmodel_update(_columns(filling))
    batch.state, batch.zero = BatchState.FILLING, False
    batch.filled_by, batch.endorsed_by, batch.endorsed_at = by.id, None, None
    batch.version += 1
    session.add(batch)
    audit.note(session, by=by, did="batch.filled", records=[batch.id])
    return batch


def endorse(session: Session, batch_id: UUID, *, by: Actor) -> ReportingBatch:
    """The head, or in the school's stead a second officer, stands for what was filled in.

    Where there are more cases than places, the waiting list is what the head signs. Raises
    BatchUnknown, BatchMoved, HeadIsFiller, NoticeStillOpen, BatchEmpty, AverageWrong.
    """
    batch = reporting.batch(session, batch_id, by=by, lock=True)
    if batch.state is not BatchState.FILLING or batch.notice_to is None:
        raise _moved(batch)
    if batch.filled_by == by.id:
        raise HeadIsFiller(
            "填报人不能自行审签，须由校长或另一名工作人员审签。",
            "Who filled the batch in cannot endorse it; the head or another officer must.",
        )
    if clock.office_day() < batch.notice_to:
        raise NoticeStillOpen(
            f"校内公示到 {batch.notice_to} 为止，期满后再审签。",
            f"The school's notice runs until {batch.notice_to}; endorse after it.",
            facts={"notice_to": batch.notice_to.isoformat()},
        )
    if not reporting.counts(session, batch).to_report:
        raise _empty()
    batch.state, batch.endorsed_by, batch.endorsed_at = BatchState.ENDORSED, by.id, clock.now()
    batch.version += 1
    session.add(batch)
    chosen = selection.lock(session, _endorsed(batch), by=by)
    round_ = queries.round_by_id(session, batch.round_id)
    places.fill_places(session, batch, round_, chosen=chosen, by=by)
    audit.note(session, by=by, did="batch.endorsed", records=[batch.id])
    return batch


def report(session: Session, batch_id: UUID, *, by: Actor) -> int:
    """Hands up every case that was with the school when the head endorsed; answers how many.

    Eligible and ineligible cases go to the first step of the approval path; drafts stay, and so
    do cases beyond the school's places, which wait. Raises BatchUnknown, BatchMoved, BatchEmpty,
    AverageWrong.
    """
    batch = reporting.batch(session, batch_id, by=by, lock=True)
    if batch.state is not BatchState.ENDORSED:
        raise _moved(batch)
    round_ = queries.round_by_id(session, batch.round_id)
    school = _school(session, batch.school_id, by=by)
    path = policy.programme(round_.programme).approval_path(school.run_by.value)
    now = clock.now()
    chosen = selection.lock(session, _endorsed(batch), by=by)
    waiting = places.fill_places(session, batch, round_, chosen=chosen, by=by)
    places.take_places(session, chosen, by=by)
    moved = session.execute(
        update(Application)
        .where(col(Application.id) == chosen.c.id)
        .values(state=ApplicationState.IN_REVIEW, step=Step(path[0]), reported_at=now)
        .returning(col(Application.id))
        .execution_options(synchronize_session=False)
    ).scalars()
    handed_up = list(moved)
    if not handed_up and not waiting:
        raise _empty()
    batch.state, batch.reported_by, batch.reported_at = BatchState.REPORTED, by.id, now
    batch.version += 1
    session.add(batch)
    audit.note(
        session,
        by=by,
        did="batch.reported",
        records=[batch.id, *handed_up],
        detail={"count": len(handed_up), "waiting": waiting},
    )
    return len(handed_up)


def report_zero(
    session: Session, *, round_id: UUID, school_id: UUID | None, by: Actor
) -> ReportingBatch:
    """The school says that nobody applies. Raises RoundUnknown, SchoolUnknown, NotZero,
    BatchExists.
    """
    queries.round_by_id(session, round_id)
    school = _school(session, school_id, by=by)
    cases = session.execute(
        select(func.count())
        .select_from(Application)
        .where(
            col(Application.school_id) == school.id,
            col(Application.round_id) == round_id,
            col(Application.state) != ApplicationState.WITHDRAWN,
        )
    ).scalar_one()
    if cases:
        raise NotZero(
            f"该校本轮有 {cases} 份申请，不能零报告；请撤回或上报这些申请。",
            f"The school has {cases} application(s) in this round, so it cannot report zero; "
            "withdraw them or hand them up.",
            facts={"cases": cases},
        )
    said: dict[str, Any] = {
        "state": BatchState.REPORTED,
        "zero": True,
        "filled_by": by.id,
        "endorsed_by": None,
        "endorsed_at": None,
        "reported_by": by.id,
        "reported_at": clock.now(),
    }
    place = {"round_id": round_id, "school_id": school.id, "county_id": school.county_id}
    # A batch begun and then emptied by withdrawals becomes the zero report.
    statement = (
        insert(ReportingBatch)
        .values(id=ids.new(), panel=[], version=1, **place, **said)
        .on_conflict_do_update(
            index_elements=["school_id", "round_id"],
            set_={**said, "version": col(ReportingBatch.version) + 1},
            where=col(ReportingBatch.state) != BatchState.REPORTED,
        )
        .returning(col(ReportingBatch.id))
    )
    added = session.execute(statement).scalar_one_or_none()
    if added is None:
        raise _exists()
    audit.note(session, by=by, did="batch.reported_zero", records=[added])
    return reporting.batch(session, added, by=by)


def check_filling(filling: Filling, programme: Programme) -> None:
    """Raises BatchFactsWrong with every fault, or NoticeTooShort with both figures."""
    faults: list[Fault] = []
    names = {name.strip() for name in filling.panel if name.strip()}
    if len(names) < PANEL_MIN or len(names) < len(filling.panel):
        zh = f"评审小组应至少有 {PANEL_MIN} 名不同的成员。"
        en = f"The panel has at least {PANEL_MIN} members, each named once."
        faults.append(Fault("panel_too_small", zh, en, "/panel"))
    if filling.panel_met_on > clock.office_day():
        zh, en = "评审会议日期晚于今天。", "The panel's meeting lies in the future."
        faults.append(Fault("panel_in_future", zh, en, "/panel_met_on"))
    if filling.notice_to < filling.notice_from:
        zh, en = "公示结束日早于开始日。", "The notice ends before it begins."
        faults.append(Fault("notice_backwards", zh, en, "/notice_to"))
    if faults:
        raise BatchFactsWrong(faults)
    if (filling.notice_to - filling.notice_from).days > clock.TERM_DAYS_MAX:
        zh, en = "公示时间超过一年。", "The notice is longer than a year."
        raise BatchFactsWrong([Fault("notice_too_long", zh, en, "/notice_to")])
    days = clock.working_days_between(filling.notice_from, filling.notice_to)
    needed = programme.notice.school_working_days
    if days < needed:
        raise NoticeTooShort(
            f"校内公示只有 {days} 个工作日，该项目要求至少 {needed} 个工作日。",
            f"The school's notice had {days} working day(s); the programme asks for {needed}.",
            facts={"working_days": days, "working_days_needed": needed},
        )


def _columns(filling: Filling) -> dict[str, Any]:
    return {
        "panel": [name.strip() for name in filling.panel],
        "panel_met_on": filling.panel_met_on,
        "notice_from": filling.notice_from,
        "notice_to": filling.notice_to,
    }


def _add(session: Session, batch: ReportingBatch) -> None:
    statement = insert(ReportingBatch).values(batch.model_dump()).on_conflict_do_nothing()
    added = session.execute(statement.returning(col(ReportingBatch.id))).one_or_none()
    if added is None:
        raise _exists()


def _exists() -> BatchExists:
    return BatchExists(
        "该校本轮已有上报批次；请在原批次上修改。",
        "The school has a batch in this round already; change that one.",
    )


def _school(session: Session, school_id: UUID | None, *, by: Actor) -> School:
    """The school that is acted for: the caller's own, or the one an office names."""
    if by.scope is Scope.SCHOOL and school_id in {None, by.school_id}:
        school_id = by.school_id
    elif school_id is None:
        raise SchoolNotNamed(
            "请用 school_id 指明代哪所学校填报。",
            "Name the school you act for in school_id.",
        )
    found: School | None = session.execute(
        select(School).where(col(School.id) == school_id, school_visible(by))
    ).scalar_one_or_none()
    if found is None:
        raise SchoolUnknown(
            "在您管理的范围内没有这所学校；请核对。",
            "There is no such school among those you act for; check it.",
        )
    return found


def _endorsed(batch: ReportingBatch) -> ColumnElement[bool]:
    """Cases with the school whose newest submission the head could see when endorsing."""
    newest = select(col(Submission.made_at)).where(as_it_stands()).scalar_subquery()
    return and_(
        col(Application.school_id) == batch.school_id,
        col(Application.round_id) == batch.round_id,
        col(Application.state) == ApplicationState.SUBMITTED,
        newest <= batch.endorsed_at,
    )


def _moved(batch: ReportingBatch) -> BatchMoved:
    words = {
        BatchState.FILLING: ("填报中", "being filled in"),
        BatchState.ENDORSED: ("已审签", "endorsed"),
        BatchState.REPORTED: ("已上报", "handed up"),
    }
    zh, en = words[batch.state]
    return BatchMoved(
        f"该批次现为“{zh}”，不能这样操作；顺序为填报、审签、上报。",
        f"The batch is {en}, so this cannot be done; the order is fill, endorse, report.",
        facts={"state": batch.state.value, "zero": batch.zero},
    )


def _empty() -> BatchEmpty:
    return BatchEmpty(
        "没有可上报的申请；草稿须先补齐信息，无人申请请用零报告。",
        "There is no case to hand up; complete the drafts first, or report zero if nobody applies.",
    )
