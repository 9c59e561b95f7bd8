"""What following money and rosters answer as JSON; amounts are yuan with two decimals."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.asked import Asked
from app.core.money import YuanOut
from app.reports.following import Direction, Step
from app.reports.rosters import Roster, RosterRow, SchoolOfRun


class StepOut(BaseModel):
    """One thing on the way; `count` and `sum` are of its whole level, of which some are shown."""

    level: str
    id: str
    label: str
    amount: YuanOut | None
    count: int
    sum: YuanOut | None


class WayOut(BaseModel):
    """The way of the money around one thing, level by level."""

    asked: str
    direction: Direction
    steps: list[StepOut]

    @classmethod
    def of(cls, asked: str, direction: Direction, steps: list[Step]) -> Self:
        """The reply for a way."""
        return cls(
            asked=asked,
            direction=direction,
            steps=[
                StepOut(
                    level=step.level,
                    id=step.id,
                    label=step.label,
                    amount=step.amount_fen,
                    count=step.count,
                    sum=step.sum_fen,
                )
                for step in steps
            ],
        )


class RevealIn(Asked):
    """Why the numbers are to be shown in clear; the audit trail keeps it."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class SchoolOfRunOut(BaseModel):
    """A school with payouts in a run."""

    school_id: UUID
    school: str
    payouts: int
    amount: YuanOut

    @classmethod
    def of(cls, row: SchoolOfRun) -> Self:
        """The reply for a school."""
        return cls(
            school_id=row.school_id, school=row.school, payouts=row.payouts, amount=row.amount_fen
        )


class RosterRowOut(BaseModel):
    """One payee; the identity number is masked."""

    place: int
    name: str
    class_name: str
    masked_id: str
    account_tail: str
    amount: YuanOut
    state: str

    @classmethod
    def of(cls, row: RosterRow) -> Self:
        """The reply for a row."""
        told = {name: value for name, value in vars(row).items() if name != "amount_fen"}
        return cls(**told, amount=row.amount_fen)


class RosterOut(BaseModel):
    """The roster of a school and run, with its pages' subtotals."""

    run: str
    programme: str
    school: str
    on: date
    rows: list[RosterRowOut]
    page_amounts: list[YuanOut]
    amount: YuanOut
    amount_in_capitals: str

    @classmethod
    def of(cls, found: Roster) -> Self:
        """The reply for a roster."""
        return cls(
            run=found.run,
            programme=found.programme.zh,
            school=found.school,
            on=found.on,
            rows=[RosterRowOut.of(row) for row in found.rows],
            page_amounts=[page.amount_fen for page in found.pages],
            amount=found.amount_fen,
            amount_in_capitals=found.capitals,
        )
