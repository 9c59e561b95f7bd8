"""What a trail answers: every amount in yuan, every identity masked."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from app.core.money import YuanOut
from app.policy.facts import Scalar
from app.policy.schemas import ExplanationOut


class ThingOut(BaseModel):
    """What was asked for; `id` is null only for the number of an appropriation document."""

    kind: str
    id: UUID | None
    number: str | None
    state: str | None
    amount: YuanOut | None


class SumsOut(BaseModel):
    """Sums that must agree: award = instalments = shares, and paid shares = paid transfers.

    What later rates added counts with the award.
    """

    awards: YuanOut
    instalments: YuanOut
    shares: YuanOut
    paid_shares: YuanOut
    paid_transfers: YuanOut


class AppropriationOut(BaseModel):
    """One line of an appropriation document."""

    id: UUID
    document_number: str
    dated_on: date
    kind: str
    fund_line: str
    amount: YuanOut
    recorded_at: datetime


class FundLineOut(BaseModel):
    """A line of the budget with its balances by place: available, committed, …"""

    id: UUID
    code: str
    fiscal_year: int
    programme: str
    source: str
    holder: str
    balances: dict[str, YuanOut]


class FactOut(BaseModel):
    """A fact the case was judged by."""

    fact: str
    value: Scalar | None
    source: str | None
    as_of: str | None


class SubmissionOut(BaseModel):
    """One hand-in: its facts, the policy version, and what came of them."""

    submission_no: int
    made_at: datetime
    made_by: UUID
    policy_version_id: UUID
    facts: list[FactOut]
    eligible: bool | None
    amount: YuanOut | None
    failed: list[str]
    missing: list[str]


class DecisionOut(BaseModel):
    """One officer's word."""

    submission_no: int
    step: str
    verdict: str
    reason: str
    batch_id: UUID
    decided_by: UUID
    decided_at: datetime


class ReviewOut(BaseModel):
    """A family's request that another officer look at a rejection, and what came of it."""

    id: UUID
    submission_no: int
    asked_on: date
    due_on: date
    state: str
    recorded_by: UUID
    decided_by: UUID | None
    decided_because: str | None
    decided_at: datetime | None


class ShareOut(BaseModel):
    """What one fund line pays of an instalment."""

    fund_line_id: UUID
    fund_line: str
    amount: YuanOut


class InstalmentOut(BaseModel):
    """One instalment with its shares; a supplement is what a later rate added.

    One that is `replaced` after a transfer no longer counts.
    """

    id: UUID
    seq: int
    due_on: date
    fiscal_year: int
    state: str
    amount: YuanOut
    supplement: bool
    replaced: bool
    shares: list[ShareOut]


class AwardOut(BaseModel):
    """The promise."""

    id: UUID
    state: str
    amount: YuanOut
    decision_batch_id: UUID
    made_at: datetime
    settled_at: datetime | None
    instalments: list[InstalmentOut]


class PartOut(BaseModel):
    """An instalment inside a payout."""

    instalment_id: UUID
    amount: YuanOut
    live: bool


class FileLineOut(BaseModel):
    """Where a payout stands in a bank file."""

    file_id: UUID
    number: str
    part: int
    line_no: int


class ReturnLineOut(BaseModel):
    """What the bank said of a payout."""

    return_file_id: UUID
    kind: str
    line_no: int
    outcome: str
    amount: YuanOut
    reason: str | None
    received_at: datetime


class RegisterLineOut(BaseModel):
    """Where a payout stands in a pay register."""

    register_id: UUID
    number: str
    line_no: int


class SignedRegisterOut(BaseModel):
    """A payout's register as it came back; `unsigned_because` where nobody signed for it."""

    id: UUID
    state: str
    uploaded_by: UUID
    uploaded_at: datetime
    settled_by: UUID | None
    settled_at: datetime | None
    unsigned_because: str | None


class PayoutOut(BaseModel):
    """One payment with its parts, findings, and the bank's word or the signed register.

    By the bank it has a `file_line`, paid in hand a `register_line`.
    """

    id: UUID
    number: str
    run_id: UUID
    run: str
    method: str
    state: str
    amount: YuanOut
    account: str | None
    bank_name: str | None
    reissue_of: UUID | None
    bank_reason: str | None
    sent_at: datetime | None
    settled_at: datetime | None
    parts: list[PartOut]
    findings: list[str]
    file_line: FileLineOut | None
    return_lines: list[ReturnLineOut]
    register_line: RegisterLineOut | None
    signed_registers: list[SignedRegisterOut]


class TransferOut(BaseModel):
    """One movement of money in the books."""

    id: int
    kind: str
    debit: str
    credit: str
    amount: YuanOut
    refers_to: UUID
    batch: UUID
    office_day: date
    posted_at: datetime


class CaseOut(BaseModel):
    """One application's whole chain; `explanation` is null where its facts cannot be read."""

    id: UUID
    number: str
    state: str
    step: str | None
    programme: str
    period: str
    student_id: UUID
    student_name: str
    resident_id: str | None
    school_id: UUID
    school: str
    county_id: UUID
    grade: int
    class_name: str | None
    hardship: int | None
    uploaded_by: UUID
    made_at: datetime
    reported_at: datetime | None
    submissions: list[SubmissionOut]
    explanation: ExplanationOut | None
    decisions: list[DecisionOut]
    reviews: list[ReviewOut]
    award: AwardOut | None
    payouts: list[PayoutOut]
    transfers: list[TransferOut]
    sums: SumsOut
    outcome_agrees: bool
    agrees: bool


class AllocationOut(BaseModel):
    """One school's allocation and its whole chain: heads, award, payouts, transfers.

    `student_amount` is that of the student asked for; null where something else was, or where the
    rate is not known.
    """

    id: UUID
    number: str
    state: str
    programme: str
    period: str
    school_id: UUID
    school: str
    county_id: UUID
    as_of: date
    roll: int
    head_count: int
    asked: int
    amount: YuanOut | None
    student_amount: YuanOut | None
    policy_version_id: UUID
    counted_by: UUID
    counted_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    award: AwardOut | None
    payouts: list[PayoutOut]
    transfers: list[TransferOut]
    sums: SumsOut
    agrees: bool


class TrailOut(BaseModel):
    """A thing, the sums over all its cases, the budget behind them, and a page of the cases.

    Cases are students' applications; what schools are paid by head count stands in `allocations`.
    A page holds both in the order of their ids. A student's `sums` leave out `allocations`, whose
    chains are the whole school's.
    """

    asked: str
    thing: ThingOut
    case_count: int
    allocation_count: int
    sums: SumsOut
    agrees: bool
    appropriations: list[AppropriationOut]
    appropriation_transfers: list[TransferOut]
    fund_lines: list[FundLineOut]
    cases: list[CaseOut]
    allocations: list[AllocationOut]
    next: str | None
