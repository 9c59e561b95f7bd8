"""Reviews (复核): a family asks that another officer look at a rejection, and one does.

A review never overrides a failed criterion. It upholds the rejection or opens the case again, for
the school to hand in with the facts corrected; then it goes the whole way once more.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, exists, select, update
from sqlmodel import Session, col

from app.applications import review_queries, selection
from app.applications.decision_record import reopen_batches
from app.applications.errors import CaseUnknown
from app.applications.models import Application, ApplicationState, Review, ReviewState, Step
from app.applications.review_errors import (
    AwardCancelled,
    CaseReplaced,
    NotRejected,
    ReviewAsked,
    ReviewDecided,
    ReviewerInvolved,
    ReviewNotYours,
    ReviewTooLate,
)
from app.applications.rules import OVER
from app.audit import service as audit
from app.awards.models import Award
from app.core import clock
from app.core.actor import Actor, Scope
from app.core.scoping import visible

ANSWER_DAYS = 3
"""Working days until a review is answered: what is customary here for objections."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who of the family asks, and in what words."""

    asked_by_name: str
    relation: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What another officer found: whether the rejection is changed, and why."""

    change: bool
    because: str


def ask_review(session: Session, application_id: UUID, asking: Asking, *, by: Actor) -> Review:
    """Records a family's request for a review of the rejection, while there is time.

    Raises CaseUnknown, NotRejected, ReviewTooLate, ReviewAsked, CaseReplaced.
    """
    case = session.execute(
        select(Application)
        .where(col(Application.id) == application_id, visible(Application, by))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if case is None:
        raise CaseUnknown
    _refuse_asking(session, case, by=by)
    asked_on = clock.office_day()
    made = Review(
        application_id=case.id,
        submission_no=case.submission_no,
        school_id=case.school_id,
        county_id=case.county_id,
        asked_on=asked_on,
        asked_by_name=asking.asked_by_name,
        relation=asking.relation,
        words=asking.words,
        recorded_by=by.id,
        due_on=clock.add_working_days(asked_on, ANSWER_DAYS)[0],
        state=ReviewState.OPEN,
    )
    session.add(made)
    audit.note(session, by=by, did="review.asked", records=[made.id, case.id])
    return made


def decide_review(session: Session, review_id: UUID, found: Finding, *, by: Actor) -> Review:
    """Upholds the rejection, or opens the case again for the school to hand in anew.

    Raises ReviewUnknown, ReviewDecided, ReviewerInvolved, ReviewNotYours and, where the rejection
    is changed, NotRejected, CaseReplaced, AwardCancelled.
    """
    seen = review_queries.review(session, review_id, by=by)
    # The case first: so is the order of locks.
    chosen = selection.lock(session, col(Application.id) == seen.application_id, by=by)
    asked = review_queries.review(session, review_id, by=by)
    if asked.state is not ReviewState.OPEN:
        raise ReviewDecided(asked)
    case = session.execute(
        select(Application)
        .where(col(Application.id) == asked.application_id)
        .execution_options(populate_existing=True)
    ).scalar_one()
    _refuse_involved(session, case, asked, by=by)
    if found.change:
        _reopen(session, case, chosen)
    state = ReviewState.CHANGED if found.change else ReviewState.UPHELD
    session.execute(
        update(Review)
        .where(col(Review.id) == review_id, col(Review.state) == ReviewState.OPEN)
        .values(
            state=state, decided_by=by.id, decided_because=found.because, decided_at=clock.now()
        )
        .execution_options(synchronize_session=False)
    )
    audit.note(
        session,
        by=by,
        did=f"review.{state.value}",
        records=[asked.id, case.id],
        because=found.because,
    )
    return review_queries.review(session, review_id, by=by)


def _refuse_asking(session: Session, case: Application, *, by: Actor) -> None:
    rejected = review_queries.rejection(session, case, by=by)
    if case.state is not ApplicationState.REJECTED or rejected is None:
        raise NotRejected(case)
    before = session.execute(
        select(Review).where(
            col(Review.application_id) == case.id,
            col(Review.submission_no) == case.submission_no,
        )
    ).scalar_one_or_none()
    if before is not None:
        raise ReviewAsked(case.number, before)
    if clock.office_day() > rejected.ask_until:
        raise ReviewTooLate(case.number, rejected.ask_until)
    _refuse_replaced(session, case)


def _refuse_involved(session: Session, case: Application, asked: Review, *, by: Actor) -> None:
    rejected = review_queries.rejection(session, case, by=by)
    own = select(exists().where(col(Application.id) == case.id, selection.own(by)))
    involved = {asked.recorded_by} | ({rejected.by} if rejected else set())
    if by.id in involved or session.execute(own).scalar_one():
        raise ReviewerInvolved(
            f"{case.number} 由您本人录入、审核或登记复核，须由另一名工作人员复核。",
            f"{case.number} was handed in, decided or recorded for review by you; another officer "
            "must review it.",
            facts={"number": case.number},
        )
    if by.scope is Scope.COUNTY and rejected is not None and rejected.step is Step.CITY:
        raise ReviewNotYours(
            f"{case.number} 由市级资助中心决定不予资助，须由市级资助中心另一名工作人员复核。",
            f"{case.number} was rejected by the city centre; another officer there reviews it.",
            facts={"number": case.number},
        )


def _reopen(session: Session, case: Application, chosen: Table) -> None:
    """The rejected case is with the school again; its batch must be endorsed anew."""
    _refuse_replaced(session, case)
    awarded = select(exists().where(col(Award.application_id) == case.id))
    if session.execute(awarded).scalar_one():
        raise AwardCancelled(
            f"{case.number} 的资助曾获批准、后因异议撤销，原申请不能重新打开；"
            "如应予资助，请由学校重新申报，并对本次复核维持原决定、注明新申请编号。",
            f"{case.number} had an award that was cancelled upon an objection and cannot be opened "
            "again; have the school apply anew and uphold this review, naming the new case.",
            facts={"number": case.number},
        )
    moved = session.execute(
        update(Application)
        .where(col(Application.id) == case.id, col(Application.state) == ApplicationState.REJECTED)
        .values(state=ApplicationState.RETURNED, rejected_on=None, reported_at=None)
        .returning(col(Application.id))
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if moved is None:
        raise NotRejected(case)
    reopen_batches(session, chosen)


def _refuse_replaced(session: Session, case: Application) -> None:
    newer = session.execute(
        select(col(Application.number)).where(
            col(Application.student_id) == case.student_id,
            col(Application.programme) == case.programme,
            col(Application.period) == case.period,
            col(Application.state).not_in(OVER),
        )
    ).scalar_one_or_none()
    if newer is not None:
        raise CaseReplaced(
            f"该学生本项目本期已另有申请 {newer}，{case.number} 不再复核；请办理 {newer}。",
            f"The student has a newer case for the same programme and period, {newer}; go on with "
            f"that one instead of {case.number}.",
            facts={"number": case.number, "newer": newer},
        )
