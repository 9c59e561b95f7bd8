"""What comes in and goes out at the doors of return files and the worklist."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.core import clock, settings
from app.core.asked import Asked
from app.core.money import YuanOut
from app.disbursement.models import PayoutState
from app.disbursement.schemas import PaidHow
from app.reconciliation.models import LineOutcome, ReturnKind, WorkKind, WorkState
from app.reconciliation.queries import OutcomeTally
from app.reconciliation.rules import STEPS, Action, actions_of, deadline

AT_ONCE_MAX = 1000


class ResolveIn(Asked):
    """Work items to close, and why."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE_MAX)]
    because: Annotated[str, Field(min_length=1, max_length=200)]


class ReissueIn(PaidHow):
    """Failed or returned payouts to pay again, whichever way they went before."""

    payout_ids: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE_MAX)]


class ResolvedOut(BaseModel):
    """How many items were closed."""

    resolved: int


class OutcomeOut(BaseModel):
    """Lines of one outcome."""

    outcome: LineOutcome
    lines: int
    amount: YuanOut


class ReturnFileOut(BaseModel):
    """A file from the bank: about a payment file or, a notice, about a paying account."""

    id: UUID
    kind: ReturnKind
    payment_file: str | None
    paying_account_id: UUID | None
    sha256: str
    line_count: int
    amount: YuanOut
    received_by: UUID
    received_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The file as shown."""
        return cls(
            id=row.id,
            kind=ReturnKind(row.kind),
            payment_file=row.payment_file,
            paying_account_id=row.paying_account_id,
            sha256=bytes(row.sha256).hex(),
            line_count=row.line_count,
            amount=row.amount_fen,
            received_by=row.received_by,
            received_at=row.received_at,
        )


class ReceivedOut(BaseModel):
    """A file from the bank and what its lines came to; the counts add up to the file's."""

    file: ReturnFileOut
    repeated: bool
    outcomes: list[OutcomeOut]

    @classmethod
    def of(cls, file: Row[Any], tallies: Sequence[OutcomeTally], *, repeated: bool) -> Self:
        """The file and its figures as shown."""
        return cls(
            file=ReturnFileOut.of(file),
            repeated=repeated,
            outcomes=[
                OutcomeOut(outcome=one.outcome, lines=one.lines, amount=one.amount_fen)
                for one in tallies
            ],
        )


class ReturnLineOut(BaseModel):
    """One line of the bank's and what it came to."""

    line_no: int
    outcome: LineOutcome
    amount: YuanOut
    reason_code: str | None
    reason: str | None
    payout_id: UUID | None
    payout_number: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The line as shown."""
        return cls(
            line_no=row.line_no,
            outcome=LineOutcome(row.outcome),
            amount=row.amount_fen,
            reason_code=row.reason_code,
            reason=row.reason,
            payout_id=row.payout_id,
            payout_number=row.payout_number,
        )


class ActionOut(BaseModel):
    """Something that can be done next, and the door where it is done."""

    code: Action
    zh: str
    en: str
    method: str
    path: str

    @classmethod
    def of(cls, action: Action) -> Self:
        """The action as shown."""
        said, method, path = STEPS[action]
        return cls(code=action, zh=said.zh, en=said.en, method=method, path=path)


class WorkItemOut(BaseModel):
    """Something to act on: what the bank said of which payout; schools see no `payment_file`.

    `actions` are the next steps of an open item, in their order. `deadline` is the last day to
    correct the account; `escalated_at` is when it had passed.
    """

    id: UUID
    kind: WorkKind
    state: WorkState
    payout_id: UUID | None
    payout_number: str | None
    payout_state: PayoutState | None
    payment_file: str | None
    pay_register: str | None
    student_id: UUID | None
    student_name: str | None
    school_id: UUID | None
    account: str | None
    amount: YuanOut | None
    line_no: int | None
    reason_code: str | None
    reason: str | None
    recoverable_id: UUID | None
    actions: list[ActionOut]
    opened_at: datetime
    deadline: date | None
    escalated_at: datetime | None
    done_because: str | None
    done_at: datetime | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The item as shown; of the account only the last four digits."""
        kind, state = WorkKind(row.kind), WorkState(row.state)
        payout = None if row.payout_state is None else PayoutState(row.payout_state)
        actions = actions_of(
            kind,
            payout,
            to_school=row.student_id is None,
            in_hand=row.pay_register is not None,
            reason_code=row.reason_code,
        )
        days = settings.get().correction_working_days
        return cls(
            id=row.id,
            kind=kind,
            state=state,
            payout_id=row.payout_id,
            payout_number=row.payout_number,
            payout_state=payout,
            payment_file=row.payment_file,
            pay_register=row.pay_register,
            student_id=row.student_id,
            student_name=row.student_name,
            school_id=row.school_id,
            account=None if row.number_tail is None else "*" * 12 + row.number_tail,
            amount=row.amount_fen,
            line_no=row.line_no,
            reason_code=row.reason_code,
            reason=row.reason,
            recoverable_id=row.recoverable_id,
            actions=[ActionOut.of(one) for one in actions] if state is WorkState.OPEN else [],
            opened_at=row.opened_at,
            deadline=deadline(kind, clock.day_of(row.opened_at), days),
            escalated_at=row.escalated_at,
            done_because=row.done_because,
            done_at=row.done_at,
        )
