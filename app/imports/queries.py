"""Reads imports within the caller's scope."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text, tuple_
from sqlmodel import Session, col, select

from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.imports.errors import ImportUnknown
from app.imports.models import ImportRow, RowOutcome, SheetImport
from app.sheets.taking import TakingState

PACE_OF = 20
"""Of so many finished imports the pace is told."""

# Ids rise with time, so an import is before every one with a greater id. What still runs after a
# day was left by a worker that died, and nobody waits for it.
_BEFORE = text("""
SELECT w.id, count(b.id) AS imports,
    sum(greatest(b.rows_total - b.rows_done, 0)) FILTER (WHERE b.rows_total > 0) AS rows,
    count(b.id) FILTER (WHERE b.rows_total = 0) AS untold
FROM unnest(CAST(:ids AS uuid[])) w (id)
LEFT JOIN sheet_import b ON b.id < w.id AND b.state IN ('queued', 'running')
    AND b.made_at > :since
GROUP BY w.id
""")

_PACE = text("""
SELECT sum(rows_total) AS rows,
    CAST(sum(extract(epoch FROM finished_at - started_at)) * 1000 AS bigint) AS milliseconds
FROM (SELECT rows_total, started_at, finished_at FROM sheet_import
    WHERE state = 'done' AND started_at IS NOT NULL ORDER BY finished_at DESC LIMIT :most) last
HAVING sum(rows_total) > 0
""")


@dataclass(frozen=True)
class Pace:
    """How many rows were taken in in how long."""

    rows: int
    milliseconds: int

    def seconds_for(self, rows: int) -> int:
        """The seconds so many rows will take, a begun one counted."""
        return -(-rows * self.milliseconds // (self.rows * 1000))


@dataclass(frozen=True)
class Before:
    """What stands before an import: how many others, and their rows; None where one tells none."""

    imports: int
    rows: int | None


def one(session: Session, import_id: UUID, by: Actor) -> SheetImport:
    """An import. Raises ImportUnknown."""
    found = session.exec(
        select(SheetImport).where(col(SheetImport.id) == import_id, visible(SheetImport, by))
    ).one_or_none()
    if found is None:
        raise ImportUnknown
    return found


def imports(
    session: Session, by: Actor, page: PageAsked, *, state: TakingState | None
) -> Sequence[SheetImport]:
    """One page of imports, the newest first."""
    table = SheetImport
    wanted = page.cut(select(table).where(visible(table, by)), col(table.id), newest_first=True)
    if state is not None:
        wanted = wanted.where(col(table.state) == state)
    return session.exec(wanted).all()


def rows(
    session: Session, record: SheetImport, page: PageAsked, *, outcome: RowOutcome | None
) -> Sequence[ImportRow]:
    """One page of an import's rows, in the sheet's order; the cursor counts lines."""
    table = ImportRow
    wanted = (
        select(table)
        .where(col(table.import_id) == record.id)
        .order_by(col(table.sheet_no), col(table.row_no))
        .limit(page.fetch)
    )
    if page.after is not None:
        last = select(table.sheet_no, table.row_no).where(col(table.id) == page.after_line)
        wanted = wanted.where(tuple_(table.sheet_no, table.row_no) > last.scalar_subquery())
    if outcome is not None:
        wanted = wanted.where(col(table.outcome) == outcome)
    return session.exec(wanted).all()


def before(
    session: Session, import_ids: Collection[UUID], *, since: datetime
) -> dict[UUID, Before]:
    """What stands before each of these imports in the city's queue, by import.

    To be asked in city scope: it names no import and no school.
    """
    found = session.execute(_BEFORE, {"ids": list(import_ids), "since": since})
    return {
        row.id: Before(row.imports, None if row.untold else int(row.rows or 0)) for row in found
    }


def pace(session: Session) -> Pace | None:
    """The pace of the last imports that a worker finished; None while there is none.

    To be asked in city scope.
    """
    found = session.execute(_PACE, {"most": PACE_OF}).one_or_none()
    return None if found is None else Pace(int(found.rows), int(found.milliseconds))
