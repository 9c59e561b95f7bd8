"""Reads imports within the caller's scope."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, text, tuple_
from sqlmodel import Session, col, select

from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.imports.errors import ImportUnknown
from app.imports.models import ImportRow, ImportState, RowOutcome, SheetImport

UNDER_WAY = (ImportState.QUEUED, ImportState.RUNNING)


def one(session: Session, import_id: UUID, by: Actor) -> SheetImport:
    """An import. Raises ImportUnknown."""
    found = session.exec(
        select(SheetImport).where(col(SheetImport.id) == import_id, visible(SheetImport, by))
    ).one_or_none()
    if found is None:
        raise ImportUnknown
    return found


def imports(
    session: Session, by: Actor, page: PageAsked, *, state: ImportState | None
) -> Sequence[SheetImport]:
    """One page of imports, the newest first."""
    table = SheetImport
    wanted = select(table).where(visible(table, by)).order_by(col(table.id).desc())
    if page.after is not None:
        wanted = wanted.where(col(table.id) < page.after)
    if state is not None:
        wanted = wanted.where(col(table.state) == state)
    return session.exec(wanted.limit(page.fetch)).all()


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
        last = select(table.sheet_no, table.row_no).where(col(table.id) == page.after.int)
        wanted = wanted.where(tuple_(table.sheet_no, table.row_no) > last.scalar_subquery())
    if outcome is not None:
        wanted = wanted.where(col(table.outcome) == outcome)
    return session.exec(wanted).all()


def under_way(session: Session, by: Actor, *, since: datetime) -> int:
    """How many imports of this person wait or run; a second question waits for the first's end."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 0))"),
        {"who": f"imports of {by.id}"},
    )
    mine = select(func.count()).where(
        col(SheetImport.uploaded_by) == by.id,
        col(SheetImport.state).in_(UNDER_WAY),
        col(SheetImport.made_at) > since,
    )
    return session.exec(mine).one()
