"""What guards the money before the file: overrides, staff's cards, blackout days."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import bytes_column, enum_column, moment_column, one_of
from app.disbursement.models import PayeeCheck


class PayoutOverride(SQLModel, table=True):
    """That a second person answers for one finding of one payout, and why. Append-only.

    It is bound to what was seen, by the finding's digest `facts`: when something else is seen, the
    account changed for instance, the finding is open again.
    """

    __tablename__ = "payout_override"
    __table_args__ = (
        one_of("finding", PayeeCheck),
        Index("uq_payout_override_once", "payout_id", "finding", "facts", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    payout_id: UUID = Field(foreign_key="payout.id")
    finding: PayeeCheck = enum_column(PayeeCheck)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    facts: str = Field(max_length=64)
    reason: str = Field(max_length=200)
    made_by: UUID
    made_at: datetime = moment_column()


class StaffAccount(SQLModel, table=True):
    """A card of one of a school's staff, which no student is paid to: its blind index alone."""

    __tablename__ = "staff_account"
    __table_args__ = (
        Index(
            "uq_staff_account_live",
            "school_id",
            "number_index",
            unique=True,
            postgresql_where="removed_at IS NULL",
        ),
        Index("ix_staff_account_number", "number_index"),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed_by_one"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    number_index: bytes = bytes_column()
    number_tail: str = Field(max_length=4)
    holder_name: str = Field(max_length=80)
    reason: str = Field(max_length=200)
    made_by: UUID
    made_at: datetime = moment_column()
    removed_by: UUID | None = None
    removed_because: str | None = Field(default=None, max_length=200)
    removed_at: datetime | None = moment_column(default=None, nullable=True)


class Blackout(SQLModel, table=True):
    """Days on which a holder's money is not sent, as when the treasury closes its year.

    Without a holder they are the whole city's.
    """

    __table_args__ = (
        CheckConstraint("from_on <= to_on", name="days_in_order"),
        CheckConstraint("(cancelled_at IS NULL) = (cancelled_by IS NULL)", name="cancelled_by_one"),
        Index("ix_blackout_live", "to_on", postgresql_where="cancelled_at IS NULL"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    holder_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    from_on: date
    to_on: date
    reason: str = Field(max_length=200)
    set_by: UUID
    set_at: datetime = moment_column()
    cancelled_by: UUID | None = None
    cancelled_because: str | None = Field(default=None, max_length=200)
    cancelled_at: datetime | None = moment_column(default=None, nullable=True)
