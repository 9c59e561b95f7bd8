"""A large list is taken in behind the door; lists are matched again every night."""

from uuid import UUID

from sqlmodel import Session

from app.core import jobs
from app.core.actor import Actor
from app.core.db import scoped_session
from app.registers import queries, service
from app.registers.models import OutsideRegister
from app.sheets.taking import TakingState

RUN = "registers.run"


def queue(session: Session, record: OutsideRegister, *, by: Actor) -> None:
    """Puts a kept list into the queue; one that was taken in at once needs nothing."""
    if record.state is TakingState.QUEUED:
        jobs.defer(session, RUN, by=by, register_id=str(record.id))


def failed(session: Session, by: Actor, *, register_id: str) -> None:
    """Leaves in the list's state that the service failed."""
    service.TAKING.fail(session, queries.one(session, UUID(register_id), by))


@jobs.task(RUN, failed=failed)
def run(session: Session, by: Actor, *, register_id: str) -> None:
    """Takes the list in, in the uploader's scope; a refusal is left in the list's state."""
    key = UUID(register_id)

    def progress(done: int) -> None:
        with scoped_session(by) as seen_by_others:
            service.TAKING.show_progress(seen_by_others, key, rows_done=done)

    service.run_queued(session, key, by=by, progress=progress)


@jobs.task("registers.match_again", every="40 19 * * *")
def match_again(session: Session, by: Actor) -> None:
    """Matches pupils who came during the day with the lists in force, over the whole city.

    At 19:40 UTC it is twenty to four in the morning in the city.
    """
    service.match_all(session, by=by)
