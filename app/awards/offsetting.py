"""Keeps back from what is due to a student what the student owes, up to the share agreed.

Shares are append-only and money moves by whole instalments, so an instalment is cancelled and
written anew in two: what is paid out, and what is kept back (`offset`), which is paid from then on
without a bank. The debt's fund line has its money available again in the same act.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Column, Table, Uuid, cast, select, text
from sqlalchemy import String as Text
from sqlmodel import Session

from app.audit import service as audit
from app.awards.waiting import shares_of
from app.core import ids
from app.core.actor import Actor
from app.core.staging import count_rows, empty
from app.ledger import service as ledger
from app.ledger.models import TransferKind
from app.recoveries import settling
from app.recoveries.models import SettlementKind
from app.recoveries.settling import Settling

KEPT_BACK = "从本期资助中抵扣 / kept back from an instalment"


def offset(
    session: Session, programme: str, due_to: date, *, holder: UUID | None, by: Actor
) -> int:
    """Keeps back what agreements say of the instalments due; answers from how many.

    One debt a student is served at a time, the oldest, from the first instalment due. A fixed
    number of statements. The caller is in city scope.
    """
    kept = _kept(session)
    told = {"programme": programme, "due": due_to, "holder": holder}
    session.execute(text(_TAKE.format(kept=kept.name)), told)
    count_rows(session, kept)
    count = int(session.execute(text(f"SELECT count(*) FROM {kept.name}")).scalar_one())  # noqa: S608
    if not count:
        return 0
    batch = ids.new()
    leaving = select(kept.c.instalment_id)
    staying = select(kept.c.offset_id)
    for statement in (_CANCEL, _WRITE, _SHARES_KEPT, _SHARES_PAID):
        session.execute(text(statement.format(kept=kept.name)))
    _move_commitment(session, kept, batch=batch, by=by)
    ledger.move(session, kind=TransferKind.OFFSET, batch=batch, by=by, lines=shares_of(staying))
    settling.settle(
        session,
        select(kept.c.recoverable_id, kept.c.offset_fen, cast(kept.c.offset_id, Text)),
        shares_of,
        how=Settling(kind=SettlementKind.OFFSET, because=KEPT_BACK),
        batch=batch,
        by=by,
    )
    audit.note(
        session, by=by, did="instalment.offset", records=leaving, detail={"batch": str(batch)}
    )
    return count


def _kept(session: Session) -> Table:
    return empty(
        session,
        "kept_back",
        [
            Column("instalment_id", Uuid()),
            Column("recoverable_id", Uuid()),
            Column("offset_fen", BigInteger),
            Column("offset_id", Uuid()),
            Column("rest_id", Uuid()),
        ],
    )


def _move_commitment(session: Session, kept: Table, *, batch: UUID, by: Actor) -> None:
    """Gives the divided instalments' commitments back and takes the parts' up again."""
    parts = select(kept.c.offset_id).union_all(
        select(kept.c.rest_id).where(kept.c.rest_id.is_not(None))
    )
    both = parts.subquery("both")
    for kind, which in (
        (TransferKind.RELEASE_COMMITMENT, select(kept.c.instalment_id)),
        (TransferKind.COMMIT, select(both.c.offset_id)),
    ):
        ledger.move(session, kind=kind, batch=batch, by=by, lines=shares_of(which))


# The oldest open debt of each student with an agreement, and the first instalment due; the share
# is rounded down to the fen, so that never more is kept back than was agreed.
_TAKE = f"""
    INSERT INTO {{kept}} (instalment_id, recoverable_id, offset_fen, offset_id, rest_id)
    SELECT t.id, t.debt, t.fen, {ids.SQL_UUID7},
        CASE WHEN t.fen < t.amount_fen THEN {ids.SQL_UUID7} END
    FROM (
        SELECT i.id, i.amount_fen, d.id AS debt, least(d.amount_fen - d.settled_fen,
            i.amount_fen * g.offset_basis_points / 10000) AS fen
        FROM recovery_agreement g
        JOIN LATERAL (
            SELECT r.id, r.amount_fen, r.settled_fen FROM recoverable r
            WHERE r.student_id = g.student_id AND r.state = 'open' ORDER BY r.id LIMIT 1) d ON true
        JOIN LATERAL (
            SELECT i.id, i.amount_fen FROM instalment i JOIN award a ON a.id = i.award_id
            WHERE a.student_id = g.student_id AND a.state = 'granted' AND a.programme = :programme
                AND i.state = 'committed' AND i.due_on <= :due AND i.split_of_id IS NULL
                AND i.supplement_version_id IS NULL
                AND (CAST(:holder AS uuid) IS NULL OR i.county_id = CAST(:holder AS uuid))
                AND NOT EXISTS (SELECT FROM payout_part part WHERE part.instalment_id = i.id)
            ORDER BY i.due_on, i.id LIMIT 1) i ON true
        WHERE g.ended_at IS NULL
    ) t JOIN instalment locked ON locked.id = t.id
    WHERE t.fen > 0 ORDER BY t.id FOR UPDATE OF locked
"""  # noqa: S608 own text
_CANCEL = """
    UPDATE instalment SET state = 'cancelled' WHERE id IN (SELECT instalment_id FROM {kept})
"""
_WRITE = """
    INSERT INTO instalment (id, award_id, school_id, county_id, seq, due_on, fiscal_year,
        amount_fen, state, split_of_id)
    SELECT p.id, i.award_id, i.school_id, i.county_id,
        (SELECT max(x.seq) FROM instalment x WHERE x.award_id = i.award_id)
            + row_number() OVER (PARTITION BY i.award_id ORDER BY i.seq, p.place),
        i.due_on, i.fiscal_year, p.fen, p.state, i.id
    FROM {kept} k JOIN instalment i ON i.id = k.instalment_id
    CROSS JOIN LATERAL (VALUES (1, k.rest_id, i.amount_fen - k.offset_fen, 'committed'),
        (2, k.offset_id, k.offset_fen, 'offset')) p (place, id, fen, state)
    WHERE p.id IS NOT NULL
"""
# What is kept back takes the shares in the order of their fund lines' codes; the rest is paid.
_PLACED = """
    SELECT k.offset_id, k.rest_id, k.offset_fen, s.fund_line_id, s.school_id, s.county_id,
        s.amount_fen, sum(s.amount_fen) OVER (PARTITION BY s.instalment_id ORDER BY f.code)
            - s.amount_fen AS low
    FROM {kept} k JOIN instalment_share s ON s.instalment_id = k.instalment_id
    JOIN fund_line f ON f.id = s.fund_line_id
"""
_SHARES_KEPT = f"""
    INSERT INTO instalment_share (instalment_id, fund_line_id, school_id, county_id, amount_fen)
    SELECT offset_id, fund_line_id, school_id, county_id, least(amount_fen, offset_fen - low)
    FROM ({_PLACED}) placed WHERE low < offset_fen
"""  # noqa: S608 own text
_SHARES_PAID = f"""
    INSERT INTO instalment_share (instalment_id, fund_line_id, school_id, county_id, amount_fen)
    SELECT rest_id, fund_line_id, school_id, county_id,
        amount_fen - greatest(0, least(amount_fen, offset_fen - low))
    FROM ({_PLACED}) placed WHERE rest_id IS NOT NULL AND low + amount_fen > offset_fen
"""  # noqa: S608 own text
