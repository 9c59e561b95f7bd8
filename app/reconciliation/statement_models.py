"""Bank statements taken in, and what each of their lines came to."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    enum_column,
    fen_column,
    identity_column,
    moment_column,
    one_of,
)


class StatementOutcome(StrEnum):
    """What one statement line came to; each line ends in exactly one."""

    PAID = "paid"  # settles a payout whose bank answers by statement alone
    RETURNED = "returned"
    AGREES = "agrees"  # the books say so already
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"
    CONTRADICTS = "contradicts"
    REPAYMENT = "repayment"  # the account and amount of one open recoverable
    UNMATCHED = "unmatched"


class LineDirection(StrEnum):
    """Whether the line takes money off the account or puts it on."""

    DEBIT = "debit"
    CREDIT = "credit"


class BankStatement(SQLModel, table=True):
    """A statement of a paying account, taken in once by sha256. Append-only."""

    __tablename__ = "bank_statement"
    __table_args__ = (
        Index("uq_bank_statement_once", "paying_account_id", "sha256", unique=True),
        Index("ix_bank_statement_last", "paying_account_id", "closed_on", "number"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    paying_account_id: UUID = Field(foreign_key="paying_account.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    document_id: UUID = Field(foreign_key="document.id")
    sha256: bytes = bytes_column()
    format: str = Field(max_length=40)
    number: int
    opened_on: date
    closed_on: date
    opening_fen: int = fen_column()
    closing_fen: int = fen_column()
    line_count: int
    debits_fen: int = fen_column()
    credits_fen: int = fen_column()
    received_by: UUID
    received_at: datetime = moment_column()


class StatementLine(SQLModel, table=True):
    """One line of a statement, and the payout, payment file or run it is about. Append-only."""

    __tablename__ = "statement_line"
    __table_args__ = (
        one_of("direction", LineDirection),
        one_of("outcome", StatementOutcome),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("num_nonnulls(payout_id, file_id, run_id) <= 1", name="about_one"),
        Index("uq_statement_line_no", "statement_id", "line_no", unique=True),
        Index(
            "uq_statement_line_sequence",
            "paying_account_id",
            "booked_on",
            "sequence",
            unique=True,
            postgresql_where="sequence IS NOT NULL",
        ),
        Index(
            "uq_statement_line_reference",
            "paying_account_id",
            "booked_on",
            "reference",
            "amount_fen",
            "direction",
            "counter_index",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where="sequence IS NULL AND reference IS NOT NULL",
        ),
        Index("ix_statement_line_payout", "payout_id"),
        Index("ix_statement_line_file", "file_id"),
        Index("ix_statement_line_run", "run_id"),
    )
    id: int | None = identity_column()
    statement_id: UUID = Field(foreign_key="bank_statement.id")
    paying_account_id: UUID = Field(foreign_key="paying_account.id")
    line_no: int
    booked_on: date
    sequence: str | None = Field(default=None, max_length=120)
    reference: str | None = Field(default=None, max_length=120)
    counter_index: bytes | None = bytes_column(default=None, nullable=True)
    counter_tail: str | None = Field(default=None, max_length=4)
    amount_fen: int = fen_column()
    direction: LineDirection = enum_column(LineDirection)
    is_return: bool
    said: str | None = Field(default=None, max_length=120)
    outcome: StatementOutcome = enum_column(StatementOutcome)
    payout_id: UUID | None = Field(default=None, foreign_key="payout.id")
    file_id: UUID | None = Field(default=None, foreign_key="payment_file.id")
    run_id: UUID | None = Field(default=None, foreign_key="payout_run.id")
    recoverable_id: UUID | None = Field(default=None, foreign_key="recoverable.id", index=True)
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
