"""The audit trail: one event a call, one line for each record it touched. Append-only."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field, Index, SQLModel

from app.core.actor import ActorKind
from app.core.columns import enum_column, identity_column, json_column, moment_column, one_of


class AuditEvent(SQLModel, table=True):
    """One act, or one refusal, of one caller. `detail` holds ids and counts, never identities."""

    __tablename__ = "audit_event"
    __table_args__ = (
        one_of("actor_kind", ActorKind),
        Index("ix_audit_event_actor", "actor_id", "at"),
        Index("ix_audit_event_did", "did", "at"),
        Index("ix_audit_event_refused", "id", postgresql_where="refused IS TRUE"),
    )
    id: UUID = Field(primary_key=True)
    at: datetime = moment_column(index=True)
    office_day: date
    actor_kind: ActorKind = enum_column(ActorKind)
    actor_id: UUID
    actor_name: str = Field(max_length=120)
    organisation_id: UUID | None = None
    did: str = Field(max_length=80)
    because: str = Field(max_length=2000)
    request_id: str = Field(max_length=64)
    refused: bool
    detail: dict[str, Any] = json_column()


class AuditRecord(SQLModel, table=True):
    """A record that an event touched."""

    __tablename__ = "audit_record"
    id: int | None = identity_column()
    event_id: UUID = Field(foreign_key="audit_event.id", index=True)
    record_id: UUID = Field(index=True)
