"""What the door of lists takes and shows."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.registers.models import (
    Basis,
    OutsideRegister,
    RegisterKind,
    RegisterMatch,
    RegisterRefusal,
)
from app.registers.rules import REFUSALS
from app.sheets.schemas import ProblemOut
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError

# A NUL cannot stand in a text of the database.
_NO_NUL = r"^[^\x00]*$"
Office = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00]*\S[^\x00]*$")]
Said = Annotated[str, Field(max_length=200, pattern=_NO_NUL)]


class RegisterOut(BaseModel):
    """A list and how its taking stands; `refusals` counts the rows not taken by reason.

    `county_id` is null for a list of the whole city; `matched` counts the students it names.
    """

    id: UUID
    kind: RegisterKind
    issued_by: str
    as_of: date
    county_id: UUID | None
    basis: Basis
    basis_said: str
    on_error: OnError
    file_name: str
    sha256: str
    state: TakingState
    rows_total: int
    rows_done: int
    rows_kept: int
    rows_refused: int
    refusals: dict[str, int]
    matched: int
    problem: ProblemOut | None
    made_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, record: OutsideRegister) -> "RegisterOut":
        """The reply for a list."""
        same = set(cls.model_fields) - {"sha256", "problem"}
        return cls(
            **{name: getattr(record, name) for name in same},
            sha256=record.sha256.hex(),
            problem=None if record.problem is None else ProblemOut(**record.problem),
        )


class MatchedAgain(RegisterOut):
    """A list after it was matched once more, and how many students were added."""

    added: int


class RefusalOut(BaseModel):
    """A row that was not taken, by its place in the file, and why."""

    sheet: str
    row: int
    code: str
    zh: str
    en: str

    @classmethod
    def of(cls, refusal: RegisterRefusal) -> "RefusalOut":
        """The reply for a refused row."""
        words = REFUSALS[refusal.code]
        return cls(
            sheet=refusal.sheet,
            row=refusal.row_no,
            code=refusal.code,
            zh=words.zh,
            en=words.en,
        )


class MatchOut(BaseModel):
    """A student whom a list names; `name_agrees` compares the list's name with the school's."""

    student_id: UUID
    student_name: str
    school_id: UUID
    school_name: str
    county_id: UUID
    kind: RegisterKind
    special_group: str | None
    since: date
    until: date | None
    name_agrees: bool

    @classmethod
    def of(cls, row: Sequence[Any]) -> "MatchOut":
        """The reply for (match, student's name, school's name)."""
        match: RegisterMatch = row[0]
        same = set(cls.model_fields) - {"student_name", "school_name"}
        return cls(
            **{name: getattr(match, name) for name in same},
            student_name=row[1],
            school_name=row[2],
        )
