"""A school's new roll as clients send it, and what became of each row."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.asked import Asked, Flag
from app.core.days import Day
from app.registry.schemas import ClassName, Grade, Name, Number, SchoolYear

ADMISSIONS_MAX = 2000
Became = Literal["admitted", "new", "here", "elsewhere"]


class AdmissionIn(Asked):
    """One pupil of the new roll."""

    resident_id: Number
    name: Name
    grade: Grade
    class_name: ClassName | None = None
    boards: Flag | None = None


class AdmissionsIn(Asked):
    """A school's new roll for a school year; an office says for which school."""

    school_id: UUID | None = None
    school_year: SchoolYear
    entered_on: Day | None = None
    rows: Annotated[list[AdmissionIn], Field(min_length=1, max_length=ADMISSIONS_MAX)]


class AdmittedOut(BaseModel):
    """What became of one row, counted from 0.

    `admitted`: a graduate of the stage before, now here; `new`: not known in the city before;
    `here`: on this school's roll already; `elsewhere`: at another school, ask for a transfer.
    """

    row: int
    became: Became
    student_id: UUID | None


class AdmissionsOut(BaseModel):
    """What became of the roll."""

    counts: dict[Became, int]
    rows: list[AdmittedOut]
