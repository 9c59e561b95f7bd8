"""What the doors of panel, group, notice and review take and answer."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.core.asked import Asked
from app.core.clock import TERM_DAYS_MAX
from app.core.days import Day
from app.recognition.models import FormState, FormVerdict, RecognitionPanel
from app.recognition.objections import Answer
from app.recognition.panels import Sitting
from app.recognition.schemas import Text500
from app.recognition.school_notices import Filed, NoticeStage, Noticing
from app.recognition.selection import Spoken
from app.registry.models import School
from app.registry.schemas import ClassName, Grade, Name, SchoolYear

FORMS_MAX = 2000
PANEL_MAX = 30

Level = Annotated[int, Field(strict=True, ge=0, le=3)]
FormIds = Annotated[list[UUID], Field(min_length=1, max_length=FORMS_MAX)]


class ProposalIn(Asked):
    """The level the panel proposes for one form, and its opinion."""

    form_id: UUID
    level: Level
    opinion: Text500


class PanelIn(Asked):
    """A class panel: who sat on it, when, and what it proposes."""

    members: Annotated[list[Name], Field(min_length=1, max_length=PANEL_MAX)]
    met_on: Day
    forms: Annotated[list[ProposalIn], Field(min_length=1, max_length=FORMS_MAX)]

    def sitting(self) -> Sitting:
        """Who sat, and when."""
        return Sitting(members=tuple(self.members), met_on=self.met_on)

    def spoken(self) -> list[Spoken]:
        """As the service takes it."""
        return [
            Spoken(
                form_id=each.form_id,
                verdict=FormVerdict.PROPOSE,
                level=each.level,
                opinion=each.opinion,
            )
            for each in self.forms
        ]


class PanelOut(BaseModel):
    """A class panel as it was recorded."""

    id: UUID
    school_id: UUID
    school_year: str
    grade: int
    class_name: str | None
    members: list[str]
    met_on: date
    forms: int

    @classmethod
    def of(cls, panel: RecognitionPanel) -> Self:
        """The reply for a panel."""
        return cls(**panel.model_dump(include=set(cls.model_fields)))


class VerdictIn(Asked):
    """What the group says of one form; without a level the panel's stands."""

    form_id: UUID
    verdict: Literal["accept", "return", "refuse"]
    level: Level | None = None
    opinion: Text500


class DecideIn(Asked):
    """What the school's group decides."""

    forms: Annotated[list[VerdictIn], Field(min_length=1, max_length=FORMS_MAX)]

    def spoken(self) -> list[Spoken]:
        """As the service takes it."""
        return [
            Spoken(
                form_id=each.form_id,
                verdict=FormVerdict(each.verdict),
                level=each.level,
                opinion=each.opinion,
            )
            for each in self.forms
        ]


class DecidedOut(BaseModel):
    """How many forms came to each state."""

    decided: int
    returned: int
    rejected: int

    @classmethod
    def of(cls, counts: dict[FormState, int]) -> Self:
        """The reply for the group's decision."""
        return cls(
            decided=counts.get(FormState.DECIDED, 0),
            returned=counts.get(FormState.RETURNED, 0),
            rejected=counts.get(FormState.REJECTED, 0),
        )


class NoticeIn(Asked):
    """Which forms go into a notice, whose it is, and for how many working days."""

    stage: NoticeStage
    school_id: UUID | None = None
    school_year: SchoolYear
    grade: Grade | None = None
    class_name: ClassName | None = None
    ids: FormIds | None = None
    working_days: Annotated[int, Field(strict=True, ge=1, le=TERM_DAYS_MAX)] | None = None

    def read(self, school: School) -> Noticing:
        """As the service takes it."""
        return Noticing(
            stage=self.stage,
            school=school,
            school_year=self.school_year,
            grade=self.grade,
            class_name=self.class_name,
            ids=tuple(sorted(set(self.ids or ()))),
            working_days=self.working_days,
        )


class FiledOut(BaseModel):
    """How many forms were filed, and which an open objection holds back."""

    filed: int
    held_back: list[UUID]

    @classmethod
    def of(cls, done: Filed) -> Self:
        """The reply for a filing."""
        return cls(filed=done.count, held_back=done.held_back)


class FormObjectionIn(Asked):
    """Somebody's objection to a form."""

    form_id: UUID
    words: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


class ReviewIn(Asked):
    """The answer to an objection: upheld, or changed to another level."""

    objection_id: UUID
    outcome: Literal["upheld", "changed"]
    level: Level | None = None
    because: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]

    @model_validator(mode="after")
    def _level_with_change(self) -> Self:
        if (self.outcome == "changed") == (self.level is None):
            raise ValueError("a level is given with changed, and only then")
        return self

    def read(self) -> Answer:
        """As the service takes it."""
        return Answer(level=self.level, because=self.because.strip())
