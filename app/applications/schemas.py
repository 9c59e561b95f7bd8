"""What clients send about rounds and applications, and what they see."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    LatePermission,
    Step,
)
from app.applications.queries import Case, Listed
from app.applications.rivals import Rival
from app.core.asked import Asked, Flag
from app.core.days import Day
from app.core.money import Yuan, YuanOut
from app.policy.facts import FACTS, Words
from app.policy.schemas import ExplanationOut, NeededOut, Period, WordsOut, needed_out, words
from app.registry.models import AccountKind, HolderKind, Hukou, Sex

CASES_MAX = 1000
IDS_MAX = 5000

Programme = Annotated[str, Field(max_length=40, examples=["boarding-subsidy"])]
SchoolCode = Annotated[str, Field(pattern=r"^[0-9]{10}$", max_length=10)]
Name = Annotated[str, Field(max_length=80)]
Number = Annotated[str, Field(min_length=1, max_length=25)]
Reason = Annotated[str, Field(min_length=2, max_length=200)]
Whole = Annotated[int, Field(strict=True, ge=-1000, le=1000)]


class RoundIn(Asked):
    """A round to be opened."""

    programme: Programme
    period: Period
    opens_on: Day
    closes_on: Day


class RoundChange(Asked):
    """Other days of a round; what is left out stays."""

    opens_on: Day | None = None
    closes_on: Day | None = None
    reason: Reason


class LateIn(Asked):
    """Leave for one school to hand in after the close, until a day included."""

    school_code: SchoolCode
    until: Day
    reason: Reason


class StudentIn(Asked):
    """Who applies. Without a resident id: birth date and guardian's id as far as known."""

    name: Name
    resident_id: Number | None = None
    sex: Sex | None = None
    birth_on: Day | None = None
    register_no: Annotated[str, Field(max_length=20)] | None = None
    guardian_name: Name | None = None
    guardian_resident_id: Number | None = None
    telephone: Annotated[str, Field(max_length=20)] | None = None


class EnrolmentIn(Asked):
    """Where the student stands at the school; the grade is counted within the stage."""

    grade: Whole
    class_name: Annotated[str, Field(max_length=40)] | None = None
    boards: Flag | None = None


class HouseholdIn(Asked):
    """The family in the school year; yearly income per head in yuan."""

    hukou: Hukou | None = None
    household_size: Whole | None = None
    income_per_head: Yuan | None = None
    owns_car: Flag | None = None
    bought_house: Flag | None = None


class StudyIn(Asked):
    """What only some programmes ask: fees of the year in yuan, tier, ranking, record."""

    rural_major: Flag | None = None
    tuition: Yuan | None = None
    accommodation: Yuan | None = None
    tier: Whole | None = None
    good_record: Flag | None = None
    excellent: Flag | None = None
    merit_rank: Annotated[int, Field(strict=True, ge=-100_000, le=1_000_000)] | None = None
    state_funded_trainee: Flag | None = None


class AccountIn(Asked):
    """Where the money would go; a guardian's account needs relation and reason."""

    kind: AccountKind = AccountKind.CARD
    number: Number
    bank_name: Name | None = None
    holder: HolderKind = HolderKind.STUDENT
    holder_name: Name | None = None
    relation: Annotated[str, Field(max_length=20)] | None = None
    reason: Annotated[str, Field(max_length=200)] | None = None


class CaseIn(Asked):
    """One case: the student and what the school knows. Unknown facts are left out or null.

    `school_code` is needed from whoever acts for several schools.
    """

    school_code: SchoolCode | None = None
    student: StudentIn
    enrolment: EnrolmentIn
    household: HouseholdIn = Field(default_factory=HouseholdIn)
    study: StudyIn = Field(default_factory=StudyIn)
    hardship: Whole | None = None
    special_group: Annotated[str, Field(max_length=40)] | None = None
    account: AccountIn | None = None


class ApplicationIn(CaseIn):
    """One application."""

    programme: Programme
    period: Period


class BatchIn(Asked):
    """Many applications for one programme and period, each with its own result."""

    programme: Programme
    period: Period
    cases: list[CaseIn] = Field(min_length=1, max_length=CASES_MAX)


class WithdrawIn(Asked):
    """Cases that the school takes back."""

    ids: list[UUID] = Field(min_length=1, max_length=IDS_MAX)
    reason: Reason
    skip_moved: Flag = False


class RoundOut(BaseModel):
    """A round; send its ETag back to change it."""

    id: UUID
    programme: str
    period: str
    opens_on: date
    closes_on: date
    opened_at: datetime
    version: int


class LateOut(BaseModel):
    """Leave to be late."""

    id: UUID
    round_id: UUID
    school_id: UUID
    until: date
    reason: str
    granted_at: datetime


class FaultOut(BaseModel):
    """One thing that is wrong with one case."""

    code: str
    where: str
    detail: WordsOut


