"""What may be spent: appropriation documents per fund line."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import enum_column, fen_column, moment_column, one_of


class AppropriationKind(StrEnum):
    """What a document does with the money."""

    ADVANCE = "advance"  # 提前下达
    THIS = "this"  # 本次下达
    RECALL = "recall"  # 收回


class FundLine(SQLModel, table=True):
    """A line of the budget (指标明细): fiscal year × programme × source × holder.

    `holder_id` is the city centre or one county centre; `county_id` repeats it for row security.
    """

    __tablename__ = "fund_line"
    __table_args__ = (
        Index("uq_fund_line_key", "fiscal_year", "programme", "source", "holder_id", unique=True),
        CheckConstraint("holder_id = county_id", name="holder_sees"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    code: str = Field(max_length=100, unique=True)
    fiscal_year: int
    programme: str = Field(max_length=40)
    source: str = Field(max_length=20)
    holder_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    made_at: datetime = moment_column()


class Appropriation(SQLModel, table=True):
    """One line of an appropriation document. Append-only."""

    __table_args__ = (
        one_of("kind", AppropriationKind),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("uq_appropriation_document", "document_number", "fund_line_id", "kind", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    document_number: str = Field(max_length=80)
    dated_on: date
    kind: AppropriationKind = enum_column(AppropriationKind)
    fund_line_id: UUID = Field(foreign_key="fund_line.id", index=True)
    county_id: UUID = Field(foreign_key="organisation.id")
    amount_fen: int = fen_column()
    scan_id: UUID | None = Field(default=None, foreign_key="document.id")
    recorded_by: UUID
    recorded_at: datetime = moment_column()
