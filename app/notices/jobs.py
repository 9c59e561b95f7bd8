"""Takes notices down when their days are over."""

from sqlmodel import Session

from app.core import clock, jobs
from app.core.actor import Actor
from app.notices import service


@jobs.task("notices.take_down", every="5 * * * *")
def take_down(session: Session, actor: Actor, **_: object) -> None:
    """Every hour: the day may end at any hour of UTC, and a missed run is made up for."""
    service.take_down_due(session, clock.office_day(), by=actor)
