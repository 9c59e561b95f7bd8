"""What the doors of recognitions, changes and cancellations take and answer."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.asked import Asked
from app.core.days import Day
from app.recognition import codes, rules
from app.recognition.models import (
    Basis,
    Recognition,
    RecognitionRequest,
    RequestKind,
    RequestState,
)
from app.recognition.path_schemas import Level
from app.recognition.schemas import Groups
from app.recognition.service import Ruling, Wished
from app.registry.schemas import SchoolYear

STUDENTS_MAX = 500

StudentIds = Annotated[list[UUID], Field(min_length=1, max_length=STUDENTS_MAX)]
Because = Annotated[str, Field(min_length=2, max_length=500, pattern=r"\S")]


class RecognitionOut(BaseModel):
    """What a student is recognised as from a day on."""

    id: UUID
    student_id: UUID
    school_id: UUID
    school_year: str
    level: int
    groups: list[str]
    basis: Basis
    form_id: UUID | None
    register_ref: UUID | None
    valid_from: date
    decided_by: UUID
    because: str
    made_at: datetime

    @classmethod
    def of(cls, made: Recognition) -> Self:
        """The recognition as clients see it."""
        return cls(**made.model_dump(include=set(cls.model_fields)))


class ChangeIn(Asked):
    """Another level, and perhaps other groups, for students of a school year; and why."""

    student_ids: StudentIds
    school_year: SchoolYear
    level: Level
    groups: Groups | None = None
    valid_from: Day | None = None
    because: Because

    def read(self) -> Wished:
        """As the service takes it. Raises WordUnknown for a group that is in no list."""
        return Wished(
            kind=RequestKind.CHANGE,
            student_ids=tuple(sorted(set(self.student_ids))),
            school_year=self.school_year,
            level=self.level,
            groups=self._groups(),
            valid_from=self.valid_from,
            because=self.because.strip(),
        )

    def _groups(self) -> tuple[str, ...] | None:
        if self.groups is None:
            return None
        on = rules.last_day_of(self.school_year)
        read = {codes.read_group(word, on, f"/groups/{n}") for n, word in enumerate(self.groups)}
        return tuple(sorted(read - {"none"}))


class CancellationIn(Asked):
    """Students whose recognition rests on a false statement; and what was false."""

    student_ids: StudentIds
    school_year: SchoolYear
    because: Because

    def read(self) -> Wished:
        """As the service takes it."""
        return Wished(
            kind=RequestKind.CANCEL,
            student_ids=tuple(sorted(set(self.student_ids))),
            school_year=self.school_year,
            because=self.because.strip(),
        )


class RulingIn(Asked):
    """What the second officer says, and why."""

    verdict: Literal["confirm", "refuse"]
    because: Because

    def read(self) -> Ruling:
        """As the service takes it."""
        return Ruling(confirm=self.verdict == "confirm", because=self.because.strip())


class AskedOut(BaseModel):
    """The requests that now wait for a second person."""

    ids: list[UUID]


class ChangedOut(BaseModel):
    """How many recognitions the ruling made: none where it refuses."""

    recognitions: int


class RequestOut(BaseModel):
    """A request to change or cancel, and what the second person said."""

    id: UUID
    kind: RequestKind
    student_id: UUID
    school_id: UUID
    school_year: str
    level: int | None
    groups: list[str] | None
    valid_from: date | None
    because: str
    state: RequestState
    requested_by: UUID
    requested_at: datetime
    settled_by: UUID | None
    settled_because: str | None
    settled_at: datetime | None

    @classmethod
    def of(cls, request: RecognitionRequest) -> Self:
        """The request as clients see it."""
        return cls(**request.model_dump(include=set(cls.model_fields)))
