"""What nobody will pay back is written off: asked by one person, agreed by another."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import String, cast, insert, select, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import visible
from app.ledger.service import MoveResult
from app.recoveries.errors import RecoveriesMoved, WriteOffsMoved
from app.recoveries.models import (
    Recoverable,
    RecoveryState,
    SettlementKind,
    WriteOff,
    WriteOffState,
)
from app.recoveries.settling import Settling, SharesOf, settle

NOTHING = MoveResult(0, 0)


def ask(session: Session, debts: Sequence[UUID], *, because: str, by: Actor) -> list[UUID]:
    """Asks that what is left of open debts be written off; answers the ids of what was asked.

    Raises RecoveriesMoved with every debt that is not open, not the caller's to see, or asked for
    already.
    """
    waiting = select(col(WriteOff.recoverable_id)).where(col(WriteOff.state) == WriteOffState.ASKED)
    found = session.execute(
        select(col(Recoverable.id), col(Recoverable.school_id), col(Recoverable.county_id))
        .where(
            col(Recoverable.id).in_(debts),
            col(Recoverable.state) == RecoveryState.OPEN,
            col(Recoverable.id).not_in(waiting),
            visible(Recoverable, by),
        )
        .order_by(col(Recoverable.id))
        .with_for_update(of=Recoverable)
    ).all()
    missing = sorted(set(debts) - {row.id for row in found})
    if missing:
        raise RecoveriesMoved([_cannot(one) for one in missing])
    made = ids.new_many(len(found))
    rows = [
        {
            "id": write_off_id,
            "recoverable_id": row.id,
            "school_id": row.school_id,
            "county_id": row.county_id,
            "state": WriteOffState.ASKED,
            "because": because,
            "asked_by": by.id,
            "asked_at": clock.now(),
        }
        for write_off_id, row in zip(made, found, strict=True)
    ]
    session.execute(insert(WriteOff), rows)
    audit.note(session, by=by, did="write-off.asked", records=list(debts), because=because)
    return list(made)


def answer(
    session: Session,
    asked: Sequence[UUID],
    shares_of: SharesOf,
    *,
    agree: bool,
    because: str,
    by: Actor,
) -> MoveResult:
    """Agrees to write-offs, which settles the debts, or refuses them; never by who asked.

    Raises WriteOffsMoved with every one that is answered, not the caller's to see or the caller's
    own asking, and what `settle` raises.
    """
    taken = session.execute(
        update(WriteOff)
        .where(
            col(WriteOff.id).in_(asked),
            col(WriteOff.state) == WriteOffState.ASKED,
            col(WriteOff.asked_by) != by.id,
            visible(WriteOff, by),
        )
        .values(
            state=WriteOffState.AGREED if agree else WriteOffState.REFUSED,
            answered_by=by.id,
            answered_because=because,
            answered_at=clock.now(),
        )
        .returning(col(WriteOff.id), col(WriteOff.asked_by))
        .execution_options(synchronize_session=False)
    ).all()
    missing = sorted(set(asked) - {row.id for row in taken})
    if missing:
        raise WriteOffsMoved(missing)
    if not agree:
        audit.note(session, by=by, did="write-off.refused", records=list(asked), because=because)
        return NOTHING
    askers = {row.asked_by for row in taken}
    if len(askers) > 1:
        raise WriteOffsMoved(sorted(row.id for row in taken))
    return _write_off(session, asked, askers.pop(), shares_of, because=because, by=by)


def _write_off(
    session: Session,
    asked: Sequence[UUID],
    asker: UUID,
    shares_of: SharesOf,
    *,
    because: str,
    by: Actor,
) -> MoveResult:
    left = (
        select(
            col(Recoverable.id),
            col(Recoverable.amount_fen) - col(Recoverable.settled_fen),
            cast(col(WriteOff.id), String),
        )
        .join(WriteOff, col(WriteOff.recoverable_id) == col(Recoverable.id))
        .where(col(WriteOff.id).in_(asked))
    )
    how = Settling(kind=SettlementKind.WRITTEN_OFF, because=because, asked_by=asker)
    return settle(session, left, shares_of, how=how, batch=ids.new(), by=by)


def _cannot(debt: UUID) -> Fault:
    return Fault(
        "not_open",
        "没有该应收回资金，或已结清，或已有人申请核销",
        "there is no such debt, or it is settled, or a write-off is asked for already",
        str(debt),
    )
