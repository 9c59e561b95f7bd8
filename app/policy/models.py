"""Published policy: append-only, the authority that applications refer to; and its drafts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import bytes_column, enum_column, moment_column, one_of


class DraftState(StrEnum):
    """Where a drafted version stands."""

    DRAFTED = "drafted"
    APPROVED = "approved"  # published: a row of `policy_version`
    WITHDRAWN = "withdrawn"


class PolicyVersion(SQLModel, table=True):
    """One dated version of one programme, word for word as the catalogue gave it."""

    __tablename__ = "policy_version"
    __table_args__ = (
        Index(
            "uq_policy_version_key",
            "catalogue",
            "programme",
            "effective_from",
            "revision",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    catalogue: str = Field(max_length=40)
    programme: str = Field(max_length=40)
    effective_from: str | None = Field(default=None, max_length=11)
    revision: int
    body: str
    sha256: bytes = bytes_column()
    loaded_at: datetime = moment_column()


class PolicyDraft(SQLModel, table=True):
    """A version that an officer has written; it binds once a second person has approved it."""

    __tablename__ = "policy_draft"
    __table_args__ = (
        one_of("state", DraftState),
        CheckConstraint(
            "settled_by IS DISTINCT FROM drafted_by OR state <> 'approved'", name="second_person"
        ),
        CheckConstraint(
            "(state = 'approved') = (version_id IS NOT NULL)", name="approved_published"
        ),
        Index(
            "uq_policy_draft_key",
            "catalogue",
            "programme",
            "effective_from",
            "revision",
            unique=True,
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    catalogue: str = Field(max_length=40)
    programme: str = Field(max_length=40)
    effective_from: str = Field(max_length=11)
    revision: int
    body: str
    sha256: bytes = bytes_column()
    because: str = Field(max_length=500)
    state: DraftState = enum_column(DraftState)
    drafted_by: UUID
    drafted_at: datetime = moment_column()
    settled_by: UUID | None = None
    settled_because: str | None = Field(default=None, max_length=500)
    settled_at: datetime | None = moment_column(default=None, nullable=True)
    version_id: UUID | None = Field(default=None, foreign_key="policy_version.id")
