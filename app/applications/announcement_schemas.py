"""What the doors of announcing and objecting take and answer."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.applications.announcement import Announcing, Confirmed
from app.applications.decision_schemas import IDS_MAX
from app.applications.models import Objection, ObjectionState
from app.applications.objections import Settlement
from app.applications.selection import CaseFilter
from app.core.asked import Asked
from app.core.clock import TERM_DAYS_MAX


class AnnouncementIn(Asked):
    """Which approved cases go into the notice, and for how many working days."""

    programme: Annotated[str, Field(max_length=40)]
    period: Annotated[str, Field(max_length=11)]
    county_id: UUID | None = None
    school_id: UUID | None = None
    ids: Annotated[list[UUID], Field(min_length=1, max_length=IDS_MAX)] | None = None
    working_days: Annotated[int, Field(strict=True, ge=1, le=TERM_DAYS_MAX)] | None = None

    def read(self) -> Announcing:
        """As the service takes it."""
        chosen = CaseFilter(
            programme=self.programme,
            period=self.period,
            county_id=self.county_id,
            school_id=self.school_id,
        )
        named = tuple(sorted(set(self.ids or ())))
        return Announcing(filter=chosen, ids=named, working_days=self.working_days)


class ConfirmedOut(BaseModel):
    """How many cases were confirmed, and which an open objection holds back."""

    confirmed: int
    held_back: list[str]

    @classmethod
    def of(cls, done: Confirmed) -> Self:
        """The reply for a confirmation."""
        return cls(confirmed=done.count, held_back=done.held_back)


class ObjectionIn(Asked):
    """Somebody's objection, to a case by number or id."""

    application_id: UUID | None = None
    number: Annotated[str, Field(max_length=40)] | None = None
    words: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.application_id is None) == (self.number is None):
            raise ValueError("give either application_id or number")
        return self


class SettlementIn(Asked):
    """How the objection is settled, and why."""

    verdict: Literal["uphold", "dismiss"]
    because: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]

    def read(self) -> Settlement:
        """As the service takes it."""
        return Settlement(uphold=self.verdict == "uphold", because=self.because.strip())


class ObjectionOut(BaseModel):
    """An objection and how it was settled."""

    id: UUID
    application_id: UUID
    notice_id: UUID
    raised_on: date
    words: str
    state: ObjectionState
    recorded_by: UUID
    settled_by: UUID | None
    settled_because: str | None
    settled_at: datetime | None

    @classmethod
    def of(cls, objection: Objection) -> Self:
        """The reply for an objection."""
        return cls(**objection.model_dump(include=set(cls.model_fields)))
