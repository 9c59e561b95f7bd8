"""Reads places: what a school is given, what it has used, and who waits."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlmodel import Session, col

from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    ReportingBatch,
)
from app.applications.place_errors import PlaceUnknown
from app.applications.place_models import PlaceEntry, PlaceState
from app.applications.place_rules import (
    Ceiling,
    Given,
    NotKept,
    ceiling_of,
    needs_heads,
    ranked_by,
    warnings_of,
)
from app.applications.rules import OVER
from app.budgets import quota_queries
from app.budgets.models import Quota
from app.budgets.quota_queries import NOBODY, Heads
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.policy.calendar import school_year_of
from app.policy.facts import Words
from app.policy.queries import LoadedVersion, in_force, version_for

LIVE = (PlaceState.WAITING, PlaceState.OFFERED)


@dataclass(frozen=True)
class Used:
    """Places and fen that a school's cases hold, the offered ones included."""

    count: int
    amount_fen: int
    offered: int
    waiting: int
    to_come: int  # eligible cases with the school that hold none, waiting ones included


@dataclass(frozen=True)
class Places:
    """How a batch stands with its places."""

    ceiling: Ceiling
    used: Used
    ranked_by: Words
    warnings: list[NotKept]


def holding() -> ColumnElement[bool]:
    """Cases that hold a place: handed up, also where returned for the school to mend."""
    a = Application
    return and_(
        col(a.reported_at).is_not(None),
        col(a.state).not_in(OVER),
        col(a.eligible).is_not(false()),
    )


def has_entry(*states: PlaceState) -> ColumnElement[bool]:
    """Cases with an entry of the waiting list in one of the states."""
    return exists().where(
        col(PlaceEntry.application_id) == Application.id, col(PlaceEntry.state).in_(states)
    )


def ceilings(
    session: Session, loaded: LoadedVersion, period: str, school_ids: Collection[UUID]
) -> tuple[dict[UUID, Ceiling], dict[UUID, Heads]]:
    """The bounds of each school, and the head counts where the version asks for any.

    One statement, two where a share of a head count is asked for.
    """
    given = quota_queries.quotas_of(session, loaded.version.programme, period, school_ids)
    heads: dict[UUID, Heads] = {}
    if needs_heads(loaded.version):
        heads = quota_queries.heads(session, school_ids, school_year_of(period))
    found = {}
    for school in school_ids:
        row = given.get(school)
        told = None if row is None else Given(row.places, row.amount_fen)
        found[school] = ceiling_of(loaded.version, told, heads.get(school, NOBODY))
    return found, heads


def bounded(session: Session, loaded: LoadedVersion, period: str) -> bool:
    """Whether anything bounds the places of a programme and period, within row security."""
    if any(quota.bound == "ceiling" for quota in loaded.version.quotas):
        return True
    return quota_queries.any_of(session, loaded.version.programme, period)


def may_be_bounded() -> ColumnElement[bool]:
    """Cases of a programme and period whose places may be bounded; `bounded` without a version."""
    a = Application
    codes = [
        code
        for code, programme in in_force().programmes.items()
        if any(each.bound == "ceiling" for one in programme.versions for each in one.quotas)
    ]
    given = exists().where(
        col(Quota.programme) == a.programme,
        col(Quota.period) == a.period,
        col(Quota.school_id) == a.school_id,
    )
    return or_(col(a.programme).in_(codes), given)


def used(session: Session, round_id: UUID, school_id: UUID) -> Used:
    """What the school's cases of the round hold. One statement."""
    a = Application
    offered, waiting = has_entry(PlaceState.OFFERED), has_entry(PlaceState.WAITING)
    held = or_(holding(), offered)
    to_come = and_(
        col(a.state) == ApplicationState.SUBMITTED, col(a.eligible).is_(True), not_(held)
    )
    found = session.execute(
        select(
            func.count().filter(held),
            func.coalesce(func.sum(col(a.amount_fen)).filter(held), 0),
            func.count().filter(offered),
            func.count().filter(waiting),
            func.count().filter(to_come),
        )
        .select_from(a)
        .where(col(a.school_id) == school_id, col(a.round_id) == round_id)
    ).one()
    return Used(*(int(each) for each in found))


def places_of(session: Session, batch: ReportingBatch) -> Places:
    """Places given, used and left of a batch, with what floors and guides warn of."""
    round_ = session.get_one(ApplicationRound, batch.round_id)
    loaded = version_for(session, round_.programme, round_.period)
    found, heads = ceilings(session, loaded, round_.period, [batch.school_id])
    now = used(session, batch.round_id, batch.school_id)
    known = heads.get(batch.school_id, NOBODY)
    return Places(
        ceiling=found[batch.school_id],
        used=now,
        ranked_by=ranked_by(loaded.version),
        warnings=warnings_of(loaded.version, known, now.count + now.to_come),
    )


def entry(session: Session, place_id: UUID, *, by: Actor) -> PlaceEntry:
    """One entry of a waiting list. Raises PlaceUnknown."""
    found: PlaceEntry | None = session.execute(
        select(PlaceEntry)
        .where(col(PlaceEntry.id) == place_id, visible(PlaceEntry, by))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise PlaceUnknown
    return found


@dataclass(frozen=True)
class PlaceFilter:
    """Which entries; None asks for nothing."""

    round_id: UUID | None = None
    school_id: UUID | None = None
    state: PlaceState | None = None


def listed(
    session: Session, wanted: PlaceFilter, asked: PageAsked, *, by: Actor
) -> list[tuple[PlaceEntry, str]]:
    """One page of the waiting lists within scope by round, school and rank, each entry with its
    case's number.

    The cursor is the last entry's id; what was re-ranked meanwhile may show again or not at all.
    """
    e = PlaceEntry
    order = (col(e.round_id), col(e.school_id), col(e.rank), col(e.id))
    query = (
        select(e, col(Application.number))
        .join(Application, col(Application.id) == e.application_id)
        .where(visible(e, by), *_narrowed(wanted))
        .order_by(*order)
        .limit(asked.fetch)
        .execution_options(populate_existing=True)
    )
    if asked.after is not None:
        last = select(*order).where(col(e.id) == asked.after).subquery()
        query = query.join(last, true()).where(tuple_(*order) > tuple_(*last.c))
    return [(found, number) for found, number in session.execute(query)]


def _narrowed(wanted: PlaceFilter) -> list[ColumnElement[bool]]:
    plain = {"round_id": PlaceEntry.round_id, "school_id": PlaceEntry.school_id,
             "state": PlaceEntry.state}  # fmt: skip
    return [
        col(column) == getattr(wanted, name)
        for name, column in plain.items()
        if getattr(wanted, name) is not None
    ]
