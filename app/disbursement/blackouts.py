"""Blackout days (停发日): when a holder's money, or the whole city's, is not sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, select, text, true, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor, Scope
from app.core.paging import PageAsked
from app.disbursement.errors import HolderOutside
from app.disbursement.guard_errors import (
    BlackoutCancelled,
    BlackoutInvalid,
    BlackoutNotFound,
    RunBlackedOut,
)
from app.disbursement.guard_models import Blackout
from app.disbursement.models import PayoutRun
from app.disbursement.rules import next_day_allowed


@dataclass(frozen=True, kw_only=True)
class NewBlackout:
    """Days, both ends included, on which a holder's money is not sent; without one, the city's."""

    holder_id: UUID | None
    from_on: date
    to_on: date
    because: str


def set_days(session: Session, new: NewBlackout, *, by: Actor) -> Blackout:
    """Stops releases on some days. A county stops its own alone.

    Raises BlackoutInvalid, HolderOutside.
    """
    if new.to_on < new.from_on:
        raise BlackoutInvalid
    if by.scope is Scope.COUNTY and new.holder_id != by.county_id:
        raise HolderOutside
    if new.holder_id is not None and not session.execute(_HOLDER, {"id": new.holder_id}).scalar():
        raise HolderOutside
    made = Blackout(
        holder_id=new.holder_id,
        from_on=new.from_on,
        to_on=new.to_on,
        reason=new.because,
        set_by=by.id,
        set_at=clock.now(),
    )
    session.add(made)
    session.flush()  # a release of the same transaction reads it by SQL
    detail = {"from_on": new.from_on.isoformat(), "to_on": new.to_on.isoformat()}
    audit.note(
        session, by=by, did="blackout.set", records=[made.id], because=new.because, detail=detail
    )
    return made


def cancel(session: Session, blackout_id: UUID, *, because: str, by: Actor) -> Blackout:
    """Cancels blackout days once. Raises BlackoutNotFound, BlackoutCancelled."""
    own = true() if by.scope is Scope.CITY else col(Blackout.holder_id) == by.county_id
    cancelled: Blackout | None = session.execute(
        update(Blackout)
        .where(col(Blackout.id) == blackout_id, col(Blackout.cancelled_at).is_(None), own)
        .values(cancelled_by=by.id, cancelled_because=because, cancelled_at=clock.now())
        .returning(Blackout)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if cancelled is None:
        there = select(col(Blackout.id)).where(col(Blackout.id) == blackout_id, own)
        if session.execute(there).scalar_one_or_none() is None:
            raise BlackoutNotFound
        raise BlackoutCancelled
    audit.note(session, by=by, did="blackout.cancelled", records=[blackout_id], because=because)
    return cancelled


def listed(session: Session, by: Actor, asked: PageAsked) -> Sequence[Blackout]:
    """The days that bind the caller's money, cancelled ones too, oldest first."""
    chosen = asked.cut(select(Blackout).where(_known(by)), col(Blackout.id))
    return session.execute(chosen).scalars().all()


def refuse_on(session: Session, run: PayoutRun, day: date) -> None:
    """Raises RunBlackedOut if the run's money, or any holder's in it, is not sent on that day."""
    spans = session.execute(_SPANS, {"run": run.id, "day": day}).all()
    today = [span for span in spans if span.from_on <= day]
    if today:
        next_day = next_day_allowed(day, [(span.from_on, span.to_on) for span in spans])
        raise RunBlackedOut(run.number, today[0].reason, next_day)


def _known(by: Actor) -> ColumnElement[bool]:
    if by.scope is Scope.CITY:
        return true()
    mine: ColumnElement[bool] = col(Blackout.holder_id).is_(None) | (
        col(Blackout.holder_id) == by.county_id
    )
    return mine


_HOLDER = text(
    "SELECT true FROM organisation WHERE id = :id AND kind IN ('city_centre', 'county_centre')"
)
_SPANS = text("""
    SELECT from_on, to_on, reason FROM blackout
    WHERE cancelled_at IS NULL AND to_on >= :day AND (holder_id IS NULL OR holder_id IN (
        SELECT p.county_id FROM payout p WHERE p.run_id = :run AND p.state = 'ready'))
    ORDER BY from_on, id
""")
