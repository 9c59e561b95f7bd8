"""What a trail pages through, and the schools' allocations among it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select, union_all
from sqlmodel import Session, col

from app.allocations.models import SchoolAllocation, SchoolAllocationStudent
from app.applications.models import Application
from app.auth.models import Organisation
from app.core.paging import PageAsked

Rows = list[dict[str, Any]]


def members(
    session: Session, cases: Select[UUID], allocations: Select[UUID], page: PageAsked
) -> Rows:
    """One page of cases and schools' allocations by id: their ids, and which each is."""
    both = union_all(
        *(
            select(col(table.id).label("id"), literal(kind).label("kind")).where(
                col(table.id).in_(chosen)
            )
            for kind, table, chosen in (
                ("case", Application, cases),
                ("allocation", SchoolAllocation, allocations),
            )
        )
    ).subquery()
    asked = page.cut(select(both), both.c.id)
    return [dict(row) for row in session.execute(asked).mappings()]


def allocations(session: Session, chosen: Sequence[UUID], student: UUID | None) -> Rows:
    """The schools' allocations by id, with the school's name and the student's part of them."""
    listed = SchoolAllocationStudent
    own = (
        select(col(listed.amount_fen))
        .where(
            col(listed.allocation_id) == col(SchoolAllocation.id), col(listed.student_id) == student
        )
        .scalar_subquery()
    )
    table = SchoolAllocation
    names = (
        "id", "number", "state", "programme", "period", "school_id", "county_id", "as_of", "roll",
        "head_count", "asked", "policy_version_id", "counted_by", "counted_at", "decided_by",
        "decided_at",
    )  # fmt: skip
    asked = (
        select(
            *(col(getattr(table, name)) for name in names),
            col(table.amount_fen).label("amount"),
            own.label("student_amount"),
            col(Organisation.name).label("school"),
        )
        .join(Organisation, col(Organisation.id) == table.school_id)
        .where(col(table.id).in_(chosen))
        .order_by(col(table.id))
    )
    return [dict(row) for row in session.execute(asked).mappings()]
