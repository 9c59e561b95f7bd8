"""The payees of a run: gathered into temporary tables, checked there, written as payouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, Uuid, column, select, table, text
from sqlmodel import Session

from app.core import clock, ids, numbers
from app.core.staging import Rows
from app.disbursement import checks
from app.disbursement.methods import Way
from app.disbursement.models import PayoutRun

_PART = table("payee_part", column("instalment_id", Uuid()))


@dataclass(frozen=True, kw_only=True)
class Due:
    """Whose instalments a run takes up: due by a day, of one holder or all, decided by versions."""

    programme: str
    due_to: date
    holder: UUID | None
    versions: Sequence[UUID] | None


def gather_due(session: Session, due: Due, way: Way) -> int:
    """Locks the due instalments by id and gathers them by payee and school; answers how many.

    What a version outside `due.versions` decided is left for another run. A supplement is decided
    by the version that added it.
    """
    checks.set_up(session)
    versions = None if due.versions is None else list(due.versions)
    told = {"programme": due.programme, "due": due.due_to, "holder": due.holder}
    session.execute(_DUE, {**told, "versions": versions})
    session.execute(_PAYEES, {"by_bank": way.by_bank})
    return _changed(session, _PAYEE_PARTS)


def gather_again(session: Session, payouts: Sequence[UUID], way: Way) -> None:
    """One payee for each failed or returned payout, with what may be paid of it."""
    checks.set_up(session)
    session.execute(_PAYEES_AGAIN, {"ids": list(payouts), "by_bank": way.by_bank})
    session.execute(_PARTS_AGAIN)


def gather_held(session: Session, run_id: UUID, way: Way) -> None:
    """The held payouts of a run, each with the account that is confirmed by now."""
    checks.set_up(session)
    session.execute(_PAYEES_HELD, {"run": run_id, "by_bank": way.by_bank})
    session.execute(_PARTS_OF_PAYEES)


def gather_ready(session: Session, run_id: UUID) -> None:
    """The ready payouts of a run, each with the account it was made out to."""
    checks.set_up(session)
    session.execute(_PAYEES_READY, {"run": run_id})
    session.execute(_PARTS_OF_PAYEES)


def instalments() -> Rows:
    """The ids of the gathered instalments."""
    return select(_PART.c.instalment_id)


def write(session: Session, run: PayoutRun, way: Way) -> int:
    """Writes the payees as numbered payouts of a run with parts and findings; answers how many."""
    count = int(session.execute(_COUNT).scalar_one())
    series = f"P-{clock.office_day().year}"
    place = numbers.take(session, series, count)
    now = clock.now()
    told = {"run": run.id, "prefix": f"{series}-", "first": place, "now": now}
    session.execute(_INSERT_PAYOUTS, {**told, "checks": ran(way)})
    session.execute(_INSERT_PARTS)
    session.execute(_KEEP_FINDINGS, {"now": now})
    return count


def settle_held(session: Session, way: Way) -> tuple[int, int]:
    """Writes today's account and findings of held payouts; the clean ones become ready.

    Answers how many were examined, and how many are ready.
    """
    examined = int(session.execute(_COUNT).scalar_one())
    now = clock.now()
    session.execute(_TAKE_ACCOUNT)
    _renew_findings(session, now)
    session.execute(_NOTE_CHECKS, {"now": now, "checks": ran(way)})
    return examined, _changed(session, _CLEAN_TO_READY)


def hold_unfit(session: Session, way: Way) -> int:
    """Holds the ready payouts in which the checks found something; answers how many.

    Which checks ran is noted of these alone: with the others it is noted as they are sent.
    """
    now = clock.now()
    _renew_findings(session, now)
    return _changed(session, _UNFIT_TO_HELD, {"now": now, "checks": ran(way)})


def _changed(
    session: Session, statement: TextClause, told: Mapping[str, object] | None = None
) -> int:
    done: Any = session.execute(statement, told)
    return int(done.rowcount)


def _renew_findings(session: Session, now: datetime) -> None:
    session.execute(_FORGET_FINDINGS)
    session.execute(_KEEP_FINDINGS, {"now": now})


def ran(way: Way) -> list[str]:
    """Which checks run, as a payout keeps it."""
    return [check.value for check in way.checks]


_NOTE_CHECKS = text(
    "UPDATE payout SET checks = CAST(:checks AS text[]), checked_at = :now FROM payee p "
    "WHERE payout.id = p.payout_id"
)
_COUNT = text("SELECT count(*) FROM payee")
# The latest payout of an instalment decides: failed or returned waits for its reissue. Looked for
# once, from the few that failed. OFFSET has what is due looked for first, and its awards by key:
# of awards just granted the planner knows nothing, and would read all that is due once an award.
_DUE = text(f"""
    INSERT INTO payee_part
    SELECT coalesce(a.student_id, a.school_id), {checks.PART}
    FROM instalment i CROSS JOIN LATERAL (
        SELECT * FROM award WHERE id = i.award_id OFFSET 0) a
    WHERE i.state = 'committed' AND i.due_on <= :due AND a.state = 'granted'
        AND a.programme = :programme
        AND (CAST(:versions AS uuid[]) IS NULL OR coalesce(i.supplement_version_id,
            a.policy_version_id) = ANY(CAST(:versions AS uuid[])))
        AND (CAST(:holder AS uuid) IS NULL OR i.county_id = CAST(:holder AS uuid))
        AND i.id NOT IN (SELECT l.instalment_id FROM payout q JOIN payout_part l
            ON l.payout_id = q.id WHERE q.state IN ('failed', 'returned') AND NOT EXISTS (
                SELECT FROM payout_part m JOIN payout later ON later.id = m.payout_id
                WHERE m.instalment_id = l.instalment_id
                AND (later.made_at, later.id) > (q.made_at, q.id)))
    ORDER BY i.id FOR UPDATE OF i
