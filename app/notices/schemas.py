"""What the doors of notices answer."""

from datetime import date
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from app.notices.models import Notice


class NoticeOut(BaseModel):
    """A public notice, without its lines."""

    id: UUID
    number: str
    title: str
    programme: str
    period: str
    shown_from: date
    shown_to: date
    working_days: int
    holidays_known: bool
    line_count: int

    @classmethod
    def of(cls, notice: Notice) -> Self:
        """The reply for a notice."""
        return cls(**notice.model_dump(include=set(cls.model_fields)))


class LineOut(BaseModel):
    """All that a notice shows of a person."""

    name: str
    school: str
    grade: int
    class_name: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The reply for a line."""
        return cls(
            name=row.name, school=row.school_name, grade=row.grade, class_name=row.class_name
        )


class NoticePageOut(BaseModel):
    """A public notice and a page of its lines."""

    notice: NoticeOut
    items: list[LineOut]
    next: str | None
