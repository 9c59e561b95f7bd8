"""Reads what is owed back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlmodel import Session, col

from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.core.staging import Rows
from app.recoveries.errors import RecoverableNotFound
from app.recoveries.models import (
    Recoverable,
    RecoveryReason,
    RecoverySettlement,
    RecoveryState,
    WriteOff,
    WriteOffState,
)
from app.registry.models import School


@dataclass(frozen=True, kw_only=True)
class RecoveryFilter:
    """Which recoverable money; None asks for nothing."""

    school_id: UUID | None = None
    student_id: UUID | None = None
    award_id: UUID | None = None
    reason: RecoveryReason | None = None
    state: RecoveryState | None = None


def recoveries(
    session: Session, by: Actor, wanted: RecoveryFilter, page: PageAsked
) -> Sequence[Row[Any]]:
    """One page of (recoverable, school's name) within scope, in the order in which it was marked.

    The student is named by id alone: who has moved away is another school's to show.
    """
    table = Recoverable
    query = (
        select(table, col(School.name))
        .join(School, col(School.id) == table.school_id)
        .where(visible(table, by))
    )
    for name, value in vars(wanted).items():
        if value is not None:
            query = query.where(getattr(table, name) == value)
    return session.execute(page.cut(query, col(table.id))).all()


def settlements(
    session: Session, by: Actor, recoverable_id: UUID, page: PageAsked
) -> Sequence[Row[Any]]:
    """How one debt was settled, part by part. Raises RecoverableNotFound."""
    known = select(col(Recoverable.id)).where(
        col(Recoverable.id) == recoverable_id, visible(Recoverable, by)
    )
    if session.execute(known).scalar_one_or_none() is None:
        raise RecoverableNotFound
    table = RecoverySettlement
    query: Rows = select(
        col(table.id),
        col(table.kind),
        col(table.amount_fen).label("amount"),
        col(table.reference),
        col(table.because),
        col(table.made_by),
        col(table.agreed_by),
        col(table.made_at),
    ).where(col(table.recoverable_id) == recoverable_id, visible(table, by))
    return session.execute(page.cut(query, col(table.id))).all()


def write_offs(
    session: Session, by: Actor, page: PageAsked, state: WriteOffState | None
) -> Sequence[Row[Any]]:
    """Write-offs within scope with what is left of their debts, oldest first."""
    table = WriteOff
    query: Rows = (
        select(
            col(table.id),
            col(table.recoverable_id),
            col(table.state),
            (col(Recoverable.amount_fen) - col(Recoverable.settled_fen)).label("left"),
            col(table.because),
            col(table.asked_by),
            col(table.asked_at),
            col(table.answered_by),
            col(table.answered_because),
        )
        .join(Recoverable, col(Recoverable.id) == col(table.recoverable_id))
        .where(visible(table, by))
    )
    if state is not None:
        query = query.where(col(table.state) == state)
    return session.execute(page.cut(query, col(table.id))).all()
