"""What a notice of refusal answers as JSON."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from app.policy.schemas import (
    CriterionExplainedOut,
    ResultChangeOut,
    WordsOut,
    criterion_explained_out,
    result_change_out,
    words,
)
from app.reports.refusals import Refusal


class HowToReviewOut(BaseModel):
    """How a family asks for a review, decided by another officer: upheld or changed."""

    ask_days: int
    ask_until: date
    holidays_known: bool
    ask_at: list[str]
    answer_days: int
    outcomes: list[str]


class RefusalOut(BaseModel):
    """A notice of refusal; the identity number is masked."""

    number: str
    application_id: UUID
    application_number: str
    student_name: str
    resident_id: str | None
    school: str
    grade: int
    class_name: str | None
    programme: WordsOut
    period: WordsOut
    rejected_on: date
    office: str
    reason: str
    unmet: list[CriterionExplainedOut]
    no_amount: bool
    would_help: list[ResultChangeOut]
    review: HowToReviewOut

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        """The reply for a notice."""
        subject, rejection = refusal.subject, refusal.rejection
        return cls(
            number=refusal.number,
            application_id=subject.application_id,
            application_number=subject.number,
            student_name=subject.student_name,
            resident_id=subject.masked_id,
            school=subject.school,
            grade=subject.grade,
            class_name=subject.class_name,
            programme=words(refusal.programme),
            period=words(refusal.period),
            rejected_on=rejection.on,
            office=refusal.office.zh,
            reason=rejection.reason,
            unmet=[criterion_explained_out(each) for each in refusal.unmet],
            no_amount=refusal.no_amount,
            would_help=[result_change_out(each) for each in refusal.would_help],
            review=HowToReviewOut(
                ask_days=refusal.ask_days,
                ask_until=rejection.ask_until,
                holidays_known=rejection.holidays_known,
                ask_at=[subject.school, refusal.office.zh],
                answer_days=refusal.answer_days,
                outcomes=["upheld", "changed"],
            ),
        )
