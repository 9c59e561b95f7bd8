"""The books. Transfers are append-only; balances stand on the account row beside them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core.columns import (
    bytes_column,
    count_column,
    enum_column,
    fen_column,
    identity_column,
    moment_column,
    one_of,
)


class AccountKind(StrEnum):
    """The places authority and, where a holder keeps it, cash can be, per fund line.

    Only the outside, treasury and cash_source, may stand below zero.
    """

    TREASURY = "treasury"
    AVAILABLE = "available"
    COMMITTED = "committed"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    RECOVERABLE = "recoverable"
    RETURNED_TO_TREASURY = "returned_to_treasury"
    WRITTEN_OFF = "written_off"
    CASH_SOURCE = "cash_source"  # the treasury's own account, where the cash comes from
    CASH = "cash"  # on the dedicated account, nothing sent yet
    CASH_SENT = "cash_sent"  # in a bank file, the bank has not said
    CASH_PAID = "cash_paid"


class TransferKind(StrEnum):
    """Why money moved."""

    APPROPRIATE = "appropriate"  # treasury → available
    RECALL = "recall"  # available → treasury
    COMMIT = "commit"  # available → committed
    RELEASE_COMMITMENT = "release_commitment"  # committed → available
    SEND = "send"  # committed → in transit
    PAY = "pay"  # in transit → paid
    FAIL = "fail"  # in transit → committed
    RETURN = "return"  # paid → committed
    RECOVER = "recover"  # paid → recoverable
    UNDO_RECOVER = "undo_recover"  # recoverable → paid: the bank returned the payment itself
    REPAY = "repay"  # recoverable → available: the student gave it back
    WRITE_OFF = "write_off"  # recoverable → written off
    OFFSET = "offset"  # committed → paid: kept back for what the student owes
    LAPSE = "lapse"  # available → returned to treasury: the year is over
    RECEIVE_CASH = "receive_cash"  # cash source → cash: 资金到账
    HAND_BACK_CASH = "hand_back_cash"  # cash → cash source
    SEND_CASH = "send_cash"  # cash → cash sent, with SEND
    PAY_CASH = "pay_cash"  # cash sent → cash paid, with PAY
    FAIL_CASH = "fail_cash"  # cash sent → cash, with FAIL
    RETURN_CASH = "return_cash"  # cash paid → cash, with RETURN
    REPAY_CASH = "repay_cash"  # cash paid → cash, with REPAY
    OFFSET_CASH = "offset_cash"  # cash → cash paid, with OFFSET


class LedgerAccount(SQLModel, table=True):
    """One place of one fund line's money; the balance is credits less debits, in fen."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        one_of("kind", AccountKind),
        CheckConstraint("debits_fen >= 0 AND credits_fen >= 0", name="sums_not_negative"),
        CheckConstraint(
            "kind IN ('treasury', 'cash_source') OR credits_fen >= debits_fen",
            name="not_overdrawn",
        ),
    )
    code: str = Field(primary_key=True, max_length=120)
    fund_line: str = Field(max_length=100, index=True)
    kind: AccountKind = enum_column(AccountKind)
    debits_fen: int = fen_column()
    credits_fen: int = fen_column()


class LedgerTransfer(SQLModel, table=True):
    """One amount moved from the debit account to the credit account."""

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        one_of("kind", TransferKind),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
        Index("ix_ledger_transfer_refers_to", "refers_to"),
        Index("ix_ledger_transfer_batch", "batch"),
        Index("uq_ledger_transfer_once", "batch", "refers_to", "debit", "credit", unique=True),
        CheckConstraint("occurred_on <= office_day", name="posted_not_before"),
        CheckConstraint("corrects < id", name="corrects_earlier"),
        Index("ix_ledger_transfer_corrects", "corrects", postgresql_where="corrects IS NOT NULL"),
    )
    id: int | None = identity_column()
    debit: str = Field(max_length=120, foreign_key="ledger_account.code")
    credit: str = Field(max_length=120, foreign_key="ledger_account.code")
    amount_fen: int = fen_column()
    kind: TransferKind = enum_column(TransferKind)
    refers_to: UUID  # the appropriation, or the instalment, whose money it is
    batch: UUID  # the act that moved it: decision batch, run, return file
    office_day: date = Field(index=True)  # the day it is posted on: an open one
    occurred_on: date  # the day it belongs to, closed by then where it is earlier
    posted_at: datetime = moment_column()
    posted_by: UUID
    # The earlier transfer that this one takes back: what was paid and came back.
    corrects: int | None = count_column(
        default=None, nullable=True, foreign_key="ledger_transfer.id"
    )


class LedgerDay(SQLModel, table=True):
    """A closed day with its seal, chained to the one before. Append-only."""

    __tablename__ = "ledger_day"
    __table_args__ = (CheckConstraint("transfers >= 0", name="count_not_negative"),)
    day: date = Field(primary_key=True)
    transfers: int = count_column()
    amount_fen: int = fen_column()
    previous: bytes = bytes_column()
    sha256: bytes = bytes_column()
    signature: bytes | None = bytes_column(default=None, nullable=True)
    signed_by: str | None = Field(default=None, max_length=64)  # sha256 of the public key
    closed_by: UUID
    closed_at: datetime = moment_column()


class LedgerLeaf(SQLModel, table=True):
    """The digest of one transfer of a closed day, so that the very row is named. Append-only."""

    __tablename__ = "ledger_leaf"
    transfer_id: int = Field(sa_type=BigInteger, primary_key=True)
    day: date = Field(foreign_key="ledger_day.day", index=True)
    sha256: bytes = bytes_column()
