"""What the doors of the budget and the books show; amounts are yuan with two decimals."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from app.budgets.models import AppropriationKind, PaymentMode
from app.budgets.queries import AppropriationRow, FundLineRow
from app.core.money import YuanOut
from app.ledger.models import AccountKind, LedgerTransfer, TransferKind
from app.ledger.queries import TrialRow


class FundLineOut(BaseModel):
    """A fund line with its balances; the treasury's is below zero by what was appropriated.

    The three of cash are null where the treasury pays direct.
    """

    id: UUID
    code: str
    fiscal_year: int
    programme: str
    source: str
    holder_code: str
    holder_name: str
    payment_mode: PaymentMode
    treasury: YuanOut
    available: YuanOut
    committed: YuanOut
    in_transit: YuanOut
    paid: YuanOut
    recoverable: YuanOut
    cash: YuanOut | None
    cash_sent: YuanOut | None
    cash_paid: YuanOut | None

    @classmethod
    def of(cls, row: FundLineRow) -> "FundLineOut":
        """The reply for a fund line."""
        return cls(
            id=row.id,
            code=row.code,
            fiscal_year=row.fiscal_year,
            programme=row.programme,
            source=row.source,
            holder_code=row.holder_code,
            holder_name=row.holder_name,
            payment_mode=row.payment_mode,
            treasury=row.balances[AccountKind.TREASURY],
            available=row.balances[AccountKind.AVAILABLE],
            committed=row.balances[AccountKind.COMMITTED],
            in_transit=row.balances[AccountKind.IN_TRANSIT],
            paid=row.balances[AccountKind.PAID],
            recoverable=row.balances[AccountKind.RECOVERABLE],
            cash=row.balances.get(AccountKind.CASH),
            cash_sent=row.balances.get(AccountKind.CASH_SENT),
            cash_paid=row.balances.get(AccountKind.CASH_PAID),
        )


class AppropriationOut(BaseModel):
    """One recorded line of an appropriation document."""

    id: UUID
    document_number: str
    dated_on: date
    kind: AppropriationKind
    fund_line: str
    amount: YuanOut
    functional_subject: str | None
    economic_subject: str | None
    scan: UUID | None
    recorded_by: UUID
    recorded_at: datetime

    @classmethod
    def of(cls, row: AppropriationRow) -> "AppropriationOut":
        """The reply for a recorded line."""
        return cls(
            id=row.id,
            document_number=row.document_number,
            dated_on=row.dated_on,
            kind=row.kind,
            fund_line=row.fund_line,
            amount=row.amount_fen,
            functional_subject=row.functional_subject,
            economic_subject=row.economic_subject,
            scan=row.scan_id,
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )


class TrialRowOut(BaseModel):
    """All accounts of one kind together; the balance is credits less debits."""

    kind: AccountKind
    accounts: int
    debits: YuanOut
    credits: YuanOut
    balance: YuanOut

    @classmethod
    def of(cls, row: TrialRow) -> "TrialRowOut":
        """The reply for one kind of account."""
        return cls(
            kind=row.kind,
            accounts=row.accounts,
            debits=row.debits_fen,
            credits=row.credits_fen,
            balance=row.balance_fen,
        )


class TrialBalanceOut(BaseModel):
    """The trial balance within the caller's scope; `difference` is 0.00 in sound books."""

    office_day: date
    rows: list[TrialRowOut]
    debits: YuanOut
    credits: YuanOut
    difference: YuanOut
    balanced: bool

    @classmethod
    def of(cls, rows: list[TrialRow], office_day: date) -> "TrialBalanceOut":
        """The reply with its totals."""
        debits = sum(row.debits_fen for row in rows)
        credits_ = sum(row.credits_fen for row in rows)
        return cls(
            office_day=office_day,
            rows=[TrialRowOut.of(row) for row in rows],
            debits=debits,
            credits=credits_,
            difference=credits_ - debits,
            balanced=credits_ == debits,
        )


class TransferOut(BaseModel):
    """One amount moved from the debit account to the credit account."""

    id: int
    kind: TransferKind
    debit: str
    credit: str
    amount: YuanOut
    refers_to: UUID
    batch: UUID
    office_day: date
    posted_at: datetime
    posted_by: UUID

    @classmethod
    def of(cls, transfer: LedgerTransfer) -> "TransferOut":
        """The reply for a stored transfer."""
        return cls(
            id=transfer.id or 0,
            kind=transfer.kind,
            debit=transfer.debit,
            credit=transfer.credit,
            amount=transfer.amount_fen,
            refers_to=transfer.refers_to,
            batch=transfer.batch,
            office_day=transfer.office_day,
            posted_at=transfer.posted_at,
            posted_by=transfer.posted_by,
        )
