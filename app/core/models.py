"""Tables of the ground floor: counters and kept replies."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, Index, SQLModel

from app.core.columns import bytes_column, moment_column


class Counter(SQLModel, table=True):
    """The next number of a series, such as application numbers of one round."""

    name: str = Field(primary_key=True, max_length=80)
    next: int = Field(sa_type=BigInteger)


class KeptReply(SQLModel, table=True):
    """The first answer to an `Idempotency-Key`, kept 72 hours; the body is encrypted."""

    __tablename__ = "kept_reply"
    __table_args__ = (Index("uq_kept_reply_key", "actor_id", "key", unique=True),)
    id: UUID = Field(primary_key=True)
    actor_id: UUID
    key: str = Field(max_length=200)
    request_sha256: bytes = bytes_column()
    status: int | None = None
    body: bytes | None = bytes_column(default=None, nullable=True)
    media_type: str | None = Field(default=None, max_length=80)
    made_at: datetime = moment_column(index=True)
