"""The promise: awards, their instalments, each instalment's shares of fund lines, and what a
student holds in a school year.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import enum_column, fen_column, moment_column, one_of


class AwardState(StrEnum):
    """How firm the promise is."""

    PROVISIONAL = "provisional"  # decided, money committed, notice still open
    GRANTED = "granted"  # the notice closed without an objection upheld
    CANCELLED = "cancelled"


class AwardOf(StrEnum):
    """What an award was made for: a student's application, or a school's allocation."""

    APPLICATION = "application"
    ALLOCATION = "allocation"


class InstalmentState(StrEnum):
    """Where one instalment stands; that it is due follows from `due_on` and the office day."""

    AWAITING_APPROPRIATION = "awaiting_appropriation"
    COMMITTED = "committed"
    IN_RUN = "in_run"
    PAID = "paid"
    OFFSET = "offset"  # kept back for what the student owes
    CANCELLED = "cancelled"


class Award(SQLModel, table=True):
    """What one application, or one school's allocation, was granted: fen for the whole period.

    An application's is paid to its student, an allocation's to the school.
    """

    __table_args__ = (
        one_of("state", AwardState),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint(
            "(application_id IS NULL) <> (allocation_id IS NULL) "
            "AND (application_id IS NULL) = (student_id IS NULL)",
            name="of_one",
        ),
        Index("ix_award_student", "student_id", "programme"),
        Index(
            "uq_award_entitlement",
            "student_id",
            "programme",
            "period",
            unique=True,
            postgresql_where="state <> 'cancelled'",
        ),
        Index("ix_award_school", "school_id", "programme", "period"),
        Index("ix_award_programme", "programme", "period", "state"),
        Index("ix_award_period", "period", "id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    application_id: UUID | None = Field(default=None, foreign_key="application.id", unique=True)
    allocation_id: UUID | None = Field(
        default=None, foreign_key="school_allocation.id", unique=True
    )
    student_id: UUID | None = Field(default=None, foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    programme: str = Field(max_length=40)
    period: str = Field(max_length=11)
    policy_version_id: UUID = Field(foreign_key="policy_version.id")
    hardship: int | None = None
    amount_fen: int = fen_column()
    state: AwardState = enum_column(AwardState)
    decision_batch_id: UUID
    made_at: datetime = moment_column()
    settled_at: datetime | None = moment_column(default=None, nullable=True)


class Instalment(SQLModel, table=True):
    """One part of an award, due on a day; its fiscal year is that day's calendar year."""

    __table_args__ = (
        one_of("state", InstalmentState),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("uq_instalment_seq", "award_id", "seq", unique=True),
        Index("ix_instalment_due", "state", "due_on"),
        Index("ix_instalment_school_state", "school_id", "state"),
        Index(
            "ix_instalment_supplement",
            "award_id",
            postgresql_where="supplement_version_id IS NOT NULL",
        ),
        Index("uq_instalment_replaces", "replaces_id", unique=True),
        Index("ix_instalment_split_of", "split_of_id", postgresql_where="split_of_id IS NOT NULL"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    award_id: UUID = Field(foreign_key="award.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    seq: int
    due_on: date
    fiscal_year: int
    amount_fen: int = fen_column()
    state: InstalmentState = enum_column(InstalmentState)
    # The later rate that a supplementary instalment (补发) brings the award up to.
    supplement_version_id: UUID | None = Field(default=None, foreign_key="policy_version.id")
    # The instalment of the old school that this one of the new school stands for, after a transfer.
    replaces_id: UUID | None = Field(default=None, foreign_key="instalment.id")
    # The instalment that was divided into this part and one that is kept back for a debt.
    split_of_id: UUID | None = Field(default=None, foreign_key="instalment.id")


class InstalmentShare(SQLModel, table=True):
    """How much of an instalment one fund line pays. Append-only."""

    __tablename__ = "instalment_share"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("ix_instalment_share_fund_line", "fund_line_id"),
    )
    instalment_id: UUID = Field(foreign_key="instalment.id", primary_key=True)
    fund_line_id: UUID = Field(foreign_key="fund_line.id", primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    amount_fen: int = fen_column()


class AwardHold(SQLModel, table=True):
    """That a student has a programme in a school year; the key is what nobody may have twice.

    Of two programmes that exclude one another the key is both codes, `a|b`; a programme with a
    yearly maximum is a key by itself, whose row is what promises wait for. Outside row security,
    and so without school, name or amount: another county's award excludes too.
    """

    __tablename__ = "award_hold"
    student_id: UUID = Field(foreign_key="student.id", primary_key=True)
    school_year: str = Field(max_length=9, primary_key=True)
    key: str = Field(max_length=81, primary_key=True)
    programme: str = Field(max_length=40)