""")  # noqa: S608 own text
_PAYEES = text(f"""
    INSERT INTO payee (payout_id, student_id, school_id, county_id, amount_fen, account_id,
        school_account_id)
    SELECT {ids.SQL_UUID7}, d.student_id, d.school_id, d.county_id, d.amount_fen, b.id, c.id
    FROM (SELECT nullif(payout_id, school_id) AS student_id, school_id, county_id,
            sum(amount_fen) AS amount_fen
        FROM payee_part GROUP BY payout_id, school_id, county_id) d
    LEFT JOIN bank_account b ON b.student_id = d.student_id AND b.state = 'confirmed'
        AND :by_bank
    LEFT JOIN school_account c ON c.school_id = d.school_id AND c.state = 'confirmed'
        AND d.student_id IS NULL
""")  # noqa: S608 own text
# Until here a part's payout_id has been its student's id or, for what schools get, the school's.
_PAYEE_PARTS = text("""
    UPDATE payee_part part SET payout_id = p.payout_id FROM payee p
    WHERE coalesce(p.student_id, p.school_id) = part.payout_id AND p.school_id = part.school_id
        AND p.county_id = part.county_id
""")
_PAYEES_AGAIN = text(f"""
    INSERT INTO payee (payout_id, student_id, school_id, county_id, amount_fen, account_id,
        school_account_id, reissue_of)
    SELECT {ids.SQL_UUID7}, p.student_id, p.school_id, p.county_id,
        (SELECT sum(part.amount_fen) FROM payout_part part
            JOIN instalment i ON i.id = part.instalment_id
            WHERE part.payout_id = p.id AND i.state = 'committed'), b.id, c.id, p.id
    FROM payout p
    LEFT JOIN bank_account b ON b.student_id = p.student_id AND b.state = 'confirmed'
        AND :by_bank
    LEFT JOIN school_account c ON c.school_id = p.school_id AND c.state = 'confirmed'
        AND p.student_id IS NULL
    WHERE p.id = ANY(:ids)
""")  # noqa: S608 own text
_PARTS_AGAIN = text(f"""
    INSERT INTO payee_part
    SELECT p.payout_id, {checks.PART}
    FROM payee p JOIN payout_part part ON part.payout_id = p.reissue_of
    JOIN instalment i ON i.id = part.instalment_id AND i.state = 'committed'
    JOIN award a ON a.id = i.award_id
