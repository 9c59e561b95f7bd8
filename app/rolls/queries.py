"""Reads rolls within the caller's scope."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.rolls.errors import RollUnknown
from app.rolls.models import Roll, RollRefusal

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
