"""Releases a run: committed money goes on its way; bank files or pay registers are written."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards.models import InstalmentShare
from app.budgets.errors import CashShort
from app.budgets.models import FundLine
from app.core import clock, db
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.staging import Rows
from app.disbursement import bank_files, blackouts, checks, methods, pay_registers, payees, service
from app.disbursement.errors import NothingReady, RunNotFound, RunOpenedBySame
from app.disbursement.methods import Way
from app.disbursement.models import (
    PaymentFile,
    Payout,
    PayoutPart,
    PayoutRun,
    PayoutState,
    RunState,
)
from app.disbursement.pay_register_models import PayRegister
from app.ledger import service as ledger
from app.ledger.errors import Overdrawn
from app.ledger.models import AccountKind, TransferKind

MEDIA_TYPE = "text/plain"


@dataclass(frozen=True)
class LeftBehind:
    """A payout that was not sent, and every finding that kept it."""

    number: str
    amount_fen: int
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Released:
    """What left, in which files or pay registers, and what did not.

    `below_minimum`: fewer lines than a bank wants. `amount_fen` is what was sent.
    """

    run: PayoutRun
    files: tuple[PaymentFile, ...]
    registers: tuple[PayRegister, ...]
    payouts: int
    amount_fen: int
    below_minimum: bool
    left_behind: tuple[LeftBehind, ...]


def release(session: Session, run_id: UUID, *, by: Actor) -> Released:
    """Sends every ready payout of an open run; only another person than its opener may.

    What goes by the bank leaves in its files; what goes from hand to hand, in a pay register for
    each school to have signed.

    What is ready is examined once more, for a student may have left since. What is held by then is
    left behind: cancelled, with its findings kept, and its instalments committed again, so that
    the next run takes them up. Releases of a programme take their turn, so that each sees what the
    one before sent. Raises RunBlackedOut, RunNotFound, RunNotOpen, RunOpenedBySame, NothingReady,
    Overdrawn, CashShort, LinesUnfit.
    """
    session.execute(_WAIT_FOR_TURN, {"run": run_id})
    run = _take(session, run_id, by)
    blackouts.refuse_on(session, run, clock.office_day())
    service.lock_payouts(session, run.id)
    way = methods.way_of(run)
    with db.city_scope(session, by):
        payees.gather_ready(session, run.id)
        checks.find(session, way)
    payees.hold_unfit(session, way)
    left = _left_behind(session, run.id)
    service.cancel_before_release(session, run.id, states=[PayoutState.HELD])
    payouts = session.execute(_READY, {"run": run.id}).scalar_one()
    if not payouts:
        faults = [_why_left(one) for one in left]
        raise NothingReady(run.number, faults)
    amount_fen = _move(session, run, by)
    files, registers = _write(session, run, way, payouts, by)
    detail = {"number": run.number, "payouts": payouts, "left_behind": len(left)}
    sent = select(col(Payout.id)).where(
        col(Payout.run_id) == run.id, col(Payout.state) == PayoutState.SENT
    )
    audit.note(session, by=by, did="run.released", records=[run.id], detail=detail)
    audit.note(session, by=by, did="payouts.sent", records=sent, detail={"run": run.number})
    below = way.fmt is not None and any(file.line_count < way.fmt.rows.min for file in files)
    return Released(run, files, registers, payouts, amount_fen, below, left)


def _move(session: Session, run: PayoutRun, by: Actor) -> int:
    try:
        moved = ledger.move(
            session, kind=TransferKind.SEND, batch=run.id, by=by, lines=_shares_to_send(run.id)
        )
    except Overdrawn as overdrawn:
        if overdrawn.account is AccountKind.CASH:
            raise CashShort.of(overdrawn) from overdrawn
        raise
    return moved.amount_fen


def _write(
    session: Session, run: PayoutRun, way: Way, count: int, by: Actor
) -> tuple[tuple[PaymentFile, ...], tuple[PayRegister, ...]]:
    if way.fmt is None:
        return (), pay_registers.write(session, run, by=by)
    return bank_files.write(session, run, way.fmt, count=count, by=by), ()


def _take(session: Session, run_id: UUID, by: Actor) -> PayoutRun:
    taken: PayoutRun | None = session.execute(
        update(PayoutRun)
        .where(
            col(PayoutRun.id) == run_id,
            col(PayoutRun.state) == RunState.OPEN,
            col(PayoutRun.opened_by) != by.id,
        )
        .values(
            state=RunState.RELEASED,
            released_by=by.id,
            released_at=clock.now(),
            version=col(PayoutRun.version) + 1,
        )
        .returning(PayoutRun)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if taken is not None:
        return taken
    found = session.execute(
        select(PayoutRun)
        .where(col(PayoutRun.id) == run_id)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise RunNotFound
    if found.state is not RunState.OPEN:
        raise service.not_open(found)
    raise RunOpenedBySame(found.number)


def _left_behind(session: Session, run_id: UUID) -> tuple[LeftBehind, ...]:
    rows = session.execute(_HELD, {"run": run_id})
    return tuple(LeftBehind(row.number, row.amount_fen, tuple(row.findings)) for row in rows)


def _why_left(one: LeftBehind) -> Fault:
    listed = ", ".join(one.findings)
    more: dict[str, object] = {"findings": list(one.findings)}
    return Fault("payout_held", f"暂缓发放：{listed}", f"is held: {listed}", one.number, more)


def _shares_to_send(run_id: UUID) -> Rows:
    return (
        select(
            col(FundLine.code), col(InstalmentShare.instalment_id), col(InstalmentShare.amount_fen)
        )
        .join(FundLine, col(FundLine.id) == col(InstalmentShare.fund_line_id))
        .join(PayoutPart, col(PayoutPart.instalment_id) == col(InstalmentShare.instalment_id))
        .join(Payout, col(Payout.id) == col(PayoutPart.payout_id))
        .where(
            col(Payout.run_id) == run_id,
            col(Payout.state) == PayoutState.READY,
            col(PayoutPart.live),
        )
    )


_WAIT_FOR_TURN = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('releases of ' || programme, 0)) "
    "FROM payout_run WHERE id = :run"
)
_READY = text("SELECT count(*) FROM payout WHERE run_id = :run AND state = 'ready'")
_HELD = text("""
    SELECT p.number, p.amount_fen, array_agg(f.finding ORDER BY f.finding) AS findings
    FROM payout p JOIN payout_finding f ON f.payout_id = p.id
    WHERE p.run_id = :run AND p.state = 'held' AND f.outcome = 'open'
    GROUP BY p.id ORDER BY p.number
""")
