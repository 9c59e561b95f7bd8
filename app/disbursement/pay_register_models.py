"""Pay registers (签领册): what a school's payees sign when they are paid in hand."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, Index, SQLModel

from app.core import ids
from app.core.columns import bytes_column, enum_column, fen_column, moment_column, one_of
from app.disbursement.models import PayoutMethod


class PayRegister(SQLModel, table=True):
    """A school's register of a released run as it left: bytes in `document`. Append-only."""

    __tablename__ = "pay_register"
    __table_args__ = (
        one_of("method", PayoutMethod),
        Index("uq_pay_register_school", "run_id", "school_id", "county_id", unique=True),
        Index("ix_pay_register_school_id", "school_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    number: str = Field(max_length=40, unique=True)
    run_id: UUID = Field(foreign_key="payout_run.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    method: PayoutMethod = enum_column(PayoutMethod)
    document_id: UUID = Field(foreign_key="document.id")
    sha256: bytes = bytes_column()
    line_count: int
    amount_fen: int = fen_column()
    made_at: datetime = moment_column()
