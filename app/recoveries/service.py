"""Marks paid money as owed back, in the records and in the books."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, String, func, insert, literal, literal_column, select, update
from sqlalchemy import Uuid as UuidType
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.columns import TextEnum, UtcMoment
from app.core.staging import Rows, stage
from app.ledger import service as ledger
from app.ledger.models import TransferKind
from app.ledger.service import MoveResult
from app.recoveries import bars
from app.recoveries.errors import RecoverableAlready
from app.recoveries.models import Recoverable, RecoveryReason, RecoveryState


@dataclass(frozen=True)
class Debt:
    """Why money is owed back: the kind, and the case in words."""

    reason: RecoveryReason
    because: str


PAID = ("student_id", "school_id", "county_id", "award_id", "instalment_id", "amount_fen")
"""The columns of the rows of `mark`, in order."""


def mark(
    session: Session,
    paid: Rows,
    shares: Rows,
    *,
    debt: Debt,
    batch: UUID,
    by: Actor,
) -> MoveResult:
    """Marks paid instalments as owed back and moves their money from paid to recoverable.

    `paid` yields the columns of PAID, `shares` (fund line code, instalment id, fen) of the same
    instalments, which sum to the same. Raises RecoverableAlready for one that is marked before.
    """
    staged = stage(session, "recovering", paid, PAID)
    _refuse_marked(session, select(staged.c.instalment_id))
    columns = {
        "id": literal_column(ids.SQL_UUID7, UuidType()),
        **{name: staged.c[name] for name in PAID},
        "settled_fen": literal(0, BigInteger),
        "reason": literal(debt.reason, TextEnum(RecoveryReason)),
        "because": literal(debt.because, String(500)),
        "state": literal(RecoveryState.OPEN, TextEnum(RecoveryState)),
        "marked_by": literal(by.id, UuidType()),
        "marked_at": literal(clock.now(), UtcMoment()),
    }
    rows = select(*columns.values()).order_by(staged.c.instalment_id)
    session.execute(insert(Recoverable).from_select(list(columns), rows).inline())
    moved = ledger.move(session, kind=TransferKind.RECOVER, batch=batch, by=by, lines=shares)
    owed = session.execute(select(func.coalesce(func.sum(staged.c.amount_fen), 0))).scalar_one()
    if int(owed) != moved.amount_fen:
        raise LookupError(f"the shares sum to {moved.amount_fen} fen, the instalments to {owed}")
    bars.hold(session)
    bars.renew(session, select(staged.c.student_id), by=by)
    audit.note(
        session,
        by=by,
        did="recovery.marked",
        records=select(staged.c.instalment_id),
        because=debt.because,
        detail={"batch": str(batch), "fen": moved.amount_fen, "reason": debt.reason.value},
    )
    return moved


def come_back(
    session: Session, instalments: Rows, shares: Rows, *, batch: UUID, by: Actor
) -> MoveResult:
    """Closes what is owed of instalments that the bank itself sent back: it is paid again first.

    `instalments` yields ids, `shares` the lines of any instalments; only those owed are moved. A
    debt that is settled in part is nobody's to close so: the caller takes no such return in.
    """
    owed = (
        select(col(Recoverable.instalment_id))
        .where(
            col(Recoverable.instalment_id).in_(instalments),
            col(Recoverable.state) == RecoveryState.OPEN,
            col(Recoverable.settled_fen) == 0,
        )
        .order_by(col(Recoverable.id))
        .with_for_update()
    )
    staged = stage(session, "came_back", owed, ("id",))
    session.execute(
        update(Recoverable)
        .where(col(Recoverable.instalment_id).in_(select(staged.c.id)))
        .values(state=RecoveryState.CAME_BACK, settled_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    given = shares.subquery("given")
    line, instalment, fen = given.c
    lines = select(line, instalment, fen).where(instalment.in_(select(staged.c.id)))
    moved = ledger.move(session, kind=TransferKind.UNDO_RECOVER, batch=batch, by=by, lines=lines)
    if moved.count:
        bars.hold(session)
        again = col(Recoverable.instalment_id).in_(select(staged.c.id))
        bars.renew(session, select(col(Recoverable.student_id)).where(again), by=by)
        audit.note(session, by=by, did="recovery.came-back", records=select(staged.c.id))
    return moved


def _refuse_marked(session: Session, instalments: Rows) -> None:
    marked = session.execute(
        select(col(Recoverable.instalment_id))
        .where(col(Recoverable.instalment_id).in_(instalments))
        .order_by(col(Recoverable.instalment_id))
    ).scalars()
    listed = list(marked)
    if listed:
        raise RecoverableAlready(listed)
