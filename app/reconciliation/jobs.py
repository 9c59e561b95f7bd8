"""Looks every hour for what nobody has answered or corrected in time."""

from sqlmodel import Session

from app.core import jobs
from app.core.actor import Actor
from app.reconciliation import worklist


@jobs.task("worklist.remind", every="15 * * * *")
def remind(session: Session, actor: Actor, **_: object) -> None:
    """Every hour: the day may end at any hour of UTC, and a missed run is made up for."""
    worklist.open_silent(session, by=actor)
    worklist.escalate_overdue(session, by=actor)
