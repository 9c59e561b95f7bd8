"""How long an import will be: its place in the queue, and what the last ones took."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from app.core import clock, db
from app.core.actor import Actor
from app.imports import queries
from app.imports.models import SheetImport
from app.imports.queries import Before, Pace
from app.sheets.taking import UNDER_WAY
from app.sheets.uploads import STALE


@dataclass(frozen=True)
class Wait:
    """How many imports are taken in before one, and the seconds until it is done itself.

    `seconds` is None where nobody can tell: no import has been finished yet, or a file before it,
    or its own, does not say how many rows it has.
    """

    before: int
    seconds: int | None


def waits(session: Session, imports: Sequence[SheetImport], *, by: Actor) -> dict[UUID, Wait]:
    """The waits of those of the imports that are under way, by import.

    The queue is the whole city's. The seconds are those of one worker that takes one import after
    the other: with several it is done sooner.
    """
    pending = [each for each in imports if each.state in UNDER_WAY]
    if not pending:
        return {}
    ids = [each.id for each in pending]
    with db.city_scope(session, by):
        before = queries.before(session, ids, since=clock.now() - STALE)
        pace = queries.pace(session)
    return {each.id: _wait(each, before[each.id], pace) for each in pending}


def _wait(record: SheetImport, before: Before, pace: Pace | None) -> Wait:
    if pace is None or before.rows is None or record.rows_total == 0:
        return Wait(before.imports, None)
    rows = before.rows + record.rows_total - record.rows_done
    return Wait(before.imports, pace.seconds_for(rows))
