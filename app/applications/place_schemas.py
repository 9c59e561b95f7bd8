"""What the doors of the waiting list take and answer."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.applications.place_models import PlaceEntry, PlaceReason, PlaceState
from app.core.asked import Asked
from app.policy.schemas import WordsOut


class PassIn(Asked):
    """Why a case gives its turn up."""

    because: Annotated[str, Field(min_length=2, max_length=200, pattern=r"\S")]


class PlaceOut(BaseModel):
    """A case on a waiting list: its place in the ranking and the reason as recorded."""

    id: UUID
    application_id: UUID
    round_id: UUID
    school_id: UUID
    state: PlaceState
    rank: int
    reason: PlaceReason
    words: WordsOut
    made_at: datetime
    offered_at: datetime | None
    settled_at: datetime | None
    settled_because: str | None

    @classmethod
    def of(cls, entry: PlaceEntry) -> Self:
        """The reply for an entry."""
        return cls(
            id=entry.id,
            application_id=entry.application_id,
            round_id=entry.round_id,
            school_id=entry.school_id,
            state=entry.state,
            rank=entry.rank,
            reason=entry.reason,
            words=WordsOut(zh=entry.reason_zh, en=entry.reason_en),
            made_at=entry.made_at,
            offered_at=entry.offered_at,
            settled_at=entry.settled_at,
            settled_because=entry.settled_because,
        )


class PlaceListedOut(PlaceOut):
    """A case on a waiting list, with its number."""

    number: str

    @classmethod
    def numbered(cls, entry: PlaceEntry, number: str) -> Self:
        """The reply for an entry and its case's number."""
        return cls(**PlaceOut.of(entry).model_dump(), number=number)
