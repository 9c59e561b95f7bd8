"""What the bank said: return files, their lines, and the worklist they leave."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    count_column,
    enum_column,
    fen_column,
    identity_column,
    moment_column,
    one_of,
)


class ReturnKind(StrEnum):
    """Whether the bank answers a payment file or sends paid money back later."""

    REPLY = "reply"  # 回盘文件
    REVERSAL = "reversal"  # 退汇


class LineOutcome(StrEnum):
    """What one return line came to; each line ends in exactly one."""

    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    UNKNOWN = "unknown"
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"  # says what the books say already
    CONTRADICTS = "contradicts"  # says something the books cannot take
    UNMATCHED = "unmatched"


class WorkKind(StrEnum):
    """Why somebody must act; each kind's next steps stand in `actions`."""

    FAILED = "failed"
    RETURNED = "returned"
    UNKNOWN = "unknown"
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"
    CONTRADICTS = "contradicts"
    UNMATCHED = "unmatched"
    REPAYMENT = "repayment"  # a credit that may pay an open recoverable
    LATE = "late"  # sent, and no word for too many working days
    UNKNOWN_LONG = "unknown_long"  # unknown for too many working days


class WorkState(StrEnum):
    """Whether somebody still has to act."""

    OPEN = "open"
    DONE = "done"


class ReturnFile(SQLModel, table=True):
    """A file from the bank, taken in once for its payment file or account by sha256. Append-only.

    The answers to two payment files of the same bytes may be the same bytes too.
    """

    __tablename__ = "return_file"
    __table_args__ = (
        one_of("kind", ReturnKind),
        Index("uq_return_file_once", "payment_file_id", "sha256", unique=True),
        Index("uq_return_file_notice_once", "paying_account_id", "sha256", unique=True),
        CheckConstraint("num_nonnulls(payment_file_id, paying_account_id) = 1", name="about_one"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    kind: ReturnKind = enum_column(ReturnKind)
    payment_file_id: UUID | None = Field(default=None, foreign_key="payment_file.id")
    # Of a notice: money sent back to an account, whichever file it left in.
    paying_account_id: UUID | None = Field(default=None, foreign_key="paying_account.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    document_id: UUID = Field(foreign_key="document.id")
    sha256: bytes = bytes_column()
    line_count: int
    amount_fen: int = fen_column()
    received_by: UUID
    received_at: datetime = moment_column()


class ReturnLine(SQLModel, table=True):
    """One line of a return file and what it came to. Append-only."""

    __tablename__ = "return_line"
    __table_args__ = (
        one_of("outcome", LineOutcome),
        Index("uq_return_line_no", "return_file_id", "line_no", unique=True),
        Index("ix_return_line_payout", "payout_id"),
    )
    id: int | None = identity_column()
    return_file_id: UUID = Field(foreign_key="return_file.id")
    line_no: int
    payout_id: UUID | None = Field(default=None, foreign_key="payout.id")
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    outcome: LineOutcome = enum_column(LineOutcome)
    amount_fen: int = fen_column()
    reason_code: str | None = Field(default=None, max_length=40)
    reason: str | None = Field(default=None, max_length=120)


class WorkItem(SQLModel, table=True):
    """Something left to do: a line of the bank's, a signature missing, or a silence."""

    __tablename__ = "work_item"
    __table_args__ = (
        one_of("kind", WorkKind),
        one_of("state", WorkState),
        Index("ix_work_item_state", "state", "kind"),
        CheckConstraint(
            "num_nonnulls(return_line_id, statement_line_id, signed_register_id) = "
            "CASE WHEN kind IN ('late', 'unknown_long') THEN 0 ELSE 1 END",
            name="one_cause",
        ),
        CheckConstraint(
            "kind NOT IN ('late', 'unknown_long') OR payout_id IS NOT NULL", name="silent_payout"
        ),
        Index("uq_work_item_line", "return_line_id", unique=True),
        Index("uq_work_item_statement_line", "statement_line_id", unique=True),
        Index(
            "uq_work_item_silent",
            "payout_id",
            "kind",
            unique=True,
            postgresql_where="kind IN ('late', 'unknown_long') AND state = 'open'",
        ),
        Index(
            "uq_work_item_unsigned",
            "signed_register_id",
            "payout_id",
            unique=True,
            postgresql_where="signed_register_id IS NOT NULL",
        ),
        Index("ix_work_item_recoverable", "recoverable_id"),
        Index("ix_work_item_payout", "payout_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    kind: WorkKind = enum_column(WorkKind)
    return_line_id: int | None = count_column(
        default=None, nullable=True, foreign_key="return_line.id"
    )
    statement_line_id: int | None = count_column(
        default=None, nullable=True, foreign_key="statement_line.id"
    )
    signed_register_id: UUID | None = Field(default=None, foreign_key="signed_register.id")
    recoverable_id: UUID | None = Field(default=None, foreign_key="recoverable.id")
    payout_id: UUID | None = Field(default=None, foreign_key="payout.id")
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    reason: str | None = Field(default=None, max_length=120)
    state: WorkState = enum_column(WorkState)
    opened_at: datetime = moment_column()
    escalated_at: datetime | None = moment_column(default=None, nullable=True)
    done_by: UUID | None = None
    done_because: str | None = Field(default=None, max_length=200)
    done_at: datetime | None = moment_column(default=None, nullable=True)
