"""What the doors of forms take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.asked import Asked, Flag
from app.core.days import Day
from app.core.identity import mask_account
from app.core.money import Yuan, YuanOut
from app.recognition import forms
from app.recognition.forms import Filled
from app.recognition.models import (
    FormDecision,
    FormMember,
    FormObjection,
    FormState,
    FormVerdict,
    RecognitionForm,
    ReviewState,
    ReviewStep,
)
from app.recognition.queries import FormWhole
from app.registers.models import RegisterKind
from app.registry.models import Hukou, Sex
from app.registry.schemas import PLAIN, Name, Reason, Relation, SchoolYear, Telephone

MEMBERS_MAX = 20
GROUPS_MAX = 12
ADDRESS_SHOWN = 3

Text80 = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
Text120 = Annotated[str, Field(min_length=1, max_length=120, pattern=PLAIN)]
Text500 = Annotated[str, Field(min_length=1, max_length=500, pattern=PLAIN)]
Income = Annotated[Yuan, Field(ge=0, le=10**12)]
Groups = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=40, pattern=PLAIN)]],
    Field(max_length=GROUPS_MAX),
]


class MemberIn(Asked):
    """One member of the family."""

    name: Name
    age: Annotated[int, Field(strict=True, ge=0, le=130)] | None = None
    relation: Relation
    work_or_school: Text120 | None = None
    occupation: Text80 | None = None
    income: Income | None = None
    health: Text80 | None = None

    def read(self) -> dict[str, Any]:
        """As the table holds it."""
        return {**self.model_dump(exclude={"income"}), "income_fen": self.income}


class PromiseIn(Asked):
    """The family's promise (承诺) that all of it is true; `text` names the wording."""

    signer: Name
    signed_on: Day
    text: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]


class AuthorisationIn(Asked):
    """The family's leave (授权) to check with other departments, and in which registers."""

    signer: Name
    relation: Relation
    signed_on: Day
    scope: Annotated[list[RegisterKind], Field(min_length=1, max_length=len(RegisterKind))]


class ToldIn(Asked):
    """What a family says. Null is not known: the form then asks, and refuses nothing."""

    sex: Sex | None = None
    birth_month: Annotated[
        str | None, Field(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$", max_length=7)
    ] = None
    household_size: Annotated[int, Field(strict=True, ge=1, le=30)] | None = None
    hukou: Hukou | None = None
    telephone: Telephone | None = None
    parent_telephone: Telephone | None = None
    address: Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)] | None = None
    post_code: Annotated[str, Field(pattern=r"^[0-9]{6}$", max_length=6)] | None = None
    groups: Groups | None = None
    income_per_head: Income | None = None
    disaster: Flag = False
    accident: Flag = False
    weak_labour: Flag = False
    other: Text500 | None = None
    car: Flag | None = None
    house_bought: Flag | None = None
    promise: PromiseIn | None = None
    authorisation: AuthorisationIn | None = None
    members: Annotated[list[MemberIn], Field(default_factory=list, max_length=MEMBERS_MAX)]

    def filled(self, student_id: UUID, school_year: str) -> Filled:
        """As the service takes it."""
        promise, leave = self.promise, self.authorisation
        told = self.model_dump(
            exclude={
                "promise", "authorisation", "members", "income_per_head", "student_id",
                "school_year",
            }
        )  # fmt: skip
        told |= {
            "income_per_head_fen": self.income_per_head,
            "promise_signer": promise and promise.signer,
            "promise_on": promise and promise.signed_on,
            "promise_text": promise and promise.text,
            "authorised_signer": leave and leave.signer,
            "authorised_relation": leave and leave.relation,
            "authorised_on": leave and leave.signed_on,
            "authorised_kinds": sorted({each.value for each in leave.scope}) if leave else [],
        }
        members = [each.read() for each in self.members]
        return Filled(student_id=student_id, school_year=school_year, told=told, members=members)


class FormIn(ToldIn):
    """The yearly form of one student."""

    student_id: UUID
    school_year: SchoolYear

    def read(self) -> Filled:
        """As the service takes it."""
        return self.filled(self.student_id, self.school_year)


