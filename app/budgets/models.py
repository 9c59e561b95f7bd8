"""What may be spent: appropriation documents per fund line; and who has how many places."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    enum_column,
    fen_column,
    json_column,
    moment_column,
    one_of,
    texts_column,
)


class AppropriationKind(StrEnum):
    """What a document does with the money."""

    ADVANCE = "advance"  # 提前下达
    THIS = "this"  # 本次下达
    DIRECT = "direct"  # 直达资金
    RECALL = "recall"  # 收回


class PaymentMode(StrEnum):
    """Where the cash of a holder's fund lines is."""

    DEDICATED_ACCOUNT = "dedicated_account"  # 专户: it comes before it is paid out of
    TREASURY_DIRECT = "treasury_direct"  # 国库集中支付: the treasury pays on request


class CashKind(StrEnum):
    """Which way cash went."""

    RECEIVED = "received"  # 资金到账
    HANDED_BACK = "handed_back"  # 缴回财政


class FundLine(SQLModel, table=True):
    """A line of the budget (指标明细): fiscal year × programme × source × holder.

    `holder_id` is the city centre or one county centre; `county_id` repeats it for row security.
    `payment_mode` is the holder's when the line was opened, for good.
    """

    __tablename__ = "fund_line"
    __table_args__ = (
        Index("uq_fund_line_key", "fiscal_year", "programme", "source", "holder_id", unique=True),
        CheckConstraint("holder_id = county_id", name="holder_sees"),
        one_of("payment_mode", PaymentMode),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    code: str = Field(max_length=100, unique=True)
    fiscal_year: int
    programme: str = Field(max_length=40)
    source: str = Field(max_length=20)
    holder_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    payment_mode: PaymentMode = enum_column(PaymentMode, default=PaymentMode.TREASURY_DIRECT)
    made_at: datetime = moment_column()


class HolderPaymentMode(SQLModel, table=True):
    """How a holder pays from a fiscal year on. Append-only; a holder without one pays direct."""

    __tablename__ = "holder_payment_mode"
    __table_args__ = (
        one_of("mode", PaymentMode),
        CheckConstraint("holder_id = county_id", name="holder_sees"),
        Index("uq_holder_payment_mode_year", "holder_id", "from_year", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    holder_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    from_year: int
    mode: PaymentMode = enum_column(PaymentMode)
    because: str = Field(max_length=200)
    set_by: UUID
    set_at: datetime = moment_column()


class YearEnd(StrEnum):
    """What becomes of a fund line's money that is not paid when its year is over."""

    CARRY = "carry"  # 结转: stays where it is and is paid later
    RELEASE = "release"  # 收回: goes back to the treasury; what was promised waits for new money


class YearEndState(StrEnum):
    """Where what was proposed for a fund line's year end stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    REPLACED = "replaced"  # another was proposed before anybody answered
    SET_ALONE = "set_alone"  # by one person, when one was enough; it counts, and none is added


class FundLineYearEnd(SQLModel, table=True):
    """What becomes of a fund line at the year's end, as one person says and another confirms.

    The newest that is confirmed counts; a line of which nothing is, is carried. Append-only but
    for the answer.
    """

    __tablename__ = "fund_line_year_end"
    __table_args__ = (
        one_of("rule", YearEnd),
        one_of("state", YearEndState),
        CheckConstraint("answered_by IS DISTINCT FROM proposed_by", name="second_person"),
        CheckConstraint(
            "(state IN ('confirmed', 'refused')) = (answered_by IS NOT NULL)",
            name="answered_by_one",
        ),
        CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name="answered_once"),
        CheckConstraint(
            "(state = 'refused') = (refused_because IS NOT NULL)", name="refused_because"
        ),
        Index("ix_fund_line_year_end_line", "fund_line_id"),
        Index(
            "uq_fund_line_year_end_open",
            "fund_line_id",
            unique=True,
            postgresql_where="state = 'proposed'",
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    fund_line_id: UUID = Field(foreign_key="fund_line.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    rule: YearEnd = enum_column(YearEnd)
    because: str = Field(max_length=200)
    state: YearEndState = enum_column(YearEndState)
    proposed_by: UUID
    proposed_at: datetime = moment_column()
    answered_by: UUID | None = None
    answered_at: datetime | None = moment_column(default=None, nullable=True)
    refused_because: str | None = Field(default=None, max_length=200)


class ClosedYear(SQLModel, table=True):
    """A fiscal year that is over: what it left is carried or gone. Append-only."""

    __tablename__ = "closed_year"
    __table_args__ = (CheckConstraint("carried_fen >= 0 AND lapsed_fen >= 0", name="not_negative"),)
    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    carried_fen: int = fen_column()
    lapsed_fen: int = fen_column()
    instalments: int  # promised again out of the next year's money
    batch: UUID
    closed_by: UUID
    closed_at: datetime = moment_column()


class CashReceipt(SQLModel, table=True):
    """Cash of one fund line that came to the dedicated account, or went back. Append-only."""

    __tablename__ = "cash_receipt"
    __table_args__ = (
        one_of("kind", CashKind),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("uq_cash_receipt_voucher", "voucher", "fund_line_id", "kind", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    voucher: str = Field(max_length=80)
    kind: CashKind = enum_column(CashKind)
    booked_on: date
    fund_line_id: UUID = Field(foreign_key="fund_line.id", index=True)
    county_id: UUID = Field(foreign_key="organisation.id")
    amount_fen: int = fen_column()
    batch: UUID
    recorded_by: UUID
    recorded_at: datetime = moment_column()


class Appropriation(SQLModel, table=True):
    """One line of an appropriation document. Append-only."""

    __table_args__ = (
        one_of("kind", AppropriationKind),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("uq_appropriation_document", "document_number", "fund_line_id", "kind", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    document_number: str = Field(max_length=80)
    dated_on: date
    kind: AppropriationKind = enum_column(AppropriationKind)
    fund_line_id: UUID = Field(foreign_key="fund_line.id", index=True)
    county_id: UUID = Field(foreign_key="organisation.id")
    amount_fen: int = fen_column()
    functional_subject: str | None = Field(default=None, max_length=7)
    economic_subject: str | None = Field(default=None, max_length=5)
    scan_id: UUID | None = Field(default=None, foreign_key="document.id")
    recorded_by: UUID
    recorded_at: datetime = moment_column()


class AllocationKind(StrEnum):
    """What is proposed to be shared out."""

    PLACES = "places"  # places over schools
    TIERS = "tiers"  # tiers over a school's candidates


class AllocationProposal(SQLModel, table=True):
    """A proposal worked out by rule: what it was worked out from, and what came of it. Append-only.

    `school_id` and `county_id` are null where it is about schools of the whole city.
    """

    __tablename__ = "allocation_proposal"
    __table_args__ = (
        one_of("kind", AllocationKind),
        CheckConstraint("kind = 'places' OR school_id IS NOT NULL", name="tiers_of_a_school"),
        Index("ix_allocation_proposal_key", "programme", "period", "kind"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    programme: str = Field(max_length=40)
    period: str = Field(max_length=11)
    kind: AllocationKind = enum_column(AllocationKind)
    school_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    given: dict[str, Any] = json_column()
    result: dict[str, Any] = json_column()
    ties: list[str] = texts_column()
    made_by: UUID
    made_at: datetime = moment_column()


class Quota(SQLModel, table=True):
    """Places (名额) and, where it is said, money that one school has of a programme in a period."""

    __table_args__ = (
        CheckConstraint("places >= 0", name="places_not_negative"),
        CheckConstraint("amount_fen >= 0", name="amount_not_negative"),
        Index("uq_quota_key", "programme", "period", "school_id", unique=True),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    programme: str = Field(max_length=40)
    period: str = Field(max_length=11)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    places: int
    amount_fen: int | None = fen_column(default=None, nullable=True)
    why: str = Field(max_length=200)
    proposal_id: UUID | None = Field(default=None, foreign_key="allocation_proposal.id")
    set_by: UUID
    set_at: datetime = moment_column()
    version: int = 1
