"""Schools, students, and what is known of them: enrolment, household, bank accounts.

`county_id` is the office that runs a school's aid: its county centre, or the city centre for a
city-run school. Every row carries it with `school_id` for row security.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import false
from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    enum_column,
    fen_column,
    json_column,
    moment_column,
    one_of,
)


class Stage(StrEnum):
    """The stage of education (学段)."""

    PRESCHOOL = "preschool"
    PRIMARY = "primary"
    JUNIOR = "junior"
    SENIOR = "senior"
    VOCATIONAL = "vocational"
    UNDERGRADUATE = "undergraduate"
    POSTGRADUATE = "postgraduate"


class SchoolArea(StrEnum):
    """Where the school stands (城乡)."""

    RURAL = "rural"
    TOWN = "town"
    CITY = "city"


class RunBy(StrEnum):
    """Who runs the school (隶属)."""

    COUNTY = "county"
    CITY = "city"


class Hukou(StrEnum):
    """The family's household registration."""

    RURAL = "rural"
    TOWN = "town"
    URBAN = "urban"
    RESIDENT = "resident"


class Sex(StrEnum):
    """As on the resident identity card."""

    FEMALE = "female"
    MALE = "male"


class IdentityState(StrEnum):
    """How sure it is who a student is."""

    DOCUMENTED = "documented"  # has a resident id whose check digit is right
    PROVISIONAL = "provisional"  # no resident id yet; not payable
    CONFIRMED = "confirmed"  # no resident id yet; an officer has confirmed who it is


class AccountKind(StrEnum):
    """What sort of bank account."""

    CARD = "card"
    PASSBOOK = "passbook"
    SOCIAL_CARD = "social_card"


class HolderKind(StrEnum):
    """Whose account it is."""

    STUDENT = "student"
    GUARDIAN = "guardian"


class AccountState(StrEnum):
    """Whether an account may be paid to."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    REPLACED = "replaced"
    REFUSED = "refused"


class TransferState(StrEnum):
    """Where a transfer between schools stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class AbsenceKind(StrEnum):
    """Why a student is not paid in a term: marked at the enrolment confirmation."""

    LEFT = "left"
    SUSPENDED = "suspended"
    ABSENT = "absent"
    DIED = "died"


class RollOverState(StrEnum):
    """Whether a turn of the school year still stands."""

    DONE = "done"
    UNDONE = "undone"


class School(SQLModel, table=True):
    """A school; its id is its organisation's id. The code has 10 digits.

    `years` is how many years its stage takes here, where that is not the usual number.
    """

    __table_args__ = (
        CheckConstraint("years BETWEEN 1 AND 8", name="years_sane"),
        one_of("stage", Stage),
        one_of("school_area", SchoolArea),
        one_of("run_by", RunBy),
        CheckConstraint("code ~ '^[0-9]{10}$'", name="code_ten_digits"),
    )
    id: UUID = Field(foreign_key="organisation.id", primary_key=True)
    county_id: UUID = Field(foreign_key="organisation.id", index=True)
    code: str = Field(max_length=10, unique=True)
    name: str = Field(max_length=120, index=True)
    stage: Stage = enum_column(Stage)
    school_area: SchoolArea = enum_column(SchoolArea)
    run_by: RunBy = enum_column(RunBy)
    division_code: str = Field(max_length=6)
    years: int | None = None
    active: bool = True
    made_at: datetime = moment_column()
    version: int = 1


