"""Overrides (放行): a second person answers, with a reason, for what the checks found."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.disbursement import service
from app.disbursement.guard_errors import FindingsNotOpen, NotOverridable, OverrideByOpener
from app.disbursement.models import PayeeCheck
from app.disbursement.rules import NEVER_OVERRIDDEN


@dataclass(frozen=True, kw_only=True)
class OverrideAsked:
    """Payouts of a run, and the findings that somebody answers for in each of them."""

    payouts: Sequence[UUID]
    findings: Sequence[PayeeCheck]
    because: str


@dataclass(frozen=True)
class Overridden:
    """How many findings were overridden, and how many payouts are ready by it."""

    findings: int
    ready: int


def override(session: Session, run_id: UUID, asked: OverrideAsked, *, by: Actor) -> Overridden:
    """Overrides findings of held payouts; who has none left is ready.

    Only another person than the run's opener may. An override is bound to what was seen: the next
    examination that sees something else finds it open again. Raises RunNotFound, RunNotOpen,
    OverrideByOpener, NotOverridable, FindingsNotOpen.
    """
    run = service.lock_open(session, run_id)
    if run.opened_by == by.id:
        raise OverrideByOpener(run.number)
    never = [_never(finding) for finding in asked.findings if finding in NEVER_OVERRIDDEN]
    if never:
        raise NotOverridable(never)
    service.lock_payouts(session, run_id)
    payouts, findings = sorted(set(asked.payouts)), sorted(set(asked.findings))
    told = {"run": run_id, "payouts": payouts, "findings": findings}
    missing = session.execute(_NOT_OPEN, told).all()
    if missing:
        raise FindingsNotOpen([_not_open(row.payout_id, row.finding) for row in missing])
    made = {**told, "because": asked.because, "by": by.id, "now": clock.now()}
    overridden = session.execute(_OVERRIDE, made).all()
    session.execute(_MARK, told)
    ready = session.execute(_READY, told).all()
    detail = {
        "number": run.number,
        "findings": findings,
        "overridden": len(overridden),
        "ready": len(ready),
    }
    audit.note(
        session,
        by=by,
        did="payouts.overridden",
        records=payouts,
        because=asked.because,
        detail=detail,
    )
    return Overridden(len(overridden), len(ready))


def _never(finding: PayeeCheck) -> Fault:
    zh, en = NEVER_OVERRIDDEN[finding]
    return Fault("finding_holds", zh, en, finding.value)


def _not_open(payout: UUID, finding: str) -> Fault:
    return Fault(
        "finding_not_open",
        f"没有待处理的 {finding}",
        f"has no open {finding}",
        str(payout),
        {"finding": finding},
    )


_NOT_OPEN = text("""
    SELECT asked.payout_id, wanted.finding
    FROM unnest(CAST(:payouts AS uuid[])) asked (payout_id)
    CROSS JOIN unnest(CAST(:findings AS text[])) wanted (finding)
    WHERE NOT EXISTS (SELECT FROM payout_finding f JOIN payout p ON p.id = f.payout_id
        WHERE f.payout_id = asked.payout_id AND f.finding = wanted.finding
        AND f.outcome = 'open' AND p.run_id = :run AND p.state = 'held')
    ORDER BY 1, 2
""")
_OVERRIDE = text(f"""
    INSERT INTO payout_override (id, payout_id, finding, school_id, county_id, facts, reason,
        made_by, made_at)
    SELECT {ids.SQL_UUID7}, f.payout_id, f.finding, f.school_id, f.county_id, f.facts, :because,
        :by, :now
    FROM payout_finding f
    WHERE f.payout_id = ANY(:payouts) AND f.finding = ANY(:findings) AND f.outcome = 'open'
    RETURNING id
""")  # noqa: S608 own text
_MARK = text("""
    UPDATE payout_finding SET outcome = 'overridden'
    WHERE payout_id = ANY(:payouts) AND finding = ANY(:findings) AND outcome = 'open'
""")
_READY = text("""
    UPDATE payout SET state = 'ready' WHERE id = ANY(:payouts) AND state = 'held'
        AND NOT EXISTS (SELECT FROM payout_finding f
            WHERE f.payout_id = payout.id AND f.outcome = 'open')
    RETURNING id
""")
