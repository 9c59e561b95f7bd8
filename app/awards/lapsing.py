"""What a closed year promised and did not pay: its money goes back, and new money pays it.

Shares are append-only, so an instalment is cancelled and written anew on the next year's fund
lines, due on its first day; `replaces_id` says which it stands for.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Result, String, Table, Uuid, column, select, text
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards.models import Instalment
from app.awards.waiting import commit_waiting, shares_of
from app.budgets import service as budgets
from app.budgets.models import FundLine
from app.budgets.rules import FundLineKey
from app.budgets.year_ends import RULE_OF_LINES, last_closed_year
from app.core import ids
from app.core.actor import Actor
from app.core.staging import Rows, count_rows, empty, stage
from app.ledger import service as ledger
from app.ledger.models import TransferKind


@dataclass(frozen=True)
class Lapsed:
    """How many instalments are promised anew, and how many fen went back to the treasury."""

    instalments: int
    amount_fen: int


def lapse(session: Session, instalments: Rows, *, batch: UUID, by: Actor) -> Lapsed:
    """Lapses those of the instalments that are committed from closed lines whose money goes back.

    Nothing where no year is closed, at the cost of one statement. In city scope.
    """
    closed = last_closed_year(session)
    if closed is None:
        return Lapsed(0, 0)
    chosen = stage(session, "to_lapse", instalments, ("id",))
    among = f"AND i.id IN (SELECT id FROM {chosen.name})"  # noqa: S608 own text
    return _lapse(session, closed, among, batch, by)


def lapse_year(session: Session, year: int, *, batch: UUID, by: Actor) -> Lapsed:
    """Lapses everything committed from lines of a year, or an earlier one, whose money goes back.

    What is available there goes back with it. In city scope.
    """
    lapsed = _lapse(session, year, "", batch, by)
    swept = ledger.move(
        session,
        kind=TransferKind.LAPSE,
        batch=batch,
        by=by,
        lines=select(text(_AVAILABLE).bindparams(year=year).columns(*_LINE).subquery("swept")),
    )
    return Lapsed(lapsed.instalments, lapsed.amount_fen + swept.amount_fen)


def _lapse(session: Session, closed: int, among: str, batch: UUID, by: Actor) -> Lapsed:
    """The new promise waits for its appropriation; it is committed where that has come already."""
    leaving = _leaving(session, closed, among)
    [count] = _run(session, _COUNT, leaving).one()
    if not count:
        return Lapsed(0, 0)
    keys = [FundLineKey(*row) for row in _run(session, _KEYS, leaving, year=closed + 1)]
    budgets.ensure_fund_lines(session, keys)
    _run(session, _WRITE, leaving, year=closed + 1)
    _run(session, _SHARES, leaving, year=closed + 1)
    lines = [row.id for row in _run(session, _LINES, leaving)]
    ledger.hold(session, select(col(FundLine.code)).where(col(FundLine.id).in_(lines)))
    old = select(leaving.c.id)
    ledger.move(
        session,
        kind=TransferKind.RELEASE_COMMITMENT,
        batch=batch,
        by=by,
        lines=shares_of(old),
    )
    _run(session, _CANCEL, leaving)
    gone = text(_GOING_BACK.format(leaving=leaving.name)).bindparams(year=closed)
    moved = ledger.move(
        session,
        kind=TransferKind.LAPSE,
        batch=batch,
        by=by,
        lines=select(gone.columns(*_LINE).subquery("gone")),
    )
    new = select(col(Instalment.id)).join(leaving, leaving.c.id == Instalment.replaces_id)
    commit_waiting(session, lines, batch=batch, by=by)
    audit.note(session, by=by, did="instalment.lapsed", records=new, detail={"batch": str(batch)})
    return Lapsed(count, moved.amount_fen)


def _leaving(session: Session, closed: int, among: str) -> Table:
    leaving = empty(session, "lapsing", [Column("id", Uuid())])
    told = {"year": closed}
    for statement in (_LOCK, _LEAVING):
        session.execute(text(statement.format(leaving=leaving.name, among=among)), told)
    count_rows(session, leaving)
    return leaving


def _run(
    session: Session, statement: str, leaving: Table, **told: object
) -> Result[*tuple[Any, ...]]:
    return session.execute(text(statement.format(leaving=leaving.name)), told)


_LINE = (column("code", String), column("refers_to", Uuid()), column("fen", BigInteger))
_GIVEN_BACK = (
    f"SELECT * FROM ({RULE_OF_LINES} WHERE f.fiscal_year <= :year) r "  # noqa: S608 own text
    "WHERE rule = 'release'"
)
_CHOSEN = f"""
    FROM instalment i WHERE i.state = 'committed' {{among}} AND EXISTS (
        SELECT FROM instalment_share s JOIN ({_GIVEN_BACK}) r ON r.id = s.fund_line_id
        WHERE s.instalment_id = i.id)
