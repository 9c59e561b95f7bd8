"""Objections (异议) to cases in the centre's notice: recorded, then settled by another officer."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from app.applications import freeing, selection
from app.applications.announcement_errors import (
    CaseNotInNotice,
    ObjectionSettled,
    ObjectionUnknown,
    SettlerDecided,
)
from app.applications.decision_errors import own_fault, standing
from app.applications.errors import CaseUnknown
from app.applications.models import Application, ApplicationState, Objection, ObjectionState
from app.audit import service as audit
from app.awards import service as awards
from app.core import clock, ids
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.notices import queries as notice_queries
from app.notices import service as notices
from app.notices.errors import NoticeOver


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """How an objection is settled, and why."""

    uphold: bool
    because: str


def object_to(session: Session, number: str, words: str, *, by: Actor) -> Objection:
    """Records an objection to a case in an open notice; the case waits until it is settled.

    Raises CaseUnknown, CaseNotInNotice, NoticeOver.
    """
    case = session.execute(
        select(Application)
        .where(visible(Application, by), col(Application.number) == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if case is None:
        raise CaseUnknown
    if case.state is not ApplicationState.ANNOUNCED or case.notice_id is None:
        zh, en = standing(case.state, case.step)
        raise CaseNotInNotice(
            f"{number} 现为“{zh}”，不在公示中，不能提出异议。",
            f"{number} is {en}; only a case in public notice can be objected to.",
            facts={"state": case.state.value},
        )
    notice = notice_queries.notice(session, case.notice_id)
    if notice.shown_to < clock.office_day():
        raise NoticeOver(notice.number, notice.shown_to)
    made = Objection(
        application_id=case.id,
        school_id=case.school_id,
        county_id=case.county_id,
        notice_id=notice.id,
        raised_on=clock.office_day(),
        words=words,
        recorded_by=by.id,
        state=ObjectionState.OPEN,
    )
    session.add(made)
    audit.note(session, by=by, did="objection.recorded", records=[made.id, case.id])
    return made


def settle(session: Session, objection_id: UUID, said: Settlement, *, by: Actor) -> Objection:
    """Upholds an objection, which rejects the case and releases its money, or dismisses it.

    An objection upheld settles the other open ones of the case with it. Raises ObjectionUnknown,
    ObjectionSettled, SettlerDecided.
    """
    found = _locked(session, objection_id, by=by)
    if found.state is not ObjectionState.OPEN:
        raise ObjectionSettled(
            "该异议已处理完毕。",
            "The objection is settled already.",
            facts={"state": found.state.value},
        )
    _refuse_decider(session, found, by=by)
    verdict = ObjectionState.UPHELD if said.uphold else ObjectionState.DISMISSED
    which = col(Objection.id) == found.id
    if said.uphold:
        which = (col(Objection.application_id) == found.application_id) & (
            col(Objection.state) == ObjectionState.OPEN
        )
    session.execute(
        update(Objection)
        .where(which)
        .values(
            state=verdict,
            settled_by=by.id,
            settled_because=said.because,
            settled_at=clock.now(),
        )
        .execution_options(synchronize_session=False)
    )
    if said.uphold:
        _reject(session, found.application_id, by=by, because=said.because)
    audit.note(
        session,
        by=by,
        did=f"objection.{verdict.value}",
        records=[found.id, found.application_id],
        because=said.because,
    )
    return _one(session, objection_id, by=by)


def objections(
    session: Session, asked: PageAsked, *, by: Actor, state: ObjectionState | None
) -> Sequence[Objection]:
    """One page of objections within scope, by id."""
    query = select(Objection).where(visible(Objection, by))
    if state is not None:
        query = query.where(col(Objection.state) == state)
    return session.execute(asked.cut(query, col(Objection.id))).scalars().all()


def number_of(session: Session, application_id: UUID, *, by: Actor) -> str:
    """The number of a case within scope. Raises CaseUnknown."""
    found: str | None = session.execute(
        select(col(Application.number)).where(
            col(Application.id) == application_id, visible(Application, by)
        )
    ).scalar_one_or_none()
    if found is None:
        raise CaseUnknown
    return found


def _locked(session: Session, objection_id: UUID, *, by: Actor) -> Objection:
    """The objection, once its case is locked: cases come first in the order of locks."""
    seen = _one(session, objection_id, by=by)
    selection.lock(session, col(Application.id) == seen.application_id, by=by)
    return _one(session, objection_id, by=by)


def _one(session: Session, objection_id: UUID, *, by: Actor) -> Objection:
    found: Objection | None = session.execute(
        select(Objection)
        .where(col(Objection.id) == objection_id, visible(Objection, by))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise ObjectionUnknown("没有找到该异议。", "There is no such objection; check its id.")
    return found


def _refuse_decider(session: Session, found: Objection, *, by: Actor) -> None:
    number = session.execute(
        select(col(Application.number)).where(
            col(Application.id) == found.application_id, selection.own(by)
        )
    ).scalar_one_or_none()
    if number is not None:
        raise SettlerDecided(
            f"{number} 由您本人录入或审核过，异议须由他人处理。",
            f"{number} was handed in or decided by you; somebody else must settle the objection.",
            faults=[own_fault(number)],
        )


def _reject(session: Session, application_id: UUID, *, by: Actor, because: str) -> None:
    """The case is over: rejected, out of the notice, its place and its money free again."""
    moved = session.execute(
        update(Application)
        .where(
            col(Application.id) == application_id,
            col(Application.state) == ApplicationState.ANNOUNCED,
        )
        .values(state=ApplicationState.REJECTED, rejected_on=clock.office_day())
        .returning(col(Application.id))
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if moved is None:
        raise CaseNotInNotice("该申请已不在公示中。", "The case is no longer in public notice.")
    case = select(col(Application.id)).where(col(Application.id) == application_id)
    freeing.offer_freed(session, case, by=by)
    notices.strike(session, [application_id])
    awards.cancel(
        session,
        case,
        batch=ids.new(),
        by=by,
        because=because,
    )
