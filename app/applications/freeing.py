"""A place that comes free is offered to the next case of the school's waiting list."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Table,
    Uuid,
    and_,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlmodel import Session, col

from app.applications import place_queries, queries
from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
)
from app.applications.place_errors import PlaceSettled
from app.applications.place_models import PlaceEntry, PlaceState
from app.applications.place_queries import LIVE, has_entry, holding
from app.applications.place_rules import Ceiling
from app.audit import service as audit
from app.budgets import quotas
from app.core import clock
from app.core.actor import Actor
from app.core.staging import Rows, count_rows, empty, stage


def offer_freed(session: Session, ended: Rows, *, by: Actor) -> list[UUID]:
    """Offers what these cases (one column of ids), rejected or withdrawn just now, leave free.

    Their own entries are passed. Answers the cases that were offered a place. Whoever frees
    places of one programme and period waits for the others, so that each offers other cases; the
    caller holds the cases' locks and moves no money before this.
    """
    a = Application
    gone = ended.subquery()
    over = stage(
        session,
        "ended",
        select(col(a.id)).where(col(a.id).in_(select(*gone.c)), place_queries.may_be_bounded()),
        ("id",),
    )
    rounds = select(col(a.programme), col(a.period)).join(over, over.c.id == a.id)
    quotas.hold_all(session, rounds)
    session.execute(
        update(PlaceEntry)
        .where(col(PlaceEntry.application_id) == over.c.id, col(PlaceEntry.state).in_(LIVE))
        .values(state=PlaceState.PASSED, settled_at=clock.now(), settled_by=by.id)
        .execution_options(synchronize_session=False)
    )
    schools = select(col(a.round_id), col(a.school_id)).join(over, over.c.id == a.id).distinct()
    return _offer(session, stage(session, "touched", schools, ("round_id", "school_id")), by=by)


def offer_raised(
    session: Session, key: tuple[str, str], ceilings: Mapping[UUID, Ceiling], *, by: Actor
) -> list[UUID]:
    """Brings the waiting lists of a programme and period to the schools' new bounds, and offers
    what they allow. The caller holds the places of both.
    """
    round_ = session.execute(
        select(col(ApplicationRound.id)).where(
            col(ApplicationRound.programme) == key[0], col(ApplicationRound.period) == key[1]
        )
    ).scalar_one_or_none()
    if round_ is None or not ceilings:
        return []
    columns = (Column("places", Integer()), Column("cap_fen", BigInteger()))
    keys = (Column("round_id", Uuid()), Column("school_id", Uuid()))
    touched = empty(session, "touched", (*keys, *columns))
    rows = [
        {"round_id": round_, "school_id": school, "places": each.places, "cap_fen": each.cap_fen}
        for school, each in ceilings.items()
    ]
    session.execute(insert(touched), rows)
    count_rows(session, touched)
    session.execute(
        update(PlaceEntry)
        .where(_of(touched), col(PlaceEntry.state).in_(LIVE))
        .values(places=touched.c.places, cap_fen=touched.c.cap_fen)
        .execution_options(synchronize_session=False)
    )
    return _offer(session, touched, by=by)


def pass_on(session: Session, place_id: UUID, *, because: str, by: Actor) -> PlaceEntry:
    """Gives a case's turn up; the next of the list is offered the place. Raises PlaceUnknown,
    PlaceSettled.

    The case stays with the school and is not ranked again; the school withdraws it.
    """
    seen = place_queries.entry(session, place_id, by=by)
    round_ = queries.round_by_id(session, seen.round_id)
    quotas.hold(session, round_.programme, round_.period)
    passed = session.execute(
        update(PlaceEntry)
        .where(col(PlaceEntry.id) == place_id, col(PlaceEntry.state).in_(LIVE))
        .values(
            state=PlaceState.PASSED,
            settled_at=clock.now(),
            settled_by=by.id,
            settled_because=because,
        )
        .returning(col(PlaceEntry.id))
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    now = place_queries.entry(session, place_id, by=by)
    if passed is None:
        raise PlaceSettled(
            "该候补已上报或已放弃，不能再放弃。",
            "The place was taken or passed on already, so it cannot be passed on.",
            facts={"state": now.state.value},
        )
    audit.note(
        session,
        by=by,
        did="place.passed",
        records=[place_id, now.application_id],
        because=because,
    )
    school = select(col(PlaceEntry.round_id), col(PlaceEntry.school_id)).where(
        col(PlaceEntry.id) == place_id
    )
    _offer(session, stage(session, "touched", school, ("round_id", "school_id")), by=by)
    return now


def _offer(session: Session, touched: Table, *, by: Actor) -> list[UUID]:
    """One conditional update: the first of each list, as far as places and money reach."""
    e = PlaceEntry
    entry_id, count, fen = _next_in_line(touched).c
    offered = session.execute(
        update(e)
        .where(
            col(e.id) == entry_id,
            col(e.state) == PlaceState.WAITING,
            or_(col(e.places).is_(None), count <= col(e.places)),
            or_(col(e.cap_fen).is_(None), fen <= col(e.cap_fen)),
        )
        .values(state=PlaceState.OFFERED, offered_at=clock.now())
        .returning(col(e.application_id))
        .execution_options(synchronize_session=False)
    ).scalars()
    cases = sorted(offered)
    if cases:
        audit.note(session, by=by, did="place.offered", records=cases)
    return cases


def _next_in_line(touched: Table) -> CTE:
    """The waiting entries of these lists: id, and the places and fen in use up to and with each."""
    a, e = Application, PlaceEntry
    held, line = _held(touched), (col(e.rank), col(e.id))
    school: Any = (col(e.round_id), col(e.school_id))
    turn = func.row_number(type_=BigInteger).over(partition_by=school, order_by=line)
    fen = func.sum(func.coalesce(col(a.amount_fen), 0)).over(partition_by=school, order_by=line)
    return (
        select(
            col(e.id),
            (turn + func.coalesce(held.c.count, 0)).label("count"),
            (fen + func.coalesce(held.c.fen, 0)).label("fen"),
        )
        .join(touched, _of(touched))
        .join(a, col(a.id) == e.application_id)
        .outerjoin(held, and_(held.c.round_id == school[0], held.c.school_id == school[1]))
        .where(
            col(e.state) == PlaceState.WAITING,
            col(a.state) == ApplicationState.SUBMITTED,
            col(a.eligible).is_(true()),
        )
        .cte("line")
    )


def _held(touched: Table) -> CTE:
    a = Application
    place = (col(a.round_id), col(a.school_id))
    return (
        select(*place, func.count().label("count"), func.sum(col(a.amount_fen)).label("fen"))
        .join(touched, and_(touched.c.round_id == place[0], touched.c.school_id == place[1]))
        .where(or_(holding(), has_entry(PlaceState.OFFERED)))
        .group_by(*place)
        .cte("held")
    )


def _of(touched: Table) -> ColumnElement[bool]:
    return and_(
        col(PlaceEntry.round_id) == touched.c.round_id,
        col(PlaceEntry.school_id) == touched.c.school_id,
    )
