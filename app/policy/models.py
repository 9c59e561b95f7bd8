"""Published policy: append-only, the authority that applications refer to."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, Index, SQLModel

from app.core import ids
from app.core.columns import bytes_column, moment_column


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
