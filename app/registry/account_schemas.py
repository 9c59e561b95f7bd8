"""What clients send about bank accounts, and what they see."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.core.asked import Asked, Flag
from app.registry.models import AccountKind, AccountState, BankAccount, HolderKind
from app.registry.schemas import Ids


class AccountOut(BaseModel):
    """A bank account; only the end of its number is shown."""

    id: UUID
    student_id: UUID
    school_id: UUID
    kind: AccountKind
    number: str
    bank_name: str | None
    holder: HolderKind
    holder_name: str
    name_as_at_bank: str | None
    relation: str | None
    reason: str | None
    state: AccountState
    replaces_id: UUID | None
    made_at: datetime
    made_by: UUID
    confirmed_by: UUID | None
    confirmed_at: datetime | None

    @classmethod
    def of(cls, account: BankAccount) -> "AccountOut":
        """The account as everybody with leave to read may see it."""
        shown = {name: getattr(account, name) for name in cls.model_fields if name != "number"}
        return cls(number="****" + account.number_tail, **shown)


class WaitingFilter(Asked):
    """Every account in scope that waits for confirmation, at one school or all."""

    school_id: UUID | None = None


class Expected(Asked):
    """What the caller has seen before."""

    count: Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


class PreviewIn(Asked):
    """Which accounts a confirmation by filter would take."""

    filter: WaitingFilter


class PreviewOut(BaseModel):
    """How many accounts wait, and how many of them the caller entered."""

    count: int
    own: int


class ConfirmIn(Asked):
    """Accounts to confirm: by ids, or by a filter with the count that was seen before."""

    ids: Ids | None = None
    filter: WaitingFilter | None = None
    expect: Expected | None = None
    skip_own: Flag = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_ids, by_filter = self.ids is not None, self.filter is not None
        if by_ids == by_filter or by_filter != (self.expect is not None):
            raise ValueError("give either ids, or filter together with expect")
        return self
