"""What clients send about transfers and enrolment confirmations, and what they see."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.asked import Asked, Flag
from app.core.days import Day
from app.core.paging import Page
from app.registry.models import (
    AbsenceKind,
    Enrolment,
    EnrolmentConfirmation,
    Student,
    TransferRequest,
    TransferState,
)
from app.registry.schemas import ClassName, Grade, Name, Number, Reason, Remark, SchoolYear, Term

ABSENCES_MAX = 5000


class TransferIn(Asked):
    """A student who has come from another school; id and name must both fit."""

    resident_id: Number
    name: Name
    school_year: SchoolYear
    grade: Grade
    class_name: ClassName | None = None
    boards: Flag | None = None
    reason: Reason


class TransferOut(BaseModel):
    """A transfer; `school_id` asks, `from_school_id` has the student."""

    id: UUID
    student_id: UUID
    student_name: str
    school_id: UUID
    from_school_id: UUID
    school_year: str
    grade: int
    class_name: str | None
    boards: bool | None
    reason: str
    state: TransferState
    requested_by: UUID
    requested_at: datetime
    settled_by: UUID | None
    settled_at: datetime | None
    settled_because: str | None
    settled_on: date | None

    @classmethod
    def of(cls, transfer: TransferRequest) -> "TransferOut":
        """The transfer as both schools see it."""
        return cls.model_validate(transfer, from_attributes=True)


class EnrolledOut(BaseModel):
    """A student whom a confirmation would count as there."""

    student_id: UUID
    name: str
    grade: int | None
    class_name: str | None
    boards: bool | None
    entered_on: date

    @classmethod
    def of(cls, row: tuple[Student, Enrolment]) -> "EnrolledOut":
        """One line of the pre-filled list."""
        student, enrolment = row
        return cls(
            student_id=student.id,
            name=student.name,
            grade=enrolment.grade,
            class_name=enrolment.class_name,
            boards=enrolment.boards,
            entered_on=enrolment.entered_on,
        )


class DraftOut(BaseModel):
    """A confirmation filled in beforehand: everybody enrolled; only exceptions are marked."""

    term: str
    school_year: str
    students: int
    page: Page[EnrolledOut]


class AbsenceIn(Asked):
    """A student who is not there; `since` is the day it began."""

    student_id: UUID
    kind: AbsenceKind
    since: Day
    remark: Remark | None = None


class ConfirmationIn(Asked):
    """The school's word for a term; everybody who is not named is there."""

    term: Term
    absences: Annotated[list[AbsenceIn], Field(max_length=ABSENCES_MAX)]


class ConfirmationOut(BaseModel):
    """A school's word for a term."""

    id: UUID
    school_id: UUID
    term: str
    students: int
    absences: int
    made_by: UUID
    made_at: datetime

    @classmethod
    def of(cls, confirmation: EnrolmentConfirmation) -> "ConfirmationOut":
        """The confirmation as clients see it."""
        return cls.model_validate(confirmation, from_attributes=True)
