"""Reads what was decided."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlmodel import Session, col

from app.applications.decision_errors import DecisionBatchUnknown
from app.applications.models import Application, Decision, DecisionBatch, Submission
from app.applications.orders import Totals
from app.applications.queries import require_seen
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible


def batch(session: Session, batch_id: UUID, *, by: Actor) -> tuple[DecisionBatch, Totals]:
    """An act of deciding, with count and sum of the members the caller can see.

    Raises DecisionBatchUnknown, also when none of its cases is within scope.
    """
    found = session.execute(
        select(
            DecisionBatch,
            func.count(col(Decision.id)),
            func.coalesce(func.sum(col(Submission.amount_fen)), 0),
        )
        .join(Decision, col(Decision.batch_id) == DecisionBatch.id)
        .join(Submission, _of_decision())
        .where(col(DecisionBatch.id) == batch_id, visible(Decision, by))
        .group_by(col(DecisionBatch.id))
    ).one_or_none()
    if found is None:
        raise DecisionBatchUnknown(
            "没有找到这次审核；请核对编号。", "There is no such act of deciding; check its id."
        )
    return found[0], Totals(int(found[1]), int(found[2]))


def members(session: Session, batch_id: UUID, asked: PageAsked, *, by: Actor) -> Sequence[Row[Any]]:
    """One page of the members: application_id, number, school_id, submission_no, amount_fen."""
    query = (
        select(
            col(Decision.application_id),
            col(Application.number),
            col(Decision.school_id),
            col(Decision.submission_no),
            col(Submission.amount_fen),
        )
        .join(Application, col(Application.id) == Decision.application_id)
        .join(Submission, _of_decision())
        .where(col(Decision.batch_id) == batch_id, visible(Decision, by))
    )
    return session.execute(asked.cut(query, col(Decision.application_id))).all()


def said_to(session: Session, application_id: UUID, *, by: Actor) -> Sequence[Decision]:
    """Every decision on one case, oldest first. Raises CaseUnknown outside the caller's scope."""
    require_seen(session, application_id, by=by)
    return (
        session.execute(
            select(Decision)
            .where(col(Decision.application_id) == application_id)
            .order_by(col(Decision.id))
        )
        .scalars()
        .all()
    )


def _of_decision() -> Any:
    return and_(
        col(Submission.application_id) == Decision.application_id,
        col(Submission.submission_no) == Decision.submission_no,
    )
