"""The set on its way through a decision: a temporary table of id, amount_fen and next_step."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    null,
    select,
)
from sqlmodel import Session, col

from app.applications.models import Application, Step, Submission
from app.applications.orders import OFFICE_ORDER, Totals, waiting
from app.applications.queries import as_it_stands
from app.core.scoping import among
from app.core.staging import stage
from app.policy import queries as policy
from app.registry.models import RunBy, School


def set_out(session: Session, chosen: Table, programme: str, *, step: Step) -> Table:
    """The set to decide: id, amount_fen, and next_step, null where this approval is the last."""
    known = policy.programme(programme)
    following = case(
        *(
            (col(School.run_by) == run_by, _after(known.approval_path(run_by.value), step))
            for run_by in RunBy
        ),
        else_=cast(null(), String(32)),
    )
    rows = (
        select(
            col(Application.id),
            func.coalesce(col(Application.amount_fen), 0).label("amount_fen"),
            following.label("next_step"),
        )
        .join(chosen, chosen.c.id == Application.id)
        .join(School, col(School.id) == Application.school_id)
        .where(waiting(step))
    )
    return stage(session, "deciding", rows, ["id", "amount_fen", "next_step"])


def _after(path: tuple[str, ...], step: Step) -> ColumnElement[Any]:
    later = OFFICE_ORDER[OFFICE_ORDER.index(step) + 1 :]
    following = next((office.value for office in later if office.value in path), None)
    return cast(literal(following, String(32)), String(32))


def totals(session: Session, deciding: Table) -> Totals:
    """Count and sum of the set."""
    count, amount = session.execute(
        select(func.count(), func.coalesce(func.sum(deciding.c.amount_fen), 0))
    ).one()
    return Totals(int(count), int(amount))


def has_last(session: Session, deciding: Table) -> bool:
    """Whether this is the last approval for any case of the set."""
    last = exists().where(deciding.c.next_step.is_(None))
    return bool(session.execute(select(last)).scalar_one())


def last_approvals(deciding: Table) -> Any:
    """The cases whose last approval this is, as awards take them."""
    return (
        select(
            col(Application.id).label("application_id"),
            col(Application.student_id),
            col(Application.school_id),
            col(Application.county_id),
            col(Submission.policy_version_id),
            col(Application.hardship),
            col(Application.amount_fen),
            col(Application.made_at).label("taken_at"),
        )
        .join(deciding, deciding.c.id == Application.id)
        .join(Submission, as_it_stands())
        .where(deciding.c.next_step.is_(None))
    )


def leave_out(session: Session, deciding: Table, left_out: list[UUID]) -> list[str]:
    """Takes cases without money out of the set; answers their numbers."""
    if not left_out:
        return []
    session.execute(delete(deciding).where(among(deciding.c.id, left_out)))
    numbers = select(col(Application.number)).where(among(Application.id, left_out))
    return sorted(session.execute(numbers).scalars())
