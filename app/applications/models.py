"""Rounds, reporting batches, applications with their submissions, decisions, objections, and who
waits for a place.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    enum_column,
    fen_column,
    identity_column,
    json_column,
    moment_column,
    one_of,
    texts_column,
)


class ApplicationState(StrEnum):
    """Where a case stands (design §1)."""

    DRAFT = "draft"  # a fact is missing; the case lists what it needs
    SUBMITTED = "submitted"  # with the school
    RETURNED = "returned"  # 退回修改: the school changes it and hands it in again
    IN_REVIEW = "in_review"  # handed up; `step` says whose turn it is
    APPROVED = "approved"  # the last approval was given, money committed
    ANNOUNCED = "announced"  # in the centre's public notice
    CONFIRMED = "confirmed"  # the notice closed; the award is granted
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class BatchState(StrEnum):
    """Where a school's reporting batch stands."""

    FILLING = "filling"
    ENDORSED = "endorsed"
    REPORTED = "reported"


class Step(StrEnum):
    """Whose turn a case in review is."""

    COUNTY = "county"
    CITY = "city"


class Verdict(StrEnum):
    """What an officer says to a case."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


class ObjectionState(StrEnum):
    """Where an objection stands."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class ReviewState(StrEnum):
    """Where the review (复核) of a rejection stands."""

    OPEN = "open"
    UPHELD = "upheld"  # 维持: the rejection stands
    CHANGED = "changed"  # 变更: the case is open again, with the school


class Fate(StrEnum):
    """What becomes of a student's aid as one period turns into the next."""

    CONTINUED = "continued"  # 延续: still here, nothing stands against it
    ADDED = "added"  # 新增: new here, with a sign of need; shown, not applied for
    LEFT = "left"  # 退出: not here any more
    TO_CHECK = "to_check"  # 需核实: the school has to say something first


