"""Reads what waits for a corrected account: a school's lines, what a sheet names, what is ready."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlmodel import Session, col

from app.core.actor import Actor, Scope
from app.core.scoping import visible
from app.disbursement.models import Payout
from app.reconciliation.correction_sheet import Known
from app.reconciliation.models import WorkItem, WorkState
from app.reconciliation.rules import CORRECTED
from app.registry.models import Student
from app.registry.queries import CLASS_OF


def lines_of(session: Session, school_id: UUID, by: Actor) -> Sequence[Row[Any]]:
    """A school's open failed and returned payments to students, by class and name."""
    told = {"school": school_id, "kinds": sorted(CORRECTED), **_place(by)}
    return session.execute(_LINES, told).all()


def known(session: Session, numbers: Collection[str], by: Actor) -> dict[str, Known]:
    """The payouts in the caller's scope that have one of these numbers."""
    waits = (
        select(col(WorkItem.id))
        .where(
            col(WorkItem.payout_id) == col(Payout.id),
            col(WorkItem.state) == WorkState.OPEN,
            col(WorkItem.kind).in_(CORRECTED),
        )
        .exists()
    )
    seen = (col(Student.id) == col(Payout.student_id)) & visible(Student, by)
    found = session.execute(
        select(col(Payout.number), col(Payout.student_id), col(Student.name), waits)
        .join(Student, seen, isouter=True)
        .where(col(Payout.number).in_(numbers), visible(Payout, by))
    )
    return {number: Known(student, name, waiting) for number, student, name, waiting in found}


def candidates(session: Session, by: Actor) -> Sequence[Row[Any]]:
    """Each payout of open failed and returned work in scope: its programme, what may be paid of it,
    and whether it is `ready` or why not.
    """
    told = {"kinds": sorted(CORRECTED), **_place(by)}
    return session.execute(_CANDIDATES, told).all()


def _place(by: Actor) -> dict[str, object]:
    return {
        "city": by.scope is Scope.CITY,
        "county": by.county_id if by.scope is Scope.COUNTY else None,
        "own": by.school_id if by.scope is Scope.SCHOOL else None,
    }


# A second person's word on the account, or on the bank's own name of it, after the bank's.
_MENDED = """(
    EXISTS (SELECT FROM bank_account a WHERE a.student_id = p.student_id AND a.state = 'confirmed'
        AND (a.confirmed_at > p.settled_at OR EXISTS (SELECT FROM bank_name_proposal n
            WHERE n.account_id = a.id AND n.state = 'confirmed'
            AND n.confirmed_at > p.settled_at)))
    OR EXISTS (SELECT FROM school_account c WHERE p.student_id IS NULL
        AND c.school_id = p.school_id AND c.state = 'confirmed'
        AND c.confirmed_at > p.settled_at))"""
_LINES = text(f"""
    SELECT p.number, s.name AS student_name, b.number_tail, p.amount_fen, w.kind, w.reason,
        l.reason_code, w.opened_at, {CLASS_OF} AS class_name,
        CASE WHEN s.id IS NULL THEN 'elsewhere' WHEN {_MENDED} THEN 'mended'
            WHEN EXISTS (SELECT FROM bank_account a
                WHERE a.student_id = p.student_id AND a.state = 'unconfirmed') THEN 'entered'
            ELSE 'open' END AS progress
    FROM work_item w JOIN payout p ON p.id = w.payout_id
    LEFT JOIN return_line l ON l.id = w.return_line_id
    LEFT JOIN bank_account b ON b.id = p.account_id
    LEFT JOIN student s ON s.id = p.student_id AND (:city OR s.county_id = CAST(:county AS uuid)
        OR s.school_id = CAST(:own AS uuid))
    WHERE w.school_id = :school AND w.state = 'open' AND w.kind = ANY(:kinds)
        AND p.student_id IS NOT NULL
    ORDER BY class_name, student_name, p.number
""")  # noqa: S608 own text
_CANDIDATES = text(f"""
    SELECT DISTINCT ON (p.id) p.id, r.programme, coalesce(due.fen, 0)::bigint AS amount_fen,
        CASE WHEN r.id IS NULL THEN 'of_the_city'
            WHEN p.state NOT IN ('failed', 'returned') OR due.fen IS NULL OR EXISTS (
                SELECT FROM payout n WHERE n.reissue_of = p.id AND n.state <> 'cancelled')
            THEN 'paid_otherwise'
            WHEN NOT {_MENDED} THEN 'not_confirmed' ELSE 'ready' END AS standing
    FROM work_item w JOIN payout p ON p.id = w.payout_id
    LEFT JOIN payout_run r ON r.id = p.run_id
        AND (:city OR r.county_id = CAST(:county AS uuid))
    CROSS JOIN LATERAL (SELECT sum(part.amount_fen) AS fen FROM payout_part part
        JOIN instalment i ON i.id = part.instalment_id AND i.state = 'committed'
        WHERE part.payout_id = p.id) due
    WHERE w.state = 'open' AND w.kind = ANY(:kinds)
        AND (:city OR w.county_id = CAST(:county AS uuid))
    ORDER BY p.id
""")  # noqa: S608 own text
