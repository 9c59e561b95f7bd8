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
from app.recoveries.models import Recoverable, RecoveryReason, RecoveryState
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
        .order_by(col(table.id))
    )
    for name, value in vars(wanted).items():
        if value is not None:
            query = query.where(getattr(table, name) == value)
    if page.after is not None:
        query = query.where(col(table.id) > page.after)
    return session.execute(query.limit(page.fetch)).all()
