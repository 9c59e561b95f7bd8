"""Reads the audit trail; only the city's scope sees any of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.audit.models import AuditEvent, AuditRecord
from app.core import clock
from app.core.paging import PageAsked


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """Which events to list; the days are civil days in Shanghai, both included."""

    record_id: UUID | None = None
    actor_id: UUID | None = None
    did: str | None = None
    refused: bool | None = None
    since: date | None = None
    until: date | None = None


def events(session: Session, asked: PageAsked, *, wanted: EventFilter) -> Sequence[AuditEvent]:
    """One page of events, newest first."""
    chosen = select(AuditEvent)
    if wanted.record_id is not None:
        touched = select(col(AuditRecord.event_id)).where(
            col(AuditRecord.record_id) == wanted.record_id
        )
        chosen = chosen.where(col(AuditEvent.id).in_(touched))
    if wanted.actor_id is not None:
        chosen = chosen.where(col(AuditEvent.actor_id) == wanted.actor_id)
    if wanted.did is not None:
        chosen = chosen.where(col(AuditEvent.did) == wanted.did)
    if wanted.refused is not None:
        chosen = chosen.where(col(AuditEvent.refused).is_(wanted.refused))
    if wanted.since is not None:
        chosen = chosen.where(col(AuditEvent.at) >= _begin(wanted.since))
    if wanted.until is not None and wanted.until < date.max:
        chosen = chosen.where(col(AuditEvent.at) < _begin(wanted.until + timedelta(days=1)))
    return session.scalars(asked.cut(chosen, col(AuditEvent.id), newest_first=True)).all()


def counts_of_records(session: Session, event_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many records each event touched; those that touched none are left out."""
    rows = session.execute(
        select(col(AuditRecord.event_id), func.count())
        .where(col(AuditRecord.event_id).in_(event_ids))
        .group_by(col(AuditRecord.event_id))
    )
    return {row[0]: row[1] for row in rows}


def records(session: Session, event_id: UUID, asked: PageAsked) -> Sequence[UUID] | None:
    """One page of the ids of records an event touched, by id; None for no such event."""
    if session.get(AuditEvent, event_id) is None:
        return None
    wanted = asked.cut(
        select(col(AuditRecord.record_id)).where(col(AuditRecord.event_id) == event_id),
        col(AuditRecord.record_id),
    )
    return session.scalars(wanted.distinct()).all()


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.SHANGHAI)
