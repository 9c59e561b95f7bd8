"""Closed days: a digest of every transfer, a seal over a day's digests, each day chained.

The canonical line of a transfer is its columns joined by `|`, in the order of `COLUMNS`: days as
2008-06-02, the moment in UTC to the microsecond, the last left out where nothing is corrected. It
is written in SQL and read anywhere; a seal is sha256(previous seal, then the digests of the day's
transfers by id).
"""

from datetime import date, timedelta

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from app.core import clock
from app.core.actor import Actor
from app.ledger.errors import DayClosed, DayNotYet
from app.ledger.models import LedgerDay
from app.ledger.signing import Signer

COLUMNS = (
    "id", "debit", "credit", "amount_fen", "kind", "refers_to", "batch", "office_day",
    "occurred_on", "posted_at", "posted_by", "corrects",
)  # fmt: skip
CANONICAL = (
    "concat_ws('|', t.id, t.debit, t.credit, t.amount_fen, t.kind, t.refers_to, t.batch, "
    "to_char(t.office_day, 'YYYY-MM-DD'), to_char(t.occurred_on, 'YYYY-MM-DD'), "
    "to_char(t.posted_at AT TIME ZONE 'UTC', "
    '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'), t.posted_by, t.corrects)'
)
FIRST = bytes(32)
"""What the first closed day is chained to."""

_TURN = "hashtext('ledger days')"


def open_day(session: Session) -> date:
    """The day to post on: the office's, or the next one where that is closed already.

    Held open until the transaction ends: who closes a day waits for who posts on it.
    """
    # A statement of its own: one that waits here still sees the days as they were before it.
    session.execute(_HOLD_OPEN)
    closed: date | None = session.execute(select(func.max(col(LedgerDay.day)))).scalar_one()
    today = clock.office_day()
    return today if closed is None or closed < today else closed + timedelta(days=1)


def last_closed(session: Session) -> LedgerDay | None:
    """The newest closed day."""
    found: LedgerDay | None = session.execute(
        select(LedgerDay).order_by(col(LedgerDay.day).desc()).limit(1)
    ).scalar_one_or_none()
    return found


def wait_for_posters(session: Session) -> None:
    """Nobody posts from here until the transaction ends, and who began has ended."""
    session.execute(text(f"SELECT pg_advisory_xact_lock({_TURN})"))


def seal(session: Session, day: date, *, signer: Signer | None, by: Actor) -> LedgerDay:
    """Seals a day later than the last sealed one; days between without a transfer need no seal.

    The caller has waited for posters and checked the books. Raises DayClosed, or DayNotYet for a
    day to come and where an earlier day holds transfers and is open.
    """
    before = last_closed(session)
    if before is not None and before.day >= day:
        raise DayClosed(day)
    if day > clock.office_day():
        raise DayNotYet(day, None)
    told = {"day": day, "after": before.day if before else date.min}
    earlier: date | None = session.execute(_EARLIER, told).scalar_one_or_none()
    if earlier is not None:
        raise DayNotYet(day, earlier)
    previous = before.sha256 if before else FIRST
    counted = session.execute(_TOTALS, {"day": day}).one()
    digest = bytes(session.execute(_SEAL, {"day": day, "previous": previous}).scalar_one())
    made = LedgerDay(
        day=day,
        transfers=counted.many,
        amount_fen=counted.fen,
        previous=bytes(previous),
        sha256=digest,
        signature=signer.sign(digest) if signer else None,
        signed_by=signer.key_id if signer else None,
        closed_by=by.id,
        closed_at=clock.now(),
    )
    session.add(made)
    session.flush()  # the leaves point at it
    session.execute(_LEAVES, {"day": day})
    return made


def days(session: Session, *, after: date | None, limit: int) -> list[LedgerDay]:
    """Closed days, the oldest first."""
    query = select(LedgerDay).order_by(col(LedgerDay.day)).limit(limit)
    if after is not None:
        query = query.where(col(LedgerDay.day) > after)
    return list(session.execute(query).scalars())


def closed_day(session: Session, day: date) -> LedgerDay | None:
    """One closed day."""
    return session.get(LedgerDay, day)


_HOLD_OPEN = text(f"SELECT pg_advisory_xact_lock_shared({_TURN})")
_EARLIER = text(
    "SELECT min(office_day) FROM ledger_transfer WHERE office_day > :after AND office_day < :day"
)
_TOTALS = text(
    "SELECT count(*) AS many, coalesce(sum(amount_fen), 0)::bigint AS fen "
    "FROM ledger_transfer WHERE office_day = :day"
)
_SEAL = text(
    "SELECT sha256(CAST(:previous AS bytea) || coalesce(string_agg("  # noqa: S608 own text
    f"sha256(convert_to({CANONICAL}, 'UTF8')), ''::bytea ORDER BY t.id), ''::bytea)) "
    "FROM ledger_transfer t WHERE t.office_day = :day"
)
_LEAVES = text(
    "INSERT INTO ledger_leaf (transfer_id, day, sha256) "  # noqa: S608 own text
    f"SELECT t.id, t.office_day, sha256(convert_to({CANONICAL}, 'UTF8')) "
    "FROM ledger_transfer t WHERE t.office_day = :day ORDER BY t.id"
)
