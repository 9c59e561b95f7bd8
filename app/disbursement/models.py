"""Money on its way: runs, payouts with their parts, pre-payment findings, bank files."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    enum_column,
    fen_column,
    moment_column,
    one_of,
    texts_column,
)


class RunState(StrEnum):
    """Where a payout run stands."""

    OPEN = "open"
    RELEASED = "released"
    CANCELLED = "cancelled"


class RunKind(StrEnum):
    """Why a run was opened."""

    DUE = "due"  # instalments that fell due
    REISSUE = "reissue"  # payouts that failed or came back, to a corrected account


class PayoutMethod(StrEnum):
    """How a run's money reaches its payees; the policy version of each award says which may."""

    BANK = "bank"
    CASH = "cash"  # 现金, against a signature
    MEAL_CARD = "meal_card"  # 充入饭卡, against a signature


class PayoutState(StrEnum):
    """Where one payout stands (design §1)."""

    HELD = "held"  # 暂缓发放: a pre-payment check found something
    READY = "ready"  # 待发放
    SENT = "sent"  # 已送银行: in a released file or pay register; nobody may edit it
    PAID = "paid"  # 银行已入账, or signed for
    FAILED = "failed"  # 代发失败: the bank refused it, or nobody signed for it
    RETURNED = "returned"  # 退汇: it came back after it was paid
    UNKNOWN = "unknown"  # 待银行确认: blocks a second payment until the bank says
    CANCELLED = "cancelled"


class BankGroup(StrEnum):
    """Whose accounts a bank file pays to."""

    ALL = "all"
    OWN = "own"  # 本行: the format's own bank
    OTHER = "other"  # 他行: any other, or one that is not recorded


class PayeeCheck(StrEnum):
    """What a pre-payment check can find."""

    NO_ACCOUNT = "no_account"
    ACCOUNT_UNCONFIRMED = "account_unconfirmed"
    HOLDER_DIFFERS = "holder_differs"
    SHARED_ACROSS_HOUSEHOLDS = "shared_across_households"
    ENROLMENT_UNCONFIRMED = "enrolment_unconfirmed"
    NOT_ENROLLED = "not_enrolled"
    IDENTITY_PROVISIONAL = "identity_provisional"
    OVER_AWARD = "over_award"
    ON_HOLD = "on_hold"
    NAME_UNFIT_FOR_BANK = "name_unfit_for_bank"
    STAFF_ACCOUNT = "staff_account"
    OVER_YEAR_MAXIMUM = "over_year_maximum"
    PAID_TWICE = "paid_twice"
    DECEASED = "deceased"
    ACCOUNT_CHANGED = "account_changed"
    RATE_DIFFERS = "rate_differs"


class FindingOutcome(StrEnum):
    """Whether a finding still holds its payout."""

    OPEN = "open"
    OVERRIDDEN = "overridden"  # a second person answered for it; see payout_override


