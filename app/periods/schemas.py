"""What the doors of closed days show; amounts are yuan with two decimals."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.budgets.models import ClosedYear, YearEnd
from app.core.actor import Actor, Scope
from app.core.asked import Asked
from app.core.money import YuanOut
from app.ledger.models import LedgerDay
from app.periods.models import LedgerMonth
from app.reconciliation.bank_balances import BankBalance, ItemKind

Ids = Annotated[list[UUID], Field(min_length=1, max_length=1000)]
Because = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class DayOut(BaseModel):
    """A closed day and its seal; `previous` is the seal of the day closed before it."""

    day: date
    transfers: int
    amount: YuanOut
    previous: str
    sha256: str
    signed_by: str | None
    closed_by: UUID
    closed_at: datetime

    @classmethod
    def of(cls, closed: LedgerDay) -> Self:
        """The reply for a closed day."""
        return cls(
            day=closed.day,
            transfers=closed.transfers,
            amount=closed.amount_fen,
            previous=bytes(closed.previous).hex(),
            sha256=bytes(closed.sha256).hex(),
            signed_by=closed.signed_by,
            closed_by=closed.closed_by,
            closed_at=closed.closed_at,
        )


class DaysOut(BaseModel):
    """Closed days, the oldest first; `next` is the day to ask after, null at the end."""

    items: list[DayOut]
    next: date | None


class AccountAtBankOut(BaseModel):
    """A paying account and its newest statement up to the day."""

    tail: str
    statement: int | None
    closed_on: date | None
    closing: YuanOut


class OpenItemOut(BaseModel):
    """What one side has and the other has not: a run, a booking of the bank's, repayments."""

    kind: ItemKind
    about: str
    of: str
    amount: YuanOut


class BankBalanceOut(BaseModel):
    """银行存款余额调节表: one holder's books and bank; the two adjusted figures are the same.

    `moved_since` is the first day with money moved that no statement covers.
    """

    holder: str
    county_id: UUID | None
    on: date
    accounts: list[AccountAtBankOut]
    bank: YuanOut
    we_received: YuanOut
    we_paid: YuanOut
    bank_adjusted: YuanOut
    opening: YuanOut
    books: YuanOut
    bank_received: YuanOut
    bank_paid: YuanOut
    books_adjusted: YuanOut
    items: list[OpenItemOut]
    moved_since: date | None

    @classmethod
    def of(cls, found: BankBalance) -> Self:
        """The statement as shown."""
        return cls(
            holder=found.holder,
            county_id=found.county_id,
            on=found.on,
            accounts=[
                AccountAtBankOut(
                    tail=one.tail,
                    statement=one.statement,
                    closed_on=one.closed_on,
                    closing=one.closing_fen,
                )
                for one in found.accounts
            ],
            bank=found.bank_fen,
            we_received=found.total(ItemKind.WE_RECEIVED),
            we_paid=found.total(ItemKind.WE_PAID),
            bank_adjusted=found.bank_adjusted_fen,
            opening=found.opening_fen,
            books=found.book_fen,
            bank_received=found.total(ItemKind.BANK_RECEIVED),
            bank_paid=found.total(ItemKind.BANK_PAID),
            books_adjusted=found.book_adjusted_fen,
            items=[
                OpenItemOut(kind=one.kind, about=one.about, of=one.of, amount=one.amount_fen)
                for one in found.items
            ],
            moved_since=found.moved_since,
        )


class MonthOut(BaseModel):
    """A closed month with the balance statements of the holders whom the caller may see."""

    month: str
    balances: list[dict[str, Any]]
    closed_by: UUID
    closed_at: datetime

    @classmethod
    def of(cls, closed: LedgerMonth, by: Actor) -> Self:
        """The reply for a closed month; a county sees its own statement."""
        shown = [
            each
            for each in closed.balances
            if by.scope is Scope.CITY or each["county_id"] == str(by.county_id)
        ]
        return cls(
            month=closed.month,
            balances=shown,
            closed_by=closed.closed_by,
            closed_at=closed.closed_at,
        )


class YearOut(BaseModel):
    """A closed fiscal year: what was carried, what went back, how much was promised anew."""

    year: int
    carried: YuanOut
    lapsed: YuanOut
    instalments: int
    closed_by: UUID
    closed_at: datetime

    @classmethod
    def of(cls, closed: ClosedYear) -> Self:
        """The reply for a closed year."""
        return cls(
            year=closed.year,
            carried=closed.carried_fen,
            lapsed=closed.lapsed_fen,
            instalments=closed.instalments,
            closed_by=closed.closed_by,
            closed_at=closed.closed_at,
        )


class YearEndIn(Asked):
    """Fund lines by code, and what becomes of them when their year is over."""

    fund_lines: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]],
        Field(min_length=1, max_length=1000),
    ]
    rule: YearEnd
    because: Because


class YearEndProposedOut(BaseModel):
    """A fund line for which a rule was proposed, and the proposal to confirm or refuse."""

    fund_line: str
    id: UUID


class YearEndIdsIn(Asked):
    """Proposed rules to confirm."""

    ids: Ids


class YearEndRefusalIn(YearEndIdsIn):
    """Proposed rules to refuse, and why."""

    because: Because


class YearEndsAnsweredOut(BaseModel):
    """How many proposals were answered."""

    count: int


class YearEndWaitingOut(BaseModel):
    """A rule that waits for another person's answer."""

    id: UUID
    rule: YearEnd
    because: str
    proposed_by: UUID
    proposed_by_name: str | None
    proposed_at: datetime


class YearEndOut(BaseModel):
    """A fund line, what becomes of it, and what is proposed and not answered."""

    fund_line: str
    rule: YearEnd
    waiting: YearEndWaitingOut | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The line as shown."""
        waiting = None
        if row.id is not None:
            waiting = YearEndWaitingOut(
                id=row.id,
                rule=row.proposed,
                because=row.because,
                proposed_by=row.proposed_by,
                proposed_by_name=row.proposed_by_name,
                proposed_at=row.proposed_at,
            )
        return cls(fund_line=row.code, rule=row.rule, waiting=waiting)
