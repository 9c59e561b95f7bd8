"""What clients send about a school's own accounts, and what they see."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.asked import Asked, Flag
from app.registry.schemas import BankName, SchoolName
from app.registry.school_models import SchoolAccount, SchoolAccountState


class SchoolAccountIn(Asked):
    """A school's account: its digits, the bank, and the holder's name as the bank has it.

    `shared_checked` enters a number that is a student's or another school's too, once looked at.
    """

    number: Annotated[str, Field(min_length=1, max_length=25, pattern=r"^[0-9]+$")]
    bank_name: BankName
    holder_name: SchoolName
    shared_checked: Flag = False


class SchoolAccountOut(BaseModel):
    """A school's account; only the end of its number is shown."""

    id: UUID
    school_id: UUID
    number: str
    bank_name: str
    holder_name: str
    state: SchoolAccountState
    replaces_id: UUID | None
    made_at: datetime
    made_by: UUID
    confirmed_by: UUID | None
    confirmed_at: datetime | None

    @classmethod
    def of(cls, account: SchoolAccount) -> Self:
        """The account as everybody with leave to read may see it."""
        shown = {name: getattr(account, name) for name in cls.model_fields if name != "number"}
        return cls(number="****" + account.number_tail, **shown)
