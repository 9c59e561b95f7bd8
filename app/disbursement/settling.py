"""Takes what became of payouts into instalments and books; knows no return file or register."""

from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, select, text, update
from sqlmodel import Session, col

from app.awards import lapsing
from app.awards import service as awards
from app.awards.models import InstalmentShare
from app.budgets.models import FundLine
from app.core import clock, db
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.staging import Rows, stage
from app.disbursement.errors import PayoutsMoved
from app.disbursement.models import Payout, PayoutPart, PayoutState
from app.disbursement.rules import IN_TRANSIT, MONEY_IS_BACK
from app.ledger import service as ledger
from app.ledger.models import TransferKind
from app.recoveries import service as recoveries

COLUMNS = ("payout_id", "come_from", "to", "reason")


def lock_file(session: Session, run_id: UUID, file_id: UUID) -> None:
    """Locks the run, so that the answers to its files come one after another, then what was sent.

    Instalments and payouts of the file are locked in the order of their ids.
    """
    session.execute(_LOCK_RUN, {"run": run_id})
    session.execute(_LOCK_INSTALMENTS, {"file": file_id})
    session.execute(_LOCK_PAYOUTS, {"file": file_id})


def lock_payouts(session: Session, payouts: Rows) -> None:
    """Locks the instalments of the payouts a select names, then the payouts, in id order."""
    named = stage(session, "locked_payout", payouts, ("payout_id",)).name
    for lock in (_LOCK_NAMED_INSTALMENTS, _LOCK_NAMED_PAYOUTS):
        session.execute(text(lock.format(named=named)))


def settle(session: Session, verdicts: Rows, *, batch: UUID, by: Actor) -> int:
    """Moves payouts to paid, failed, returned or unknown, and their money with them.

    `verdicts` yields (payout id, state now, state to be, the bank's reason or why nobody signed).
    Failed and returned free their parts, and their instalments are committed again; unknown stays
    live. `batch` is the return file, statement or signed register. Answers how many payouts moved;
    raises PayoutsMoved if one is not where it was.
    """
    told = stage(session, "verdict", verdicts, COLUMNS)
    parts = _parts(session, told)
    # Each movement below touches other fund lines, and another file may meet them the other way
    # round: held together in code order first, the two wait for one another and never in a ring.
    ledger.hold(session, _fund_lines(parts))
    back = parts.c.to.in_(MONEY_IS_BACK)
    awards.settle_paid(session, _instalments(parts, parts.c.to == PayoutState.PAID))
    awards.back_to_committed(session, _instalments(parts, back))
    moved = _move_payouts(session, told)
    freed = select(told.c.payout_id).where(told.c.to.in_(MONEY_IS_BACK))
    session.execute(
        update(PayoutPart)
        .where(col(PayoutPart.payout_id).in_(freed))
        .values(live=False)
        .execution_options(synchronize_session=False)
    )
    # Owed back by the student a moment ago, what the bank returns is nobody's debt any more.
    returned = parts.c.to == PayoutState.RETURNED
    recoveries.come_back(
        session, _instalments(parts, returned), _shares(parts, returned), batch=batch, by=by
    )
    # What came back before its reply was taken in had arrived first: it is paid, then returned.
    arrived = (parts.c.to == PayoutState.PAID) | (returned & parts.c.come_from.in_(IN_TRANSIT))
    steps = (
        (TransferKind.PAY, arrived),
        (TransferKind.FAIL, parts.c.to == PayoutState.FAILED),
        (TransferKind.RETURN, returned),
    )
    for kind, which in steps:
        ledger.move(session, kind=kind, batch=batch, by=by, lines=_shares(parts, which))
    awards.release_revoked(session, _instalments(parts, back), batch=batch, by=by)
    # Of a year that is over, what comes back goes by its line's rule.
    with db.city_scope(session, by):
        lapsing.lapse(session, _instalments(parts, back), batch=batch, by=by)
    return moved


def _parts(session: Session, told: Table) -> Table:
    """The instalments of the payouts, each with its payout's verdict, read once.

    From here on the books are reached by instalment: asked anew for every movement, a planner may
    look through all parts ever paid for each share.
    """
    rows = select(col(PayoutPart.instalment_id), told.c.come_from, told.c.to).join(
        told, told.c.payout_id == col(PayoutPart.payout_id)
    )
    return stage(session, "told_part", rows, ("instalment_id", "come_from", "to"))


def _instalments(parts: Table, which: ColumnElement[bool]) -> Rows:
    return select(parts.c.instalment_id).where(which)


def _fund_lines(parts: Table) -> Rows:
    return (
        select(col(FundLine.code))
        .join(InstalmentShare, col(FundLine.id) == col(InstalmentShare.fund_line_id))
        .join(parts, parts.c.instalment_id == col(InstalmentShare.instalment_id))
        .distinct()
    )


def _shares(parts: Table, which: ColumnElement[bool]) -> Rows:
    return (
        select(
            col(FundLine.code), col(InstalmentShare.instalment_id), col(InstalmentShare.amount_fen)
        )
        .join(FundLine, col(FundLine.id) == col(InstalmentShare.fund_line_id))
        .join(parts, parts.c.instalment_id == col(InstalmentShare.instalment_id))
        .where(which)
    )


def _move_payouts(session: Session, told: Table) -> int:
    # One state change a payout, and only from where the verdict saw it; those that were not there
    # alone are answered, for what a file of a million lines moves is no list to hold in memory.
    moved = (
        update(Payout)
        .where(col(Payout.id) == told.c.payout_id, col(Payout.state) == told.c.come_from)
        .values(state=told.c.to, bank_reason=told.c.reason, settled_at=clock.now())
        .returning(col(Payout.id))
        .cte("moved")
    )
    # EXCEPT, not a join: the planner expects an update to move next to nothing, and would compare
    # every payout with every other.
    gone = session.execute(select(told.c.payout_id).except_(select(moved.c.id))).scalars()
    if faults := [_elsewhere(one) for one in sorted(gone)]:
        raise PayoutsMoved(faults)
    return int(session.execute(select(func.count()).select_from(told)).scalar_one())


def _elsewhere(payout: UUID) -> Fault:
    return Fault("payout_moved", "状态已变动", "has moved meanwhile", str(payout))


_LOCK_RUN = text("SELECT id FROM payout_run WHERE id = :run FOR UPDATE")
_LOCK_INSTALMENTS = text("""
    SELECT count(*) FROM (
        SELECT i.id FROM instalment i WHERE i.id IN (
            SELECT part.instalment_id FROM payout_part part JOIN payout p ON p.id = part.payout_id
            WHERE p.file_id = :file)
        ORDER BY i.id FOR UPDATE) AS locked
""")
_LOCK_PAYOUTS = text("""
    SELECT count(*) FROM (
        SELECT p.id FROM payout p WHERE p.file_id = :file ORDER BY p.id FOR UPDATE) AS locked
""")
_LOCK_NAMED_INSTALMENTS = """
    SELECT count(*) FROM (
        SELECT i.id FROM instalment i WHERE i.id IN (
            SELECT part.instalment_id FROM payout_part part
            JOIN {named} n ON n.payout_id = part.payout_id)
        ORDER BY i.id FOR UPDATE) AS locked
"""
_LOCK_NAMED_PAYOUTS = """
    SELECT count(*) FROM (
        SELECT p.id FROM payout p WHERE p.id IN (SELECT payout_id FROM {named})
        ORDER BY p.id FOR UPDATE) AS locked
"""
