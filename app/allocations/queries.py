"""Reads allocations, the students behind them, and who is on two rolls, within the scope."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.allocations.errors import AllocationNotFound
from app.allocations.models import (
    AllocationState,
    SchoolAllocation,
    SchoolAllocationDouble,
    SchoolAllocationStudent,
)
from app.auth.models import Organisation
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.registry.models import Student

ROWS_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class AllocationsSought:
    """Filters of a list of allocations; what is None does not narrow."""

    programme: str | None = None
    period: str | None = None
    school_id: UUID | None = None
    state: AllocationState | None = None


def allocations(
    session: Session, by: Actor, asked: PageAsked, sought: AllocationsSought
) -> Sequence[Row[Any]]:
    """Allocations in scope with their school's name and how many are on two rolls, by id."""
    query = _shown(by)
    for name, value in vars(sought).items():
        if value is not None:
            query = query.where(getattr(SchoolAllocation, name) == value)
    return session.execute(asked.cut(query, col(SchoolAllocation.id))).all()


def allocation(session: Session, allocation_id: UUID, by: Actor) -> Row[Any]:
    """One allocation with its school's name. Raises AllocationNotFound."""
    found = session.execute(
        _shown(by).where(col(SchoolAllocation.id) == allocation_id)
    ).one_or_none()
    if found is None:
        raise AllocationNotFound
    return found


def students(
    session: Session, allocation_id: UUID, asked: PageAsked, by: Actor
) -> Sequence[Row[Any]]:
    """The students an allocation counts, by id.

    The numbers of one who has moved out of the caller's sight since are null.
    """
    query = _students(allocation_id, by)
    if asked.after is not None:
        query = query.where(col(SchoolAllocationStudent.student_id) > asked.after)
    return session.execute(query.limit(asked.fetch)).all()


def every_student(session: Session, allocation_id: UUID, by: Actor) -> Iterator[Row[Any]]:
    """As `students`, all of them, streamed."""
    yield from session.execute(
        _students(allocation_id, by), execution_options={"yield_per": ROWS_AT_ONCE}
    )


def doubles(session: Session, allocation_id: UUID, by: Actor) -> Sequence[Row[Any]]:
    """Who of an allocation's school was on another's roll too, with that school's name."""
    table: Any = SchoolAllocationDouble
    other: Any = aliased(Organisation)
    return session.execute(
        select(
            col(table.student_id),
            col(table.student_name),
            col(table.other_school_id),
            other.name.label("other_school"),
            col(table.counted_here),
        )
        .join(other, other.id == table.other_school_id)
        .where(col(table.allocation_id) == allocation_id, visible(table, by))
        .order_by(col(table.student_id), col(table.other_school_id))
    ).all()


def _shown(by: Actor) -> Any:
    shared = (
        select(func.count(col(SchoolAllocationDouble.student_id).distinct()))
        .where(col(SchoolAllocationDouble.allocation_id) == SchoolAllocation.id)
        .scalar_subquery()
    )
    return (
        select(SchoolAllocation, col(Organisation.name).label("school"), shared.label("doubles"))
        .join(Organisation, col(Organisation.id) == SchoolAllocation.school_id)
        .where(visible(SchoolAllocation, by))
    )


def _students(allocation_id: UUID, by: Actor) -> Any:
    table = SchoolAllocationStudent
    return (
        select(
            col(table.student_id),
            col(table.amount_fen),
            col(table.student_name),
            col(Student.resident_id).label("resident_id"),
            col(Student.register_no).label("register_no"),
        )
        .outerjoin(Student, col(Student.id) == col(table.student_id))
        .where(col(table.allocation_id) == allocation_id, visible(table, by))
        .order_by(col(table.student_id))
    )
