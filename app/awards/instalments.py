"""Where an instalment stands while its money is on the way; the run that moves it notes why."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from app.awards.errors import InstalmentsMoved
from app.awards.models import Instalment, InstalmentState
from app.core.staging import Rows, stage


def enter_run(session: Session, instalments: Rows) -> int:
    """Committed → in a run; answers how many. Raises InstalmentsMoved when one is elsewhere."""
    return _turn(session, instalments, {InstalmentState.COMMITTED}, InstalmentState.IN_RUN)


def settle_paid(session: Session, instalments: Rows) -> int:
    """In a run → paid; answers how many. Raises InstalmentsMoved when one is elsewhere."""
    return _turn(session, instalments, {InstalmentState.IN_RUN}, InstalmentState.PAID)


def back_to_committed(session: Session, instalments: Rows) -> int:
    """In a run or paid → committed: the money did not arrive, or came back; answers how many.

    Raises InstalmentsMoved when one is elsewhere.
    """
    sent = {InstalmentState.IN_RUN, InstalmentState.PAID}
    return _turn(session, instalments, sent, InstalmentState.COMMITTED)


def _turn(
    session: Session, instalments: Rows, leaving: set[InstalmentState], to: InstalmentState
) -> int:
    """All of the set, or none: `instalments` yields one column of ids, read once."""
    staged = stage(session, "turning", instalments, ("id",))
    wanted = select(staged.c.id)
    # UPDATE alone locks in no order, so that two acts could wait for one another. Ids stay in the
    # database, but for those that were elsewhere: a bank's file has up to a million.
    held = locked(col(Instalment.id).in_(wanted)).subquery()
    session.execute(select(func.count()).select_from(held))
    changed = (
        update(Instalment)
        .where(col(Instalment.id).in_(wanted), col(Instalment.state).in_(leaving))
        .values(state=to)
        .returning(col(Instalment.id))
        .cte("changed")
    )
    # EXCEPT, not a join: the planner expects an update to change next to nothing, and would compare
    # every instalment with every other.
    moved = session.execute(wanted.except_(select(changed.c.id))).scalars().all()
    if moved:
        raise InstalmentsMoved(_standing(session, moved))
    return int(session.execute(select(func.count(staged.c.id.distinct()))).scalar_one())


def _standing(session: Session, moved: Sequence[UUID]) -> list[tuple[UUID, InstalmentState | None]]:
    """Where each stands, by id; None for one that is not there."""
    found = session.execute(
        select(col(Instalment.id), col(Instalment.state)).where(col(Instalment.id).in_(moved))
    )
    states = {row.id: row.state for row in found}
    return [(one, states.get(one)) for one in sorted(moved)]


def locked(which: Any) -> Rows:
    """Locks instalments in id order when executed."""
    return select(col(Instalment.id)).where(which).order_by(col(Instalment.id)).with_for_update()
