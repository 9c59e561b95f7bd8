"""What comes in and goes out at the doors of payout runs, bank files and holds."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.core.asked import Asked
from app.core.days import Day
from app.core.money import YuanOut
from app.disbursement.models import (
    BankGroup,
    PayeeCheck,
    PaymentFile,
    PaymentHold,
    PayoutMethod,
    PayoutRun,
    PayoutState,
    RunKind,
    RunState,
)
from app.disbursement.pay_register_schemas import PayRegisterOut
from app.disbursement.queries import Tally
from app.disbursement.release import LeftBehind

AT_ONCE_MAX = 1000
Words = Annotated[str, Field(min_length=1, max_length=200)]


class PaidHow(Asked):
    """By the bank, in one of its formats, or in hand, where there is none to name."""

    method: PayoutMethod = PayoutMethod.BANK
    bank_format: Annotated[str, Field(min_length=1, max_length=40)] | None = None

    @property
    def wanted_format(self) -> str | None:
        """The format named, else the usual one of a bank run."""
        usual = "generic-pipe" if self.method is PayoutMethod.BANK else None
        return self.bank_format or usual


class RunIn(PaidHow):
    """A run to open: the programme's instalments due by a day; without a holder, of all."""

    programme: Annotated[str, Field(min_length=1, max_length=40)]
    due_to: Day
    holder_id: UUID | None = None


class BecauseIn(Asked):
    """Why."""

    because: Words


class CancelPayoutsIn(Asked):
    """Payouts to take out of an open run, and why."""

    payout_ids: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE_MAX)]
    because: Words


class HoldIn(Asked):
    """A student whose payments stop, and why."""

    student_id: UUID
    because: Words


class RunOut(BaseModel):
    """A run."""

    id: UUID
    number: str
    kind: RunKind
    programme: str
    holder_id: UUID | None
    due_to: date
    method: PayoutMethod
    bank_format: str | None
    state: RunState
    opened_by: UUID
    opened_at: datetime
    released_by: UUID | None
    released_at: datetime | None

    @classmethod
    def of(cls, run: PayoutRun) -> Self:
        """The run as shown."""
        return cls(**run.model_dump(include=set(cls.model_fields)))


class StateTally(BaseModel):
    """Payouts in one state."""

    state: PayoutState
    count: int
    amount: YuanOut


class FindingTally(BaseModel):
    """Payouts with one finding; one payout may stand in several."""

    finding: PayeeCheck
    count: int
    amount: YuanOut


class RunDetailOut(BaseModel):
    """A run with its payouts counted and summed by state and by finding."""

    run: RunOut
    by_state: list[StateTally]
    by_finding: list[FindingTally]

    @classmethod
    def of(cls, run: PayoutRun, states: list[Tally], findings: list[Tally]) -> Self:
        """The run and its figures as shown."""
        return cls(
            run=RunOut.of(run),
            by_state=[
                StateTally(state=PayoutState(one.of), count=one.count, amount=one.amount_fen)
                for one in states
            ],
            by_finding=[
                FindingTally(finding=PayeeCheck(one.of), count=one.count, amount=one.amount_fen)
                for one in findings
            ],
        )


Outcome = Literal["passed", "found", "overridden"]


class GuardOut(BaseModel):
    """What one check came to when the payout was last examined."""

    check: PayeeCheck
    outcome: Outcome


class PayoutOut(BaseModel):
    """A payout: who gets how much where, what is against it, what the bank said.

    `findings` hold it still; `guards` are all checks that ran at `checked_at`, with their outcome.

    Without a student it is paid to the school itself.
    """

    id: UUID
    number: str
    state: PayoutState
    amount: YuanOut
    student_id: UUID | None
    student_name: str | None
    school_id: UUID
    parts: int
    holder_name: str | None
    account: str | None
    bank_name: str | None
    findings: list[PayeeCheck]
    guards: list[GuardOut]
    checked_at: datetime | None
    warnings: list[str]
    reissue_of: UUID | None
    file_number: str | None
    file_line: int | None
    register_number: str | None
    register_line: int | None
    bank_reason: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The payout as shown; of the account only the last four digits."""
        return cls(
            id=row.id,
            number=row.number,
            state=PayoutState(row.state),
            amount=row.amount_fen,
            student_id=row.student_id,
            student_name=row.student_name,
            school_id=row.school_id,
            parts=row.parts,
            holder_name=row.holder_name,
            account=None if row.number_tail is None else "*" * 12 + row.number_tail,
            bank_name=row.bank_name,
            findings=[PayeeCheck(one) for one in row.findings],
            guards=[
                GuardOut(check=PayeeCheck(one), outcome=_outcome(row, one)) for one in row.checks
            ],
            checked_at=row.checked_at,
            warnings=["shared_in_household"] if row.shared_in_household else [],
            reissue_of=row.reissue_of,
            file_number=row.file_number,
            file_line=row.file_line,
            register_number=row.register_number,
            register_line=row.register_line,
            bank_reason=row.bank_reason,
        )


def _outcome(row: Row[Any], check: str) -> Outcome:
    if check in row.findings:
        return "found"
    return "overridden" if check in row.overridden else "passed"


class FileOut(BaseModel):
    """A bank file with its control totals; its bytes are at `/files/{id}/content`."""

    id: UUID
    number: str
    run_id: UUID
    part: int
    bank_format: str
    banks: BankGroup
    sha256: str
    line_count: int
    amount: YuanOut
    accounts_sha256: str
    made_at: datetime

    @classmethod
    def of(cls, file: PaymentFile) -> Self:
        """The file as shown."""
        return cls(
            id=file.id,
            number=file.number,
            run_id=file.run_id,
            part=file.part,
            bank_format=file.bank_format,
            banks=file.banks,
            sha256=file.sha256.hex(),
            line_count=file.line_count,
            amount=file.amount_fen,
            accounts_sha256=file.accounts_sha256.hex(),
            made_at=file.made_at,
        )


class LeftBehindOut(BaseModel):
    """A payout that was not sent, with every finding that kept it."""

    number: str
    amount: YuanOut
    findings: list[PayeeCheck]

    @classmethod
    def of(cls, left: LeftBehind) -> Self:
        """The payout as shown."""
        findings = [PayeeCheck(one) for one in left.findings]
        return cls(number=left.number, amount=left.amount_fen, findings=findings)


class ReleasedOut(BaseModel):
    """What a release sent, in which files or pay registers, and what it left behind.

    Of what was left behind the first thousand are listed.
    """

    run: RunOut
    payouts: int
    amount: YuanOut
    files: list[FileOut]
    registers: list[PayRegisterOut]
    below_minimum: bool
    left_behind_count: int
    left_behind: list[LeftBehindOut]


class RecheckedOut(BaseModel):
    """How many held payouts were examined again, and how many are ready now."""

    examined: int
    ready: int


class CancelledOut(BaseModel):
    """How many payouts were cancelled."""

    cancelled: int


class HoldOut(BaseModel):
    """A stop on a student's payments."""

    id: UUID
    student_id: UUID
    reason: str
    placed_by: UUID
    placed_at: datetime
    lifted_by: UUID | None
    lifted_because: str | None
    lifted_at: datetime | None

    @classmethod
    def of(cls, hold: PaymentHold) -> Self:
        """The hold as shown."""
        return cls(**hold.model_dump(include=set(cls.model_fields)))
