"""Public notices: which fields are shown, for how long. Knows kinds and ids, not who asked."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, Index, SQLModel

from app.core import ids
from app.core.columns import enum_column, moment_column, one_of


class NoticeState(StrEnum):
    """Whether a notice can be read."""

    POSTED = "posted"
    TAKEN_DOWN = "taken_down"


class Notice(SQLModel, table=True):
    """One public notice (公示) of the centre; its lines are deleted when it is taken down."""

    __table_args__ = (one_of("state", NoticeState), Index("ix_notice_state", "state", "shown_to"))
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    number: str = Field(max_length=40, unique=True)
    title: str = Field(max_length=200)
    programme: str = Field(max_length=40)
    period: str = Field(max_length=11)
    shown_from: date
    shown_to: date
    working_days: int
    holidays_known: bool
    line_count: int
    state: NoticeState = enum_column(NoticeState)
    posted_by: UUID
    posted_at: datetime = moment_column()
    taken_down_at: datetime | None = moment_column(default=None, nullable=True)


class NoticeLine(SQLModel, table=True):
    """What one line shows, and nothing more: name, school, grade, class."""

    __tablename__ = "notice_line"
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    notice_id: UUID = Field(foreign_key="notice.id", index=True)
    subject_id: UUID = Field(index=True)  # the application
    line_no: int
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    name: str = Field(max_length=80)
    school_name: str = Field(max_length=120)
    grade: int
    class_name: str | None = Field(default=None, max_length=40)
