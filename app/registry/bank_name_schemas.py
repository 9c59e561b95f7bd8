"""What clients send about the names a bank has of accounts, and what they see."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.core.asked import Asked
from app.registry.bank_name_models import BankNameProposal, ProposalState
from app.registry.schemas import IDS_MAX, Ids, Reason

BankName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\S+$")]


class NamedAccount(Asked):
    """An account and the name the bank has of it."""

    account_id: UUID
    name: BankName


class BankNamesIn(Asked):
    """Names as the bank has them, and how that is known."""

    names: Annotated[list[NamedAccount], Field(min_length=1, max_length=IDS_MAX)]
    reason: Reason

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.account_id for each in self.names}) < len(self.names):
            raise ValueError("an account is given twice")
        return self


class BankNameIdsIn(Asked):
    """Proposed names to confirm."""

    ids: Ids


class BankNameOut(BaseModel):
    """A name proposed for an account, and where it stands."""

    id: UUID
    account_id: UUID
    school_id: UUID
    name: str
    because: str
    state: ProposalState
    proposed_by: UUID
    proposed_at: datetime
    confirmed_by: UUID | None
    confirmed_at: datetime | None

    @classmethod
    def of(cls, proposal: BankNameProposal) -> "BankNameOut":
        """The name as shown."""
        return cls.model_validate(proposal, from_attributes=True)
