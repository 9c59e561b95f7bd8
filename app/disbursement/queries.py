"""Reads runs, payouts, bank files and holds, within the caller's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, false, select, text, true
from sqlmodel import Session, col

from app.audit import service as audit
from app.core.actor import Actor, Scope
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.disbursement.errors import FileNotFound, RunNotFound
from app.disbursement.models import PaymentFile, PaymentHold, PayoutRun, PayoutState
from app.documents import service as documents


@dataclass(frozen=True)
class Tally:
    """How many payouts are in one state or have one finding, and their sum in fen."""

    of: str
    count: int
    amount_fen: int


def run_for(session: Session, run_id: UUID, by: Actor) -> PayoutRun:
    """One run. Raises RunNotFound outside the caller's scope."""
    found: PayoutRun | None = session.execute(
        select(PayoutRun)
        .where(col(PayoutRun.id) == run_id, _county(PayoutRun, by))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise RunNotFound
    return found


def runs(
    session: Session, by: Actor, asked: PageAsked, *, state: str | None, programme: str | None
) -> Sequence[PayoutRun]:
    """Runs in the caller's scope, oldest first."""
    chosen = select(PayoutRun).where(_county(PayoutRun, by))
    if state is not None:
        chosen = chosen.where(col(PayoutRun.state) == state)
    if programme is not None:
        chosen = chosen.where(col(PayoutRun.programme) == programme)
    return session.execute(asked.cut(chosen, col(PayoutRun.id))).scalars().all()


def by_state(session: Session, run_id: UUID) -> list[Tally]:
    """The run's payouts counted and summed by state."""
    return _tallies(session, _BY_STATE, run_id)


def by_finding(session: Session, run_id: UUID) -> list[Tally]:
    """The run's payouts counted and summed by finding; one payout may stand in several."""
    return _tallies(session, _BY_FINDING, run_id)


def payouts(
    session: Session, run_id: UUID, asked: PageAsked, state: PayoutState | None
) -> Sequence[Row[Any]]:
    """A run's payouts with payee, masked account, findings, guards and warnings, by id.

    The caller has found the run in scope. The number of statements is one.
    """
    told = {
        "run": run_id,
        "state": None if state is None else state.value,
        "after": asked.after,
        "limit": asked.fetch,
    }
    return session.execute(_PAYOUTS, told).all()


def files(
    session: Session, by: Actor, asked: PageAsked, run_id: UUID | None = None
) -> Sequence[PaymentFile]:
    """Bank files in the caller's scope, oldest first, of one run or of all."""
    chosen = select(PaymentFile).where(_county(PaymentFile, by))
    if run_id is not None:
        chosen = chosen.where(col(PaymentFile.run_id) == run_id)
    return session.execute(asked.cut(chosen, col(PaymentFile.id))).scalars().all()


def file_by_number(session: Session, number: str, by: Actor) -> PaymentFile:
    """One bank file by its number. Raises FileNotFound outside the caller's scope."""
    return _one_file(session, col(PaymentFile.number) == number, by)


def content(session: Session, file_id: UUID, by: Actor) -> tuple[PaymentFile, bytes]:
    """A bank file and its bytes, as they left; who took them is noted. Raises FileNotFound."""
    file = _one_file(session, col(PaymentFile.id) == file_id, by)
    audit.note(
        session, by=by, did="file.downloaded", records=[file.id], detail={"number": file.number}
    )
    return file, documents.read(session, file.document_id)


def holds(
    session: Session, by: Actor, asked: PageAsked, *, live: bool | None
) -> Sequence[PaymentHold]:
    """Holds in the caller's scope, oldest first; live, lifted, or both."""
    chosen = select(PaymentHold).where(visible(PaymentHold, by))
    if live is not None:
        lifted = col(PaymentHold.lifted_at)
        chosen = chosen.where(lifted.is_(None) if live else lifted.is_not(None))
    return session.execute(asked.cut(chosen, col(PaymentHold.id))).scalars().all()


def _one_file(session: Session, which: ColumnElement[bool], by: Actor) -> PaymentFile:
    found: PaymentFile | None = session.execute(
        select(PaymentFile).where(which, _county(PaymentFile, by))
    ).scalar_one_or_none()
    if found is None:
        raise FileNotFound
    return found


def _county(table: Any, by: Actor) -> ColumnElement[bool]:
    """Runs and files have a county or are the whole city's; a school sees none."""
    if by.scope is Scope.CITY:
        return true()
    if by.scope is Scope.COUNTY:
        held: ColumnElement[bool] = table.county_id == by.county_id
        return held
    return false()


def _tallies(session: Session, question: Any, run_id: UUID) -> list[Tally]:
    rows = session.execute(question, {"run": run_id})
    return [Tally(row.of, row.payouts, row.amount_fen) for row in rows]


_BY_STATE = text("""
    SELECT state AS of, count(*) AS payouts, sum(amount_fen)::bigint AS amount_fen
    FROM payout WHERE run_id = :run GROUP BY state ORDER BY state
""")
_BY_FINDING = text("""
    SELECT f.finding AS of, count(*) AS payouts, sum(p.amount_fen)::bigint AS amount_fen
    FROM payout p JOIN payout_finding f ON f.payout_id = p.id
    WHERE p.run_id = :run AND p.state IN ('held', 'cancelled') AND f.outcome = 'open'
    GROUP BY f.finding ORDER BY f.finding
""")
_PAYOUTS = text("""
    SELECT p.id, p.number, p.state, p.amount_fen, p.student_id, p.school_id, s.name AS student_name,
        coalesce(b.holder_name, c.holder_name) AS holder_name,
        coalesce(b.number_tail, c.number_tail) AS number_tail,
        coalesce(b.bank_name, c.bank_name) AS bank_name, p.reissue_of, p.file_line, p.bank_reason,
        f.number AS file_number, g.number AS register_number, p.register_line,
        (SELECT count(*) FROM payout_part part WHERE part.payout_id = p.id) AS parts,
        ARRAY(SELECT found.finding FROM payout_finding found WHERE found.payout_id = p.id
            AND found.outcome = 'open' ORDER BY found.finding) AS findings,
        ARRAY(SELECT found.finding FROM payout_finding found WHERE found.payout_id = p.id
            AND found.outcome = 'overridden' ORDER BY found.finding) AS overridden,
        p.checks, p.checked_at,
        EXISTS (SELECT FROM bank_account o JOIN student other ON other.id = o.student_id
            WHERE o.number_index = b.number_index AND o.student_id <> p.student_id
            AND o.state = 'confirmed' AND other.guardian_name = s.guardian_name)
            AS shared_in_household
    FROM payout p LEFT JOIN student s ON s.id = p.student_id
    LEFT JOIN bank_account b ON b.id = p.account_id
    LEFT JOIN school_account c ON c.id = p.school_account_id
    LEFT JOIN payment_file f ON f.id = p.file_id
    LEFT JOIN pay_register g ON g.id = p.register_id
    WHERE p.run_id = :run AND (CAST(:state AS text) IS NULL OR p.state = :state)
        AND (CAST(:after AS uuid) IS NULL OR p.id > CAST(:after AS uuid))
    ORDER BY p.id LIMIT :limit
""")
