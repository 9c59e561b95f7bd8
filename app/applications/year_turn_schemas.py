"""What clients send about the turn of the school year, and what they see."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from app.core.asked import Asked, Flag
from app.registry.models import RollOver, RollOverState
from app.registry.rolling import Counts, Rolled, Turn, Undone
from app.registry.rolling_queries import Unclear
from app.registry.schemas import SchoolYear


class RollOverIn(Asked):
    """Whose school year turns: one school's, one county's, or that of all in sight.

    With `dry_run` nothing is written and the counts are answered.
    """

    from_year: SchoolYear
    school_id: UUID | None = None
    county_id: UUID | None = None
    dry_run: Flag = False


class CountsOut(BaseModel):
    """Students: a grade up, graduated, in the new year already, of a grade to be checked."""

    promoted: int
    graduates: int
    already_there: int
    unknown_grade: int

    @classmethod
    def of(cls, counts: Counts) -> "CountsOut":
        """The counts as clients see them."""
        return cls.model_validate(counts, from_attributes=True)


class SchoolCountsOut(CountsOut):
    """One school's part."""

    school_id: UUID
    code: str
    name: str


class RolledOut(BaseModel):
    """What a turn comes to; `roll_over_id` is null after a dry run."""

    roll_over_id: UUID | None
    from_year: str
    to_year: str
    last_day: date
    first_day: date
    total: CountsOut
    schools: list[SchoolCountsOut]

    @classmethod
    def of(cls, turn: Turn, rolled: Rolled) -> "RolledOut":
        """The turn as clients see it."""
        return cls(
            roll_over_id=None if rolled.made is None else rolled.made.id,
            **vars(turn),
            total=CountsOut.of(rolled.total),
            schools=[
                SchoolCountsOut(
                    school_id=each.school_id, code=each.code, name=each.name, **vars(each.counts)
                )
                for each in rolled.schools
            ],
        )


class RollOverOut(BaseModel):
    """A turn of the school year that was made."""

    id: UUID
    from_year: str
    to_year: str
    school_id: UUID | None
    county_id: UUID | None
    counts: CountsOut
    state: RollOverState
    made_by: UUID
    made_at: datetime
    undone_by: UUID | None
    undone_at: datetime | None

    @classmethod
    def of(cls, roll_over: RollOver) -> "RollOverOut":
        """The turn as clients see it."""
        return cls.model_validate(roll_over, from_attributes=True)


class UndoneOut(BaseModel):
    """A turn taken back; `kept` students went on since and stay as they are."""

    roll_over: RollOverOut
    removed: int
    reopened: int
    kept: int

    @classmethod
    def of(cls, undone: Undone) -> "UndoneOut":
        """What was taken back as clients see it."""
        return cls(
            roll_over=RollOverOut.of(undone.roll_over),
            removed=undone.removed,
            reopened=undone.reopened,
            kept=undone.kept,
        )


class UnclearOut(BaseModel):
    """A student who cannot go up until the grade is put right (需核实)."""

    enrolment_id: UUID
    student_id: UUID
    name: str
    school_code: str
    school_name: str
    stage: str
    grade: int | None
    class_name: str | None

    @classmethod
    def of(cls, unclear: Unclear) -> "UnclearOut":
        """The student as clients see it."""
        return cls.model_validate(unclear, from_attributes=True)
