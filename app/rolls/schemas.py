"""What the door of rolls shows."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from app.rolls.models import Roll, RollRefusal
from app.sheets.schemas import ProblemOut
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError


class RollOut(BaseModel):
    """A roll and how its taking stands; `refusals` counts the rows not taken by their first reason.

    `school_id` and `county_id` say who handed it in: both null for the city centre.
    """

    id: UUID
    school_id: UUID | None
    county_id: UUID | None
    school_year: str
    entered_on: date
    on_error: OnError
    dry_run: bool
    file_name: str
    sha256: str
    state: TakingState
    rows_total: int
    rows_done: int
    rows_new: int
    rows_updated: int
    rows_unchanged: int
    rows_refused: int
    refusals: dict[str, int]
    problem: ProblemOut | None
    made_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, roll: Roll) -> "RollOut":
        """The reply for a roll."""
        same = set(cls.model_fields) - {"sha256", "problem"}
        return cls(
            **{name: getattr(roll, name) for name in same},
            sha256=roll.sha256.hex(),
            problem=None if roll.problem is None else ProblemOut(**roll.problem),
        )


class RollRefusalOut(BaseModel):
    """One thing that is wrong with a row, by its place in the file."""

    sheet: str
    row: int
    code: str
    field: str
    zh: str
    en: str

    @classmethod
    def of(cls, refusal: RollRefusal) -> "RollRefusalOut":
        """The reply for what is wrong."""
        return cls(
            sheet=refusal.sheet,
            row=refusal.row_no,
            code=refusal.code,
            field=refusal.field,
            zh=refusal.zh,
            en=refusal.en,
        )
