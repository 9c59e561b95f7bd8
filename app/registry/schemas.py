"""What clients send about schools, students and their families, and what they see."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from app.core.asked import Asked, Flag
from app.core.days import Day
from app.core.money import Yuan, YuanOut
from app.registry import numbers, rules
from app.registry.models import (
    AccountKind,
    Enrolment,
    HolderKind,
    Household,
    Hukou,
    IdentityState,
    RunBy,
    School,
    SchoolArea,
    Sex,
    Stage,
    Student,
)

IDS_MAX = 5000
SCHOOLS_MAX = 1000


def _school_year(text: str) -> str:
    if not rules.is_school_year(text):
        raise ValueError("a school year is two years that follow each other, such as 2007-2008")
    return text


Grade = Annotated[int, Field(strict=True, ge=1, le=12)]
SchoolYear = Annotated[str, Field(max_length=9), AfterValidator(_school_year)]
Term = Annotated[str, Field(max_length=11, pattern=rules.TERM_FORM)]
# No control characters: PostgreSQL stores no NUL, and a tab or a line break breaks a bank's line.
PLAIN = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
SchoolName = Annotated[str, Field(min_length=2, max_length=120, pattern=PLAIN)]
BeginsWith = Annotated[str, Field(min_length=1, max_length=120, pattern=PLAIN)]
ClassName = Annotated[str, Field(min_length=1, max_length=40, pattern=PLAIN)]
BankName = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
Relation = Annotated[str, Field(min_length=1, max_length=20, pattern=PLAIN)]
Reason = Annotated[str, Field(min_length=2, max_length=200, pattern=PLAIN)]
Remark = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]
RegisterNo = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[0-9A-Za-z]+$")]
Number = Annotated[str, Field(min_length=1, max_length=25, pattern=r"^[0-9Xx]+$")]
Telephone = Annotated[str, Field(pattern=r"^[0-9+\- ]{5,20}$", max_length=20)]
Ids = Annotated[list[UUID], Field(min_length=1, max_length=IDS_MAX)]


class SchoolIn(Asked):
    """A school to be registered; `division_code` is the county's six digits."""

    code: Annotated[str, Field(pattern=r"^[0-9]{10}$", max_length=10)]
    name: SchoolName
    stage: Stage
    school_area: SchoolArea
    run_by: RunBy
    division_code: Annotated[str, Field(pattern=r"^[0-9]{6}$", max_length=6)]


class SchoolsIn(Asked):
    """Schools to be registered, all or none."""

    schools: Annotated[list[SchoolIn], Field(min_length=1, max_length=SCHOOLS_MAX)]


class SchoolChangeIn(Asked):
    """What to change of a school; what is left out stays.

    `years` is how many its stage takes there where that is not usual: 5 for a five-year primary.
    """

    name: SchoolName | None = None
    stage: Stage | None = None
    school_area: SchoolArea | None = None
    years: Annotated[int, Field(strict=True, ge=1, le=8)] | None = None
    active: Flag | None = None


class SchoolOut(BaseModel):
    """A school."""

    id: UUID
    code: str
    name: str
    stage: Stage
    school_area: SchoolArea
    run_by: RunBy
    division_code: str
    county_id: UUID
    years: int | None
    active: bool
    version: int

    @classmethod
    def of(cls, school: School) -> "SchoolOut":
        """The school as clients see it."""
        return cls.model_validate(school, from_attributes=True)


class SchoolsOut(BaseModel):
    """The schools that were registered, in the order given."""

    schools: list[SchoolOut]


class HouseholdIn(Asked):
    """A student's family in one school year."""

    hukou: Hukou | None = None
    members: Annotated[int, Field(strict=True, ge=1, le=30)] | None = None
    income_per_head: Annotated[Yuan, Field(ge=0, le=10**12)] | None = None
    special_group: Annotated[str, Field(pattern=r"^[a-z_]+$", max_length=40)] | None = None


