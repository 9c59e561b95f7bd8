"""What the doors of deciding take and answer."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.applications.models import Decision, DecisionBatch, Step, Verdict
from app.applications.orders import Decided, Order, Preview, Totals
from app.applications.selection import CaseFilter
from app.core.asked import Asked, Flag
from app.core.money import Yuan, YuanOut
from app.registry.models import Stage

IDS_MAX = 10_000

Count = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]
Words = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class CaseFilterIn(Asked):
    """Cases of one programme and period; what is left out does not narrow."""

    programme: Annotated[str, Field(max_length=40)]
    period: Annotated[str, Field(max_length=11)]
    county_id: UUID | None = None
    school_id: UUID | None = None
    stage: Stage | None = None
    grade: Annotated[int, Field(strict=True, ge=1, le=12)] | None = None
    hardship: Annotated[int, Field(strict=True, ge=0, le=3)] | None = None
    eligible: Flag | None = None

    def read(self) -> CaseFilter:
        """As the service takes it."""
        given = self.model_dump(exclude={"stage"})
        return CaseFilter(**given, stage=None if self.stage is None else self.stage.value)


class FiguresIn(Asked):
    """The figures of the preview that the officer decides by."""

    count: Count
    amount: Yuan


class PreviewIn(Asked):
    """Which cases would be decided."""

    verdict: Verdict = Verdict.APPROVE
    filter: CaseFilterIn


class DecisionIn(Asked):
    """What an officer says: to cases by `ids`, or by `filter` with the figures previewed."""

    verdict: Verdict
    reason: Words
    ids: Annotated[list[UUID], Field(min_length=1, max_length=IDS_MAX)] | None = None
    filter: CaseFilterIn | None = None
    expect: FiguresIn | None = None
    skip_moved: Flag = False
    as_far_as_money_goes: Flag = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or a filter")
        if (self.filter is None) != (self.expect is None):
            raise ValueError("a filter needs expect {count, amount} from its preview; ids do not")
        if self.as_far_as_money_goes and self.verdict is not Verdict.APPROVE:
            raise ValueError("as_far_as_money_goes belongs to approve")
        return self

    def read(self) -> Order:
        """As the service takes it."""
        return Order(
            verdict=self.verdict,
            reason=self.reason.strip(),
            ids=tuple(sorted(set(self.ids or ()))),
            filter=None if self.filter is None else self.filter.read(),
            expect=None if self.expect is None else Totals(self.expect.count, self.expect.amount),
            skip_moved=self.skip_moved,
            as_far_as_money_goes=self.as_far_as_money_goes,
        )


class PreviewOut(BaseModel):
    """What the filter takes in; what stands in the way is left out.

    `exclusive`: the student has an award that excludes this one; `owing`: the student owes money
    and has not agreed how to pay it back; `cautioned`: of those taken in, how many an officer
    should look at.
    """

    step: Step
    count: int
    amount: YuanOut
    own: int
    not_eligible: int
    no_amount: int
    exclusive: int
    owing: int
    cautioned: int

    @classmethod
    def of(cls, seen: Preview) -> Self:
        """The reply for a preview."""
        return cls(
            step=seen.step,
            count=seen.totals.count,
            amount=seen.totals.amount_fen,
            own=seen.own,
            not_eligible=seen.not_eligible,
            no_amount=seen.no_amount,
            exclusive=seen.exclusive,
            owing=seen.owing,
            cautioned=seen.cautioned,
        )


class DecidedOut(BaseModel):
    """What was decided, and what was left where it was and why."""

    decision_batch_id: UUID
    step: Step
    verdict: Verdict
    count: int
    amount: YuanOut
    moved: int
    own: int
    not_eligible: int
    no_amount: int
    exclusive: int
    owing: int
    without_money: int
    without_money_numbers: list[str]

    @classmethod
    def of(cls, done: Decided) -> Self:
        """The reply for an act of deciding; it lists at most a thousand numbers."""
        return cls(
            decision_batch_id=done.batch_id,
            step=done.step,
            verdict=done.verdict,
            count=done.totals.count,
            amount=done.totals.amount_fen,
            moved=done.moved,
            own=done.own,
            not_eligible=done.not_eligible,
            no_amount=done.no_amount,
            exclusive=done.exclusive,
            owing=done.owing,
            without_money=len(done.without_money),
            without_money_numbers=done.without_money[:1000],
        )


class MemberOut(BaseModel):
    """One case of an act of deciding."""

    application_id: UUID
    number: str
    school_id: UUID
    submission_no: int
    amount: YuanOut | None


class DecisionBatchOut(BaseModel):
    """One act of deciding; counts and members are those within the caller's scope."""

    id: UUID
    step: Step
    verdict: Verdict
    reason: str
    filter: dict[str, object] | None
    count: int
    amount: YuanOut
    decided_by: UUID
    decided_at: datetime
    members: list[MemberOut]
    next: str | None

    @classmethod
    def of(
        cls, batch: DecisionBatch, totals: Totals, members: list[MemberOut], following: str | None
    ) -> Self:
        """The reply for a batch and one page of its members."""
        return cls(
            id=batch.id,
            step=batch.step,
            verdict=batch.verdict,
            reason=batch.reason,
            filter=batch.filter,
            count=totals.count,
            amount=totals.amount_fen,
            decided_by=batch.decided_by,
            decided_at=batch.decided_at,
            members=members,
            next=following,
        )


class SaidOut(BaseModel):
    """One officer's word on one submission of a case."""

    submission_no: int
    step: Step
    verdict: Verdict
    reason: str
    decision_batch_id: UUID
    decided_by: UUID
    decided_at: datetime

    @classmethod
    def of(cls, said: Decision) -> Self:
        """The reply for a decision."""
        return cls(
            submission_no=said.submission_no,
            step=said.step,
            verdict=said.verdict,
            reason=said.reason,
            decision_batch_id=said.batch_id,
            decided_by=said.decided_by,
            decided_at=said.decided_at,
        )
