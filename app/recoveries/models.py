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
    SETTLED = "settled"  # repaid, offset or written off to the last fen


class SettlementKind(StrEnum):
    """How a part of what is owed was settled."""

    REPAID = "repaid"
    OFFSET = "offset"  # kept back from a later instalment
    WRITTEN_OFF = "written_off"


class WriteOffState(StrEnum):
    """Where the asking for a write-off stands."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"


class Recoverable(SQLModel, table=True):
    """A paid instalment that is owed back.

    While it is open the books hold as recoverable what is not settled of it.
    """

    __table_args__ = (
        one_of("reason", RecoveryReason),
        one_of("state", RecoveryState),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("settled_fen BETWEEN 0 AND amount_fen", name="settled_within"),
        CheckConstraint(
            "(state = 'settled') = (settled_fen = amount_fen)", name="settled_to_the_last"
        ),
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
    settled_fen: int = fen_column(default=0)
    reason: RecoveryReason = enum_column(RecoveryReason)
    because: str = Field(max_length=500)
    state: RecoveryState = enum_column(RecoveryState)
    marked_by: UUID
    marked_at: datetime = moment_column()
    settled_at: datetime | None = moment_column(default=None, nullable=True)


class RecoverySettlement(SQLModel, table=True):
    """A part of what is owed, settled: the fen from `from_fen` on of the amount. Append-only."""

    __tablename__ = "recovery_settlement"
    __table_args__ = (
        one_of("kind", SettlementKind),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("kind <> 'written_off' OR agreed_by IS NOT NULL", name="two_write_off"),
        CheckConstraint("agreed_by IS DISTINCT FROM made_by", name="second_person"),
        Index("uq_recovery_settlement_part", "recoverable_id", "from_fen", unique=True),
        Index("uq_recovery_settlement_reference", "recoverable_id", "reference", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    recoverable_id: UUID = Field(foreign_key="recoverable.id")
    student_id: UUID = Field(foreign_key="student.id", index=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    kind: SettlementKind = enum_column(SettlementKind)
    from_fen: int = fen_column()
    amount_fen: int = fen_column()
    reference: str = Field(max_length=80)  # the bank's voucher, the instalment, the write-off
    batch: UUID
    because: str = Field(max_length=500)
    made_by: UUID
    agreed_by: UUID | None = None
    made_at: datetime = moment_column()


class WriteOff(SQLModel, table=True):
    """What is left of a debt, asked to be written off by one person and agreed by another."""

    __tablename__ = "write_off"
    __table_args__ = (
        one_of("state", WriteOffState),
        CheckConstraint("answered_by IS DISTINCT FROM asked_by", name="second_person"),
        Index(
            "uq_write_off_asked", "recoverable_id", unique=True, postgresql_where="state = 'asked'"
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    recoverable_id: UUID = Field(foreign_key="recoverable.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    state: WriteOffState = enum_column(WriteOffState)
    because: str = Field(max_length=500)
    asked_by: UUID
    asked_at: datetime = moment_column()
    answered_by: UUID | None = None
    answered_because: str | None = Field(default=None, max_length=500)
    answered_at: datetime | None = moment_column(default=None, nullable=True)


class RecoveryAgreement(SQLModel, table=True):
    """How a student pays back what is owed; while it stands, new approvals are not stopped.

    `offset_basis_points` of each later instalment are kept back for it.
    """

    __tablename__ = "recovery_agreement"
    __table_args__ = (
        CheckConstraint("offset_basis_points BETWEEN 0 AND 10000", name="share_of_whole"),
        Index(
            "uq_recovery_agreement_live",
            "student_id",
            unique=True,
            postgresql_where="ended_at IS NULL",
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    offset_basis_points: int
    terms: str = Field(max_length=500)
    made_by: UUID
    made_at: datetime = moment_column()
    ended_by: UUID | None = None
    ended_because: str | None = Field(default=None, max_length=500)
    ended_at: datetime | None = moment_column(default=None, nullable=True)


class RecoveryBar(SQLModel, table=True):
    """That a student owes money and has not agreed how to pay it: nothing new is approved.

    Outside row security, and so without school, name or amount: a debt in another county bars too.
    """

    __tablename__ = "recovery_bar"
    student_id: UUID = Field(foreign_key="student.id", primary_key=True)
