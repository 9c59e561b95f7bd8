"""What clients ask of exports and summaries, and what they see."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.applications.models import ApplicationState, Step
from app.applications.queries import CaseFilter
from app.core.asked import Asked
from app.core.money import YuanOut
from app.registry.models import IdentityState
from app.registry.queries import StudentsSought
from app.reports.board import Board, Standing

Format = Literal["xlsx", "csv"]
# A NUL cannot stand in a text of the database.
NO_NUL = r"^[^\x00]*$"
Code = Annotated[str, Field(max_length=40, pattern=NO_NUL)]
Text = Annotated[str, Field(max_length=80, pattern=NO_NUL)]
Grade = Annotated[int, Field(ge=1, le=12)]


class ApplicationsAsked(Asked):
    """The filters of the list of applications; one that is not known is an error."""

    format: Format = "xlsx"
    programme: Code | None = None
    period: Code | None = None
    state: ApplicationState | None = None
    step: Step | None = None
    school: Code | None = None
    county: Code | None = None
    eligible: bool | None = None
    hardship: Annotated[int, Field(ge=0, le=3)] | None = None
    name: Text | None = None
    number: Code | None = None
    class_name: Annotated[Code | None, Field(alias="class")] = None
    grade: Grade | None = None

    def wanted(self) -> CaseFilter:
        """The filter as the list takes it."""
        return CaseFilter(**self.model_dump(exclude={"format"}))


class StudentsAsked(Asked):
    """The filters of the list of students; one that is not known is an error."""

    format: Format = "xlsx"
    name: Text | None = None
    school: UUID | None = None
    grade: Grade | None = None
    class_name: Code | None = None
    identity: IdentityState | None = None

    def sought(self) -> StudentsSought:
        """The filter as the list takes it."""
        given = self.model_dump(exclude={"format", "school"})
        return StudentsSought(school_id=self.school, **given)


class StandingOut(BaseModel):
    """How many stand in one state, and their sum."""

    state: str
    count: int
    amount: YuanOut


class SummaryOut(BaseModel):
    """Where everything in the caller's scope stands."""

    programme: str | None
    period: str
    applications: list[StandingOut]
    awards: list[StandingOut]
    instalments: list[StandingOut]
    payouts: list[StandingOut]


def summary_out(found: Board, *, programme: str | None, period: str) -> SummaryOut:
    """The board for a reply."""
    return SummaryOut(
        programme=programme,
        period=period,
        applications=_standings(found.applications),
        awards=_standings(found.awards),
        instalments=_standings(found.instalments),
        payouts=_standings(found.payouts),
    )


def _standings(found: list[Standing]) -> list[StandingOut]:
    return [
        StandingOut(state=each.state, count=each.count, amount=each.amount_fen) for each in found
    ]
