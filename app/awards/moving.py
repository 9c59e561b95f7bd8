"""After a transfer the new school's money pays: instalments move, their award stays where it is.

Shares are append-only, so an instalment is cancelled at the old school and written anew for the
new one, alike in all but place; `replaces_id` says which it stands for.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Result, String, Table, Uuid, select, text
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards.models import Instalment, InstalmentState
from app.awards.waiting import commit_waiting, shares_of
from app.budgets import service as budgets
from app.budgets.models import FundLine
from app.budgets.rules import FundLineKey
from app.core import ids
from app.core.actor import Actor
from app.core.staging import Rows, count_rows, empty, stage
from app.ledger import service as ledger
from app.ledger.models import TransferKind

MOVE_COLUMNS = ("award_id", "school_id", "county_id", "after")

_LOCK_AWARDS = """
SELECT FROM award WHERE id IN (SELECT award_id FROM {moves}) ORDER BY id FOR UPDATE
"""
# What a payout ever held stays: the bank, or a reissue, settles it at the old school.
_LOCK_LEAVING = """
SELECT FROM instalment i JOIN {moves} m ON m.award_id = i.award_id
WHERE {leaves} ORDER BY i.id FOR UPDATE OF i
"""
_LEAVES = """
i.state IN ('committed', 'awaiting_appropriation') AND i.due_on > m.after
    AND i.school_id <> m.school_id AND i.supplement_version_id IS NULL
    AND EXISTS (SELECT FROM award a WHERE a.id = i.award_id AND a.state <> 'cancelled')
    AND NOT EXISTS (SELECT FROM payout_part part WHERE part.instalment_id = i.id)
"""
# Within one county the money stays committed; another county commits its own.
_LEAVING = """
INSERT INTO {leaving} (id, school_id, county_id, was, becomes)
SELECT i.id, m.school_id, m.county_id, i.state,
    CASE WHEN i.county_id = m.county_id THEN i.state ELSE 'awaiting_appropriation' END
FROM instalment i JOIN {moves} m ON m.award_id = i.award_id WHERE {leaves}
"""
_CANCEL = "UPDATE instalment SET state = 'cancelled' WHERE id IN (SELECT id FROM {leaving})"
_WRITE = f"""
INSERT INTO instalment (id, award_id, school_id, county_id, seq, due_on, fiscal_year, amount_fen,
    state, replaces_id)
SELECT {ids.SQL_UUID7}, i.award_id, l.school_id, l.county_id,
    (SELECT max(x.seq) FROM instalment x WHERE x.award_id = i.award_id)
        + row_number() OVER (PARTITION BY i.award_id ORDER BY i.seq),
    i.due_on, i.fiscal_year, i.amount_fen, l.becomes, i.id
FROM {{leaving}} l JOIN instalment i ON i.id = l.id
"""  # noqa: S608 own text
_KEYS = """
SELECT DISTINCT f.fiscal_year, f.programme, f.source, l.county_id
FROM {leaving} l JOIN instalment_share s ON s.instalment_id = l.id
JOIN fund_line f ON f.id = s.fund_line_id
"""
_SHARES = """
INSERT INTO instalment_share (instalment_id, fund_line_id, school_id, county_id, amount_fen)
SELECT i.id, there.id, i.school_id, i.county_id, s.amount_fen
FROM {leaving} l JOIN instalment i ON i.replaces_id = l.id
JOIN instalment_share s ON s.instalment_id = l.id
JOIN fund_line f ON f.id = s.fund_line_id
JOIN fund_line there ON there.fiscal_year = f.fiscal_year AND there.programme = f.programme
    AND there.source = f.source AND there.holder_id = l.county_id
"""
_LINES = """
SELECT s.fund_line_id AS id,
    bool_or(i.replaces_id = l.id AND i.state = 'awaiting_appropriation') AS waits
FROM {leaving} l JOIN instalment i ON i.id = l.id OR i.replaces_id = l.id
JOIN instalment_share s ON s.instalment_id = i.id GROUP BY s.fund_line_id
"""
_SUM = """
SELECT count(*) AS many, coalesce(sum(i.amount_fen), 0)::bigint AS fen
FROM {leaving} l JOIN instalment i ON i.id = l.id
"""


@dataclass(frozen=True)
class Moved:
    """How many instalments moved, and their sum in fen."""

    count: int
    amount_fen: int


def move_instalments(session: Session, moves: Rows, *, batch: UUID, by: Actor) -> Moved:
    """Moves what falls due after a day, and stands in no payout, to another school's money.

    `moves` yields (award, school, county, day), one row an award; the caller is in city scope.
    What another county's fund lines cannot pay waits for their appropriation. A fixed number of
    statements.
    """
    leaving = _leaving(session, stage(session, "moves", moves, MOVE_COLUMNS))
    told = _run(session, _SUM, leaving).one()
    moved = Moved(told.many, told.fen)
    if not moved.count:
        return moved
    keys = [
        FundLineKey(row.fiscal_year, row.programme, row.source, row.county_id)
        for row in _run(session, _KEYS, leaving)
    ]
    budgets.ensure_fund_lines(session, keys)
    _run(session, _WRITE, leaving)
    _run(session, _SHARES, leaving)
    lines = _run(session, _LINES, leaving).all()
    # The old lines and the new ones at once, in one order: another may be moving the other way.
    codes = select(col(FundLine.code)).where(col(FundLine.id).in_({line.id for line in lines}))
    ledger.hold(session, codes)
    _pass_on(session, leaving, batch=batch, by=by)
    waiting = [line.id for line in lines if line.waits]
    commit_waiting(session, waiting, batch=batch, by=by)
    audit.note(
        session,
        by=by,
        did="instalment.moved",
        records=_arrived(leaving),
        detail={"batch": str(batch), "amount_fen": moved.amount_fen},
    )
    return moved


def _leaving(session: Session, moves: Table) -> Table:
    """What moves, locked: its id, where to, and how it stood and will stand."""
    columns: list[Column[Any]] = [
        Column("id", Uuid()),
        Column("school_id", Uuid()),
        Column("county_id", Uuid()),
        Column("was", String),
        Column("becomes", String),
    ]
    leaving = empty(session, "leaving", columns)
    named = {"moves": moves.name, "leaving": leaving.name, "leaves": _LEAVES}
    for statement in (_LOCK_AWARDS, _LOCK_LEAVING, _LEAVING):
        session.execute(text(statement.format(**named)))
    count_rows(session, leaving)
    return leaving


def _pass_on(session: Session, leaving: Table, *, batch: UUID, by: Actor) -> None:
    """Gives the old school's commitments back and, within the county, takes them up again."""
    was_committed = select(leaving.c.id).where(leaving.c.was == InstalmentState.COMMITTED.value)
    _move(session, TransferKind.RELEASE_COMMITMENT, was_committed, batch=batch, by=by)
    _run(session, _CANCEL, leaving)
    committed = _arrived(leaving).where(col(Instalment.state) == InstalmentState.COMMITTED)
    _move(session, TransferKind.COMMIT, committed, batch=batch, by=by)


def _move(
    session: Session, kind: TransferKind, instalments: Rows, *, batch: UUID, by: Actor
) -> None:
    ledger.move(session, kind=kind, batch=batch, by=by, lines=shares_of(instalments))


def _arrived(leaving: Table) -> Rows:
    return select(col(Instalment.id)).join(leaving, leaving.c.id == Instalment.replaces_id)


def _run(session: Session, statement: str, leaving: Table) -> Result[*tuple[Any, ...]]:
    return session.execute(text(statement.format(leaving=leaving.name)))
