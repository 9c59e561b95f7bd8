"""A large sheet is taken in behind the door."""

from uuid import UUID

from sqlmodel import Session

from app.core import jobs
from app.core.actor import Actor
from app.core.db import scoped_session
from app.imports import queries, service
from app.imports.models import SheetImport
from app.sheets.taking import TakingState

RUN = "imports.run"


def queue(session: Session, record: SheetImport, *, by: Actor) -> None:
    """Puts a kept sheet into the queue; one that was taken in at once needs nothing."""
    if record.state is TakingState.QUEUED:
        jobs.defer(session, RUN, by=by, import_id=str(record.id))


def failed(session: Session, by: Actor, *, import_id: str) -> None:
    """Leaves in the import's state that the service failed."""
    service.TAKING.fail(session, queries.one(session, UUID(import_id), by))


@jobs.task(RUN, failed=failed)
def run(session: Session, by: Actor, *, import_id: str) -> None:
    """Takes the sheet in, in the uploader's scope; a refusal is left in the import's state."""
    key = UUID(import_id)

    def progress(done: int, total: int) -> None:
        with scoped_session(by) as seen_by_others:
            service.TAKING.show_progress(seen_by_others, key, rows_done=done, rows_total=total)

    service.run_queued(session, key, by=by, progress=progress)
