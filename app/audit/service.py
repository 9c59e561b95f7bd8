"""Writes the audit trail."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Select, bindparam, insert, literal, select
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
    key = ids.new()
    event = _event(key, by, did, because=because, detail=detail, refused=False)
    lines = _lines(key, records)
    # One statement for both: most acts touch one record, and each round trip would be felt.
    session.execute(event if lines is None else lines.add_cte(event.cte("event")))
    return key


def refusal(
    session: Session, *, by: Actor, did: str, because: str, detail: Mapping[str, object]
) -> UUID:
    """Notes an act that was refused, and why."""
    key = ids.new()
    session.execute(_event(key, by, did, because=because, detail=detail, refused=True))
    return key


def _event(
    key: UUID,
    by: Actor,
    did: str,
    *,
    because: str,
    detail: Mapping[str, object] | None,
    refused: bool,
) -> Insert:
    # Core, not the ORM: the serving role may insert here, and read only in city scope.
    return insert(AuditEvent).values(
        id=key,
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


def _lines(key: UUID, records: Iterable[UUID] | Select[Any]) -> Insert | None:
    """What stores a line for each record; None where there is none."""
    if isinstance(records, Select):
        chosen = records.subquery()
        lines = select(literal(key, UUID_TYPE()), next(iter(chosen.c)))
    else:
        listed = list(records)
        if not listed:
            return None
        many = bindparam("many", listed, ARRAY(UUID_TYPE()))
        lines = select(literal(key, UUID_TYPE()), func.unnest(many))
    return insert(AuditRecord).from_select(["event_id", "record_id"], lines).inline()
