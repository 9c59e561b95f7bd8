"""Reads return files, their lines and the worklist, and holds books against payouts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, cast, func, select, text
from sqlmodel import Session, col

from app.core.actor import Actor, Scope
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.reconciliation.errors import ReturnFileNotFound
from app.reconciliation.models import LineOutcome, WorkItem, WorkKind, WorkState
from app.reconciliation.rules import CORRECTED


@dataclass(frozen=True)
class OutcomeTally:
    """How many lines of a return file came to one outcome, and their sum in fen."""

    outcome: LineOutcome
    lines: int
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class WorkSought:
    """Filters of the worklist; `overdue_before` is the day before which overdue work was opened."""

    kind: WorkKind | None = None
    state: WorkState | None = None
    school_id: UUID | None = None
    overdue_before: date | None = None
    escalated: bool = False


@dataclass(frozen=True)
class Difference:
    """Where books, payouts and instalments disagree: what should be, and what is.

    Amounts in fen for the three places of a fund line; counts of records for the others.
    """

    what: str
    of: str
    expected: int
    found: int


def invariants(session: Session) -> list[Difference]:
    """Every difference between the books and what they stand for; empty when all is well.

    Per fund line: committed is what live awards have not in a payout on its way or paid, in
    transit what is sent or unknown, paid what is paid and may be kept, recoverable the rest of
    what is paid and not settled yet, written off what nobody will pay back. A payout sums its
    parts; an instalment stands where its payout stands; what was paid in hand is signed for. Run
    in city scope.
    """
    rows = [*session.execute(_PLACES), *session.execute(_RECORDS)]
    return [Difference(row.what, row.of, int(row.expected), int(row.found)) for row in rows]


def return_files(session: Session, by: Actor, asked: PageAsked) -> Sequence[Row[Any]]:
    """Return files in the caller's scope with the number of their payment file, oldest first."""
    told = {**_places(by), "after": asked.after, "limit": asked.fetch, "id": None}
    return session.execute(_FILES, told).all()


def return_file(session: Session, file_id: UUID, by: Actor) -> Row[Any]:
    """One return file with the number of its payment file. Raises ReturnFileNotFound."""
    told = {**_places(by), "after": None, "limit": 1, "id": file_id}
    found = session.execute(_FILES, told).one_or_none()
    if found is None:
        raise ReturnFileNotFound
    return found


def outcomes(session: Session, file_id: UUID) -> list[OutcomeTally]:
    """A return file's lines counted and summed by outcome; the counts add up to the file's."""
    rows = session.execute(_OUTCOMES, {"file": file_id})
    return [OutcomeTally(LineOutcome(row.outcome), row.lines, row.amount_fen) for row in rows]


def lines(
    session: Session, file_id: UUID, asked: PageAsked, outcome: LineOutcome | None
) -> Sequence[Row[Any]]:
    """A return file's lines in their order; the cursor is the line's number as an id."""
    told = {
        "file": file_id,
        "after": asked.after_line or 0,
        "outcome": None if outcome is None else outcome.value,
        "limit": asked.fetch,
    }
    return session.execute(_LINES, told).all()


def worklist(
    session: Session, by: Actor, asked: PageAsked, sought: WorkSought
) -> Sequence[Row[Any]]:
    """Work items in the caller's scope with payout and payee, oldest first."""
    chosen = asked.cut(
        select(col(WorkItem.id)).where(visible(WorkItem, by), *_fits(sought)), col(WorkItem.id)
    )
    page = chosen
    items = [row[0] for row in session.execute(page)]
    return session.execute(_WORK, {"ids": items}).all()


def _fits(sought: WorkSought) -> Iterator[ColumnElement[bool]]:
    for name in ("kind", "state", "school_id"):
        wanted = getattr(sought, name)
        if wanted is not None:
            yield getattr(WorkItem, name) == wanted
    if sought.overdue_before is not None:
        yield col(WorkItem.state) == WorkState.OPEN
        yield col(WorkItem.kind).in_(CORRECTED)
        opened_on = cast(func.timezone("Asia/Shanghai", col(WorkItem.opened_at)), Date)
        yield opened_on < sought.overdue_before
    if sought.escalated:
        yield col(WorkItem.escalated_at).is_not(None)


