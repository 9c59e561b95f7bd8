"""A resident id that was recorded wrong, and the one it is to be (证件号码更正)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import bytes_column, enum_column, moment_column, one_of


class CorrectionState(StrEnum):
    """Where a proposed correction stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    REPLACED = "replaced"  # another was proposed before anybody settled it


class ResidentIdCorrection(SQLModel, table=True):
    """The resident id of a student as a school says it is, and another person agrees or not.

    It belongs to the school that proposed it. Both numbers are sealed for this record; their
    indexes are those of `student`.
    """

    __tablename__ = "resident_id_correction"
    __table_args__ = (
        one_of("state", CorrectionState),
        CheckConstraint("settled_by IS DISTINCT FROM proposed_by", name="second_person"),
        CheckConstraint(
            "(state IN ('confirmed', 'refused')) = (settled_by IS NOT NULL)", name="settled_by_one"
        ),
        Index(
            "uq_resident_id_correction_open",
            "student_id",
            unique=True,
            postgresql_where="state = 'proposed'",
        ),
        Index(
            "uq_resident_id_correction_number",
            "resident_id_index",
            unique=True,
            postgresql_where="state = 'proposed'",
        ),
        Index("ix_resident_id_correction_student_id", "student_id"),
        Index("ix_resident_id_correction_school_id", "school_id"),
        Index("ix_resident_id_correction_county_id", "county_id"),
        Index("ix_resident_id_correction_document_id", "document_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    resident_id: bytes = bytes_column()
    resident_id_index: bytes = bytes_column()
    old_resident_id: bytes = bytes_column()
    old_resident_id_index: bytes = bytes_column()
    document_id: UUID = Field(foreign_key="document.id")
    because: str = Field(max_length=200)
    state: CorrectionState = enum_column(CorrectionState)
    proposed_by: UUID
    proposed_at: datetime = moment_column()
    settled_by: UUID | None = None
    settled_at: datetime | None = moment_column(default=None, nullable=True)
    settled_because: str | None = Field(default=None, max_length=200)
