"""Rolls that were handed in, how their taking went, and the rows not taken.

`school_id` is the school that handed a roll in, `county_id` its county or the county centre that
did; both null for the city's.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    enum_column,
    identity_column,
    json_column,
    moment_column,
    one_of,
)
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError


class Roll(SQLModel, table=True):
    """One roll of one school year, and what became of its rows."""

    __table_args__ = (
        one_of("on_error", OnError),
        one_of("state", TakingState),
        Index("ix_roll_uploaded_by", "uploaded_by", "made_at"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    school_year: str = Field(max_length=9)
    entered_on: date
    on_error: OnError = enum_column(OnError)
    dry_run: bool = False
    file_name: str = Field(max_length=200)
    document_id: UUID = Field(foreign_key="document.id")
    sha256: bytes = bytes_column()
    state: TakingState = enum_column(TakingState)
    rows_total: int = 0  # until it is done, the lines of a CSV
    rows_done: int = 0
    rows_new: int = 0
    rows_updated: int = 0
    rows_unchanged: int = 0
    rows_refused: int = 0
    refusals: dict[str, Any] = json_column()
    problem: dict[str, Any] | None = json_column(default=None, nullable=True)
    uploaded_by: UUID
    made_at: datetime = moment_column()
    finished_at: datetime | None = moment_column(default=None, nullable=True)


class RollRefusal(SQLModel, table=True):
    """One thing that is wrong with a row that was not taken; it names nobody. Append-only."""

    __tablename__ = "roll_refusal"
    __table_args__ = (Index("ix_roll_refusal_roll", "roll_id", "id"),)
    id: int | None = identity_column()
    roll_id: UUID = Field(foreign_key="roll.id")
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    sheet: str = Field(max_length=80)
    row_no: int
    code: str = Field(max_length=40)
    field: str = Field(max_length=40)
    zh: str = Field(max_length=300)
    en: str = Field(max_length=300)
