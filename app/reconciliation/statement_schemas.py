"""What comes in and goes out at the doors of paying accounts and statements."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.core.asked import Asked
from app.core.money import YuanOut
from app.disbursement.paying_models import PayingAccount
from app.reconciliation.statement_models import (
    BankStatement,
    LineDirection,
    StatementLine,
    StatementOutcome,
)


class PayingAccountIn(Asked):
    """An account of the caller's office."""

    number: Annotated[str, Field(min_length=1, max_length=40)]
    account_name: Annotated[str, Field(min_length=1, max_length=120)]
    bank_name: Annotated[str, Field(min_length=1, max_length=80)]
    valid_from: date


class PayingAccountOut(BaseModel):
    """An account as shown: of its number only the last four digits."""

    id: UUID
    holder_id: UUID
    account: str
    account_name: str
    bank_name: str
    valid_from: date
    confirmed: bool

    @classmethod
    def of(cls, account: PayingAccount) -> Self:
        """The account as shown."""
        return cls(
            id=account.id,
            holder_id=account.holder_id,
            account="*" * 12 + account.number_tail,
            account_name=account.account_name,
            bank_name=account.bank_name,
            valid_from=account.valid_from,
            confirmed=account.confirmed_by is not None,
        )


class StatementOut(BaseModel):
    """A statement of a paying account."""

    id: UUID
    paying_account_id: UUID
    number: int
    opened_on: date
    closed_on: date
    opening: YuanOut
    closing: YuanOut
    line_count: int
    debits: YuanOut
    credits: YuanOut
    received_at: datetime

    @classmethod
    def of(cls, kept: BankStatement) -> Self:
        """The statement as shown."""
        return cls(**shown(kept))


class StatementOutcomeOut(BaseModel):
    """Lines of one outcome and direction."""

    outcome: StatementOutcome
    direction: LineDirection
    lines: int
    amount: YuanOut


class StatementDetailOut(StatementOut):
    """A statement with what its lines came to; counts and sums add up to the statement's."""

    outcomes: list[StatementOutcomeOut]

    @classmethod
    def with_outcomes(cls, kept: BankStatement, tallies: Sequence[Row[Any]]) -> Self:
        """The statement and its tallies."""
        told = [
            StatementOutcomeOut(
                outcome=row.outcome, direction=row.direction, lines=row.lines, amount=row.fen
            )
            for row in tallies
        ]
        return cls(**shown(kept), outcomes=told)


class StatementLineOut(BaseModel):
    """One line, what it came to and what it is about."""

    line_no: int
    booked_on: date
    sequence: str | None
    reference: str | None
    account: str | None
    amount: YuanOut
    direction: LineDirection
    is_return: bool
    said: str | None
    outcome: StatementOutcome
    payout_id: UUID | None
    file_id: UUID | None
    run_id: UUID | None
    recoverable_id: UUID | None

    @classmethod
    def of(cls, line: StatementLine) -> Self:
        """The line as shown; of the other account only the last four digits."""
        told = line.model_dump(include=set(cls.model_fields))
        tail = line.counter_tail
        account = None if tail is None else "*" * 12 + tail
        return cls(**told, account=account, amount=line.amount_fen)


class OpenedOut(BaseModel):
    """How many items were opened."""

    opened: int


def shown(kept: BankStatement) -> dict[str, Any]:
    """The columns of a statement under the names they are shown by."""
    told = kept.model_dump(include=set(StatementOut.model_fields))
    for name in ("opening", "closing", "debits", "credits"):
        told[name] = getattr(kept, f"{name}_fen")
    return told
