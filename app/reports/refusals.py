"""The notice of a refusal: what was not met, what would change it, and how to ask for a review."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.applications import queries as applications
from app.applications import review_queries
from app.applications.models import ApplicationState, Step
from app.applications.queries import Case
from app.applications.reasons import explained
from app.applications.review_errors import NotRejected
from app.applications.review_queries import Rejection
from app.applications.reviews import ANSWER_DAYS
from app.auth.models import Organisation
from app.core import settings
from app.core.actor import Actor
from app.policy import queries as policy
from app.policy.calendar import parse_period
from app.policy.changes import ResultChange
from app.policy.engine import NO_AMOUNT
from app.policy.explanation import CriterionExplained
from app.policy.facts import Words
from app.registry import numbers
from app.registry.models import Student


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whose case it is, as a page may show it."""

    application_id: UUID
    number: str
    student_name: str
    masked_id: str | None
    school: str
    grade: int
    class_name: str | None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Everything that a notice of refusal says."""

    number: str
    subject: Subject
    programme: Words
    period: Words
    office: Words
    rejection: Rejection
    unmet: tuple[CriterionExplained, ...]
    no_amount: bool
    would_help: tuple[ResultChange, ...]
    ask_days: int
    answer_days: int


def refusal(session: Session, application_id: UUID, *, by: Actor) -> Refusal:
    """The notice of a rejected case. Raises CaseUnknown, and NotRejected for any other case."""
    found = applications.case(session, by, application_id)
    rejection = review_queries.rejection(session, found.case, by=by)
    if found.case.state is not ApplicationState.REJECTED or rejection is None:
        raise NotRejected(found.case)
    why = explained(session, found)
    helps = tuple(each for each in why.would_alter if each.result.eligible and not each.fixed)
    return Refusal(
        number=f"{found.case.number}-{found.case.submission_no}",
        subject=subject_of(session, found),
        programme=policy.programme(found.case.programme).name,
        period=period_words(found.case.period),
        office=_office(session, found, rejection.step),
        rejection=rejection,
        unmet=tuple(each for each in why.criteria if each.outcome == "not_met"),
        no_amount=NO_AMOUNT in why.failed,
        would_help=helps,
        ask_days=settings.get().review_ask_days,
        answer_days=ANSWER_DAYS,
    )


def subject_of(session: Session, found: Case) -> Subject:
    """Whose case it is; a student who left for another county has no number to show here."""
    case = found.case
    student = session.execute(
        select(Student).where(col(Student.id) == case.student_id)
    ).scalar_one_or_none()
    return Subject(
        application_id=case.id,
        number=case.number,
        student_name=case.student_name,
        masked_id=None if student is None else numbers.masked(student, "resident_id"),
        school=found.school_name,
        grade=case.grade,
        class_name=case.class_name,
    )


def period_words(period: str) -> Words:
    """A term or school year in both languages."""
    return Words(parse_period(period).zh, period)


def _office(session: Session, found: Case, step: Step) -> Words:
    if step is Step.CITY:
        name = settings.get().centre_name
    else:
        name = session.execute(
            select(col(Organisation.name)).where(col(Organisation.id) == found.case.county_id)
        ).scalar_one()
    return Words(name, name)