class ApplicationRound(SQLModel, table=True):
    """A round (申报轮次): when a programme is applied for in a period."""

    __tablename__ = "application_round"
    __table_args__ = (
        Index("uq_application_round_key", "programme", "period", unique=True),
        CheckConstraint("opens_on <= closes_on", name="opens_before_closing"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    programme: str = Field(max_length=40)
    period: str = Field(max_length=11)
    opens_on: date
    closes_on: date
    opened_by: UUID
    opened_at: datetime = moment_column()
    version: int = 1


class LatePermission(SQLModel, table=True):
    """Leave for one school to hand in after the round closed. Append-only."""

    __tablename__ = "late_permission"
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    round_id: UUID = Field(foreign_key="application_round.id", index=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    until: date
    reason: str = Field(max_length=200)
    granted_by: UUID
    granted_at: datetime = moment_column()


class ReportingBatch(SQLModel, table=True):
    """A school's batch (上报批次) of one programme and period: panel, notice, endorsement."""

    __tablename__ = "reporting_batch"
    __table_args__ = (
        one_of("state", BatchState),
        Index("uq_reporting_batch_key", "school_id", "round_id", unique=True),
        Index("ix_reporting_batch_round", "round_id", "state"),
        CheckConstraint("endorsed_by IS DISTINCT FROM filled_by", name="head_is_another"),
        CheckConstraint(
            "state = 'filling' OR zero OR (notice_from IS NOT NULL AND notice_to IS NOT NULL)",
            name="noticed_before_endorsed",
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    round_id: UUID = Field(foreign_key="application_round.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    state: BatchState = enum_column(BatchState)
    zero: bool = False
    panel: list[str] = texts_column()
    panel_met_on: date | None = None
    notice_from: date | None = None
    notice_to: date | None = None
    filled_by: UUID
    endorsed_by: UUID | None = None
    endorsed_at: datetime | None = moment_column(default=None, nullable=True)
    reported_by: UUID | None = None
    reported_at: datetime | None = moment_column(default=None, nullable=True)
    version: int = 1


class Application(SQLModel, table=True):
    """One student's case for one programme and period; the facts are in its submissions.

    The columns from `stage` on repeat the newest submission, for queries.
    """

    __table_args__ = (
        one_of("state", ApplicationState),
        one_of("step", Step),
        CheckConstraint("(state = 'in_review') = (step IS NOT NULL)", name="step_in_review"),
        CheckConstraint(
            "state NOT IN ('approved', 'announced', 'confirmed') OR (eligible IS TRUE "
            "AND amount_fen > 0)",
            name="only_eligible_approved",
        ),
        CheckConstraint(
            "state IN ('draft', 'rejected', 'withdrawn') OR eligible IS NOT NULL",
            name="draft_while_unknown",
        ),
        Index(
            "uq_application_live",
            "student_id",
            "programme",
            "period",
            unique=True,
            postgresql_where="state NOT IN ('rejected', 'withdrawn')",
        ),
        Index("ix_application_school", "school_id", "programme", "period", "state"),
        Index("ix_application_county", "county_id", "programme", "period", "state"),
        Index("ix_application_queue", "programme", "period", "state", "step"),
        Index("ix_application_period", "period", "id"),
        Index("ix_application_state", "state", "id"),
        Index("ix_application_county_name", "county_id", "student_name"),
        Index("ix_application_student", "student_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    number: str = Field(max_length=40, unique=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    round_id: UUID = Field(foreign_key="application_round.id")
    programme: str = Field(max_length=40)
    period: str = Field(max_length=11)
    state: ApplicationState = enum_column(ApplicationState)
    step: Step | None = enum_column(Step, default=None, nullable=True)
    submission_no: int
    student_name: str = Field(max_length=80)
    grade: int
    class_name: str | None = Field(default=None, max_length=40)
    stage: str = Field(max_length=32)
    hardship: int | None = None
    eligible: bool | None = None
    amount_fen: int | None = fen_column(default=None, nullable=True)
    failed: list[str] = texts_column()
    missing: list[str] = texts_column()
    uploaded_by: UUID
    import_id: UUID | None = None
    made_at: datetime = moment_column()
    reported_at: datetime | None = moment_column(default=None, nullable=True)
    rejected_on: date | None = None  # the office's day; a review is asked for within days of it
    notice_id: UUID | None = Field(default=None, foreign_key="notice.id", index=True)
    returned_because: str | None = Field(default=None, max_length=500)
    """Why the service itself sent it back; an officer's reason is in the decision."""


class Submission(SQLModel, table=True):
    """The facts one hand-in stood on and what policy made of them. Append-only.

    `facts` is {fact: {"value", "source", "as_of"}}.
    """

    __table_args__ = (Index("ix_submission_policy_version", "policy_version_id"),)
    application_id: UUID = Field(foreign_key="application.id", primary_key=True)
    submission_no: int = Field(primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    policy_version_id: UUID = Field(foreign_key="policy_version.id")
    facts: dict[str, Any] = json_column()
    eligible: bool | None = None
    amount_fen: int | None = fen_column(default=None, nullable=True)
    failed: list[str] = texts_column()
    missing: list[str] = texts_column()
    made_by: UUID
    made_at: datetime = moment_column()


class DecisionBatch(SQLModel, table=True):
    """One act of deciding: the filter as frozen, how many, how much, by whom. Append-only."""

    __tablename__ = "decision_batch"
    __table_args__ = (one_of("verdict", Verdict), one_of("step", Step))
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    step: Step = enum_column(Step)
    verdict: Verdict = enum_column(Verdict)
    reason: str = Field(max_length=500)
    filter: dict[str, Any] | None = json_column(default=None, nullable=True)
    case_count: int
    amount_fen: int = fen_column()
    left_out: int
    decided_by: UUID
    decided_at: datetime = moment_column()


class Decision(SQLModel, table=True):
    """One officer's word on one submission at one step. Append-only."""

    __table_args__ = (
        one_of("verdict", Verdict),
        one_of("step", Step),
        Index("uq_decision_step", "application_id", "submission_no", "step", unique=True),
        Index("ix_decision_batch", "batch_id", "application_id"),
    )
    id: int | None = identity_column()
    application_id: UUID = Field(foreign_key="application.id")
    submission_no: int
    step: Step = enum_column(Step)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    verdict: Verdict = enum_column(Verdict)
    reason: str = Field(max_length=500)
    batch_id: UUID = Field(foreign_key="decision_batch.id")
    decided_by: UUID
    decided_at: datetime = moment_column()


class Objection(SQLModel, table=True):
    """Somebody's objection to a case in a public notice, and how it was settled."""

    __table_args__ = (
        one_of("state", ObjectionState),
        Index("ix_objection_application", "application_id", "state"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    application_id: UUID = Field(foreign_key="application.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    notice_id: UUID = Field(foreign_key="notice.id")
    raised_on: date
    words: str = Field(max_length=1000)
    recorded_by: UUID
    state: ObjectionState = enum_column(ObjectionState)
    settled_by: UUID | None = None
    settled_because: str | None = Field(default=None, max_length=500)
    settled_at: datetime | None = moment_column(default=None, nullable=True)


class Review(SQLModel, table=True):
    """A family's request that another officer look at a rejection, and what came of it.

    Once for each submission: a case handed in again and rejected again may be reviewed again.
    """

    __table_args__ = (
        one_of("state", ReviewState),
        CheckConstraint("(state = 'open') = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint("decided_by IS DISTINCT FROM recorded_by", name="decider_is_another"),
        Index("uq_review_submission", "application_id", "submission_no", unique=True),
        Index("ix_review_state", "state", "due_on"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    application_id: UUID = Field(foreign_key="application.id")
    submission_no: int
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    asked_on: date
    asked_by_name: str = Field(max_length=80)
    relation: str = Field(max_length=20)
    words: str = Field(max_length=1000)
    recorded_by: UUID
    due_on: date
    state: ReviewState = enum_column(ReviewState)
    decided_by: UUID | None = None
    decided_because: str | None = Field(default=None, max_length=500)
    decided_at: datetime | None = moment_column(default=None, nullable=True)


class RollForwardLine(SQLModel, table=True):
    """One student in a school's working list of a new round (结转), made from the last period.

    `reasons` are codes; `detail` names the criteria the case would not meet now or the facts it
    lacks, `amount_fen` what it would come to. What is applied for is in `Application` alone.
    """

    __tablename__ = "roll_forward_line"
    __table_args__ = (
        one_of("fate", Fate),
        CheckConstraint("fate = 'continued' OR cardinality(reasons) > 0", name="reason_given"),
        Index("uq_roll_forward_line_student", "round_id", "school_id", "student_id", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    round_id: UUID = Field(foreign_key="application_round.id")
    from_period: str = Field(max_length=11)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    student_id: UUID = Field(foreign_key="student.id")
    student_name: str = Field(max_length=80)
    from_application_id: UUID | None = Field(default=None, foreign_key="application.id")
    grade: int | None = None
    class_name: str | None = Field(default=None, max_length=40)
    fate: Fate = enum_column(Fate)
    reasons: list[str] = texts_column()
    detail: list[str] = texts_column()
    left_on: date | None = None
    left_because: str | None = Field(default=None, max_length=200)
    amount_fen: int | None = fen_column(default=None, nullable=True)
    made_by: UUID
    made_at: datetime = moment_column()
