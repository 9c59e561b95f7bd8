"""Money that a student was paid and must give back, one line an instalment."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import enum_column, fen_column, moment_column, one_of


class RecoveryReason(StrEnum):
    """Why the money may not be kept."""

    FALSE_STATEMENT = "false_statement"
    LEFT = "left"
    PAID_TWICE = "paid_twice"
    DEATH = "death"


class RecoveryState(StrEnum):
    """Whether the money is still owed."""

    OPEN = "open"
    CAME_BACK = "came_back"  # the bank returned the payment by itself


class Recoverable(SQLModel, table=True):
    """A paid instalment that is owed back; the books hold it as recoverable while it is open."""

    __table_args__ = (
        one_of("reason", RecoveryReason),
        one_of("state", RecoveryState),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("ix_recoverable_student", "student_id"),
        Index("ix_recoverable_school", "school_id", "state"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    award_id: UUID = Field(foreign_key="award.id", index=True)
    instalment_id: UUID = Field(foreign_key="instalment.id", unique=True)
    amount_fen: int = fen_column()
    reason: RecoveryReason = enum_column(RecoveryReason)
    because: str = Field(max_length=500)
    state: RecoveryState = enum_column(RecoveryState)
    marked_by: UUID
    marked_at: datetime = moment_column()
    settled_at: datetime | None = moment_column(default=None, nullable=True)
