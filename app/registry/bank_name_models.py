"""How the bank writes an account's holder, where that is not how we do."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import enum_column, moment_column, one_of


class ProposalState(StrEnum):
    """Where a proposed name stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REPLACED = "replaced"  # another was proposed before anybody confirmed it


class BankNameProposal(SQLModel, table=True):
    """The name the bank has of an account, as one person says and another confirms.

    Once confirmed it is the account's `name_as_at_bank`; the holder's real name stays beside it.
    """

    __tablename__ = "bank_name_proposal"
    __table_args__ = (
        one_of("state", ProposalState),
        CheckConstraint("confirmed_by IS DISTINCT FROM proposed_by", name="second_person"),
        CheckConstraint(
            "(state = 'confirmed') = (confirmed_by IS NOT NULL)", name="confirmed_by_one"
        ),
        Index(
            "uq_bank_name_proposal_open",
            "account_id",
            unique=True,
            postgresql_where="state = 'proposed'",
        ),
        Index("ix_bank_name_proposal_account_id", "account_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    account_id: UUID = Field(foreign_key="bank_account.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    name: str = Field(max_length=80)
    because: str = Field(max_length=200)
    state: ProposalState = enum_column(ProposalState)
    proposed_by: UUID
    proposed_at: datetime = moment_column()
    confirmed_by: UUID | None = None
    confirmed_at: datetime | None = moment_column(default=None, nullable=True)
