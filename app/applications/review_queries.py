"""Reads rejections and their reviews within the caller's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.applications.models import (
    Application,
    ApplicationState,
    Decision,
    Objection,
    ObjectionState,
    Review,
    ReviewState,
    Step,
    Verdict,
)
from app.applications.queries import require_seen
from app.applications.review_errors import ReviewUnknown
from app.auth.models import Organisation, OrganisationKind, StaffMember
from app.core import clock, db, settings
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible, visible_class
from app.policy.calendar import school_year_of
from app.recognition.models import RecognitionRequest, RequestKind, RequestState


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """Who rejected a case as it stands, when and why, and until when a review may be asked for.

    `holidays_known`: whether the published calendar covers the days counted.
    """

    on: date
    by: UUID
    step: Step
    reason: str
    ask_until: date
    holidays_known: bool


def rejection(session: Session, case: Application, *, by: Actor) -> Rejection | None:
    """The rejection of the case's newest submission: an officer's, an objection upheld, or a
    recognition cancelled for a false statement.
    """
    decided = session.execute(
        select(Decision).where(
            col(Decision.application_id) == case.id,
            col(Decision.submission_no) == case.submission_no,
            col(Decision.verdict) == Verdict.REJECT,
        )
    ).scalar_one_or_none()
    if decided is not None:
        on = case.rejected_on or clock.day_of(decided.decided_at)
        return _rejection(on, decided.decided_by, decided.step, decided.reason)
    objection = session.execute(
        select(Objection)
        .where(
            col(Objection.application_id) == case.id,
            col(Objection.state) == ObjectionState.UPHELD,
        )
        .order_by(col(Objection.settled_at).desc())
        .limit(1)
    ).scalar_one_or_none()
    if objection is None or objection.settled_by is None or objection.settled_at is None:
        return _cancelled(session, case, by=by)
    on = case.rejected_on or clock.day_of(objection.settled_at)
    step = _step_of(session, objection.settled_by)
    return _rejection(on, objection.settled_by, step, objection.settled_because or "")


def _cancelled(session: Session, case: Application, *, by: Actor) -> Rejection | None:
    r = RecognitionRequest
    # The request stands where the student was when it was made, the case where it was handed in.
    with db.city_scope(session, by):
        found = session.execute(
            select(r)
            .where(
                col(r.student_id) == case.student_id,
                col(r.school_year) == school_year_of(case.period),
                col(r.kind) == RequestKind.CANCEL,
                col(r.state) == RequestState.CONFIRMED,
            )
            .order_by(col(r.settled_at).desc())
            .limit(1)
        ).scalar_one_or_none()
    if case.state is not ApplicationState.REJECTED or found is None:
        return None
    if found.settled_by is None or found.settled_at is None:
        return None
    on = case.rejected_on or clock.day_of(found.settled_at)
    step = _step_of(session, found.settled_by)
    return _rejection(on, found.settled_by, step, f"虚假承诺：{found.because}")


def _step_of(session: Session, officer: UUID) -> Step:
    """The level of the office where who rejected a case works."""
    kind = session.execute(
        select(col(Organisation.kind))
        .join(StaffMember, col(StaffMember.organisation_id) == Organisation.id)
        .where(col(StaffMember.id) == officer)
    ).scalar_one_or_none()
    return Step.COUNTY if kind is OrganisationKind.COUNTY_CENTRE else Step.CITY


def _rejection(on: date, by: UUID, step: Step, reason: str) -> Rejection:
    until, known = clock.add_working_days(on, settings.get().review_ask_days)
    return Rejection(on=on, by=by, step=step, reason=reason, ask_until=until, holidays_known=known)


def review(session: Session, review_id: UUID, *, by: Actor) -> Review:
    """A review as it stands now. Raises ReviewUnknown."""
    found: Review | None = session.execute(
        select(Review)
        .where(col(Review.id) == review_id, visible(Review, by))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise ReviewUnknown
    return found


def of_case(session: Session, application_id: UUID, *, by: Actor) -> Sequence[Review]:
    """Every review of a case, oldest first. Raises CaseUnknown outside the caller's scope."""
    require_seen(session, application_id, by=by)
    return (
        session.execute(
            select(Review)
            .where(col(Review.application_id) == application_id)
            .order_by(col(Review.id))
        )
        .scalars()
        .all()
    )


def reviews(
    session: Session, asked: PageAsked, *, by: Actor, state: ReviewState | None
) -> Sequence[Review]:
    """One page of the reviews within scope, in the order in which they were asked for."""
    query = (
        select(Review)
        .join(Application, col(Application.id) == Review.application_id)
        .where(visible_class(Application, by))
    )
    if state is not None:
        query = query.where(col(Review.state) == state)
    return session.execute(asked.cut(query, col(Review.id))).scalars().all()
