"""Which cases an officer's act falls on: named by id or taken by a filter, locked in id order."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, exists, or_, select, true
from sqlmodel import Session, col

from app.applications.errors import CaseUnknown
from app.applications.models import Application, Decision, Submission
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import among, visible
from app.core.staging import stage

Condition: TypeAlias = ColumnElement[bool]
Ids: TypeAlias = Select[Any]
"""A select of one column of ids."""


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """Cases of one programme and period; what is None does not narrow."""

    programme: str
    period: str
    county_id: UUID | None = None
    school_id: UUID | None = None
    stage: str | None = None
    grade: int | None = None
    hardship: int | None = None
    eligible: bool | None = None

    def matches(self) -> ColumnElement[bool]:
        """The filter as a predicate on Application."""
        met: ColumnElement[bool] = true()
        for name, value in asdict(self).items():
            if value is not None:
                met = met & (getattr(Application, name) == value)
        return met

    def kept(self) -> dict[str, Any]:
        """The filter as the decision batch keeps it; only what narrows."""
        return {
            name: str(value) if isinstance(value, UUID) else value
            for name, value in asdict(self).items()
            if value is not None
        }


def own(by: Actor) -> ColumnElement[bool]:
    """Cases the person handed in, in any submission, or decided as they stand, at any step.

    Handed in again, a case is another submission: who returned it may decide it anew.
    """
    return or_(
        col(Application.uploaded_by) == by.id,
        exists().where(
            col(Submission.application_id) == Application.id, col(Submission.made_by) == by.id
        ),
        exists().where(
            col(Decision.application_id) == Application.id,
            col(Decision.submission_no) == Application.submission_no,
            col(Decision.decided_by) == by.id,
        ),
    )


def lock(session: Session, which: ColumnElement[bool], *, by: Actor) -> Table:
    """The matching cases within the caller's scope, locked by id; a temporary table (id).

    What changed while this waited is looked at again, so the table holds only cases that match
    as they stand now. The caller reads states in a later statement.
    """
    chosen = (
        select(col(Application.id))
        .where(visible(Application, by), which)
        .order_by(col(Application.id))
        .with_for_update()
    )
    return stage(session, "chosen", chosen, ["id"])


def lock_named(session: Session, ids: Sequence[UUID], *, by: Actor) -> Table:
    """As `lock`, for named cases. Raises CaseUnknown listing ids that are not in scope."""
    chosen = lock(session, among(Application.id, ids), by=by)
    there = set(session.execute(select(chosen.c.id)).scalars())
    lost = sorted(set(ids) - there)
    if lost:
        faults = tuple(
            Fault("unknown", "没有这份申请。", "There is no such application.", str(each))
            for each in lost
        )
        raise CaseUnknown(faults)
    return chosen
