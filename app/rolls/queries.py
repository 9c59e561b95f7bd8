"""Reads rolls within the caller's scope."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from app.core import clock
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.rolls.errors import RollUnknown
from app.rolls.models import Roll, RollRefusal, RollState
from app.sheets.uploads import STALE

UNDER_WAY = (RollState.QUEUED, RollState.RUNNING)
REFUSAL_ID_MAX = 2**63 - 1
"""A cursor of another list holds a UUID; cut to BIGINT it finds nothing after it."""


def one(session: Session, roll_id: UUID, by: Actor) -> Roll:
    """A roll. Raises RollUnknown."""
    found = session.exec(
        select(Roll).where(col(Roll.id) == roll_id, visible(Roll, by))
    ).one_or_none()
    if found is None:
        raise RollUnknown
    return found


def rolls(session: Session, by: Actor, page: PageAsked) -> Sequence[Roll]:
    """One page of rolls, the newest first."""
    wanted = select(Roll).where(visible(Roll, by)).order_by(col(Roll.id).desc())
    if page.after is not None:
        wanted = wanted.where(col(Roll.id) < page.after)
    return session.exec(wanted.limit(page.fetch)).all()


def refusals(session: Session, roll: Roll, page: PageAsked) -> Sequence[RollRefusal]:
    """One page of what is wrong, in the file's order; the cursor counts lines."""
    table = RollRefusal
    wanted = select(table).where(col(table.roll_id) == roll.id).order_by(col(table.id))
    if page.after is not None:
        wanted = wanted.where(col(table.id) > min(page.after.int, REFUSAL_ID_MAX))
    return session.exec(wanted.limit(page.fetch)).all()


def under_way(session: Session, by: Actor) -> int:
    """How many rolls of this person wait or run; a second question waits for the first's end."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 0))"),
        {"who": f"rolls of {by.id}"},
    )
    mine = select(func.count()).where(
        col(Roll.uploaded_by) == by.id,
        col(Roll.state).in_(UNDER_WAY),
        col(Roll.made_at) > clock.now() - STALE,
    )
    return int(session.exec(mine).one())
