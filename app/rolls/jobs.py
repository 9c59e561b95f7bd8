"""A large roll is taken in behind the door."""

from uuid import UUID

from sqlmodel import Session

from app.core import jobs
from app.core.actor import Actor
from app.core.db import scoped_session
from app.rolls import queries, service
from app.rolls.models import Roll
from app.sheets.taking import TakingState

RUN = "rolls.run"


def queue(session: Session, roll: Roll, *, by: Actor) -> None:
    """Puts a kept roll into the queue; one that was taken in at once needs nothing."""
    if roll.state is TakingState.QUEUED:
        jobs.defer(session, RUN, by=by, roll_id=str(roll.id))


def failed(session: Session, by: Actor, *, roll_id: str) -> None:
    """Leaves in the roll's state that the service failed."""
    service.TAKING.fail(session, queries.one(session, UUID(roll_id), by))


@jobs.task(RUN, failed=failed)
def run(session: Session, by: Actor, *, roll_id: str) -> None:
    """Takes the roll in, in the uploader's scope; a refusal is left in the roll's state."""
    key = UUID(roll_id)

    def progress(done: int) -> None:
        with scoped_session(by) as seen_by_others:
            service.TAKING.show_progress(seen_by_others, key, rows_done=done)

    service.run_queued(session, key, by=by, progress=progress)
