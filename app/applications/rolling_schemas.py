"""What clients send about roll-forward, and what they see."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.applications.models import ApplicationState, Fate
from app.applications.rolling_drafts import Draft
from app.applications.rolling_forward import Choice, Forwarded
from app.applications.rolling_rules import REASONS
from app.applications.schemas import IDS_MAX, FaultOut, ResultOut, result_out
from app.core.asked import Asked, Flag
from app.core.money import YuanOut
from app.policy.schemas import Period, WordsOut, words

Ids = Annotated[list[UUID], Field(max_length=IDS_MAX)]


class ForwardIn(Asked):
    """The period that the list is made from; an office says for which school."""

    from_period: Period
    school_id: UUID | None = None


class CheckedIn(Asked):
    """A line to be checked, with what the school says anew; what is left out is as carried."""

    line_id: UUID
    hardship: Annotated[int, Field(strict=True, ge=0, le=3)] | None = None
    boards: Flag | None = None


class TakeIn(Asked):
    """Which lines are handed in: all that go on or those named, without the exceptions.

    `checked` lines go in besides, with what the school has found.
    """

    school_id: UUID | None = None
    continued: Literal["all"] | Ids = Field(alias="continue")
    without: Ids = Field(alias="except", default=[])
    checked: list[CheckedIn] = Field(max_length=IDS_MAX, default=[])

    def choice(self) -> Choice:
        """What is handed in, as the verb takes it."""
        return Choice(
            lines=None if self.continued == "all" else self.continued,
            without=self.without,
            checked={
                each.line_id: each.model_dump(exclude={"line_id"}, exclude_none=True)
                for each in self.checked
            },
        )


class ForwardedOut(BaseModel):
    """What the list says now, and how many lines came, changed and went with this call."""

    from_period: str
    period: str
    school_id: UUID
    counts: dict[Fate, int]
    added: int
    changed: int
    dropped: int

    @classmethod
    def of(cls, done: Forwarded) -> "ForwardedOut":
        """The list's figures as clients see them."""
        return cls(
            from_period=done.forward.from_period,
            period=done.forward.round_.period,
            school_id=done.forward.school.id,
            counts=dict(done.counts),
            added=done.added,
            changed=done.changed,
            dropped=done.dropped,
        )


class ReasonOut(BaseModel):
    """Why a line is what it is."""

    code: str
    words: WordsOut


class LineOut(BaseModel):
    """One student on the list; `number` and `state` are of the application of the new round."""

    id: UUID
    student_id: UUID
    student_name: str
    resident_id: str | None
    grade: int | None
    class_name: str | None
    fate: Fate
    reasons: list[ReasonOut]
    detail: list[str]
    left_on: date | None
    left_because: str | None
    amount: YuanOut | None
    from_application_id: UUID | None
    number: str | None
    state: ApplicationState | None

    @classmethod
    def of(cls, row: Any, masked: str | None) -> "LineOut":
        """A row of `rolling_queries.lines` as clients see it; the resident id masked."""
        line = row.RollForwardLine
        return cls(
            **line.model_dump(
                include={"id", "student_id", "student_name", "grade", "class_name", "fate",
                         "detail", "left_on", "left_because", "from_application_id"}
            ),
            resident_id=masked,
            reasons=[ReasonOut(code=code, words=words(REASONS[code])) for code in line.reasons],
            amount=line.amount_fen,
            number=row.number,
            state=row.state,
        )  # fmt: skip


class TakenLineOut(ResultOut):
    """What became of one line that was handed in."""

    student_id: UUID


class TakenOut(BaseModel):
    """What became of the lines handed in, and how many of each outcome."""

    counts: dict[str, int]
    results: list[TakenLineOut]


def taken_line_out(
    index: int, draft: Draft, row: dict[str, Any], errors: list[FaultOut]
) -> TakenLineOut:
    """One line's result for a reply."""
    result = result_out(index, row, errors)
    return TakenLineOut(**dict(result), student_id=draft.student_id)
