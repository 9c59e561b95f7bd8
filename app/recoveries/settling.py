"""Settles what is owed, wholly or in part: repaid, kept back from an instalment, written off."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    String,
    Table,
    Uuid,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.columns import TextEnum, UtcMoment
from app.core.errors import Fault
from app.core.money import show_yuan
from app.core.staging import Rows, stage
from app.ledger import service as ledger
from app.ledger.models import TransferKind
from app.ledger.service import MoveResult
from app.recoveries import bars
from app.recoveries.errors import RecoveriesMoved
from app.recoveries.models import (
    Recoverable,
    RecoverySettlement,
    RecoveryState,
    SettlementKind,
)

MOVES = {
    SettlementKind.REPAID: TransferKind.REPAY,
    SettlementKind.OFFSET: TransferKind.REPAY,
    SettlementKind.WRITTEN_OFF: TransferKind.WRITE_OFF,
}
PIECES = ("recoverable_id", "amount_fen", "reference")
SharesOf = Callable[[Rows], Rows]
"""Ids of instalments → the lines (fund line code, instalment, fen) of their shares."""


@dataclass(frozen=True, kw_only=True)
class Settling:
    """How it is settled and why; a write-off names who asked beside the caller, who agrees."""

    kind: SettlementKind
    because: str
    asked_by: UUID | None = None


def settle(
    session: Session,
    pieces: Rows,
    shares_of: SharesOf,
    *,
    how: Settling,
    batch: UUID,
    by: Actor,
) -> MoveResult:
    """Settles parts of open debts and moves their money, for all or for none.

    `pieces` yields (recoverable, fen, reference), one row a debt. A part takes the fen of its
    instalment's fund lines in the order of their codes, from where the part before ended, so that
    all parts together take each share exactly. Raises RecoveriesMoved with every debt that is not
    open or has less left.
    """
    staged = stage(session, "settling", pieces, PIECES)
    debts = _lock(session, staged)
    _write(session, debts, how=how, batch=batch, by=by)
    moved = ledger.move(
        session,
        kind=MOVES[how.kind],
        batch=batch,
        by=by,
        lines=_lines(debts, shares_of(select(debts.c.instalment_id))),
    )
    settled = select(debts.c.recoverable_id)
    _close(session, debts)
    bars.hold(session)
    bars.renew(session, select(debts.c.student_id), by=by)
    audit.note(
        session,
        by=by,
        did=f"recovery.{how.kind.value.replace('_', '-')}",
        records=settled,
        because=how.because,
        detail={"batch": str(batch), "fen": moved.amount_fen},
    )
    return moved


def _lock(session: Session, staged: Table) -> Table:
    open_now = (
        select(
            col(Recoverable.id).label("recoverable_id"),
            col(Recoverable.instalment_id),
            col(Recoverable.student_id),
            col(Recoverable.school_id),
            col(Recoverable.county_id),
            col(Recoverable.settled_fen).label("from_fen"),
            staged.c.amount_fen,
            staged.c.reference,
        )
        .join(staged, staged.c.recoverable_id == Recoverable.id)
        .where(
            col(Recoverable.state) == RecoveryState.OPEN,
            col(Recoverable.amount_fen) - col(Recoverable.settled_fen) >= staged.c.amount_fen,
        )
        .order_by(col(Recoverable.id))
        .with_for_update(of=Recoverable)
    )
    names = [each.key for each in open_now.selected_columns]
    debts = stage(session, "debts", open_now, [str(name) for name in names])
    missing = session.execute(
        select(
            staged.c.recoverable_id,
            staged.c.amount_fen,
            col(Recoverable.state),
            (col(Recoverable.amount_fen) - col(Recoverable.settled_fen)).label("left_fen"),
        )
        .outerjoin(Recoverable, col(Recoverable.id) == staged.c.recoverable_id)
        .where(staged.c.recoverable_id.not_in(select(debts.c.recoverable_id)))
        .order_by(staged.c.recoverable_id)
    ).all()
    if missing:
        raise RecoveriesMoved(
            [_fault(row.recoverable_id, row.amount_fen, row.left_fen, row.state) for row in missing]
        )
    return debts


def _fault(debt: UUID, asked_fen: int, left_fen: int | None, state: str | None) -> Fault:
    if left_fen is None or state is None:
        return Fault("unknown", "没有该应收回资金", "there is no such debt", str(debt))
    asked, left = show_yuan(asked_fen), show_yuan(left_fen)
    if state != RecoveryState.OPEN:
        return Fault("closed", "该应收回资金已结清", "it is settled already", str(debt))
    return Fault(
        "too_much",
        f"尚欠 {left} 元，少于 {asked} 元",
        f"{left} yuan are left, less than {asked}",
        str(debt),
        {"left": left, "asked": asked},
    )


def _write(session: Session, debts: Table, *, how: Settling, batch: UUID, by: Actor) -> None:
    asked, agreed = (by.id, None) if how.asked_by is None else (how.asked_by, by.id)
    columns = {
        "id": literal_column(ids.SQL_UUID7, Uuid()),
        "recoverable_id": debts.c.recoverable_id,
        "student_id": debts.c.student_id,
        "school_id": debts.c.school_id,
        "county_id": debts.c.county_id,
        "kind": literal(how.kind, TextEnum(SettlementKind)),
        "from_fen": debts.c.from_fen,
        "amount_fen": debts.c.amount_fen,
        "reference": debts.c.reference,
        "batch": literal(batch, Uuid()),
        "because": literal(how.because, String(500)),
        "made_by": literal(asked, Uuid()),
        "agreed_by": literal(agreed, Uuid()),
        "made_at": literal(clock.now(), UtcMoment()),
    }
    rows = select(*columns.values()).order_by(debts.c.recoverable_id)
    session.execute(insert(RecoverySettlement).from_select(list(columns), rows).inline())


def _lines(debts: Table, shares: Rows) -> Rows:
    """The part of each share that lies between where the debt was settled to and is settled to."""
    given = shares.subquery("given")
    line, instalment, fen = given.c
    upto = cast(func.sum(fen).over(partition_by=instalment, order_by=line), BigInteger)
    placed = select(
        line.label("line"), instalment.label("instalment"), (upto - fen).label("low"),
        upto.label("high"),
    ).subquery("placed")  # fmt: skip
    start, end = debts.c.from_fen, debts.c.from_fen + debts.c.amount_fen
    part = func.least(placed.c.high, end) - func.greatest(placed.c.low, start)
    return (
        select(placed.c.line, placed.c.instalment, cast(part, BigInteger).label("fen"))
        .join(debts, debts.c.instalment_id == placed.c.instalment)
        .where(part > 0)
    )


def _close(session: Session, debts: Table) -> None:
    settled = col(Recoverable.settled_fen) + debts.c.amount_fen
    whole = settled == col(Recoverable.amount_fen)
    session.execute(
        update(Recoverable)
        .where(col(Recoverable.id) == debts.c.recoverable_id)
        .values(
            settled_fen=settled,
            state=case((whole, RecoveryState.SETTLED), else_=RecoveryState.OPEN),
            settled_at=case((whole, clock.now()), else_=None),
        )
        .execution_options(synchronize_session=False)
    )