""")  # noqa: S608 own text
_PAYEES_HELD = text("""
    INSERT INTO payee
    SELECT p.id, p.student_id, p.school_id, p.county_id, b.id, p.amount_fen, p.reissue_of, c.id
    FROM payout p
    LEFT JOIN bank_account b ON b.student_id = p.student_id AND b.state = 'confirmed'
        AND :by_bank
    LEFT JOIN school_account c ON c.school_id = p.school_id AND c.state = 'confirmed'
        AND p.student_id IS NULL
    WHERE p.run_id = :run AND p.state = 'held'
""")
_INSERT_PAYOUTS = text("""
    INSERT INTO payout (id, number, run_id, student_id, school_id, county_id, account_id,
        school_account_id, amount_fen, state, reissue_of, made_at, checks, checked_at)
    SELECT p.payout_id, CAST(:prefix AS text) || CASE WHEN n.place > 9999999 THEN n.place::text
        ELSE lpad(n.place::text, 7, '0') END, :run, p.student_id, p.school_id, p.county_id,
        p.account_id, p.school_account_id, p.amount_fen, CASE WHEN EXISTS (
            SELECT FROM payee_finding f WHERE f.payout_id = p.payout_id AND NOT f.overridden)
        THEN 'held'
        ELSE 'ready' END, p.reissue_of, :now, CAST(:checks AS text[]), :now
    FROM payee p JOIN (SELECT payout_id, CAST(:first AS bigint) - 1 + row_number() OVER (
        ORDER BY county_id, school_id, student_id, reissue_of) AS place FROM payee) n
        USING (payout_id)
""")
_INSERT_PARTS = text("""
    INSERT INTO payout_part (payout_id, instalment_id, school_id, county_id, amount_fen, live)
    SELECT payout_id, instalment_id, school_id, county_id, amount_fen, true FROM payee_part
""")
_KEEP_FINDINGS = text("""
    INSERT INTO payout_finding (payout_id, finding, school_id, county_id, found_at, facts, outcome)
    SELECT p.payout_id, f.finding, p.school_id, p.county_id, :now, f.facts,
        CASE WHEN f.overridden THEN 'overridden' ELSE 'open' END
    FROM payee_finding f JOIN payee p USING (payout_id)
""")
_FORGET_FINDINGS = text(
    "DELETE FROM payout_finding f USING payee p WHERE f.payout_id = p.payout_id"
)
_TAKE_ACCOUNT = text(
    "UPDATE payout SET account_id = p.account_id, school_account_id = p.school_account_id "
    "FROM payee p WHERE payout.id = p.payout_id AND (payout.account_id, payout.school_account_id) "
    "IS DISTINCT FROM (p.account_id, p.school_account_id)"
)
_CLEAN_TO_READY = text("""
    UPDATE payout SET state = 'ready' FROM payee p
    WHERE payout.id = p.payout_id AND payout.state = 'held'
        AND NOT EXISTS (SELECT FROM payee_finding f WHERE f.payout_id = p.payout_id
            AND NOT f.overridden)
""")
_UNFIT_TO_HELD = text("""
    UPDATE payout SET state = 'held', checks = CAST(:checks AS text[]), checked_at = :now
    FROM payee p
    WHERE payout.id = p.payout_id AND payout.state = 'ready'
        AND EXISTS (SELECT FROM payee_finding f WHERE f.payout_id = p.payout_id
            AND NOT f.overridden)
""")
_PAYEES_READY = text("""
    INSERT INTO payee
    SELECT p.id, p.student_id, p.school_id, p.county_id, p.account_id, p.amount_fen, p.reissue_of,
        p.school_account_id
    FROM payout p WHERE p.run_id = :run AND p.state = 'ready'
""")
_PARTS_OF_PAYEES = text(f"""
    INSERT INTO payee_part
    SELECT p.payout_id, {checks.PART}
    FROM payee p CROSS JOIN LATERAL (SELECT part.instalment_id FROM payout_part part
        WHERE part.payout_id = p.payout_id AND part.live OFFSET 0) part
    JOIN instalment i ON i.id = part.instalment_id JOIN award a ON a.id = i.award_id
""")  # noqa: S608 own text
