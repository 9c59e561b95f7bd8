"""What the doors of reviews take and answer."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.applications.models import Review, ReviewState
from app.applications.reviews import Asking, Finding
from app.core import clock
from app.core.asked import Asked


class ReviewIn(Asked):
    """Who of the family asks for the review, and in what words."""

    asked_by_name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]
    relation: Annotated[str, Field(min_length=1, max_length=20, pattern=r"\S", examples=["母亲"])]
    words: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]

    def read(self) -> Asking:
        """As the service takes it."""
        return Asking(
            asked_by_name=self.asked_by_name.strip(),
            relation=self.relation.strip(),
            words=self.words.strip(),
        )


class FindingIn(Asked):
    """Whether the rejection stands, and why. `changed` opens the case again, for the school."""

    outcome: Literal["upheld", "changed"]
    because: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]

    def read(self) -> Finding:
        """As the service takes it."""
        return Finding(change=self.outcome == "changed", because=self.because.strip())


class ReviewOut(BaseModel):
    """A review; `overdue` where it is still open after the day it was due."""

    id: UUID
    application_id: UUID
    submission_no: int
    asked_on: date
    asked_by_name: str
    relation: str
    words: str
    recorded_by: UUID
    due_on: date
    overdue: bool
    state: ReviewState
    decided_by: UUID | None
    decided_because: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, review: Review) -> Self:
        """The reply for a review."""
        late = review.state is ReviewState.OPEN and review.due_on < clock.office_day()
        return cls(**review.model_dump(include=set(cls.model_fields)), overdue=late)
