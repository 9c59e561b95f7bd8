"""The office's own accounts, from which payments leave."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import bytes_column, moment_column


class PayingAccount(SQLModel, table=True):
    """An account of the city's or a county's centre; in use once a second person confirmed it."""

    __tablename__ = "paying_account"
    __table_args__ = (
        CheckConstraint("confirmed_by IS DISTINCT FROM made_by", name="second_person"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed_whole"),
        Index(
            "uq_paying_account_number",
            "number_index",
            unique=True,
            postgresql_where="retired_at IS NULL",
        ),
        Index("ix_paying_account_holder", "holder_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    holder_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")  # null: the city's
    number: bytes = bytes_column()
    number_index: bytes = bytes_column()
    number_tail: str = Field(max_length=4)
    account_name: str = Field(max_length=120)
    bank_name: str = Field(max_length=80)
    valid_from: date
    made_by: UUID
    made_at: datetime = moment_column()
    confirmed_by: UUID | None = None
    confirmed_at: datetime | None = moment_column(default=None, nullable=True)
    retired_at: datetime | None = moment_column(default=None, nullable=True)
