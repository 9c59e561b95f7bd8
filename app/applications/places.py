"""A batch and its places: who goes up, who waits and why; the average of tiers; the ceiling again
when cases are approved.

The cases are ranked when the head endorses, so that the waiting list is what is signed, and once
more when they are handed up, for places may have been given or taken back in between.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    String,
    Table,
    Uuid,
    and_,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlmodel import Session, col

from app.applications import place_queries
from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    ReportingBatch,
    Step,
    Submission,
)
from app.applications.place_errors import AverageWrong, PlacesExceeded
from app.applications.place_models import PlaceEntry, PlaceReason, PlaceState
from app.applications.place_queries import Used, has_entry, holding
from app.applications.place_rules import Ceiling, reason_words, sum_of_average
from app.applications.queries import as_it_stands
from app.audit import service as audit
from app.budgets import quotas
from app.core import clock, ids
from app.core.actor import Actor
from app.core.columns import TextEnum, UtcMoment
from app.core.errors import Fault
from app.core.money import show_yuan
from app.core.staging import stage
from app.policy.catalogue import RankBy, Version
from app.policy.facts import FACTS
from app.policy.queries import version_for

GONE_UP = (
    ApplicationState.IN_REVIEW,
    ApplicationState.APPROVED,
    ApplicationState.ANNOUNCED,
    ApplicationState.CONFIRMED,
)
DECIDED = GONE_UP[1:]


@dataclass(frozen=True)
class _Bounds:
    """What one ranking stands on."""

    ceiling: Ceiling
    used: Used
    version: Version

    def beyond_places(self, ranked: Table) -> ColumnElement[bool]:
        left = self.ceiling.left(self.used.count)
        return false() if left is None else ranked.c.turn > left

    def beyond(self, ranked: Table) -> ColumnElement[bool]:
        money = self.ceiling.money_left(self.used.amount_fen)
        over_money = false() if money is None else ranked.c.up_to_fen > money
        return and_(not_(ranked.c.holds), or_(self.beyond_places(ranked), over_money))


def fill_places(
    session: Session,
    batch: ReportingBatch,
    round_: ApplicationRound,
    *,
    chosen: Table,
    by: Actor,
) -> int:
    """Ranks the batch's cases and leaves in `chosen` (ids, locked) those that go up; how many wait.

    A case that holds a place or is offered one goes up; the other eligible ones by the version's
    ranking, as far as places and money reach; the rest gets its place on the waiting list, with
    the reason. Who gave a place up is not ranked again. Cases that are not eligible take no place.
    Raises AverageWrong when the version asks for an average that what goes up does not have.
    """
    loaded = version_for(session, round_.programme, round_.period)
    waiting = 0
    if place_queries.bounded(session, loaded, round_.period):
        quotas.hold(session, round_.programme, round_.period)
        _leave_passed(session, chosen)
        found, _ = place_queries.ceilings(session, loaded, round_.period, [batch.school_id])
        now = place_queries.used(session, batch.round_id, batch.school_id)
        bounds = _Bounds(found[batch.school_id], now, loaded.version)
        ranked = _rank(session, chosen, loaded.version)
        waiting = _queue(session, batch, bounds, ranked, by=by)
        _offer_within(session, bounds, ranked)
        beyond = select(ranked.c.id).where(bounds.beyond(ranked))
        session.execute(delete(chosen).where(chosen.c.id.in_(beyond)))
    _refuse_other_average(session, batch, loaded.version, chosen)
    return waiting


def take_places(session: Session, chosen: Table, *, by: Actor) -> None:
    """The entries of cases that are handed up are taken."""
    session.execute(
        update(PlaceEntry)
        .where(
            col(PlaceEntry.application_id) == chosen.c.id,
            col(PlaceEntry.state).in_(place_queries.LIVE),
        )
        .values(state=PlaceState.TAKEN, settled_at=clock.now(), settled_by=by.id)
        .execution_options(synchronize_session=False)
    )


def guard_approval(
    session: Session, deciding: Table, programme: str, period: str, *, step: Step
) -> None:
    """Refuses to approve more cases of a school than it has places or money for.

    `deciding` (ids, locked) are of one programme and period. Whoever approves, fills or frees
    places of it waits for the others. Raises PlacesExceeded listing every such school.
    """
    loaded = version_for(session, programme, period)
    if not place_queries.bounded(session, loaded, period):
        return
    quotas.hold(session, programme, period)
    a = Application
    mine = exists().where(deciding.c.id == a.id)
    past: ColumnElement[bool] = col(a.state).in_(DECIDED)
    if step is Step.COUNTY:
        past = or_(past, col(a.step) == Step.CITY)
    schools = select(col(a.school_id)).join(deciding, deciding.c.id == a.id)
    rows = session.execute(
        select(col(a.school_id), func.count(), func.coalesce(func.sum(col(a.amount_fen)), 0))
        .where(
            col(a.programme) == programme,
            col(a.period) == period,
            col(a.school_id).in_(schools),
            or_(mine, past),
        )
        .group_by(col(a.school_id))
        .order_by(col(a.school_id))
    ).all()
    found, _ = place_queries.ceilings(session, loaded, period, [row[0] for row in rows])
    faults = [
        fault
        for school, count, fen in rows
        if (fault := _over(school, int(count), int(fen), found[school])) is not None
    ]
    if faults:
        raise PlacesExceeded(faults)


def _over(school: UUID, count: int, fen: int, ceiling: Ceiling) -> Fault | None:
    if ceiling.places is not None and count > ceiling.places:
        return Fault(
            "over_places",
            f"名额 {ceiling.places} 个（{ceiling.by.zh}），通过后将为 {count} 个。",
            f"{ceiling.places} place(s) ({ceiling.by.en}); {count} would be approved.",
            str(school),
            {"places": ceiling.places, "approved": count},
        )
    if ceiling.cap_fen is not None and fen > ceiling.cap_fen:
        cap, sum_ = show_yuan(ceiling.cap_fen), show_yuan(fen)
        return Fault(
            "over_money",
            f"资金额度 {cap} 元，通过后将为 {sum_} 元。",
            f"The money is {cap} yuan; {sum_} would be approved.",
            str(school),
            {"amount": cap, "approved": sum_},
        )
    return None


def _leave_passed(session: Session, chosen: Table) -> None:
    gave_up = select(col(PlaceEntry.application_id)).where(
        col(PlaceEntry.application_id) == chosen.c.id,
        col(PlaceEntry.state) == PlaceState.PASSED,
    )
    session.execute(delete(chosen).where(exists(gave_up.correlate(chosen))))


def _rank(session: Session, chosen: Table, version: Version) -> Table:
    """The eligible cases: id, holds, turn (from 1 among those that hold no place), up_to_fen (the
    sum up to and with the case), county_id.
    """
    a, s = Application, Submission
    holds = or_(holding(), has_entry(PlaceState.OFFERED))
    order = [*map(_key, version.ranking), col(a.made_at), col(a.number)]
    rows = (
        select(
            col(a.id),
            holds.label("holds"),
            func.row_number(type_=BigInteger)
            .over(partition_by=holds, order_by=order)
            .label("turn"),
            func.sum(func.coalesce(col(a.amount_fen), 0))
            .over(partition_by=holds, order_by=order, rows=(None, 0))
            .label("up_to_fen"),
            col(a.county_id),
        )
        .join(chosen, chosen.c.id == a.id)
        .join(s, as_it_stands())
        .where(col(a.eligible).is_(true()))
    )
    return stage(session, "ranked", rows, ("id", "holds", "turn", "up_to_fen", "county_id"))


def _key(key: RankBy) -> ColumnElement[Any]:
    """One key of the ranking; an enumeration ranks as the vocabulary lists it."""
    fact = FACTS[key.fact]
    value = col(Submission.facts)[key.fact]["value"]
    if fact.type == "enum":
        listed = literal([str(each) for each in fact.listed], ARRAY(String))
        value = func.array_position(listed, value.astext)
    ordered: ColumnElement[Any] = value.desc() if key.direction == "desc" else value.asc()
    return ordered.nulls_last()


def _queue(
    session: Session, batch: ReportingBatch, bounds: _Bounds, ranked: Table, *, by: Actor
) -> int:
    """Puts the cases beyond on the waiting list, or brings their entries up to date."""
    e, ceiling = PlaceEntry, bounds.ceiling
    over_places = bounds.beyond_places(ranked)
    rank = (bounds.used.count + ranked.c.turn).label("rank")
    spoken = [reason_words(ceiling, bounds.version, money=money) for money in (False, True)]
    words = [
        case(
            (over_places, _said(getattr(full[0], tongue), rank, getattr(full[1], tongue))),
            else_=_said(getattr(money[0], tongue), rank, getattr(money[1], tongue)),
        )
        for tongue in ("zh", "en")
        for full, money in (spoken,)
    ]
    reason = case((over_places, PlaceReason.OVER_PLACES.value), else_=PlaceReason.OVER_MONEY.value)
    columns: dict[str, Any] = {
        "id": literal_column(ids.SQL_UUID7, Uuid()),
        "application_id": ranked.c.id,
        "round_id": literal(batch.round_id),
        "school_id": literal(batch.school_id),
        "county_id": ranked.c.county_id,
        "rank": rank,
        "reason": cast(reason, String),
        "reason_zh": words[0],
        "reason_en": words[1],
        "places": literal(ceiling.places, Integer()),
        "cap_fen": literal(ceiling.cap_fen, BigInteger()),
        "state": literal(PlaceState.WAITING, TextEnum(PlaceState)),
        "made_at": literal(clock.now(), UtcMoment()),
    }
    rows = select(*columns.values()).where(bounds.beyond(ranked))
    statement = insert_once(e).from_select(list(columns), rows)
    renewed = ("rank", "reason", "reason_zh", "reason_en", "places", "cap_fen")
    queued = session.execute(
        statement.on_conflict_do_update(
            index_elements=["application_id"],
            index_where=col(e.state).in_(place_queries.LIVE),
            set_={name: statement.excluded[name] for name in renewed},
        ).returning(col(e.application_id))
    ).scalars()
    waiting = list(queued)
    if waiting:
        audit.note(
            session,
            by=by,
            did="place.waiting",
            records=waiting,
            detail={"batch": str(batch.id), "places": ceiling.places},
        )
    return len(waiting)


def _said(before: str, rank: Any, after: str) -> ColumnElement[str]:
    return literal(before, String) + cast(rank, String) + literal(after, String)


def _offer_within(session: Session, bounds: _Bounds, ranked: Table) -> None:
    """Who waited and now has a place is offered it."""
    session.execute(
        update(PlaceEntry)
        .where(
            col(PlaceEntry.application_id) == ranked.c.id,
            col(PlaceEntry.state) == PlaceState.WAITING,
            not_(bounds.beyond(ranked)),
        )
        .values(state=PlaceState.OFFERED, offered_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _refuse_other_average(
    session: Session, batch: ReportingBatch, version: Version, chosen: Table
) -> None:
    """What goes up and what went up before must have the average together, to the fen."""
    if version.tiers is None:
        return
    a = Application
    count, amount = session.execute(
        select(func.count(), func.coalesce(func.sum(col(a.amount_fen)), 0)).where(
            col(a.school_id) == batch.school_id,
            col(a.round_id) == batch.round_id,
            col(a.eligible).is_(true()),
            or_(col(a.state).in_(GONE_UP), exists().where(chosen.c.id == a.id)),
        )
    ).one()
    parts = 2 if version.period == "term" else 1
    needed, odd = sum_of_average(int(count), version.tiers.average_fen, parts)
    if odd or int(amount) != needed:
        raise AverageWrong(int(count), int(amount), needed)
