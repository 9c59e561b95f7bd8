"""What opens and closes work by itself: a bank that is silent, and a bank that has spoken."""

from sqlalchemy import text, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids, settings
from app.core.actor import Actor
from app.core.staging import Rows
from app.reconciliation.models import WorkItem, WorkKind, WorkState
from app.reconciliation.rules import CORRECTED, earliest_sent, overdue_before

SETTLED_BY_BANK = "银行已答复 / the bank has said"
_WAITING = (WorkKind.UNKNOWN, WorkKind.LATE, WorkKind.UNKNOWN_LONG)


def open_silent(session: Session, *, by: Actor) -> int:
    """Opens an item for each payout of which the bank has said nothing for too long, once.

    `late` is sent without a word, `unknown_long` still unknown; the days are settings. Answers how
    many items were opened.
    """
    today, days = clock.office_day(), settings.get()
    told = {
        "late": earliest_sent(today, days.late_working_days),
        "unknown": earliest_sent(today, days.unknown_working_days),
        "now": clock.now(),
    }
    opened = list(session.execute(_OPEN_SILENT, told).scalars())
    if opened:
        audit.note(session, by=by, did="work.opened", records=opened)
    return len(opened)


def escalate_overdue(session: Session, *, by: Actor) -> int:
    """Hands up, once, each item whose account was not corrected in time; answers how many."""
    before = overdue_before(clock.office_day(), settings.get().correction_working_days)
    told = {"kinds": sorted(CORRECTED), "before": before, "now": clock.now()}
    escalated = list(session.execute(_ESCALATE, told).scalars())
    if escalated:
        audit.note(session, by=by, did="work.escalated", records=escalated)
    return len(escalated)


def close_answered(
    session: Session, payouts: Rows, *, by: Actor, because: str = SETTLED_BY_BANK
) -> None:
    """A payout of which it is now known what became of it waits no longer."""
    session.execute(
        update(WorkItem)
        .where(
            col(WorkItem.payout_id).in_(payouts),
            col(WorkItem.kind).in_(_WAITING),
            col(WorkItem.state) == WorkState.OPEN,
        )
        .values(done(by, because))
        .execution_options(synchronize_session=False)
    )


def done(by: Actor, because: str) -> dict[str, object]:
    """What closes an item."""
    return {
        "state": WorkState.DONE,
        "done_by": by.id,
        "done_because": because,
        "done_at": clock.now(),
    }


_OPEN_SILENT = text(f"""
    INSERT INTO work_item (id, kind, payout_id, school_id, county_id, state, opened_at)
    SELECT {ids.SQL_UUID7}, CASE p.state WHEN 'sent' THEN 'late' ELSE 'unknown_long' END,
        p.id, p.school_id, p.county_id, 'open', :now
    FROM payout p
    WHERE ((p.state = 'sent' AND (p.sent_at AT TIME ZONE 'Asia/Shanghai')::date < :late)
        OR (p.state = 'unknown' AND (p.settled_at AT TIME ZONE 'Asia/Shanghai')::date < :unknown))
        AND NOT EXISTS (SELECT FROM work_item w WHERE w.payout_id = p.id
            AND w.kind = CASE p.state WHEN 'sent' THEN 'late' ELSE 'unknown_long' END)
    ON CONFLICT DO NOTHING RETURNING id
""")  # noqa: S608 own text
_ESCALATE = text("""
    WITH late AS (
        SELECT id FROM work_item
        WHERE state = 'open' AND kind = ANY(:kinds) AND escalated_at IS NULL
            AND (opened_at AT TIME ZONE 'Asia/Shanghai')::date < :before
        ORDER BY id FOR UPDATE)
    UPDATE work_item SET escalated_at = :now FROM late WHERE work_item.id = late.id
    RETURNING work_item.id
""")
