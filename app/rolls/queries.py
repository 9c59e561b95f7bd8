"""Reads rolls within the caller's scope."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.rolls.errors import RollUnknown
from app.rolls.models import Roll, RollRefusal


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
    wanted = page.cut(select(Roll).where(visible(Roll, by)), col(Roll.id), newest_first=True)
    return session.exec(wanted).all()


def refusals(session: Session, roll: Roll, page: PageAsked) -> Sequence[RollRefusal]:
    """One page of what is wrong, in the file's order; the cursor counts lines."""
    table = RollRefusal
    wanted = select(table).where(col(table.roll_id) == roll.id)
    return session.exec(page.cut_lines(wanted, col(table.id))).all()
