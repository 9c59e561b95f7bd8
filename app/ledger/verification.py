"""Recomputes every balance from the transfers and says where the books disagree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, literal, not_, or_, select, text, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.core.money import show_yuan
from app.ledger.models import AccountKind, LedgerAccount, LedgerTransfer, TransferKind
from app.ledger.queries import balance_fen, trial_balance
from app.ledger.rules import MAY_BE_OVERDRAWN, MOVES
from app.ledger.seals import CANONICAL


@dataclass(frozen=True)
class Finding:
    """One place where the books do not agree; `zh` and `en` say what is so."""

    code: str
    where: str
    zh: str
    en: str


def verify(session: Session) -> list[Finding]:
    """Everything wrong with the books, empty when they are sound.

    Balances against the transfers, accounts below zero, transfers that no rule allows, cash that
    is not where its authority is, and the trial balance. The books stand outside row security, so
    any scope sees all of them.
    """
    return [*verify_sealed(session), *verify_balances(session)]


def verify_sealed(session: Session) -> list[Finding]:
    """What was changed in closed days; it holds whoever posts meanwhile, on an open one."""
    return [*_sealed_changed(session), *_seals_off(session)]


def verify_balances(session: Session) -> list[Finding]:
    """Where accounts, transfers and rules disagree at this moment."""
    return [
        *_balances_off(session),
        *_overdrawn(session),
        *_strange_transfers(session),
        *_cash_off(session),
        *_trial_balance_off(session),
    ]


def _sums_from_transfers() -> Select[Any]:
    zero = literal(0, BigInteger)
    giving: Select[Any, Any, int] = select(
        col(LedgerTransfer.debit).label("code"),
        col(LedgerTransfer.amount_fen).label("debit_fen"),
        zero.label("credit_fen"),
    )
    getting = select(col(LedgerTransfer.credit), zero, col(LedgerTransfer.amount_fen))
    lines = union_all(giving, getting).subquery("lines")
    return select(
        lines.c.code,
        cast(func.sum(lines.c.debit_fen), BigInteger).label("debits_fen"),
        cast(func.sum(lines.c.credit_fen), BigInteger).label("credits_fen"),
    ).group_by(lines.c.code)


def _balances_off(session: Session) -> Iterator[Finding]:
    sums = _sums_from_transfers().subquery("sums")
    debits = func.coalesce(sums.c.debits_fen, 0)
    credits_ = func.coalesce(sums.c.credits_fen, 0)
    asked = (
        select(
            col(LedgerAccount.code),
            col(LedgerAccount.debits_fen),
            debits,
            col(LedgerAccount.credits_fen),
            credits_,
        )
        .outerjoin(sums, sums.c.code == col(LedgerAccount.code))
        .where(
            or_(
                col(LedgerAccount.debits_fen) != debits,
                col(LedgerAccount.credits_fen) != credits_,
            )
        )
        .order_by(col(LedgerAccount.code))
    )
    for code, debits_stand, debits_are, credits_stand, credits_are in session.execute(asked):
        shown = [show_yuan(fen) for fen in (debits_stand, debits_are, credits_stand, credits_are)]
        yield Finding(
            "balance-off",
            code,
            f"账户 {code} 记借方 {shown[0]}、贷方 {shown[2]}，按流水应为借方 {shown[1]}、"
            f"贷方 {shown[3]}。",
            f"Account {code} stands at debits {shown[0]}, credits {shown[2]}; its transfers sum to "
            f"debits {shown[1]}, credits {shown[3]}.",
        )


def _overdrawn(session: Session) -> Iterator[Finding]:
    asked = (
        select(col(LedgerAccount.code), balance_fen())
        .where(balance_fen() < 0, col(LedgerAccount.kind).not_in(MAY_BE_OVERDRAWN))
        .order_by(col(LedgerAccount.code))
    )
    for code, fen in session.execute(asked):
        shown = show_yuan(fen)
        yield Finding(
            "overdrawn", code, f"账户 {code} 余额为 {shown}。", f"Account {code} stands at {shown}."
        )


def _strange_transfers(session: Session) -> Iterator[Finding]:
    leaves, reaches = aliased(LedgerAccount), aliased(LedgerAccount)
    allowed = or_(
        *(
            (col(LedgerTransfer.kind) == kind)
            & (col(leaves.kind) == giving)
            & (col(reaches.kind) == getting)
            for kind, (giving, getting) in MOVES.items()
        )
    )
    asked = (
        select(col(LedgerTransfer.id), col(LedgerTransfer.kind))
        .join(leaves, col(leaves.code) == col(LedgerTransfer.debit))
        .join(reaches, col(reaches.code) == col(LedgerTransfer.credit))
        .where(or_(not_(allowed), col(leaves.fund_line) != col(reaches.fund_line)))
        .order_by(col(LedgerTransfer.id))
    )
    for number, kind in session.execute(asked):
        yield Finding(
            "transfer-not-allowed",
            f"transfer {number}",
            f"流水 {number}（{TransferKind(kind).value}）的借贷账户不合规则。",
            f"Transfer {number} ({TransferKind(kind).value}) joins accounts that its kind "
            "does not.",
        )


_CASH_IS_WHERE: dict[AccountKind, tuple[AccountKind, ...]] = {
    AccountKind.CASH_SENT: (AccountKind.IN_TRANSIT,),
    AccountKind.CASH_PAID: (AccountKind.PAID, AccountKind.RECOVERABLE, AccountKind.WRITTEN_OFF),
}
"""The cash that has left → where the same fund line's authority then stands."""