"""
_LOCK = f"SELECT i.id {_CHOSEN} ORDER BY i.id FOR UPDATE OF i"
_LEAVING = f"INSERT INTO {{leaving}} (id) SELECT i.id {_CHOSEN}"
_COUNT = "SELECT count(*) FROM {leaving}"
_KEYS = """
    SELECT DISTINCT CAST(:year AS int), f.programme, f.source, f.holder_id
    FROM {leaving} l JOIN instalment_share s ON s.instalment_id = l.id
    JOIN fund_line f ON f.id = s.fund_line_id
"""
_WRITE = f"""
    INSERT INTO instalment (id, award_id, school_id, county_id, seq, due_on, fiscal_year,
        amount_fen, state, supplement_version_id, replaces_id)
    SELECT {ids.SQL_UUID7}, i.award_id, i.school_id, i.county_id,
        (SELECT max(x.seq) FROM instalment x WHERE x.award_id = i.award_id)
            + row_number() OVER (PARTITION BY i.award_id ORDER BY i.seq),
        make_date(:year, 1, 1), :year, i.amount_fen, 'awaiting_appropriation',
        i.supplement_version_id, i.id
    FROM {{leaving}} l JOIN instalment i ON i.id = l.id
"""  # noqa: S608 own text
_SHARES = """
    INSERT INTO instalment_share (instalment_id, fund_line_id, school_id, county_id, amount_fen)
    SELECT i.id, next.id, i.school_id, i.county_id, s.amount_fen
    FROM {leaving} l JOIN instalment i ON i.replaces_id = l.id
    JOIN instalment_share s ON s.instalment_id = l.id JOIN fund_line f ON f.id = s.fund_line_id
    JOIN fund_line next ON next.fiscal_year = :year AND next.programme = f.programme
        AND next.source = f.source AND next.holder_id = f.holder_id
"""
_LINES = """
    SELECT DISTINCT s.fund_line_id AS id FROM {leaving} l
    JOIN instalment i ON i.id = l.id OR i.replaces_id = l.id
    JOIN instalment_share s ON s.instalment_id = i.id
"""
_CANCEL = "UPDATE instalment SET state = 'cancelled' WHERE id IN (SELECT id FROM {leaving})"
_GOING_BACK = f"""
    SELECT r.code, s.instalment_id AS refers_to, s.amount_fen AS fen FROM {{leaving}} l
    JOIN instalment_share s ON s.instalment_id = l.id
    JOIN ({_GIVEN_BACK}) r ON r.id = s.fund_line_id
"""  # noqa: S608 own text
_AVAILABLE = f"""
    SELECT r.code, r.id AS refers_to, a.credits_fen - a.debits_fen AS fen
    FROM ({_GIVEN_BACK}) r JOIN ledger_account a ON a.code = r.code || '/available'
    WHERE a.credits_fen > a.debits_fen
"""  # noqa: S608 own text
