"""A second person approves what was counted, and its money is promised; or it is cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Uuid,
    cast,
    delete,
    func,
    null,
    select,
    true,
    update,
)
from sqlmodel import Session, col

from app.allocations.errors import (
    AllocationNotFound,
    AllocationsMixed,
    AllocationsMoved,
    FiguresChanged,
    NothingToApprove,
    OwnAllocations,
)
from app.allocations.models import AllocationState, SchoolAllocation, SchoolAllocationClaim
from app.audit import service as audit
from app.awards import service as awards
from app.awards.models import AwardOf
from app.core import clock, ids
from app.core.actor import Actor
from app.core.scoping import visible
from app.core.staging import Rows


@dataclass(frozen=True, kw_only=True)
class AllocationFilter:
    """Allocations of one programme and period; what is None does not narrow."""

    programme: str
    period: str
    county_id: UUID | None = None
    school_id: UUID | None = None

    def matches(self) -> ColumnElement[bool]:
        """The filter as a predicate."""
        met: ColumnElement[bool] = true()
        for name, value in vars(self).items():
            if value is not None:
                met = met & (getattr(SchoolAllocation, name) == value)
        return met


@dataclass(frozen=True)
class Totals:
    """How many allocations, and their sum in fen."""

    count: int
    amount_fen: int


@dataclass(frozen=True)
class Preview:
    """What a filter takes in for the caller; `own`, counted by the caller, is left out of it."""

    totals: Totals
    own: int


@dataclass(frozen=True)
class Approved:
    """What was approved; `batch` is the act of promising, None where there was no money in it."""

    totals: Totals
    own: int
    batch: UUID | None
    allocation_ids: tuple[UUID, ...]


def preview(session: Session, asked: AllocationFilter, *, by: Actor) -> Preview:
    """How many allocations and how much the same filter would approve now. One query."""
    own = col(SchoolAllocation.counted_by) == by.id
    fen = func.coalesce(func.sum(col(SchoolAllocation.amount_fen)).filter(~own), 0)
    found = session.execute(
        select(func.count().filter(~own), cast(fen, BigInteger), func.count().filter(own))
        .select_from(SchoolAllocation)
        .where(visible(SchoolAllocation, by), asked.matches(), _counted())
    ).one()
    return Preview(Totals(found[0], found[1]), found[2])


def approve(
    session: Session,
    chosen: Sequence[UUID] | AllocationFilter,
    *,
    by: Actor,
    expect: Totals | None = None,
) -> Approved:
    """Approves all of the set or, with a refusal that lists what is in the way, nothing.

    Each school's award is granted and its money committed in the same transaction; where the rate
    is not known, or nobody is counted, there is nothing to promise. By filter, what the caller
    counted is left out. Raises AllocationNotFound, AllocationsMoved, OwnAllocations,
    NothingToApprove, AllocationsMixed, FiguresChanged, BudgetExhausted.
    """
    own = 0
    if isinstance(chosen, AllocationFilter):
        own = preview(session, chosen, by=by).own
        others = col(SchoolAllocation.counted_by) != by.id
        found = _lock(session, chosen.matches() & _counted() & others, by)
    else:
        found = _lock_named(session, chosen, by)
    totals = Totals(len(found), sum(row.amount_fen or 0 for row in found))
    if expect is not None and expect != totals:
        raise FiguresChanged((expect.count, expect.amount_fen), (totals.count, totals.amount_fen))
    if not found:
        raise NothingToApprove
    batch = _promise(session, found, by)
    approved = [row.id for row in found]
    session.execute(
        update(SchoolAllocation)
        .where(col(SchoolAllocation.id).in_(approved))
        .values(state=AllocationState.APPROVED, decided_by=by.id, decided_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    detail = {"count": totals.count, "amount_fen": totals.amount_fen}
    audit.note(session, by=by, did="allocation.approved", records=approved, detail=detail)
    return Approved(totals, own, batch, tuple(approved))


def cancel(session: Session, allocation_id: UUID, *, because: str, by: Actor) -> None:
    """Cancels an allocation: its pupils may be counted anew, its committed money is given back.

    Raises AllocationNotFound, AllocationsMoved, or AwardNotCancellable once money is on its way.
    """
    rows = _lock(session, col(SchoolAllocation.id) == allocation_id, by)
    if not rows:
        raise AllocationNotFound
    [row] = rows
    if row.state is AllocationState.CANCELLED:
        raise AllocationsMoved([(row.number, row.state.value)])
    one = select(col(SchoolAllocation.id)).where(col(SchoolAllocation.id) == allocation_id)
    if row.state is AllocationState.APPROVED and row.amount_fen:
        awards.cancel(session, one, batch=ids.new(), by=by, because=because, of=AwardOf.ALLOCATION)
    session.execute(
        delete(SchoolAllocationClaim).where(
            col(SchoolAllocationClaim.allocation_id) == allocation_id
        )
    )
    session.execute(
        update(SchoolAllocation)
        .where(col(SchoolAllocation.id) == allocation_id)
        .values(
            state=AllocationState.CANCELLED,
            cancelled_by=by.id,
            cancelled_at=clock.now(),
            because=because,
        )
        .execution_options(synchronize_session=False)
    )
    audit.note(session, by=by, did="allocation.cancelled", records=[allocation_id], because=because)


def _counted() -> ColumnElement[bool]:
    return col(SchoolAllocation.state) == AllocationState.COUNTED


def _lock(session: Session, which: ColumnElement[bool], by: Actor) -> Sequence[Row[Any]]:
    """The allocations in scope, locked in the order of their ids."""
    table = SchoolAllocation
    names = ("id", "number", "programme", "period", "state", "amount_fen", "counted_by")
    return session.execute(
        select(*(col(getattr(table, name)) for name in names))
        .where(visible(table, by), which)
        .order_by(col(table.id))
        .with_for_update()
    ).all()


def _lock_named(session: Session, chosen: Sequence[UUID], by: Actor) -> Sequence[Row[Any]]:
    found = _lock(session, col(SchoolAllocation.id).in_(chosen), by)
    missing = set(chosen) - {row.id for row in found}
    if missing:
        raise AllocationNotFound(sorted(missing))
    moved = [row for row in found if row.state is not AllocationState.COUNTED]
    if moved:
        raise AllocationsMoved([(row.number, row.state.value) for row in moved])
    own = [row.number for row in found if row.counted_by == by.id]
    if own:
        raise OwnAllocations(own)
    return found


def _promise(session: Session, found: Sequence[Row[Any]], by: Actor) -> UUID | None:
    """Promises and grants the awards of those that have money in them."""
    kinds = sorted({(row.programme, row.period) for row in found})
    if len(kinds) > 1:
        raise AllocationsMixed([f"{programme} {period}" for programme, period in kinds])
    paid = [row.id for row in found if row.amount_fen]
    if not paid:
        return None
    batch = ids.new()
    [(programme, period)] = kinds
    awards.promise(session, _cases(paid), programme=programme, period=period, batch=batch, by=by)
    # Nobody applied and nothing is shown to the public first: the approval is the grant.
    granted = select(col(SchoolAllocation.id)).where(col(SchoolAllocation.id).in_(paid))
    awards.grant(session, granted, by, of=AwardOf.ALLOCATION)
    return batch


def _cases(paid: Sequence[UUID]) -> Rows:
    """The allocations as `awards.promise` takes cases: without a student or a hardship."""
    table = SchoolAllocation
    return select(
        col(table.id),
        cast(null(), Uuid()),
        col(table.school_id),
        col(table.county_id),
        col(table.policy_version_id),
        cast(null(), Integer()),
        col(table.amount_fen),
        col(table.counted_at),
    ).where(col(table.id).in_(paid))