class MemberOut(BaseModel):
    """One member of the family."""

    name: str
    age: int | None
    relation: str
    work_or_school: str | None
    occupation: str | None
    income: YuanOut | None
    health: str | None

    @classmethod
    def of(cls, member: FormMember) -> Self:
        """The member as clients see it."""
        told = member.model_dump(include=set(cls.model_fields))
        return cls(**told, income=member.income_fen)


class SpokenOut(BaseModel):
    """What the panel, the group or an officer said."""

    step: ReviewStep
    verdict: FormVerdict
    submission_no: int
    level: int | None
    opinion: str
    decided_by: UUID
    decided_at: datetime

    @classmethod
    def of(cls, decision: FormDecision) -> Self:
        """The decision as clients see it."""
        return cls(**decision.model_dump(include=set(cls.model_fields)))


class FormObjectionOut(BaseModel):
    """An objection to a form, until when it is to be answered, and how it was."""

    id: UUID
    form_id: UUID
    raised_on: date
    answer_by: date
    words: str
    state: ReviewState
    level: int | None
    recorded_by: UUID
    settled_by: UUID | None
    settled_because: str | None
    settled_at: datetime | None

    @classmethod
    def of(cls, objection: FormObjection) -> Self:
        """The objection as clients see it."""
        return cls(**objection.model_dump(include=set(cls.model_fields)))


class FormOut(BaseModel):
    """A form in a list; `needed` are the questions that only the family can answer."""

    id: UUID
    student_id: UUID
    school_id: UUID
    school_year: str
    submission_no: int
    state: FormState
    student_name: str
    grade: int
    class_name: str | None
    level: int | None
    groups: list[str] | None
    needed: list[str]
    filled_by: UUID
    filled_at: datetime
    version: int

    @classmethod
    def of(cls, form: RecognitionForm) -> Self:
        """The form as clients see it."""
        return cls(**form.model_dump(include=set(cls.model_fields)))


class FormWholeOut(FormOut):
    """A form whole; telephones and address are masked."""

    sex: Sex | None
    birth_month: str | None
    household_size: int | None
    hukou: Hukou | None
    telephone: str | None
    parent_telephone: str | None
    address: str | None
    post_code: str | None
    income_per_head: YuanOut | None
    disaster: bool
    accident: bool
    weak_labour: bool
    other: str | None
    car: bool | None
    house_bought: bool | None
    promise_signer: str | None
    promise_on: date | None
    promise_text: str | None
    authorised_signer: str | None
    authorised_relation: str | None
    authorised_on: date | None
    authorised_kinds: list[str]
    class_notice_id: UUID | None
    school_notice_id: UUID | None
    members: list[MemberOut]
    decisions: list[SpokenOut]
    objections: list[FormObjectionOut]

    @classmethod
    def of_whole(cls, whole: FormWhole) -> Self:
        """The form as clients see it, with all that hangs on it."""
        form = whole.form
        told = form.model_dump(include=set(cls.model_fields), exclude=set(forms.SEALED))
        return cls(
            **told,
            telephone=_masked(form, "telephone"),
            parent_telephone=_masked(form, "parent_telephone"),
            address=_masked(form, "address"),
            income_per_head=form.income_per_head_fen,
            members=[MemberOut.of(each) for each in whole.members],
            decisions=[SpokenOut.of(each) for each in whole.decisions],
            objections=[FormObjectionOut.of(each) for each in whole.objections],
        )


class FormRevealIn(Asked):
    """Which of telephones and address to show in clear, and why."""

    fields: Annotated[
        list[Literal["telephone", "parent_telephone", "address"]],
        Field(min_length=1, max_length=len(forms.SEALED)),
    ]
    reason: Reason


class FormRevealOut(BaseModel):
    """What was asked for, in clear; null where nothing is recorded."""

    values: dict[str, str | None]


def _masked(form: RecognitionForm, column: str) -> str | None:
    text = forms.opened(form, column)
    if text is None:
        return None
    return f"{text[:ADDRESS_SHOWN]}***" if column == "address" else mask_account(text)