class HouseholdOut(BaseModel):
    """What is recorded of the family; the income is per head and year."""

    student_id: UUID
    school_year: str
    hukou: Hukou | None
    members: int | None
    income_per_head: YuanOut | None
    special_group: str | None
    version: int

    @classmethod
    def of(cls, household: Household) -> "HouseholdOut":
        """The household as clients see it."""
        return cls(
            student_id=household.student_id,
            school_year=household.school_year,
            hukou=household.hukou,
            members=household.members,
            income_per_head=household.income_per_head_fen,
            special_group=household.special_group,
            version=household.version,
        )


class AccountIn(Asked):
    """Where a student's money is to go; a guardian's account needs relation and reason."""

    kind: AccountKind
    number: Number
    bank_name: BankName | None = None
    holder: HolderKind = HolderKind.STUDENT
    holder_name: Name
    relation: Relation | None = None
    reason: Reason | None = None


class StudentIn(Asked):
    """A student to be registered. An office names the school; a school may leave it out."""

    school_id: UUID | None = None
    school_year: SchoolYear
    entered_on: Day | None = None
    name: Name
    resident_id: Number | None = None
    sex: Sex | None = None
    birth_on: Day | None = None
    register_no: RegisterNo | None = None
    guardian_name: Name | None = None
    guardian_resident_id: Number | None = None
    telephone: Telephone | None = None
    grade: Grade
    class_name: ClassName | None = None
    boards: Flag | None = None
    household: HouseholdIn | None = None
    account: AccountIn | None = None


class StudentChangeIn(Asked):
    """What to change of a student; what is left out stays. A resident id is only ever added."""

    name: Name | None = None
    resident_id: Number | None = None
    sex: Sex | None = None
    birth_on: Day | None = None
    register_no: RegisterNo | None = None
    guardian_name: Name | None = None
    guardian_resident_id: Number | None = None
    telephone: Telephone | None = None


class StudentOut(BaseModel):
    """A student; numbers are masked."""

    id: UUID
    school_id: UUID
    name: str
    sex: Sex | None
    birth_on: date | None
    identity: IdentityState
    resident_id: str | None
    register_no: str | None
    guardian_name: str | None
    guardian_resident_id: str | None
    telephone: str | None
    version: int

    @classmethod
    def of(cls, student: Student) -> "StudentOut":
        """The student as everybody with leave to read may see them."""
        hidden = {column: numbers.masked(student, column) for column in numbers.COLUMNS}
        return cls(
            id=student.id,
            school_id=student.school_id,
            name=student.name,
            sex=student.sex,
            birth_on=student.birth_on,
            identity=student.identity,
            register_no=student.register_no,
            guardian_name=student.guardian_name,
            version=student.version,
            **hidden,
        )


RevealField = Literal["resident_id", "guardian_resident_id", "telephone", "account_number"]


class RevealIn(Asked):
    """Which numbers to show in clear, and why."""

    fields: Annotated[list[RevealField], Field(min_length=1, max_length=4)]
    reason: Reason


class RevealOut(BaseModel):
    """The numbers asked for, in clear; null where nothing is recorded."""

    values: dict[RevealField, str | None]


class WithReasonIn(Asked):
    """A set of records and why."""

    ids: Ids
    reason: Reason


class LeaveIn(WithReasonIn):
    """Students who have left, since when and why."""

    left_on: Day


class ReasonIn(Asked):
    """Why."""

    reason: Reason


class DoneOut(BaseModel):
    """How many records the act touched."""

    count: int


class EnrolmentIn(Asked):
    """A student's place in a school year at the present school."""

    school_year: SchoolYear
    grade: Grade
    class_name: ClassName | None = None
    boards: Flag | None = None
    entered_on: Day | None = None


class EnrolmentChangeIn(Asked):
    """What to change of an enrolment; what is left out stays."""

    grade: Grade | None = None
    class_name: ClassName | None = None
    boards: Flag | None = None


class EnrolmentOut(BaseModel):
    """A student at a school for a school year."""

    id: UUID
    student_id: UUID
    school_id: UUID
    school_year: str
    stage: Stage
    grade: int | None
    class_name: str | None
    boards: bool | None
    entered_on: date
    left_on: date | None
    left_because: str | None
    graduated: bool
    made_at: datetime
    version: int

    @classmethod
    def of(cls, enrolment: Enrolment) -> "EnrolmentOut":
        """The enrolment as clients see it."""
        return cls.model_validate(enrolment, from_attributes=True)
