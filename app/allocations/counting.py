"""Counts heads: each school's roll on a day under the policy becomes its allocation.

Counting again before approval replaces: the allocation before is cancelled, and the new one
points at it. An approved allocation stays as it is; that the count differs now is said.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, insert, text
from sqlmodel import Session

from app.allocations import counted_sql as sql
from app.allocations.errors import (
    AllocationsApproved,
    DayNotYet,
    DayOutsidePeriod,
    NothingCounted,
    PaidToStudents,
    SchoolsNotInScope,
    approved_fault,
)
from app.allocations.models import AllocationState, SchoolAllocation
from app.allocations.roll import Asks, Setting, judge, stage_roll
from app.audit import service as audit
from app.core import clock, db, ids, numbers
from app.core.actor import Actor
from app.policy import queries as policy
from app.policy.calendar import normalise_period
from app.registry.queries import schools_in_scope


@dataclass(frozen=True)
class Figures:
    """One school's count; `approved` and `difference` where an approved allocation stands.

    `allocation_id` and `number` are those of what was written or stands; None in a dry run.
    """

    school_id: UUID
    county_id: UUID
    roll: int
    head_count: int
    amount_fen: int | None
    asked: int
    asks: dict[str, int]
    doubles: int
    approved: tuple[int, int | None] | None
    allocation_id: UUID | None
    number: str | None

    @property
    def differs(self) -> bool:
        """Whether an approved allocation says otherwise."""
        return self.approved is not None and self.approved != (self.head_count, self.amount_fen)


@dataclass(frozen=True)
class Counted:
    """What a count came to, school by school."""

    programme: str
    period: str
    as_of: date
    policy_version_id: UUID
    dry_run: bool
    schools: tuple[Figures, ...]


def count(  # noqa: PLR0913 what, when, where, and how far
    session: Session,
    programme: str,
    period: str,
    *,
    as_of: date,
    by: Actor,
    school_ids: Collection[UUID] | None = None,
    skip_approved: bool = False,
    dry_run: bool = False,
) -> Counted:
    """Counts the schools named, or all in scope, as of a day; a dry run writes nothing.

    A fixed number of statements, and one read a hundred thousand pupils. Raises ProgrammeNotFound,
    PeriodInvalid, PolicyVersionNotFound, PaidToStudents, DayNotYet, DayOutsidePeriod,
    SchoolsNotInScope, NothingCounted, and, unless `skip_approved` or a dry run,
    AllocationsApproved with both figures of each school whose approved allocation the count now
    differs from.
    """
    setting = _setting(session, programme, period, as_of=as_of, schools=school_ids, by=by)
    live = _lock_live(session, setting)
    with db.city_scope(session, by):
        roll = stage_roll(session, setting)
        judged, asks = judge(session, setting, roll)
        pairs = sql.stage_pairs(session, setting, roll, judged)
        found = _figures(session, setting, _Staged(roll, judged, pairs), asks=asks, live=live)
        if not found:
            raise NothingCounted(setting.programme, as_of)
        if not dry_run:
            if not skip_approved:
                _refuse_approved(found, live)
            found = _write(session, setting, found, live=live, by=by)
            sql.write_lists(session, setting, judged, pairs, made=_made(found))
    if not dry_run:
        detail = {"programme": setting.programme, "period": setting.period, "schools": len(found)}
        audit.note(session, by=by, did="allocation.counted", records=_made(found), detail=detail)
    return Counted(
        setting.programme, setting.period, as_of, setting.loaded.id, dry_run, tuple(found)
    )


@dataclass(frozen=True)
class _Staged:
    roll: Table
    judged: Table
    pairs: Table


def _setting(
    session: Session,
    programme: str,
    period: str,
    *,
    as_of: date,
    schools: Collection[UUID] | None,
    by: Actor,
) -> Setting:
    loaded = policy.version_for(session, programme, period)
    if loaded.programme.payee != "school":
        raise PaidToStudents(programme)
    today = clock.office_day()
    if as_of > today:
        raise DayNotYet(as_of, today)
    period = normalise_period(loaded.programme, period)
    days = loaded.programme.calendar.days_of(period)
    if not days[0] <= as_of <= days[1]:
        raise DayOutsidePeriod(as_of, days)
    there = {UUID(each) for each in schools_in_scope(session, by).get_column("id")}
    wanted = there if schools is None else set(schools)
    if missing := wanted - there:
        raise SchoolsNotInScope(sorted(missing))
    return Setting(loaded, period, as_of, tuple(sorted(wanted)))


def _lock_live(session: Session, setting: Setting) -> dict[UUID, Row[Any]]:
    """The live allocations of these schools, locked in the order of their ids; by school."""
    rows = session.execute(text(sql.LOCK_LIVE), setting.told())
    return {row.school_id: row for row in rows}


def _figures(
    session: Session,
    setting: Setting,
    staged: _Staged,
    *,
    asks: Asks,
    live: dict[UUID, Row[Any]],
) -> list[Figures]:
    """Each school that counts, asks about or shares somebody, or whose allocation is replaced."""
    statement = sql.FIGURES.format(
        roll=staged.roll.name, judged=staged.judged.name, pairs=staged.pairs.name
    )
    found = []
    for row in session.execute(text(statement), setting.told()):
        before = live.get(row.school_id)
        if not (row.head_count or row.asked or row.doubles or before):
            continue
        approved = before is not None and before.state == AllocationState.APPROVED
        found.append(
            Figures(
                school_id=row.school_id,
                county_id=row.county_id,
                roll=row.roll,
                head_count=row.head_count,
                amount_fen=row.amount_fen if setting.has_amount else None,
                asked=row.asked,
                asks=dict(sorted(asks.get(row.school_id, {}).items())),
                doubles=row.doubles,
                approved=(before.head_count, before.amount_fen) if before and approved else None,
                allocation_id=before.id if before and approved else None,
                number=before.number if before and approved else None,
            )
        )
    return found


def _refuse_approved(found: Sequence[Figures], live: dict[UUID, Row[Any]]) -> None:
    faults = [
        approved_fault(
            live[each.school_id].number, was=each.approved, now=(each.head_count, each.amount_fen)
        )
        for each in found
        if each.approved is not None and each.differs
    ]
    if faults:
        raise AllocationsApproved(faults)


def _write(
    session: Session,
    setting: Setting,
    found: Sequence[Figures],
    *,
    live: dict[UUID, Row[Any]],
    by: Actor,
) -> list[Figures]:
    """Replaces what stood counted; answers the figures with what was written for each."""
    told = {"old": [row.id for row in live.values() if row.state == AllocationState.COUNTED]}
    session.execute(text(sql.CANCEL_OLD), {**told, "by": by.id, "now": clock.now()})
    session.execute(text(sql.FREE_CLAIMS), told)
    new = [each for each in found if each.approved is None]
    if not new:
        return list(found)
    series = f"SA-{clock.office_day().year}"
    first = numbers.take(session, series, len(new))
    made = {
        each.school_id: _allocation(
            setting, each, number=f"{series}-{first + place:06d}", live=live, by=by
        )
        for place, each in enumerate(new)
    }
    # Nulls written out: rows with and without them would else go in statements of their own.
    session.execute(
        insert(SchoolAllocation),
        [one.model_dump() for one in made.values()],
        execution_options={"render_nulls": True},
    )
    return [
        each
        if each.approved is not None
        else replace(
            each, allocation_id=made[each.school_id].id, number=made[each.school_id].number
        )
        for each in found
    ]


def _allocation(
    setting: Setting,
    figures: Figures,
    *,
    number: str,
    live: dict[UUID, Row[Any]],
    by: Actor,
) -> SchoolAllocation:
    before = live.get(figures.school_id)
    return SchoolAllocation(
        id=ids.new(),
        number=number,
        programme=setting.programme,
        period=setting.period,
        school_id=figures.school_id,
        county_id=figures.county_id,
        policy_version_id=setting.loaded.id,
        as_of=setting.as_of,
        roll=figures.roll,
        head_count=figures.head_count,
        amount_fen=figures.amount_fen,
        asked=figures.asked,
        asks=figures.asks,
        state=AllocationState.COUNTED,
        supersedes=None if before is None else before.id,
        counted_by=by.id,
        counted_at=clock.now(),
    )


def _made(found: Sequence[Figures]) -> list[UUID]:
    return [each.allocation_id for each in found if each.approved is None and each.allocation_id]
