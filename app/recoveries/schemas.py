"""What the door of recoverable money shows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from app.core.money import YuanOut
from app.recoveries.models import Recoverable, RecoveryReason, RecoveryState


class RecoverableOut(BaseModel):
    """A paid instalment that is owed back, why, and whether it still is."""

    id: UUID
    student_id: UUID
    school_id: UUID
    school_name: str
    county_id: UUID
    award_id: UUID
    instalment_id: UUID
    amount: YuanOut
    settled: YuanOut
    reason: RecoveryReason
    because: str
    state: RecoveryState
    marked_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> Self:
        """The reply for (recoverable, school's name)."""
        owed: Recoverable = row[0]
        told = owed.model_dump(include=set(cls.model_fields))
        return cls(**told, amount=owed.amount_fen, settled=owed.settled_fen, school_name=row[1])
