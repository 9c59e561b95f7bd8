"""What clients send about resident ids recorded wrong, and what they see."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.core import identity
from app.core.asked import Asked
from app.registry import numbers
from app.registry.id_correction_models import CorrectionState, ResidentIdCorrection
from app.registry.schemas import Number, Reason

CORRECTIONS_MAX = 200

CorrectionIds = Annotated[list[UUID], Field(min_length=1, max_length=CORRECTIONS_MAX)]


class CorrectedStudent(Asked):
    """A student, the right number, and the scan that proves it."""

    student_id: UUID
    resident_id: Number
    document_id: UUID


class CorrectionsIn(Asked):
    """Resident ids that were recorded wrong, and how that came to be known."""

    corrections: Annotated[list[CorrectedStudent], Field(min_length=1, max_length=CORRECTIONS_MAX)]
    reason: Reason

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.student_id for each in self.corrections}) < len(self.corrections):
            raise ValueError("a student is given twice")
        return self


class CorrectionIdsIn(Asked):
    """Proposed corrections to confirm."""

    ids: CorrectionIds


class CorrectionsRefusedIn(CorrectionIdsIn):
    """Proposed corrections to refuse, and why."""

    reason: Reason


class CorrectionOut(BaseModel):
    """A proposed correction and where it stands; both numbers are masked.

    `birth_on` is the new number's.
    """

    id: UUID
    student_id: UUID
    school_id: UUID
    resident_id: str
    birth_on: date
    old_resident_id: str
    document_id: UUID
    because: str
    state: CorrectionState
    proposed_by: UUID
    proposed_at: datetime
    settled_by: UUID | None
    settled_at: datetime | None
    settled_because: str | None

    @classmethod
    def of(cls, correction: ResidentIdCorrection) -> "CorrectionOut":
        """The correction as shown."""
        number = numbers.corrected(correction, "resident_id")
        old = numbers.corrected(correction, "old_resident_id")
        told = correction.model_dump(exclude={"resident_id", "old_resident_id"})
        return cls.model_validate(
            {
                **told,
                "resident_id": identity.mask_id(number),
                "birth_on": identity.birth_date_of(number),
                "old_resident_id": identity.mask_id(old),
            }
        )
