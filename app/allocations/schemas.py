"""What the doors of school allocations take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import Row

from app.allocations.counting import Counted, Figures
from app.allocations.models import AllocationState, SchoolAllocation
from app.allocations.service import AllocationFilter, Approved, Preview, Totals
from app.core import crypto
from app.core.asked import Asked, Flag
from app.core.days import Day
from app.core.identity import mask_id
from app.core.money import Yuan, YuanOut
from app.registry.schemas import Ids

IDS_MAX = 5000
SHOWN_MAX = 1000
Words = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class CountIn(Asked):
    """What to count: the schools named, or all in scope, as of a day."""

    period: Annotated[str, Field(max_length=11)]
    as_of: Day
    school_ids: Ids | None = None
    skip_approved: Flag = False
    dry_run: Flag = False


class FiguresOut(BaseModel):
    """Heads and money: what was approved."""

    head_count: int
    amount: YuanOut | None


class CountedSchoolOut(BaseModel):
    """One school's count; `approved` is what stands approved, `differs` that it says otherwise."""

    allocation_id: UUID | None
    number: str | None
    school_id: UUID
    roll: int
    head_count: int
    amount: YuanOut | None
    asked: int
    asks: dict[str, int]
    doubles: int
    approved: FiguresOut | None
    differs: bool

    @classmethod
    def of(cls, one: Figures) -> Self:
        """The reply for one school."""
        approved = one.approved and FiguresOut(head_count=one.approved[0], amount=one.approved[1])
        return cls(
            allocation_id=one.allocation_id,
            number=one.number,
            school_id=one.school_id,
            roll=one.roll,
            head_count=one.head_count,
            amount=one.amount_fen,
            asked=one.asked,
            asks=one.asks,
            doubles=one.doubles,
            approved=approved,
            differs=one.differs,
        )


class CountedOut(BaseModel):
    """A count and its totals; the first thousand schools are listed."""

    programme: str
    period: str
    as_of: date
    policy_version_id: UUID
    dry_run: bool
    school_count: int
    head_count: int
    amount: YuanOut
    asked: int
    doubles: int
    schools: list[CountedSchoolOut]

    @classmethod
    def of(cls, done: Counted) -> Self:
        """The reply for a count."""
        return cls(
            programme=done.programme,
            period=done.period,
            as_of=done.as_of,
            policy_version_id=done.policy_version_id,
            dry_run=done.dry_run,
            school_count=len(done.schools),
            head_count=sum(each.head_count for each in done.schools),
            amount=sum(each.amount_fen or 0 for each in done.schools),
            asked=sum(each.asked for each in done.schools),
            doubles=sum(each.doubles for each in done.schools),
            schools=[CountedSchoolOut.of(each) for each in done.schools[:SHOWN_MAX]],
        )


class AllocationOut(BaseModel):
    """A school's allocation; without an amount its rate is not known and nothing is paid."""

    id: UUID
    number: str
    programme: str
    period: str
    school_id: UUID
    school: str
    county_id: UUID
    policy_version_id: UUID
    as_of: date
    roll: int
    head_count: int
    amount: YuanOut | None
    asked: int
    asks: dict[str, int]
    double_count: int
    state: AllocationState
    supersedes: UUID | None
    counted_by: UUID
    counted_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    cancelled_by: UUID | None
    cancelled_at: datetime | None
    because: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The reply for an allocation."""
        return cls.model_validate(_allocation(row))


class DoubleOut(BaseModel):
    """A pupil who was on another school's roll too, and whether this school's count has them."""

    student_id: UUID
    student_name: str
    other_school_id: UUID
    other_school: str
    counted_here: bool


class AllocationDetailOut(AllocationOut):
    """An allocation with everybody on two rolls."""

    doubles: list[DoubleOut]

    @classmethod
    def of_detail(cls, row: Row[Any], doubles: list[Row[Any]]) -> Self:
        """The reply for one allocation."""
        listed = [
            DoubleOut(
                student_id=one.student_id,
                student_name=one.student_name,
                other_school_id=one.other_school_id,
                other_school=one.other_school,
                counted_here=one.counted_here,
            )
            for one in doubles
        ]
        return cls.model_validate(_allocation(row) | {"doubles": listed})


class AllocatedStudentOut(BaseModel):
    """A student behind an allocation; the id is masked."""

    student_id: UUID
    student_name: str
    resident_id: str | None
    register_no: str | None
    amount: YuanOut | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The reply for a student."""
        return cls(
            student_id=row.student_id,
            student_name=row.student_name,
            resident_id=masked_id(row),
            register_no=row.register_no,
            amount=row.amount_fen,
        )


class AllocationFilterIn(Asked):
    """Allocations of one programme and period; what is left out does not narrow."""

    programme: Annotated[str, Field(max_length=40)]
    period: Annotated[str, Field(max_length=11)]
    county_id: UUID | None = None
    school_id: UUID | None = None

    def read(self) -> AllocationFilter:
        """As the service takes it."""
        return AllocationFilter(**self.model_dump())


class ExpectedIn(Asked):
    """The figures of the preview that the officer approves."""

    count: Annotated[int, Field(strict=True, ge=0, le=10_000_000)]
    amount: Yuan


class PreviewAllocationsIn(Asked):
    """Which allocations would be approved."""

    filter: AllocationFilterIn


class ApproveIn(Asked):
    """Allocations to approve: by `ids`, or by `filter` with the figures previewed."""

    ids: Ids | None = None
    filter: AllocationFilterIn | None = None
    expect: ExpectedIn | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or a filter")
        if self.filter is not None and self.expect is None:
            raise ValueError("a filter needs expect {count, amount} from its preview")
        return self

    def chosen(self) -> list[UUID] | AllocationFilter:
        """As the service takes it."""
        return self.filter.read() if self.filter is not None else sorted(set(self.ids or ()))

    def figures(self) -> Totals | None:
        """The figures expected."""
        return None if self.expect is None else Totals(self.expect.count, self.expect.amount)


class PreviewAllocationsOut(BaseModel):
    """What the filter takes in; `own`, counted by the caller, is left out of it."""

    count: int
    amount: YuanOut
    own: int

    @classmethod
    def of(cls, seen: Preview) -> Self:
        """The reply for a preview."""
        return cls(count=seen.totals.count, amount=seen.totals.amount_fen, own=seen.own)


class ApprovedOut(BaseModel):
    """What was approved, and whose money is committed under which act of promising."""

    count: int
    amount: YuanOut
    own: int
    batch: UUID | None

    @classmethod
    def of(cls, done: Approved) -> Self:
        """The reply for an approval."""
        totals = done.totals
        return cls(count=totals.count, amount=totals.amount_fen, own=done.own, batch=done.batch)


class CancelAllocationIn(Asked):
    """Why an allocation is cancelled."""

    because: Words


def masked_id(row: Row[Any]) -> str | None:
    """A student's resident id as everybody may see it."""
    if row.resident_id is None:
        return None
    return mask_id(
        crypto.decrypt(
            row.resident_id, table="student", column="resident_id", record=row.student_id
        )
    )


def _allocation(row: Row[Any]) -> dict[str, object]:
    one: SchoolAllocation = row[0]
    return {
        **one.model_dump(exclude={"amount_fen"}),
        "amount": one.amount_fen,
        "school": row.school,
        "double_count": row.doubles,
    }
