"""A school's allocation, the students it counts once each, and who is on two rolls."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import enum_column, fen_column, json_column, moment_column, one_of


class AllocationState(StrEnum):
    """Where an allocation stands."""

    COUNTED = "counted"
    APPROVED = "approved"  # the school's award is granted, where there is money in it
    CANCELLED = "cancelled"


class SchoolAllocation(SQLModel, table=True):
    """What a school is to be paid of a programme for a period: heads counted on one day × rate.

    `roll` is everybody on the roll that day, `head_count` those who are paid for; `asks` says of
    how many a fact is missing, by fact, and `asked` how many pupils that is. Without an amount
    the programme's rate is not known: the students are listed and nothing is paid.
    """

    __tablename__ = "school_allocation"
    __table_args__ = (
        one_of("state", AllocationState),
        CheckConstraint("amount_fen >= 0", name="amount_not_negative"),
        CheckConstraint("head_count >= 0", name="heads_not_negative"),
        CheckConstraint("decided_by IS DISTINCT FROM counted_by", name="second_person"),
        CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_when"
        ),
        Index(
            "uq_school_allocation_live",
            "school_id",
            "programme",
            "period",
            unique=True,
            postgresql_where="state <> 'cancelled'",
        ),
        Index("ix_school_allocation_period", "programme", "period"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    number: str = Field(max_length=40, unique=True)
    programme: str = Field(max_length=40)
    period: str = Field(max_length=11)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    policy_version_id: UUID = Field(foreign_key="policy_version.id")
    as_of: date
    roll: int
    head_count: int
    amount_fen: int | None = fen_column(default=None, nullable=True)
    asked: int
    asks: dict[str, int] = json_column()
    state: AllocationState = enum_column(AllocationState)
    supersedes: UUID | None = Field(default=None, foreign_key="school_allocation.id")
    counted_by: UUID
    counted_at: datetime = moment_column()
    decided_by: UUID | None = None
    decided_at: datetime | None = moment_column(default=None, nullable=True)
    cancelled_by: UUID | None = None
    cancelled_at: datetime | None = moment_column(default=None, nullable=True)
    because: str | None = Field(default=None, max_length=500)


class SchoolAllocationStudent(SQLModel, table=True):
    """A student whom an allocation counts, under the name of that day. Append-only."""

    __tablename__ = "school_allocation_student"
    __table_args__ = (Index("ix_school_allocation_student_student", "student_id"),)
    allocation_id: UUID = Field(foreign_key="school_allocation.id", primary_key=True)
    student_id: UUID = Field(foreign_key="student.id", primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    student_name: str = Field(max_length=80)
    amount_fen: int | None = fen_column(default=None, nullable=True)


class SchoolAllocationClaim(SQLModel, table=True):
    """Whose a student is in a programme and period: counted once; gone with its allocation."""

    __tablename__ = "school_allocation_claim"
    __table_args__ = (Index("ix_school_allocation_claim_allocation", "allocation_id"),)
    student_id: UUID = Field(foreign_key="student.id", primary_key=True)
    programme: str = Field(max_length=40, primary_key=True)
    period: str = Field(max_length=11, primary_key=True)
    allocation_id: UUID = Field(foreign_key="school_allocation.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")


class SchoolAllocationDouble(SQLModel, table=True):
    """A student of this allocation's school who is on another school's roll too. Append-only.

    `counted_here` says which of the two counted the student when this was noted.
    """

    __tablename__ = "school_allocation_double"
    allocation_id: UUID = Field(foreign_key="school_allocation.id", primary_key=True)
    student_id: UUID = Field(foreign_key="student.id", primary_key=True)
    other_school_id: UUID = Field(foreign_key="organisation.id", primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    student_name: str = Field(max_length=80)
    counted_here: bool
    noted_at: datetime = moment_column()
