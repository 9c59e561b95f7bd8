"""Uploaded sheets: the job that takes one in, and what became of each row."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    enum_column,
    fen_column,
    identity_column,
    json_column,
    moment_column,
    one_of,
    texts_column,
)
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError


class ImportKind(StrEnum):
    """What the rows of a sheet are."""

    APPLICATIONS = "applications"


class RowOutcome(StrEnum):
    """What became of one row."""

    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    PROVISIONAL = "provisional"
    INCOMPLETE = "incomplete"  # a fact is missing: a draft that lists what it needs
    UNCHANGED = "unchanged"
    ALREADY_APPLIED = "already_applied"
    ERROR = "error"


class SheetImport(SQLModel, table=True):
    """One uploaded sheet and how its import went."""

    __tablename__ = "sheet_import"
    __table_args__ = (
        one_of("kind", ImportKind),
        one_of("state", TakingState),
        one_of("on_error", OnError),
        Index("ix_sheet_import_uploaded", "uploaded_by", "made_at"),
        Index("ix_sheet_import_under_way", "id", postgresql_where="state IN ('queued', 'running')"),
        Index(
            "ix_sheet_import_pace",
            "finished_at",
            postgresql_where="state = 'done' AND started_at IS NOT NULL",
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    kind: ImportKind = enum_column(ImportKind)
    programme: str = Field(max_length=40)
    period: str = Field(max_length=11)
    file_name: str = Field(max_length=200)
    document_id: UUID = Field(foreign_key="document.id")
    annotated_id: UUID | None = Field(default=None, foreign_key="document.id")
    dry_run: bool
    on_error: OnError = enum_column(OnError)
    state: TakingState = enum_column(TakingState)
    rows_total: int = 0  # of one that waits: what its file tells unread; 0 where it tells nothing
    rows_done: int = 0
    counts: dict[str, Any] = json_column()
    amount_fen: int = fen_column(default=0)
    problem: dict[str, Any] | None = json_column(default=None, nullable=True)
    uploaded_by: UUID
    made_at: datetime = moment_column()
    # When a worker took it up; null where the answer came at once.
    started_at: datetime | None = moment_column(default=None, nullable=True)
    finished_at: datetime | None = moment_column(default=None, nullable=True)


class ImportRow(SQLModel, table=True):
    """What became of one row of a sheet; the row's own text stays in the sheet. Append-only."""

    __tablename__ = "import_row"
    __table_args__ = (
        one_of("outcome", RowOutcome),
        Index("uq_import_row_place", "import_id", "sheet_no", "row_no", unique=True),
    )
    id: int | None = identity_column()
    import_id: UUID = Field(foreign_key="sheet_import.id")
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    sheet_no: int
    sheet: str = Field(max_length=80)
    row_no: int
    name: str = Field(max_length=80)
    outcome: RowOutcome = enum_column(RowOutcome)
    kinds: list[str] = texts_column()
    detail: str = Field(max_length=500)
    application_id: UUID | None = None
