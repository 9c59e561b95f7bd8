"""A school takes cases back before anybody has decided them."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, and_, any_, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col

from app.applications import freeing
from app.applications.errors import CasesMoved, CaseUnknown
from app.applications.models import Application, ApplicationState, Decision
from app.applications.rules import BEFORE_DECISION
from app.audit import service as audit
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import visible


def withdraw(
    session: Session,
    application_ids: Collection[UUID],
    *,
    because: str,
    by: Actor,
    skip_moved: bool = False,
) -> list[UUID]:
    """Withdraws the cases; answers which, by id. A place that comes free is offered to the next.

    A case can be withdrawn while it is a draft, with the school, returned, or in review with no
    decision on its newest submission. Raises CaseUnknown when some are not within the scope, and
    CasesMoved listing those that cannot be withdrawn any more, unless `skip_moved`.
    """
    wanted = set(application_ids)
    a, d = Application, Decision
    decided = exists().where(
        col(d.application_id) == col(a.id), col(d.submission_no) == col(a.submission_no)
    )
    found = session.execute(
        select(col(a.id), col(a.number), col(a.state), decided.label("decided"))
        .where(col(a.id) == _any(wanted), visible(a, by))
        .order_by(col(a.id))
        .with_for_update(of=a)
    ).all()
    if len(found) < len(wanted):
        known = {row.id for row in found}
        raise CaseUnknown(
            tuple(
                Fault("application.unknown", "没有找到", "not found", str(each))
                for each in sorted(wanted - known)
            )
        )
    moved = [row for row in found if row.state not in BEFORE_DECISION or row.decided]
    if moved and not skip_moved:
        raise _moved(moved)
    free = [row.id for row in found if row not in moved]
    done = session.execute(
        update(a)
        .where(and_(col(a.id) == _any(free), col(a.state).in_(sorted(BEFORE_DECISION)), ~decided))
        .values(state=ApplicationState.WITHDRAWN, step=None)
        .returning(col(a.id))
    ).scalars()
    withdrawn = sorted(done)
    audit.note(session, by=by, did="application.withdrawn", records=withdrawn, because=because)
    if withdrawn:
        freeing.offer_freed(session, select(col(a.id)).where(col(a.id) == _any(withdrawn)), by=by)
    return withdrawn


def _moved(rows: Sequence[Row[Any]]) -> CasesMoved:
    return CasesMoved(
        f"{len(rows)} 份申请已审核或已结束，不能撤回；其余也未撤回。可只撤回其余（skip_moved）。",
        f"{len(rows)} of the cases are decided or over and cannot be withdrawn; none was. "
        "Leave them out, or say skip_moved.",
        faults=[
            Fault(
                "application.moved",
                f"当前状态 {row.state.value}",
                f"it is {row.state.value}" + (", decided" if row.decided else ""),
                row.number,
            )
            for row in rows
        ],
    )


def _any(ids: Collection[UUID]) -> Any:
    return any_(bindparam(None, list(ids), ARRAY(Uuid())))
