"""What the doors of cash take and show; amounts are yuan with two decimals."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.budgets.cash import CashLine, CashVoucher, ModeAsked
from app.budgets.models import CashKind, PaymentMode
from app.core.asked import Asked
from app.core.days import Day
from app.core.money import FEN_MAX, Yuan, YuanOut

LINES_MAX = 200


class ModeIn(Asked):
    """How a holder pays from a fiscal year on."""

    holder_code: Annotated[str, Field(min_length=1, max_length=20)]
    from_year: Annotated[int, Field(strict=True, ge=1980, le=2100)]
    mode: PaymentMode
    because: Annotated[str, Field(min_length=1, max_length=200)]

    def asked(self) -> ModeAsked:
        """As the budget takes it."""
        return ModeAsked(self.holder_code, self.from_year, self.mode, self.because)


class ModeOut(BaseModel):
    """How a holder pays from a fiscal year on, until a later row of the holder."""

    id: UUID
    holder_code: str
    holder_name: str
    from_year: int
    mode: PaymentMode
    because: str
    set_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> "ModeOut":
        """The reply for a stored row."""
        return cls.model_validate(row._mapping)  # noqa: SLF001 SQLAlchemy's own name for it


class CashLineIn(Asked):
    """Cash of one fund line, above zero."""

    fund_line: Annotated[str, Field(min_length=1, max_length=100)]
    amount: Annotated[Yuan, Field(gt=0, le=FEN_MAX)]


class CashIn(Asked):
    """A voucher of the bank: cash that came, or that was handed back."""

    voucher: Annotated[str, Field(min_length=1, max_length=80)]
    kind: CashKind
    booked_on: Day
    lines: Annotated[list[CashLineIn], Field(min_length=1, max_length=LINES_MAX)]

    def as_voucher(self) -> CashVoucher:
        """As the budget takes it."""
        lines = [CashLine(line.fund_line, line.amount) for line in self.lines]
        return CashVoucher(self.voucher, self.kind, self.booked_on, lines)


class CashTakenOut(BaseModel):
    """How many lines of the voucher were recorded, and their sum."""

    lines: int
    amount: YuanOut


class CashOut(BaseModel):
    """One recorded line of a voucher."""

    id: UUID
    voucher: str
    kind: CashKind
    booked_on: date
    fund_line: str
    amount: YuanOut
    recorded_by: UUID
    recorded_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> "CashOut":
        """The reply for a stored line."""
        return cls.model_validate(row._mapping)  # noqa: SLF001 SQLAlchemy's own name for it
