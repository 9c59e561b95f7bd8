"""Signed registers (签领册回执): a pay register as it came back, and who did not sign it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import bytes_column, enum_column, moment_column, one_of


class SignedState(StrEnum):
    """Where a signed register stands."""

    UPLOADED = "uploaded"  # 待复核: the money is in transit still
    CONFIRMED = "confirmed"  # 已复核: who signed is paid, who did not has failed
    SENT_BACK = "sent_back"  # 已退回: another upload may take its place


class SignedRegister(SQLModel, table=True):
    """The scan of a pay register with its signatures; another person confirms it."""

    __tablename__ = "signed_register"
    __table_args__ = (
        one_of("state", SignedState),
        CheckConstraint("(state = 'uploaded') = (settled_by IS NULL)", name="settled_by_one"),
        CheckConstraint("(state = 'sent_back') = (because IS NOT NULL)", name="sent_back_why"),
        CheckConstraint("state <> 'confirmed' OR settled_by <> uploaded_by", name="second_person"),
        Index(
            "uq_signed_register_live",
            "pay_register_id",
            unique=True,
            postgresql_where="state <> 'sent_back'",
        ),
        Index("ix_signed_register_school_id", "school_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    pay_register_id: UUID = Field(foreign_key="pay_register.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    document_id: UUID = Field(foreign_key="document.id")
    sha256: bytes = bytes_column()
    state: SignedState = enum_column(SignedState)
    uploaded_by: UUID
    uploaded_at: datetime = moment_column()
    settled_by: UUID | None = None
    because: str | None = Field(default=None, max_length=200)
    settled_at: datetime | None = moment_column(default=None, nullable=True)


class UnsignedLine(SQLModel, table=True):
    """A payout of a signed register that nobody signed for, and why. Append-only."""

    __tablename__ = "unsigned_line"
    __table_args__ = (Index("ix_unsigned_line_payout", "payout_id"),)
    signed_register_id: UUID = Field(foreign_key="signed_register.id", primary_key=True)
    payout_id: UUID = Field(foreign_key="payout.id", primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    reason: str = Field(max_length=120)
