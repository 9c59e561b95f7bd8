"""Opens accounts and moves money between them; the only writer of the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Insert,
    String,
    Table,
    Uuid,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
    values,
)
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlmodel import Session, col

from app.core import clock
from app.core.actor import Actor
from app.core.columns import TextEnum, UtcMoment
from app.core.staging import Rows, stage
from app.ledger import seals
from app.ledger.errors import Overdrawn, Short
from app.ledger.models import AccountKind, LedgerAccount, LedgerTransfer, TransferKind
from app.ledger.queries import TrialRow, balance_fen, trial_balance
from app.ledger.rules import (
    CASH_FOLLOWS,
    CASH_KINDS,
    CORRECTS,
    MAY_BE_OVERDRAWN,
    MOVES,
    account_code,
)
from app.ledger.verification import Finding, verify

__all__ = [
    "Finding",
    "MoveResult",
    "TrialRow",
    "hold",
    "move",
    "open_accounts",
    "open_cash",
    "trial_balance",
    "verify",
]

LINE_COLUMNS = ("fund_line", "refers_to", "amount_fen")


@dataclass(frozen=True)
class MoveResult:
    """How many transfers were written, and their sum in fen."""

    count: int
    amount_fen: int


def open_accounts(session: Session, fund_line_codes: Rows) -> None:
    """Opens the eight accounts of each fund line; those that are open stay as they are.

    `fund_line_codes` yields one column of codes. One statement.
    """
    _open(session, fund_line_codes, [kind for kind in AccountKind if kind not in CASH_KINDS])


def open_cash(session: Session, fund_line_codes: Rows) -> None:
    """Opens the accounts of the cash of fund lines whose cash is kept here.

    From then on cash moves with every sending, paying, failing and returning of theirs, so this
    comes before the first of them. One statement.
    """
    _open(session, fund_line_codes, CASH_KINDS)


def _open(session: Session, fund_line_codes: Rows, kinds_opened: Sequence[AccountKind]) -> None:
    lines = fund_line_codes.subquery()
    code = next(iter(lines.c))
    kinds = values(named("kind", String), name="kinds").data(
        [(each.value,) for each in kinds_opened]
    )
    rows = select(
        (cast(code, String) + "/" + kinds.c.kind).label("code"),
        code.label("fund_line"),
        kinds.c.kind,
        literal(0, BigInteger),
        literal(0, BigInteger),
    ).select_from(lines.join(kinds, true()))
    columns = ["code", "fund_line", "kind", "debits_fen", "credits_fen"]
    opening = insert_once(LedgerAccount).from_select(columns, rows.order_by("code"))
    session.execute(opening.on_conflict_do_nothing(index_elements=["code"]).inline())


def hold(session: Session, fund_line_codes: Rows) -> dict[str, int]:
    """Locks every account of the fund lines, in code order, until the transaction ends.

    Answers what is available per fund line, in fen: nobody else can change it meanwhile.
    """
    held = session.execute(
        select(col(LedgerAccount.fund_line), col(LedgerAccount.kind), balance_fen())
        .where(col(LedgerAccount.fund_line).in_(fund_line_codes))
        .order_by(col(LedgerAccount.code))
        .with_for_update(key_share=True)
    )
    return {line: fen for line, kind, fen in held if kind is AccountKind.AVAILABLE}


def move(
    session: Session, *, kind: TransferKind, batch: UUID, by: Actor, lines: Rows
) -> MoveResult:
    """Moves money for every line, or for none.

    `lines` yields (fund line code, what the money belongs to, amount in fen) and is read once. The
    touched accounts are locked in code order; one transfer is written a line and each balance is
    changed once, in a fixed number of statements. Where the cash of a fund line is kept here, it
    moves with what is sent, paid, failed or returned; the answer counts the authority alone.
    On a day that is closed the transfers are posted on the next open one, and say which they
    belong to. Raises Overdrawn with every account that holds less than it must give. The same
    batch moving the same thing twice breaks a unique key.
    """
    staged = stage(session, "moving", lines, LINE_COLUMNS)
    sums = _sums(session, staged)
    if not sums:
        return MoveResult(0, 0)
    how = _Posting(batch, by, seals.open_day(session))
    follows = CASH_FOLLOWS.get(kind)
    touched = MOVES[kind] if follows is None else (*MOVES[kind], *MOVES[follows])
    balances = _lock_accounts(session, [line for line, _, _ in sums], touched)
    _refuse_overdrawing(sums, balances, MOVES[kind][0])
    _post(session, staged, kind=kind, how=how, expected=2 * len(sums))
    if follows is not None:
        leaves = MOVES[follows][0]
        kept = [each for each in sums if account_code(each[0], leaves) in balances]
        _refuse_overdrawing(kept, balances, leaves)
        cash = select(staged).where(staged.c.fund_line.in_([line for line, _, _ in kept]))
        _post(
            session,
            cash.subquery("cash"),
            kind=follows,
            how=how,
            expected=2 * len(kept),
        )
    return MoveResult(
        count=sum(count for _, count, _ in sums), amount_fen=sum(fen for _, _, fen in sums)
    )


@dataclass(frozen=True)
class _Posting:
    """By which act, by whom, and on which open day."""

    batch: UUID
    by: Actor
    day: date


Sums = Sequence[tuple[str, int, int]]
"""Per fund line: its code, how many transfers, how many fen."""


def _sums(session: Session, staged: Table) -> Sums:
    asked = (
        select(staged.c.fund_line, func.count(), _total(staged))
        .group_by(staged.c.fund_line)
        .order_by(staged.c.fund_line)
    )
    return [(line, count, fen) for line, count, fen in session.execute(asked)]


def _total(lines: FromClause) -> ColumnElement[int]:
    return cast(func.sum(lines.c.amount_fen), BigInteger)


def _post(
    session: Session,
    lines: FromClause,
    *,
    kind: TransferKind,
    how: _Posting,
    expected: int,
) -> None:
    if not expected:
        return
    _change_balances(session, lines, MOVES[kind], expected=expected)
    session.execute(_transfers(lines, kind=kind, how=how))


def _lock_accounts(
    session: Session, fund_lines: Sequence[str], kinds: Sequence[AccountKind]
) -> dict[str, int]:
    # UPDATE alone locks in no order, so that two movements could wait for one another.
    held = session.execute(
        select(col(LedgerAccount.code), balance_fen().label("balance"))
        .where(
            col(LedgerAccount.code).in_(
                [account_code(line, kind) for line in fund_lines for kind in kinds]
            )
        )
        .order_by(col(LedgerAccount.code))
        .with_for_update(key_share=True)
    )
    return {row.code: row.balance for row in held}


def _refuse_overdrawing(sums: Sums, balances: dict[str, int], leaves: AccountKind) -> None:
    if leaves in MAY_BE_OVERDRAWN:
        return
    shorts = [
        Short(line, have_fen=have, need_fen=need)
        for line, _, need in sums
        if (have := balances.get(account_code(line, leaves), 0)) < need
    ]
    if shorts:
        raise Overdrawn(leaves, shorts)


def _change_balances(
    session: Session,
    lines: FromClause,
    kinds: tuple[AccountKind, AccountKind],
    *,
    expected: int,
) -> None:
    """Adds what each account gives and gets. Raises LookupError when an account is not open."""
    leaves, reaches = kinds
    zero = literal(0, BigInteger)
    sums = (
        select(lines.c.fund_line, _total(lines).label("fen")).group_by(lines.c.fund_line).subquery()
    )
    giving = select(
        _code(sums.c.fund_line, leaves).label("code"),
        sums.c.fen.label("debit_fen"),
        zero.label("credit_fen"),
    )
    getting = select(_code(sums.c.fund_line, reaches), zero, sums.c.fen)
    deltas = union_all(giving, getting).subquery("deltas")
    enough = or_(col(LedgerAccount.kind).in_(MAY_BE_OVERDRAWN), balance_fen() >= deltas.c.debit_fen)
    changed = session.execute(
        update(LedgerAccount)
        .where(col(LedgerAccount.code) == deltas.c.code, enough)
        .values(
            debits_fen=col(LedgerAccount.debits_fen) + deltas.c.debit_fen,
            credits_fen=col(LedgerAccount.credits_fen) + deltas.c.credit_fen,
        )
        .returning(col(LedgerAccount.code))
        .execution_options(synchronize_session=False)
    ).all()
    if len(changed) != expected:
        raise LookupError(f"{expected - len(changed)} account(s) of these fund lines are not open")


def _code(fund_line: ColumnElement[str], kind: AccountKind) -> ColumnElement[str]:
    return cast(fund_line, String) + literal(account_code("", kind), String)


def _corrected(lines: FromClause, kind: TransferKind) -> ColumnElement[int | None]:
    """The newest transfer that a movement of this kind takes back, for each line."""
    before = CORRECTS.get(kind)
    if before is None:
        return cast(null(), BigInteger)
    newest = select(func.max(col(LedgerTransfer.id))).where(
        col(LedgerTransfer.refers_to) == lines.c.refers_to,
        col(LedgerTransfer.kind) == before,
        col(LedgerTransfer.credit) == _code(lines.c.fund_line, MOVES[before][1]),
    )
    return newest.correlate(lines).scalar_subquery()


def _transfers(lines: FromClause, *, kind: TransferKind, how: _Posting) -> Insert:
    leaves, reaches = MOVES[kind]
    rows = select(
        _code(lines.c.fund_line, leaves),
        _code(lines.c.fund_line, reaches),
        lines.c.amount_fen,
        literal(kind, TextEnum(TransferKind)),
        lines.c.refers_to,
        literal(how.batch, Uuid()),
        literal(how.day, Date()),
        literal(clock.office_day(), Date()),
        literal(clock.now(), UtcMoment()),
        literal(how.by.id, Uuid()),
        _corrected(lines, kind),
    )
    columns = [
        "debit",
        "credit",
        "amount_fen",
        "kind",
        "refers_to",
        "batch",
        "office_day",
        "occurred_on",
        "posted_at",
        "posted_by",
        "corrects",
    ]
    return insert(LedgerTransfer).from_select(columns, rows).inline()