def _places(by: Actor) -> dict[str, object]:
    """Return files have a county or are the whole city's; a school sees none."""
    return {
        "city": by.scope is Scope.CITY,
        "county": by.county_id if by.scope is Scope.COUNTY else None,
    }


_FILES = text("""
    SELECT r.id, r.kind, r.sha256, r.line_count, r.amount_fen, r.received_by, r.received_at,
        f.number AS payment_file, r.paying_account_id
    FROM return_file r LEFT JOIN payment_file f ON f.id = r.payment_file_id
    WHERE (:city OR r.county_id = CAST(:county AS uuid))
        AND (CAST(:id AS uuid) IS NULL OR r.id = CAST(:id AS uuid))
        AND (CAST(:after AS uuid) IS NULL OR r.id > CAST(:after AS uuid))
    ORDER BY r.id LIMIT :limit
""")
_OUTCOMES = text("""
    SELECT outcome, count(*) AS lines, sum(amount_fen)::bigint AS amount_fen
    FROM return_line WHERE return_file_id = :file GROUP BY outcome ORDER BY outcome
""")
_LINES = text("""
    SELECT l.line_no, l.outcome, l.amount_fen, l.reason_code, l.reason, l.payout_id,
        p.number AS payout_number
    FROM return_line l LEFT JOIN payout p ON p.id = l.payout_id
    WHERE l.return_file_id = :file AND l.line_no > CAST(:after AS numeric)
        AND (CAST(:outcome AS text) IS NULL OR l.outcome = :outcome)
    ORDER BY l.line_no LIMIT :limit
""")
_WORK = text("""
    SELECT w.id, w.kind, w.state, w.payout_id, w.school_id, w.opened_at, w.escalated_at,
        w.done_because, w.done_at,
        coalesce(l.line_no, t.line_no) AS line_no, l.reason_code, w.reason,
        coalesce(l.amount_fen, t.amount_fen, p.amount_fen) AS amount_fen, w.recoverable_id,
        p.number AS payout_number,
        p.state AS payout_state, p.student_id, s.name AS student_name,
        coalesce(b.number_tail, c.number_tail) AS number_tail, f.number AS payment_file,
        g.number AS pay_register
    FROM work_item w
    LEFT JOIN return_line l ON l.id = w.return_line_id
    LEFT JOIN statement_line t ON t.id = w.statement_line_id
    LEFT JOIN payout p ON p.id = w.payout_id
    LEFT JOIN payment_file f ON f.id = p.file_id
    LEFT JOIN pay_register g ON g.id = p.register_id
    LEFT JOIN student s ON s.id = p.student_id
    LEFT JOIN bank_account b ON b.id = p.account_id
    LEFT JOIN school_account c ON c.id = p.school_account_id
    WHERE w.id = ANY(:ids) ORDER BY w.id
""")
_PLACES = text("""
    WITH stood AS (
        SELECT share.fund_line_id, share.amount_fen, owed.id AS owed, CASE
            WHEN p.state = 'paid' AND owed.id IS NOT NULL THEN 'recoverable'
            WHEN p.state = 'paid' OR i.state = 'offset' THEN 'paid'
            WHEN p.state IN ('sent', 'unknown') THEN 'in_transit'
            WHEN i.state IN ('committed', 'in_run') AND a.state <> 'cancelled' THEN 'committed'
            END AS kind
        FROM instalment_share share JOIN instalment i ON i.id = share.instalment_id
        JOIN award a ON a.id = i.award_id
        LEFT JOIN payout_part part ON part.instalment_id = i.id AND part.live
        LEFT JOIN payout p ON p.id = part.payout_id
        LEFT JOIN recoverable owed ON owed.instalment_id = i.id AND owed.state <> 'came_back'),
    -- A settled part takes the fen of the shares in the order of their lines' codes.
    settled AS (
        SELECT place.fund_line_id, settlement.kind, least(place.high, settlement.from_fen
            + settlement.amount_fen) - greatest(place.low, settlement.from_fen) AS fen
        FROM recovery_settlement settlement
        JOIN recoverable owed ON owed.id = settlement.recoverable_id
        JOIN (SELECT share.instalment_id, share.fund_line_id,
                sum(share.amount_fen) OVER w - share.amount_fen AS low,
                sum(share.amount_fen) OVER w AS high
            FROM instalment_share share JOIN fund_line line ON line.id = share.fund_line_id
            WHERE share.instalment_id IN (SELECT instalment_id FROM recoverable)
            WINDOW w AS (PARTITION BY share.instalment_id ORDER BY line.code)) place
            ON place.instalment_id = owed.instalment_id
            AND place.low < settlement.from_fen + settlement.amount_fen
            AND place.high > settlement.from_fen),
    placed AS (
        SELECT fund_line_id, amount_fen, kind FROM stood
        UNION ALL SELECT fund_line_id, -fen, 'recoverable' FROM settled
        UNION ALL SELECT fund_line_id, fen, kind FROM settled WHERE kind = 'written_off'),
    expected AS (
        SELECT line.code || '/' || placed.kind AS code, sum(placed.amount_fen) AS fen
        FROM placed JOIN fund_line line ON line.id = placed.fund_line_id
        WHERE placed.kind IS NOT NULL GROUP BY line.code, placed.kind),
    books AS (
        SELECT code, credits_fen - debits_fen AS fen FROM ledger_account
        WHERE kind IN ('committed', 'in_transit', 'paid', 'recoverable', 'written_off'))
    SELECT 'ledger_balance' AS what, coalesce(books.code, expected.code) AS of,
        coalesce(expected.fen, 0) AS expected, coalesce(books.fen, 0) AS found
    FROM books FULL JOIN expected ON expected.code = books.code
    WHERE coalesce(expected.fen, 0) <> coalesce(books.fen, 0) ORDER BY 2
""")
_RECORDS = text("""
    SELECT 'payout_amount' AS what, p.number AS of,
        (SELECT coalesce(sum(part.amount_fen), 0) FROM payout_part part WHERE part.payout_id = p.id)
            AS expected, p.amount_fen AS found
    FROM payout p WHERE p.amount_fen <> (SELECT coalesce(sum(part.amount_fen), 0)
        FROM payout_part part WHERE part.payout_id = p.id)
    UNION ALL
    SELECT 'file_lines', f.number, f.line_count,
        (SELECT count(*) FROM payout p WHERE p.file_id = f.id)
    FROM payment_file f
    WHERE f.line_count <> (SELECT count(*) FROM payout p WHERE p.file_id = f.id)
    UNION ALL
    SELECT 'register_lines', g.number, g.line_count,
        (SELECT count(*) FROM payout p WHERE p.register_id = g.id)
    FROM pay_register g
    WHERE g.line_count <> (SELECT count(*) FROM payout p WHERE p.register_id = g.id)
    UNION ALL
    SELECT 'paid_unsigned', p.number, 0, 1 FROM payout p
    WHERE p.register_id IS NOT NULL AND p.state = 'paid' AND NOT EXISTS (
        SELECT FROM signed_register s WHERE s.pay_register_id = p.register_id
        AND s.state = 'confirmed' AND NOT EXISTS (SELECT FROM unsigned_line u
            WHERE u.signed_register_id = s.id AND u.payout_id = p.id))
    UNION ALL
    SELECT 'live_part', p.number, 0, count(*) FROM payout p
    JOIN payout_part part ON part.payout_id = p.id
    WHERE part.live <> (p.state NOT IN ('failed', 'returned', 'cancelled')) GROUP BY p.number
    UNION ALL
    SELECT 'instalment_state', i.id::text, 0, 1 FROM instalment i
    LEFT JOIN payout_part part ON part.instalment_id = i.id AND part.live
    LEFT JOIN payout p ON p.id = part.payout_id
    WHERE (i.state = 'paid') <> (p.state IS NOT NULL AND p.state = 'paid')
        OR (i.state = 'in_run') <>
            (p.state IS NOT NULL AND p.state IN ('held', 'ready', 'sent', 'unknown'))
    ORDER BY 1, 2
""")