class Student(SQLModel, table=True):
    """A person who studies. Identity is city-wide: one row a person, at the present school."""

    __table_args__ = (
        one_of("identity", IdentityState),
        one_of("sex", Sex),
        CheckConstraint(
            "(identity = 'documented') = (resident_id_index IS NOT NULL)",
            name="documented_has_id",
        ),
        Index("ix_student_school_name", "school_id", "name"),
        Index("ix_student_county_name", "county_id", "name"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    name: str = Field(max_length=80)
    sex: Sex | None = enum_column(Sex, default=None, nullable=True)
    birth_on: date | None = None
    identity: IdentityState = enum_column(IdentityState)
    resident_id: bytes | None = bytes_column(default=None, nullable=True)
    resident_id_index: bytes | None = bytes_column(default=None, nullable=True, unique=True)
    # Who a provisional student is: school, name, and birth date and guardian's id as far as known.
    provisional_index: bytes | None = bytes_column(default=None, nullable=True, unique=True)
    guardian_resident_id: bytes | None = bytes_column(default=None, nullable=True)
    identity_confirmed_by: UUID | None = None
    identity_confirmed_at: datetime | None = moment_column(default=None, nullable=True)
    register_no: str | None = Field(default=None, max_length=20)
    guardian_name: str | None = Field(default=None, max_length=80)
    telephone: bytes | None = bytes_column(default=None, nullable=True)
    made_at: datetime = moment_column()
    made_by: UUID
    version: int = 1


class Enrolment(SQLModel, table=True):
    """A student at a school for a school year, as `2007-2008`; a closed one is history.

    Who graduated was there to the year's end: no other enrolment of the year can stand beside it.
    """

    __table_args__ = (
        one_of("stage", Stage),
        CheckConstraint("NOT graduated OR left_on IS NOT NULL", name="graduated_has_left"),
        Index(
            "uq_enrolment_open",
            "student_id",
            "school_year",
            unique=True,
            postgresql_where="left_on IS NULL OR graduated",
        ),
        Index(
            "ix_enrolment_roll_over", "roll_over_id", postgresql_where="roll_over_id IS NOT NULL"
        ),
        Index(
            "ix_enrolment_closed_by_roll_over",
            "closed_by_roll_over_id",
            postgresql_where="closed_by_roll_over_id IS NOT NULL",
        ),
        Index("ix_enrolment_class", "school_id", "school_year", "grade", "class_name"),
        Index("ix_enrolment_student", "student_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    school_year: str = Field(max_length=9)
    stage: Stage = enum_column(Stage)
    grade: int | None = None  # unknown until a school says it
    class_name: str | None = Field(default=None, max_length=40)
    boards: bool | None = None
    entered_on: date
    left_on: date | None = None
    left_because: str | None = Field(default=None, max_length=200)
    graduated: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    roll_over_id: UUID | None = Field(default=None, foreign_key="roll_over.id")
    closed_by_roll_over_id: UUID | None = Field(default=None, foreign_key="roll_over.id")
    made_at: datetime = moment_column()
    made_by: UUID
    version: int = 1


class RollOver(SQLModel, table=True):
    """One turn of the school year (升级): who went up a grade and who graduated.

    `school_id` null: the county's schools; `county_id` null as well: every school of the city.
    `counts` is what was done, as the dry run would have said it.
    """

    __tablename__ = "roll_over"
    __table_args__ = (
        one_of("state", RollOverState),
        CheckConstraint("(state = 'undone') = (undone_by IS NOT NULL)", name="undone_by_somebody"),
        CheckConstraint("county_id IS NOT NULL OR school_id IS NULL", name="school_has_county"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    from_year: str = Field(max_length=9)
    to_year: str = Field(max_length=9)
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    counts: dict[str, Any] = json_column()
    state: RollOverState = enum_column(RollOverState)
    made_by: UUID
    made_at: datetime = moment_column()
    undone_by: UUID | None = None
    undone_at: datetime | None = moment_column(default=None, nullable=True)


class Household(SQLModel, table=True):
    """A student's family in one school year."""

    __table_args__ = (
        one_of("hukou", Hukou),
        Index("uq_household_student_year", "student_id", "school_year", unique=True),
        CheckConstraint("members BETWEEN 1 AND 30", name="members_sane"),
        CheckConstraint("income_per_head_fen >= 0", name="income_not_negative"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id", index=True)
    county_id: UUID = Field(foreign_key="organisation.id")
    school_year: str = Field(max_length=9)
    hukou: Hukou | None = enum_column(Hukou, default=None, nullable=True)
    members: int | None = None
    income_per_head_fen: int | None = fen_column(default=None, nullable=True)
    special_group: str | None = Field(default=None, max_length=40)
    made_at: datetime = moment_column()
    made_by: UUID
    version: int = 1


class BankAccount(SQLModel, table=True):
    """Where a student's money goes. A changed account is a new row until it is confirmed."""

    __tablename__ = "bank_account"
    __table_args__ = (
        one_of("kind", AccountKind),
        one_of("holder", HolderKind),
        one_of("state", AccountState),
        Index(
            "uq_bank_account_confirmed",
            "student_id",
            unique=True,
            postgresql_where="state = 'confirmed'",
        ),
        Index(
            "uq_bank_account_unconfirmed",
            "student_id",
            unique=True,
            postgresql_where="state = 'unconfirmed'",
        ),
        Index("ix_bank_account_student", "student_id"),
        Index("ix_bank_account_number", "number_index"),
        Index("ix_bank_account_school_state", "school_id", "state"),
        CheckConstraint(
            "holder = 'student' OR (relation IS NOT NULL AND reason IS NOT NULL)",
            name="guardian_has_reason",
        ),
        CheckConstraint("confirmed_by IS DISTINCT FROM made_by", name="second_person"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    kind: AccountKind = enum_column(AccountKind)
    number: bytes = bytes_column()
    number_index: bytes = bytes_column()
    number_tail: str = Field(max_length=4)
    bank_name: str | None = Field(default=None, max_length=80)
    holder: HolderKind = enum_column(HolderKind)
    holder_name: str = Field(max_length=80)
    name_as_at_bank: str | None = Field(default=None, max_length=80)  # see BankNameProposal
    relation: str | None = Field(default=None, max_length=20)
    reason: str | None = Field(default=None, max_length=200)
    state: AccountState = enum_column(AccountState)
    replaces_id: UUID | None = Field(default=None, foreign_key="bank_account.id")
    made_at: datetime = moment_column()
    made_by: UUID
    confirmed_by: UUID | None = None
    confirmed_at: datetime | None = moment_column(default=None, nullable=True)


class TransferRequest(SQLModel, table=True):
    """A request to move a student here from another school; that school or the county confirms.

    `school_id` and `county_id` are the asking school's, `from_*` the old school's: both see it.
    """

    __tablename__ = "transfer_request"
    __table_args__ = (
        one_of("state", TransferState),
        Index(
            "uq_transfer_request_open",
            "student_id",
            unique=True,
            postgresql_where="state = 'requested'",
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id", index=True)
    county_id: UUID = Field(foreign_key="organisation.id")
    from_school_id: UUID = Field(foreign_key="organisation.id", index=True)
    from_county_id: UUID = Field(foreign_key="organisation.id")
    student_name: str = Field(max_length=80)
    grade: int
    class_name: str | None = Field(default=None, max_length=40)
    boards: bool | None = None
    school_year: str = Field(max_length=9)
    reason: str = Field(max_length=200)
    state: TransferState = enum_column(TransferState)
    requested_by: UUID
    requested_at: datetime = moment_column()
    settled_by: UUID | None = None
    settled_at: datetime | None = moment_column(default=None, nullable=True)
    settled_because: str | None = Field(default=None, max_length=200)
    settled_on: date | None = None  # the office's day


class EnrolmentConfirmation(SQLModel, table=True):
    """A school's word on who is still there for a term (在籍在校核实). Append-only."""

    __tablename__ = "enrolment_confirmation"
    __table_args__ = (Index("ix_enrolment_confirmation_school", "school_id", "term", "made_at"),)
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    term: str = Field(max_length=11)
    students: int
    absences: int
    made_by: UUID
    made_at: datetime = moment_column()


class EnrolmentAbsence(SQLModel, table=True):
    """A student marked as not there in a confirmation. Append-only."""

    __tablename__ = "enrolment_absence"
    __table_args__ = (one_of("kind", AbsenceKind),)
    confirmation_id: UUID = Field(foreign_key="enrolment_confirmation.id", primary_key=True)
    student_id: UUID = Field(foreign_key="student.id", primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    kind: AbsenceKind = enum_column(AbsenceKind)
    since: date
    remark: str | None = Field(default=None, max_length=200)
