"""A school's own bank account, to which its allocations are paid."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    enum_column,
    moment_column,
    one_of,
)


class SchoolAccountState(StrEnum):
    """Whether a school's account may be paid to."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    REPLACED = "replaced"


class SchoolAccount(SQLModel, table=True):
    """Where a school's own money goes. A changed account is a new row until it is confirmed."""

    __tablename__ = "school_account"
    __table_args__ = (
        one_of("state", SchoolAccountState),
        Index("uq_school_account_confirmed", "school_id", unique=True,
              postgresql_where="state = 'confirmed'"),
        Index("uq_school_account_unconfirmed", "school_id", unique=True,
              postgresql_where="state = 'unconfirmed'"),
        Index("ix_school_account_number", "number_index"),
        CheckConstraint("confirmed_by IS DISTINCT FROM made_by", name="second_person"),
    )  # fmt: skip
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    number: bytes = bytes_column()
    number_index: bytes = bytes_column()
    number_tail: str = Field(max_length=4)
    bank_name: str = Field(max_length=80)
    holder_name: str = Field(max_length=120)
    state: SchoolAccountState = enum_column(SchoolAccountState)
    replaces_id: UUID | None = Field(default=None, foreign_key="school_account.id")
    made_at: datetime = moment_column()
    made_by: UUID
    confirmed_by: UUID | None = None
    confirmed_at: datetime | None = moment_column(default=None, nullable=True)
