"""What the doors of closed days show; amounts are yuan with two decimals."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from app.core.money import YuanOut
from app.ledger.models import LedgerDay


class DayOut(BaseModel):
    """A closed day and its seal; `previous` is the seal of the day closed before it."""

    day: date
    transfers: int
    amount: YuanOut
    previous: str
    sha256: str
    signed_by: str | None
    closed_by: UUID
    closed_at: datetime

    @classmethod
    def of(cls, closed: LedgerDay) -> Self:
        """The reply for a closed day."""
        return cls(
            day=closed.day,
            transfers=closed.transfers,
            amount=closed.amount_fen,
            previous=bytes(closed.previous).hex(),
            sha256=bytes(closed.sha256).hex(),
            signed_by=closed.signed_by,
            closed_by=closed.closed_by,
            closed_at=closed.closed_at,
        )


class DaysOut(BaseModel):
    """Closed days, the oldest first; `next` is the day to ask after, null at the end."""

    items: list[DayOut]
    next: date | None
