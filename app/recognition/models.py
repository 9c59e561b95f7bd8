"""The yearly form (认定申请表), what the school said of it, and the recognitions that follow."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    enum_column,
    fen_column,
    identity_column,
    moment_column,
    one_of,
    texts_column,
    uuids_column,
)
from app.registers.models import RegisterKind
from app.registry.models import Hukou, Sex


class FormState(StrEnum):
    """Where a form stands."""

    DRAFT = "draft"  # asks something that only the family can answer
    SUBMITTED = "submitted"  # whole; waits for the class panel
    RETURNED = "returned"  # sent back to be corrected
    REVIEWED = "reviewed"  # the class panel has proposed a level
    DECIDED = "decided"  # the school's group has set the level; waits for the notice
    NOTICED = "noticed"  # in the school's public notice
    FILED = "filed"  # the notice closed without an open objection; recognised
    REJECTED = "rejected"  # no hardship recognised; a review may change that


class ReviewStep(StrEnum):
    """Who speaks on a form."""

    PANEL = "panel"  # 班级评议
    GROUP = "group"  # 年级（学校）认定工作组
    REVIEW = "review"  # an officer, on an objection


class FormVerdict(StrEnum):
    """What is said of a form."""

    PROPOSE = "propose"
    ACCEPT = "accept"
    RETURN = "return"
    REFUSE = "refuse"


class ReviewState(StrEnum):
    """Where an objection to a form stands."""

    OPEN = "open"
    UPHELD = "upheld"  # what the school decided stays
    CHANGED = "changed"


class Basis(StrEnum):
    """What a recognition rests on."""

    FORM = "form"
    REGISTER = "register"
    CHANGE = "change"
    REVIEW = "review"
    CANCELLED = "cancelled"


class RequestKind(StrEnum):
    """What an officer asks a second one to confirm."""

    CHANGE = "change"
    CANCEL = "cancel"


class RequestState(StrEnum):
    """Whether the second officer has spoken."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class RecognitionForm(SQLModel, table=True):
    """One student's application to be recognised in a school year.

    Name, grade and class are as they were when it was handed in. Each handing in is another
    `submission_no`. `level` is the panel's proposal, then the group's decision.
    """

    __tablename__ = "recognition_form"
    __table_args__ = (
        one_of("state", FormState),
        one_of("sex", Sex),
        one_of("hukou", Hukou),
        # Of a pupil who changes schools in the year each school has a form of its own.
        Index("uq_recognition_form_year", "student_id", "school_id", "school_year", unique=True),
        Index("ix_recognition_form_county", "county_id", "id"),
        Index("ix_recognition_form_of_year", "school_year", "id"),
        Index("ix_recognition_form_class", "school_id", "school_year", "grade", "class_name"),
        CheckConstraint("level BETWEEN 0 AND 3", name="level_known"),
        CheckConstraint("household_size BETWEEN 1 AND 30", name="household_sane"),
        CheckConstraint("income_per_head_fen >= 0", name="income_not_negative"),
        CheckConstraint("state <> 'submitted' OR needed = '{}'", name="submitted_is_whole"),
        CheckConstraint(
            f"authorised_kinds <@ '{{{','.join(RegisterKind)}}}'", name="authorised_kinds_known"
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    school_year: str = Field(max_length=9)
    submission_no: int = 1
    state: FormState = enum_column(FormState)
    student_name: str = Field(max_length=80)
    grade: int
    class_name: str | None = Field(default=None, max_length=40)
    sex: Sex | None = enum_column(Sex, default=None, nullable=True)
    birth_month: str | None = Field(default=None, max_length=7)
    household_size: int | None = None
    hukou: Hukou | None = enum_column(Hukou, default=None, nullable=True)
    telephone: bytes | None = bytes_column(default=None, nullable=True)
    parent_telephone: bytes | None = bytes_column(default=None, nullable=True)
    address: bytes | None = bytes_column(default=None, nullable=True)
    post_code: str | None = Field(default=None, max_length=6)
    groups: list[str] | None = texts_column(default=None, nullable=True)
    income_per_head_fen: int | None = fen_column(default=None, nullable=True)
    disaster: bool = False
    accident: bool = False
    weak_labour: bool = False
    other: str | None = Field(default=None, max_length=500)
    car: bool | None = None
    house_bought: bool | None = None
    promise_signer: str | None = Field(default=None, max_length=80)
    promise_on: date | None = None
    promise_text: str | None = Field(default=None, max_length=40)
    authorised_signer: str | None = Field(default=None, max_length=80)
    authorised_relation: str | None = Field(default=None, max_length=20)
    authorised_on: date | None = None
    authorised_kinds: list[str] = texts_column()
    needed: list[str] = texts_column()
    level: int | None = None
    class_notice_id: UUID | None = Field(default=None, foreign_key="notice.id")
    school_notice_id: UUID | None = Field(default=None, foreign_key="notice.id", index=True)
    filled_by: UUID
    # Everybody who ever filled it: none of them decides it.
    fillers: list[UUID] = uuids_column(default_factory=list)
    filled_at: datetime = moment_column()
    version: int = 1


class FormMember(SQLModel, table=True):
    """One member of the family, as the form says; replaced whole when the form is changed."""

    __tablename__ = "recognition_member"
    __table_args__ = (Index("uq_recognition_member_seq", "form_id", "seq", unique=True),)
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    form_id: UUID = Field(foreign_key="recognition_form.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    seq: int
    name: str = Field(max_length=80)
    age: int | None = None
    relation: str = Field(max_length=20)
    work_or_school: str | None = Field(default=None, max_length=120)
    occupation: str | None = Field(default=None, max_length=80)
    income_fen: int | None = fen_column(default=None, nullable=True)
    health: str | None = Field(default=None, max_length=80)


class RecognitionPanel(SQLModel, table=True):
    """One sitting of a class panel (班级评议小组). Append-only."""

    __tablename__ = "recognition_panel"
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id", index=True)
    county_id: UUID = Field(foreign_key="organisation.id")
    school_year: str = Field(max_length=9)
    grade: int
    class_name: str | None = Field(default=None, max_length=40)
    members: list[str] = texts_column()
    met_on: date
    forms: int
    recorded_by: UUID
    recorded_at: datetime = moment_column()


class FormDecision(SQLModel, table=True):
    """What the panel, the group or an officer said of one form. Append-only."""

    __tablename__ = "recognition_decision"
    __table_args__ = (
        one_of("step", ReviewStep),
        one_of("verdict", FormVerdict),
        CheckConstraint("level BETWEEN 0 AND 3", name="level_known"),
        Index(
            "uq_recognition_decision_once",
            "form_id",
            "submission_no",
            "step",
            unique=True,
            postgresql_where="step <> 'review'",
        ),
        Index("ix_recognition_decision_form", "form_id"),
    )
    id: int | None = identity_column()
    form_id: UUID = Field(foreign_key="recognition_form.id")
    submission_no: int
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    step: ReviewStep = enum_column(ReviewStep)
    verdict: FormVerdict = enum_column(FormVerdict)
    level: int | None = None
    opinion: str = Field(max_length=500)
    panel_id: UUID | None = Field(default=None, foreign_key="recognition_panel.id")
    decided_by: UUID
    decided_at: datetime = moment_column()


class FormObjection(SQLModel, table=True):
    """Somebody's objection to what the school decided, to be answered by another officer."""

    __tablename__ = "recognition_objection"
    __table_args__ = (
        one_of("state", ReviewState),
        Index("ix_recognition_objection_form", "form_id", "state"),
        Index("ix_recognition_objection_county", "county_id", "id"),
        CheckConstraint("settled_by IS DISTINCT FROM recorded_by", name="second_person"),
        CheckConstraint("level BETWEEN 0 AND 3", name="level_known"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    form_id: UUID = Field(foreign_key="recognition_form.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    raised_on: date
    answer_by: date
    words: str = Field(max_length=1000)
    recorded_by: UUID
    state: ReviewState = enum_column(ReviewState)
    level: int | None = None
    settled_by: UUID | None = None
    settled_because: str | None = Field(default=None, max_length=500)
    settled_at: datetime | None = moment_column(default=None, nullable=True)


class Recognition(SQLModel, table=True):
    """What a student is recognised as from a day on, within one school year. Append-only."""

    __table_args__ = (
        one_of("basis", Basis),
        CheckConstraint("level BETWEEN 0 AND 3", name="level_known"),
        CheckConstraint("basis <> 'cancelled' OR level = 0", name="cancelled_is_none"),
        Index("uq_recognition_day", "student_id", "school_year", "valid_from", unique=True),
        Index("ix_recognition_school", "school_id", "school_year"),
        Index("ix_recognition_year", "school_year", "id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    school_year: str = Field(max_length=9)
    level: int
    groups: list[str] = texts_column()
    basis: Basis = enum_column(Basis)
    form_id: UUID | None = Field(default=None, foreign_key="recognition_form.id")
    register_ref: UUID | None = None  # the line of an outside register
    valid_from: date
    decided_by: UUID
    because: str = Field(max_length=500)
    made_at: datetime = moment_column()


class RecognitionRequest(SQLModel, table=True):
    """An officer's wish to change or cancel a recognition; a second one confirms or refuses."""

    __tablename__ = "recognition_request"
    __table_args__ = (
        one_of("kind", RequestKind),
        one_of("state", RequestState),
        CheckConstraint("level BETWEEN 0 AND 3", name="level_known"),
        CheckConstraint("kind = 'cancel' OR level IS NOT NULL", name="change_has_level"),
        CheckConstraint("settled_by IS DISTINCT FROM requested_by", name="second_person"),
        Index(
            "uq_recognition_request_open",
            "student_id",
            "school_year",
            unique=True,
            postgresql_where="state = 'open'",
        ),
        Index("ix_recognition_request_school", "school_id", "state"),
        Index("ix_recognition_request_county", "county_id", "id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    kind: RequestKind = enum_column(RequestKind)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    school_year: str = Field(max_length=9)
    level: int | None = None
    groups: list[str] | None = texts_column(default=None, nullable=True)
    valid_from: date | None = None
    because: str = Field(max_length=500)
    state: RequestState = enum_column(RequestState)
    requested_by: UUID
    requested_at: datetime = moment_column()
    settled_by: UUID | None = None
    settled_because: str | None = Field(default=None, max_length=500)
    settled_at: datetime | None = moment_column(default=None, nullable=True)
