"""What the doors of debts take and show; amounts are yuan with two decimals."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.awards.owing import Repaid
from app.core.asked import Asked
from app.core.money import FEN_MAX, Yuan, YuanOut
from app.ledger.service import MoveResult
from app.recoveries.models import (
    RecoveryAgreement,
    RecoveryReason,
    SettlementKind,
    WriteOffState,
)

AT_ONCE_MAX = 1000
Because = Annotated[str, Field(min_length=1, max_length=500)]


class MarkIn(Asked):
    """Paid instalments that are owed back, and why; a false statement has its own door."""

    instalments: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE_MAX)]
    reason: Literal[RecoveryReason.LEFT, RecoveryReason.PAID_TWICE, RecoveryReason.DEATH]
    because: Because


class RepaymentLineIn(Asked):
    """What was paid back of one debt."""

    recoverable_id: UUID
    amount: Annotated[Yuan, Field(gt=0, le=FEN_MAX)]


class RepaymentIn(Asked):
    """A voucher of the bank by which students paid back; each debt at most once."""

    voucher: Annotated[str, Field(min_length=1, max_length=80)]
    because: Because
    lines: Annotated[list[RepaymentLineIn], Field(min_length=1, max_length=AT_ONCE_MAX)]

    def repaid(self) -> list[Repaid]:
        """As the books take it."""
        return [Repaid(line.recoverable_id, line.amount) for line in self.lines]


class WriteOffIn(Asked):
    """Debts of which nothing more will be paid back, and why."""

    recoverables: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE_MAX)]
    because: Because


class AnswerIn(Asked):
    """A second person's word on write-offs that one person asked for."""

    write_offs: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE_MAX)]
    agree: Annotated[bool, Field(strict=True)]
    because: Because


class AgreementIn(Asked):
    """How a student pays back; so much of each later instalment is kept back, of 10 000."""

    student_id: UUID
    offset_basis_points: Annotated[int, Field(strict=True, ge=0, le=10_000)]
    terms: Because


class EndIn(Asked):
    """Why an agreement ends."""

    because: Because


class MovedOut(BaseModel):
    """How many shares of fund lines moved, and their sum."""

    shares: int
    amount: YuanOut

    @classmethod
    def of(cls, moved: MoveResult) -> Self:
        """The reply for a movement."""
        return cls(shares=moved.count, amount=moved.amount_fen)


class AskedOut(BaseModel):
    """The write-offs asked for, in the order of their debts."""

    write_offs: list[UUID]


class AgreementOut(BaseModel):
    """An agreement with a student."""

    id: UUID
    student_id: UUID
    offset_basis_points: int
    terms: str
    made_at: datetime
    ended_at: datetime | None
    ended_because: str | None

    @classmethod
    def of(cls, made: RecoveryAgreement) -> Self:
        """The reply for an agreement."""
        return cls.model_validate(made.model_dump(include=set(cls.model_fields)))


class SettlementOut(BaseModel):
    """A part of a debt, settled."""

    id: UUID
    kind: SettlementKind
    amount: YuanOut
    reference: str
    because: str
    made_by: UUID
    agreed_by: UUID | None
    made_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The reply for a stored part."""
        return cls.model_validate(row._mapping)  # noqa: SLF001 SQLAlchemy's own name for it


class WriteOffOut(BaseModel):
    """A write-off asked for, and what the second person said."""

    id: UUID
    recoverable_id: UUID
    state: WriteOffState
    left: YuanOut
    because: str
    asked_by: UUID
    asked_at: datetime
    answered_by: UUID | None
    answered_because: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The reply for a stored asking."""
        return cls.model_validate(row._mapping)  # noqa: SLF001 SQLAlchemy's own name for it