def _cash_off(session: Session) -> Iterator[Finding]:
    cash, other = aliased(LedgerAccount), aliased(LedgerAccount)
    stands = col(cash.credits_fen) - col(cash.debits_fen)
    for kind, places in _CASH_IS_WHERE.items():
        authority = cast(func.sum(col(other.credits_fen) - col(other.debits_fen)), BigInteger)
        asked = (
            select(col(cash.code), stands, authority)
            .join(
                other, (col(other.fund_line) == col(cash.fund_line)) & col(other.kind).in_(places)
            )
            .where(col(cash.kind) == kind)
            .group_by(col(cash.code))
            .having(stands != authority)
            .order_by(col(cash.code))
        )
        for code, cash_fen, authority_fen in session.execute(asked):
            shown = show_yuan(cash_fen), show_yuan(authority_fen)
            yield Finding(
                "cash-off",
                code,
                f"账户 {code} 为 {shown[0]}，相应指标为 {shown[1]}。",
                f"Account {code} stands at {shown[0]}, the authority it follows at {shown[1]}.",
            )


_CHANGED = text(f"""
    SELECT coalesce(leaf.transfer_id, t.id) AS id, coalesce(leaf.day, t.office_day) AS day,
        CASE WHEN t.id IS NULL THEN 'deleted' WHEN leaf.transfer_id IS NULL THEN 'added'
            ELSE 'changed' END AS what
    FROM ledger_leaf leaf FULL JOIN (
        SELECT * FROM ledger_transfer WHERE office_day <= (SELECT max(day) FROM ledger_day)) t
        ON t.id = leaf.transfer_id
    WHERE t.id IS NULL OR leaf.transfer_id IS NULL
        OR leaf.sha256 <> sha256(convert_to({CANONICAL}, 'UTF8')) ORDER BY 1
""")  # noqa: S608 own text
_WHAT = {
    "deleted": ("已被删除", "was deleted"),
    "added": ("是结账后加入的", "was slipped in after the day was closed"),
    "changed": ("已被改动", "was changed"),
}


def _sealed_changed(session: Session) -> Iterator[Finding]:
    for row in session.execute(_CHANGED):
        zh, en = _WHAT[row.what]
        yield Finding(
            "sealed-transfer-changed",
            f"transfer {row.id}",
            f"流水 {row.id}（{row.day} 已结账）{zh}。",
            f"Transfer {row.id} of {row.day}, a closed day, {en}.",
        )


_SEALS = text("""
    SELECT d.day, d.transfers, d.amount_fen, coalesce(leaf.many, 0) AS many,
        d.previous <> lag(d.sha256, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY d.day)
            AS unchained,
        d.sha256 <> sha256(d.previous || coalesce(leaf.joined, ''::bytea)) AS broken
    FROM ledger_day d LEFT JOIN (
        SELECT day, count(*) AS many, string_agg(sha256, ''::bytea ORDER BY transfer_id) AS joined
        FROM ledger_leaf GROUP BY day) leaf ON leaf.day = d.day
    ORDER BY d.day
""")


def _seals_off(session: Session) -> Iterator[Finding]:
    for row in session.execute(_SEALS):
        if row.unchained or row.broken or row.many != row.transfers:
            yield Finding(
                "seal-off",
                f"day {row.day}",
                f"{row.day} 的封存与其流水不符（封存 {row.transfers} 笔，现有 {row.many} 笔）。",
                f"The seal of {row.day} is not that of its transfers ({row.transfers} were sealed, "
                f"{row.many} are there).",
            )


def _trial_balance_off(session: Session) -> Iterator[Finding]:
    off = sum(row.balance_fen for row in trial_balance(session))
    if off:
        shown = show_yuan(off)
        yield Finding(
            "trial-balance-off",
            "trial balance",
            f"试算平衡差额 {shown}。",
            f"The trial balance is off by {shown}.",
        )