class PayoutRun(SQLModel, table=True):
    """One run of due instalments of a programme (发放批次), opened by a maker."""

    __tablename__ = "payout_run"
    __table_args__ = (
        one_of("kind", RunKind),
        one_of("method", PayoutMethod),
        one_of("state", RunState),
        CheckConstraint("(method = 'bank') = (bank_format IS NOT NULL)", name="format_of_bank"),
        CheckConstraint("released_by IS DISTINCT FROM opened_by", name="second_person"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    number: str = Field(max_length=40, unique=True)
    kind: RunKind = enum_column(RunKind)
    programme: str = Field(max_length=40)
    holder_id: UUID | None = Field(default=None, foreign_key="organisation.id")  # null: all
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    due_to: date
    method: PayoutMethod = enum_column(PayoutMethod, default=PayoutMethod.BANK)
    bank_format: str | None = Field(default=None, max_length=40)
    state: RunState = enum_column(RunState)
    opened_by: UUID
    opened_at: datetime = moment_column()
    released_by: UUID | None = None
    released_at: datetime | None = moment_column(default=None, nullable=True)
    version: int = 1


class PaymentFile(SQLModel, table=True):
    """A bank file as it left: bytes in `document`, control totals here. Append-only.

    Two files may have the same bytes: the same pupils get the same amount the next month, and the
    layout has no reference of ours. The sha256 is therefore no key.
    """

    __tablename__ = "payment_file"
    __table_args__ = (
        one_of("banks", BankGroup),
        Index("uq_payment_file_part", "run_id", "part", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    number: str = Field(max_length=40, unique=True)
    run_id: UUID = Field(foreign_key="payout_run.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    part: int
    bank_format: str = Field(max_length=40)
    banks: BankGroup = enum_column(BankGroup, default=BankGroup.ALL)
    document_id: UUID = Field(foreign_key="document.id")
    sha256: bytes = bytes_column()
    line_count: int
    amount_fen: int = fen_column()
    accounts_sha256: bytes = bytes_column()
    made_at: datetime = moment_column()


class Payout(SQLModel, table=True):
    """One payment to one bank account, or into a hand. Only disbursement moves its state.

    The payee is a student or, without one, the school itself. It leaves in a bank file or, paid in
    hand, in a pay register.
    """

    __table_args__ = (
        one_of("state", PayoutState),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint(
            "num_nonnulls(file_id, register_id) = "
            "CASE WHEN state IN ('held', 'ready', 'cancelled') THEN 0 ELSE 1 END",
            name="sent_one_way",
        ),
        CheckConstraint(
            "CASE WHEN student_id IS NULL THEN account_id ELSE school_account_id END IS NULL",
            name="one_payee",
        ),
        Index("ix_payout_run", "run_id", "id"),
        Index("ix_payout_student", "student_id"),
        Index("ix_payout_school_state", "school_id", "state"),
        Index(
            "uq_payout_file_line",
            "file_id",
            "file_line",
            unique=True,
            postgresql_where="file_id IS NOT NULL",
        ),
        Index(
            "uq_payout_register_line",
            "register_id",
            "register_line",
            unique=True,
            postgresql_where="register_id IS NOT NULL",
        ),
        Index(
            "uq_payout_reissue_of",
            "reissue_of",
            unique=True,
            postgresql_where="reissue_of IS NOT NULL AND state <> 'cancelled'",
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    number: str = Field(max_length=40, unique=True)
    run_id: UUID = Field(foreign_key="payout_run.id")
    student_id: UUID | None = Field(default=None, foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    account_id: UUID | None = Field(default=None, foreign_key="bank_account.id")
    school_account_id: UUID | None = Field(default=None, foreign_key="school_account.id")
    amount_fen: int = fen_column()
    state: PayoutState = enum_column(PayoutState)
    reissue_of: UUID | None = Field(default=None, foreign_key="payout.id")
    file_id: UUID | None = Field(default=None, foreign_key="payment_file.id")
    file_line: int | None = None
    register_id: UUID | None = Field(default=None, foreign_key="pay_register.id")
    register_line: int | None = None
    bank_reason: str | None = Field(default=None, max_length=120)
    made_at: datetime = moment_column()
    sent_at: datetime | None = moment_column(default=None, nullable=True)
    settled_at: datetime | None = moment_column(default=None, nullable=True)
    # Which checks ran last, and when; what is not among the findings was passed.
    checks: list[str] = texts_column(default_factory=list)
    checked_at: datetime | None = moment_column(default=None, nullable=True)


class PayoutPart(SQLModel, table=True):
    """An instalment inside a payout; live in at most one payout at a time."""

    __tablename__ = "payout_part"
    __table_args__ = (
        Index("uq_payout_part_live", "instalment_id", unique=True, postgresql_where="live"),
        Index("ix_payout_part_instalment", "instalment_id"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
    )
    payout_id: UUID = Field(foreign_key="payout.id", primary_key=True)
    instalment_id: UUID = Field(foreign_key="instalment.id", primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    amount_fen: int = fen_column()
    live: bool = True


class PayoutFinding(SQLModel, table=True):
    """One failed pre-payment check of one payout; all of a payout's are kept.

    `facts` is the digest of what was seen, to which an override is bound.
    """

    __tablename__ = "payout_finding"
    __table_args__ = (one_of("finding", PayeeCheck), one_of("outcome", FindingOutcome))
    payout_id: UUID = Field(foreign_key="payout.id", primary_key=True)
    finding: PayeeCheck = enum_column(PayeeCheck, primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    found_at: datetime = moment_column()
    facts: str = Field(max_length=64)
    outcome: FindingOutcome = enum_column(FindingOutcome)


class PaymentHold(SQLModel, table=True):
    """A stop on a student's payments, put on and lifted with a reason."""

    __tablename__ = "payment_hold"
    __table_args__ = (
        Index("ix_payment_hold_live", "student_id", postgresql_where="lifted_at IS NULL"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    student_id: UUID = Field(foreign_key="student.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    reason: str = Field(max_length=200)
    placed_by: UUID
    placed_at: datetime = moment_column()
    lifted_by: UUID | None = None
    lifted_because: str | None = Field(default=None, max_length=200)
    lifted_at: datetime | None = moment_column(default=None, nullable=True)
