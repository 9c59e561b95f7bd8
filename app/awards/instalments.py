"""Where an instalment stands while its money is on the way; the run that moves it notes why."""

from typing import Any

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
    # UPDATE alone locks in no order, so that two acts could wait for one another.
    session.execute(locked(col(Instalment.id).in_(wanted)))
    changed = session.execute(
        update(Instalment)
        .where(col(Instalment.id).in_(wanted), col(Instalment.state).in_(leaving))
        .values(state=to)
        .returning(col(Instalment.id))
        .execution_options(synchronize_session=False)
    ).all()
    asked = session.execute(select(func.count(staged.c.id.distinct()))).scalar_one()
    if len(changed) != asked:
        moved = session.execute(
            select(staged.c.id, col(Instalment.state))
            .outerjoin(Instalment, col(Instalment.id) == staged.c.id)
            .where(staged.c.id.not_in([row.id for row in changed]))
            .order_by(staged.c.id)
        )
        raise InstalmentsMoved((row.id, row.state) for row in moved)
    return len(changed)


def locked(which: Any) -> Rows:
    """Locks instalments in id order when executed."""
    return select(col(Instalment.id)).where(which).order_by(col(Instalment.id)).with_for_update()