class ResultOut(BaseModel):
    """What became of one case; `errors` says why where the outcome is `error`."""

    index: int
    outcome: Literal[
        "eligible",
        "ineligible",
        "provisional",
        "incomplete",
        "unchanged",
        "already_applied",
        "error",
    ]
    kinds: list[str]
    detail: str
    application_id: UUID | None
    number: str | None
    amount: YuanOut | None
    failed: list[str]
    needed: list[NeededOut]
    errors: list[FaultOut]


class BatchOut(BaseModel):
    """The results in the order of the cases, and how many of each outcome."""

    counts: dict[str, int]
    results: list[ResultOut]


class ApplicationOut(BaseModel):
    """A case in a list."""

    id: UUID
    number: str
    programme: str
    period: str
    state: ApplicationState
    step: Step | None
    submission_no: int
    school_code: str
    school_name: str
    student_id: UUID
    student_name: str
    stage: str
    grade: int
    class_name: str | None
    hardship: int | None
    eligible: bool | None
    amount: YuanOut | None
    failed: list[str]
    missing: list[str]
    made_at: datetime
    reported_at: datetime | None
    returned_because: str | None


class FactOut(BaseModel):
    """A fact the case was judged by."""

    fact: str
    label: WordsOut
    value: bool | int | str
    shown: WordsOut
    source: str
    as_of: date


class DecisionOut(BaseModel):
    """One officer's word on one submission."""

    submission_no: int
    step: Step
    verdict: str
    reason: str
    decided_by: UUID
    decided_at: datetime


class WarningOut(BaseModel):
    """An exclusive programme that the student applied for or has; it refuses nothing by itself.

    `number` is null where another school handed it in.
    """

    code: Literal["exclusive_application", "exclusive_award"]
    programme: str
    name: WordsOut
    period: str
    number: str | None
    words: WordsOut

    @classmethod
    def of(cls, rival: Rival) -> "WarningOut":
        """The warning for a rival."""
        return cls(
            code="exclusive_award" if rival.awarded else "exclusive_application",
            programme=rival.programme,
            name=words(rival.name),
            period=rival.period,
            number=rival.number,
            words=words(rival.words),
        )


class CaseOut(ApplicationOut):
    """A case whole: facts, why it came out so, and every decision.

    `cautions` are ids of what an officer should look at; their words are in the explanation.
    """

    uploaded_by: UUID
    import_id: UUID | None
    facts: list[FactOut]
    explanation: ExplanationOut
    cautions: list[str]
    warnings: list[WarningOut]
    decisions: list[DecisionOut]


class WithdrawnOut(BaseModel):
    """Which cases were withdrawn; moved ones were skipped on request."""

    withdrawn: list[UUID]
    skipped: int


def round_out(round_: ApplicationRound) -> RoundOut:
    """A round for a reply."""
    return RoundOut.model_validate(round_, from_attributes=True)


def late_out(leave: LatePermission) -> LateOut:
    """Leave to be late, for a reply."""
    return LateOut.model_validate(leave, from_attributes=True)


def result_out(index: int, row: dict[str, Any], errors: list[FaultOut]) -> ResultOut:
    """A row of `intake.take_in` for a reply."""
    return ResultOut(
        index=index,
        outcome=row["outcome"],
        kinds=row["kinds"],
        detail=row["detail"],
        application_id=row["application_id"],
        number=row["number"],
        amount=row["amount_fen"],
        failed=row["failed"],
        needed=[needed_out(FACTS[name]) for name in row["missing"]],
        errors=errors,
    )


def application_out(listed: Listed) -> ApplicationOut:
    """A case for a list."""
    return ApplicationOut(
        **_of_case(listed.case), school_code=listed.school_code, school_name=listed.school_name
    )


def case_out(found: Case, explanation: ExplanationOut, rivals: Sequence[Rival]) -> CaseOut:
    """A case whole, for a reply."""
    return CaseOut(
        **_of_case(found.case),
        school_code=found.school_code,
        school_name=found.school_name,
        uploaded_by=found.case.uploaded_by,
        import_id=found.case.import_id,
        facts=[_fact(name, found.facts[name]) for name in FACTS if name in found.facts],
        explanation=explanation,
        cautions=[each.id for each in explanation.cautions],
        warnings=[WarningOut.of(each) for each in rivals],
        decisions=[
            DecisionOut.model_validate(row, from_attributes=True) for row in found.decisions
        ],
    )


_OF_CASE = tuple(
    name
    for name in ApplicationOut.model_fields
    if name not in {"school_code", "school_name", "amount"}
)


def _of_case(case: Application) -> dict[str, Any]:
    own = {name: getattr(case, name) for name in _OF_CASE}
    return own | {"amount": case.amount_fen}


def _fact(name: str, seen: dict[str, Any]) -> FactOut:
    fact = FACTS[name]
    return FactOut(
        fact=name,
        label=words(Words(fact.zh, fact.en)),
        value=seen["value"],
        shown=words(fact.label(seen["value"])),
        source=seen["source"],
        as_of=seen["as_of"],
    )
