"""What banks' unlisted words mean, as somebody who asked the bank has taught."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, Index, SQLModel

from app.core import ids
from app.core.columns import enum_column, moment_column, one_of


class LearntOutcome(StrEnum):
    """What an unlisted word can turn out to mean; unknown is what it was before."""

    PAID = "paid"
    FAILED = "failed"


class LearntReply(SQLModel, table=True):
    """A bank's words and what they come to. Append-only; taught once."""

    __tablename__ = "learnt_reply"
    __table_args__ = (
        one_of("outcome", LearntOutcome),
        Index("uq_learnt_reply_words", "bank_format", "words", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    bank_format: str = Field(max_length=40)
    words: str = Field(max_length=120)
    outcome: LearntOutcome = enum_column(LearntOutcome)
    because: str = Field(max_length=500)
    learnt_by: UUID
    learnt_at: datetime = moment_column()
