"""What comes in and goes out at the doors of overrides, blackout days and staff's cards."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.asked import Asked
from app.core.days import Day
from app.disbursement.guard_models import Blackout, StaffAccount
from app.disbursement.models import PayeeCheck
from app.disbursement.schemas import AT_ONCE_MAX, Words


class OverrideIn(Asked):
    """Findings that a second person answers for in each of the payouts, and why."""

    payout_ids: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE_MAX)]
    findings: Annotated[list[PayeeCheck], Field(min_length=1, max_length=len(PayeeCheck))]
    because: Words


class OverriddenOut(BaseModel):
    """How many findings were overridden, and how many payouts are ready by it."""

    overridden: int
    ready: int


class BlackoutIn(Asked):
    """Days on which a holder's money is not sent; without a holder, the whole city's."""

    holder_id: UUID | None = None
    from_on: Day
    to_on: Day
    because: Words


class BlackoutOut(BaseModel):
    """Blackout days."""

    id: UUID
    holder_id: UUID | None
    from_on: date
    to_on: date
    reason: str
    set_by: UUID
    set_at: datetime
    cancelled_by: UUID | None
    cancelled_because: str | None
    cancelled_at: datetime | None

    @classmethod
    def of(cls, blackout: Blackout) -> Self:
        """The days as shown."""
        return cls(**blackout.model_dump(include=set(cls.model_fields)))


class StaffAccountIn(Asked):
    """A card of one of the staff: its digits, whose it is, why it is on the list."""

    number: Annotated[str, Field(min_length=1, max_length=25, pattern=r"^[0-9]+$")]
    holder_name: Annotated[str, Field(min_length=1, max_length=80)]
    reason: Words


class StaffAccountsIn(Asked):
    """Cards of a school's staff; what the register has is kept."""

    accounts: Annotated[list[StaffAccountIn], Field(min_length=1, max_length=AT_ONCE_MAX)]


class StaffAccountsAddedOut(BaseModel):
    """How many cards were given, and which of them are new."""

    given: int
    added: list[UUID]


class StaffAccountOut(BaseModel):
    """A card of one of the staff; of its number only the last four digits are known."""

    id: UUID
    school_id: UUID
    account: str
    holder_name: str
    reason: str
    made_by: UUID
    made_at: datetime
    removed_by: UUID | None
    removed_because: str | None
    removed_at: datetime | None

    @classmethod
    def of(cls, one: StaffAccount) -> Self:
        """The card as shown."""
        shown = one.model_dump(include=set(cls.model_fields))
        return cls(account="*" * 12 + one.number_tail, **shown)
