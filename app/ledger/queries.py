"""Reads the books: balances, the trial balance, transfers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, cast, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.core.paging import PageAsked
from app.core.staging import Rows
from app.ledger.models import AccountKind, LedgerAccount, LedgerTransfer


def balance_fen() -> ColumnElement[int]:
    """An account's balance: credits less debits."""
    return col(LedgerAccount.credits_fen) - col(LedgerAccount.debits_fen)


@dataclass(frozen=True)
class TrialRow:
    """All accounts of one kind together; amounts in fen, the balance is credits less debits."""

    kind: AccountKind
    accounts: int
    debits_fen: int
    credits_fen: int

    @property
    def balance_fen(self) -> int:
        """Credits less debits."""
        return self.credits_fen - self.debits_fen


def trial_balance(session: Session, fund_line_codes: Rows | None = None) -> list[TrialRow]:
    """One row a kind of account, in the order money moves; over all fund lines or those given.

    The balances of all rows sum to zero, and so do those of any set of fund lines.
    """
    sums = select(
        col(LedgerAccount.kind),
        func.count(),
        cast(func.sum(LedgerAccount.debits_fen), BigInteger),
        cast(func.sum(LedgerAccount.credits_fen), BigInteger),
    ).group_by(col(LedgerAccount.kind))
    if fund_line_codes is not None:
        sums = sums.where(col(LedgerAccount.fund_line).in_(fund_line_codes))
    found = {row[0]: TrialRow(*row) for row in session.execute(sums)}
    return [found.get(kind, TrialRow(kind, 0, 0, 0)) for kind in AccountKind]


def balances(session: Session, fund_lines: Sequence[str]) -> dict[str, dict[AccountKind, int]]:
    """Fund line code → kind of account → balance in fen."""
    found: dict[str, dict[AccountKind, int]] = {}
    asked = select(col(LedgerAccount.fund_line), col(LedgerAccount.kind), balance_fen()).where(
        col(LedgerAccount.fund_line).in_(fund_lines)
    )
    for line, kind, fen in session.execute(asked):
        found.setdefault(line, {})[kind] = fen
    return found


@dataclass(frozen=True)
class TransferFilter:
    """What is asked for: a fund line's code, what the money belongs to, a batch."""

    fund_line: str | None = None
    refers_to: UUID | None = None
    batch: UUID | None = None


def transfers(
    session: Session,
    asked: TransferFilter,
    *,
    fund_line_codes: Rows,
    page: PageAsked,
) -> Sequence[LedgerTransfer]:
    """One page of the transfers of the given fund lines, by id; the cursor is the id's number."""
    leaves = aliased(LedgerAccount)
    query = (
        select(LedgerTransfer)
        .join(leaves, and_(col(leaves.code) == col(LedgerTransfer.debit)))
        .where(col(leaves.fund_line).in_(fund_line_codes))
    )
    if asked.fund_line is not None:
        query = query.where(col(leaves.fund_line) == asked.fund_line)
    if asked.refers_to is not None:
        query = query.where(col(LedgerTransfer.refers_to) == asked.refers_to)
    if asked.batch is not None:
        query = query.where(col(LedgerTransfer.batch) == asked.batch)
    return session.execute(page.cut_lines(query, col(LedgerTransfer.id))).scalars().all()
