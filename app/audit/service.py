"""Writes the audit trail."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.sql import func
from sqlmodel import Session

from app.audit.models import AuditEvent, AuditRecord
from app.core import clock, ids
from app.core.actor import Actor

request_id: ContextVar[str] = ContextVar("request_id", default="")


def note(
    session: Session,
    *,
    by: Actor,
    did: str,
    records: Iterable[UUID] | Select[Any] = (),
    because: str = "",
    detail: Mapping[str, object] | None = None,
) -> UUID:
    """Notes one act and the records it touched; answers the event's id.

    `records` are ids, or a select of one id column (then nothing travels to the application).
    """
    event = _event(session, by, did, because=because, detail=detail, refused=False)
    if isinstance(records, Select):
        chosen = records.subquery()
        lines = select(literal(event, UUID_TYPE()), next(iter(chosen.c)))
    else:
        listed = list(records)
        if not listed:
            return event
        many = bindparam("many", listed, ARRAY(UUID_TYPE()))
        lines = select(literal(event, UUID_TYPE()), func.unnest(many))
    session.execute(insert(AuditRecord).from_select(["event_id", "record_id"], lines).inline())
    return event


def refusal(
    session: Session, *, by: Actor, did: str, because: str, detail: Mapping[str, object]
) -> UUID:
    """Notes an act that was refused, and why."""
    return _event(session, by, did, because=because, detail=detail, refused=True)


def _event(
    session: Session,
    by: Actor,
    did: str,
    *,
    because: str,
    detail: Mapping[str, object] | None,
    refused: bool,
) -> UUID:
    event = ids.new()
    # Core, not the ORM: the serving role may insert here, and read only in city scope.
    session.execute(
        insert(AuditEvent).values(
            id=event,
            at=clock.now(),
            office_day=clock.office_day(),
            actor_kind=by.kind,
            actor_id=by.id,
            actor_name=by.name[:120],
            organisation_id=by.organisation_id,
            did=did,
            because=because[:2000],
            request_id=request_id.get(),
            refused=refused,
            detail=dict(detail or {}),
        )
    )
    return event
