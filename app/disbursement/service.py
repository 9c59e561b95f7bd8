"""Opens payout runs, checks their payees again, and cancels what is not to be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards import offsetting
from app.awards import service as awards
from app.core import clock, db, ids, numbers
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.core.staging import Rows
from app.disbursement import checks, methods, payees
from app.disbursement.errors import (
    HolderOutside,
    NothingDue,
    PayoutsMoved,
    PayoutsNotReissuable,
    ReissueMixed,
    RunNotFound,
    RunNotOpen,
)
from app.disbursement.method_errors import METHODS
from app.disbursement.models import (
    Payout,
    PayoutMethod,
    PayoutPart,
    PayoutRun,
    PayoutState,
    RunKind,
    RunState,
)
from app.disbursement.rules import BEFORE_RELEASE


@dataclass(frozen=True, kw_only=True)
class RunAsked:
    """What a run is to pay: a programme's instalments due by a day, of one holder or of all.

    And how: by the bank in a format, or in hand.
    """

    programme: str
    due_to: date
    bank_format: str | None = None
    holder_id: UUID | None = None
    method: PayoutMethod = PayoutMethod.BANK


@dataclass(frozen=True)
class Rechecked:
    """How many held payouts were examined again, and how many of them are ready now."""

    examined: int
    ready: int


def open_run(session: Session, asked: RunAsked, *, by: Actor) -> PayoutRun:
    """Puts every due instalment into a run: one payout a payee and school, held or ready.

    A payee is a student or, for what schools are paid by head count, the school.

    What students have agreed to have kept back for their debts is kept back first.
    Due is what is committed, of a granted award, with a due day not after `due_to`. What the bank
    refused or sent back is not taken up: it is reissued. Nor is what the award's policy version
    does not let be paid so: it is left for another run. The number of statements does not depend
    on the number of payouts. Raises FormatUnfit, FormatUnknown, MethodNotAllowed, HolderOutside,
    NothingDue.
    """
    way = methods.way(asked.method, asked.bank_format)
    versions = methods.versions_allowing(session, asked.programme, asked.method)
    holder = _holder(session, asked.holder_id, by)
    due = payees.Due(
        programme=asked.programme, due_to=asked.due_to, holder=holder, versions=versions
    )
    with db.city_scope(session, by):
        offsetting.offset(session, asked.programme, asked.due_to, holder=holder, by=by)
        taken = payees.gather_due(session, due, way)
        if not taken:
            raise NothingDue(asked.programme, asked.due_to.isoformat())
        checks.find(session, way)
    made = _run(session, asked, kind=RunKind.DUE, holder=holder, by=by)
    payouts = payees.write(session, made, way)
    detail = {"number": made.number, "payouts": payouts, "instalments": taken}
    audit.note(session, by=by, did="run.opened", records=[made.id], detail=detail)
    return made


def reissue(
    session: Session,
    payouts: Sequence[UUID],
    *,
    bank_format: str | None,
    by: Actor,
    method: PayoutMethod = PayoutMethod.BANK,
) -> PayoutRun:
    """Opens a run that pays failed or returned payouts again, each by a new one that points at it.

    For the bank each needs a confirmed account; in hand, a policy version that allows it. What the
    checks find holds the new payout. Raises PayoutsNotReissuable with every payout that cannot be,
    ReissueMixed, FormatUnfit, or MethodNotAllowed.
    """
    way = methods.way(method, bank_format)
    wanted = {"ids": list(payouts)}
    session.execute(_LOCK_PARTS_OF, wanted)
    found = session.execute(_REISSUABLE, {**wanted, "by_bank": way.by_bank}).all()
    _refuse_unfit(found, payouts)
    programmes = sorted({row.programme for row in found})
    if len(programmes) > 1:
        raise ReissueMixed(programmes)
    _refuse_method(session, payouts, programmes[0], method)
    holder = _holder(session, None, by)
    with db.city_scope(session, by):
        payees.gather_again(session, payouts, way)
        checks.find(session, way)
    asked = RunAsked(
        programme=programmes[0],
        due_to=clock.office_day(),
        bank_format=bank_format,
        method=method,
    )
    made = _run(session, asked, kind=RunKind.REISSUE, holder=holder, by=by)
    payees.write(session, made, way)
    detail = {"number": made.number, "payouts": len(found)}
    audit.note(session, by=by, did="payouts.reissued", records=payouts, detail=detail)
    return made


def recheck(session: Session, run_id: UUID, *, by: Actor) -> Rechecked:
    """Examines the held payouts of an open run again, with the account confirmed by now.

    Clean ones become ready; the others keep the findings of today. Raises RunNotFound, RunNotOpen.
    """
    run = lock_open(session, run_id)
    way = methods.way_of(run)
    lock_payouts(session, run_id)
    with db.city_scope(session, by):
        payees.gather_held(session, run_id, way)
        checks.find(session, way)
    done = Rechecked(*payees.settle_held(session, way))
    detail = {"examined": done.examined, "ready": done.ready}
    audit.note(session, by=by, did="run.rechecked", records=[run_id], detail=detail)
    return done


def cancel_run(session: Session, run_id: UUID, *, by: Actor, because: str) -> PayoutRun:
    """Cancels an open run; its instalments are due again. Raises RunNotFound, RunNotOpen."""
    run = lock_open(session, run_id)
    lock_payouts(session, run_id)
    cancel_before_release(session, run_id)
    run.state = RunState.CANCELLED
    run.version += 1
    session.add(run)
    session.flush()  # the caller's queries go past the ORM
    audit.note(session, by=by, did="run.cancelled", records=[run_id], because=because)
    return run


def cancel_payouts(
    session: Session, run_id: UUID, payouts: Sequence[UUID], *, by: Actor, because: str
) -> int:
    """Takes payouts out of an open run; their instalments are due again. Answers how many.

    Raises RunNotFound, RunNotOpen, or PayoutsMoved with every payout that is not the run's, or
    was cancelled before.
    """
    lock_open(session, run_id)
    lock_payouts(session, run_id)
    there = session.execute(
        select(col(Payout.id)).where(
            col(Payout.run_id) == run_id,
            col(Payout.id).in_(payouts),
            col(Payout.state).in_(BEFORE_RELEASE),
        )
    ).scalars()
    missing = set(payouts) - set(there)
    if missing:
        raise PayoutsMoved([_not_in_run(one) for one in sorted(missing)])
    cancelled = cancel_before_release(session, run_id, only=payouts)
    audit.note(session, by=by, did="payouts.cancelled", records=payouts, because=because)
    return cancelled


def lock_open(session: Session, run_id: UUID) -> PayoutRun:
    """The run, locked, if it is open. Raises RunNotFound, RunNotOpen."""
    run: PayoutRun | None = session.execute(
        select(PayoutRun)
        .where(col(PayoutRun.id) == run_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if run is None:
        raise RunNotFound
    if run.state is not RunState.OPEN:
        raise not_open(run)
    return run


def not_open(run: PayoutRun) -> RunNotOpen:
    """The refusal that says where the run stands."""
    day = clock.day_of(run.released_at).isoformat() if run.released_at else None
    return RunNotOpen(run.number, run.state.value, day)


def lock_payouts(session: Session, run_id: UUID) -> None:
    """Locks the instalments of a run, then its payouts, both in order of their ids."""
    session.execute(_LOCK_INSTALMENTS, {"run": run_id})
    session.execute(_LOCK_PAYOUTS, {"run": run_id})


def cancel_before_release(
    session: Session,
    run_id: UUID,
    *,
    states: Sequence[PayoutState] = tuple(BEFORE_RELEASE),
    only: Sequence[UUID] | None = None,
) -> int:
    """Cancels payouts not yet sent, frees their parts, and puts the instalments back."""
    leaving = [col(Payout.run_id) == run_id, col(Payout.state).in_(states)]
    if only is not None:
        leaving.append(col(Payout.id).in_(only))
    freed: Rows = (
        select(col(PayoutPart.instalment_id))
        .join(Payout, col(Payout.id) == col(PayoutPart.payout_id))
        .where(*leaving, col(PayoutPart.live))
    )
    awards.back_to_committed(session, freed)
    chosen = select(col(Payout.id)).where(*leaving)
    quiet = {"synchronize_session": False}
    session.execute(
        update(PayoutPart)
        .where(col(PayoutPart.payout_id).in_(chosen))
        .values(live=False)
        .execution_options(**quiet)
    )
    gone: Any = session.execute(
        update(Payout)
        .where(*leaving)
        .values(state=PayoutState.CANCELLED)
        .execution_options(**quiet)
    )
    return int(gone.rowcount)


def _holder(session: Session, asked: UUID | None, by: Actor) -> UUID | None:
    if by.scope is Scope.COUNTY:
        if asked not in {None, by.county_id}:
            raise HolderOutside
        return by.county_id
    if asked is None:
        return None
    known = session.execute(_CENTRE, {"id": asked}).scalar_one_or_none()
    if known is None:
        raise HolderOutside
    return asked


def _run(
    session: Session, asked: RunAsked, *, kind: RunKind, holder: UUID | None, by: Actor
) -> PayoutRun:
    awards.enter_run(session, payees.instalments())
    year = clock.office_day().year
    place = numbers.take(session, f"R-{year}")
    made = PayoutRun(
        id=ids.new(),
        number=f"R-{year}-{place:04d}",
        kind=kind,
        programme=asked.programme,
        holder_id=holder,
        county_id=holder,
        due_to=asked.due_to,
        method=asked.method,
        bank_format=asked.bank_format,
        state=RunState.OPEN,
        opened_by=by.id,
        opened_at=clock.now(),
    )
    session.execute(insert(PayoutRun).values(made.model_dump()))
    return made


def _refuse_unfit(found: Sequence[Row[Any]], payouts: Sequence[UUID]) -> None:
    faults = [fault for row in found if (fault := _unfit(row))]
    known = {row.id for row in found}
    unknown = Fault("payout_unknown", "没有该笔发放明细", "there is no such payout")
    faults += [
        Fault(unknown.code, unknown.zh, unknown.en, str(one)) for one in payouts if one not in known
    ]
    if faults:
        raise PayoutsNotReissuable(faults)


def _refuse_method(
    session: Session, payouts: Sequence[UUID], programme: str, method: PayoutMethod
) -> None:
    versions = methods.versions_allowing(session, programme, method)
    if versions is None:
        return
    told = {"ids": list(payouts), "versions": list(versions)}
    zh, en = METHODS[method.value]
    zh, en = f"其政策版本不允许以{zh}发放", f"may not be paid {en} by its policy version"
    faults = [
        Fault("method_not_allowed", zh, en, number, {"method": method.value})
        for number in session.execute(_NOT_SO, told).scalars()
    ]
    if faults:
        raise PayoutsNotReissuable(faults)


def _unfit(row: Row[Any]) -> Fault | None:
    state = str(row.state)
    if state not in {"failed", "returned"}:
        zh = f"状态为 {state}，只有代发失败或退汇的可重新发放"
        en = f"is {state}; only a failed or returned payout is paid again"
        return Fault("payout_state", zh, en, row.number, {"state": state})
    if row.again is not None:
        zh, en = f"已由 {row.again} 重新发放", f"was reissued as {row.again}"
        return Fault("reissued_before", zh, en, row.number, {"reissue": row.again})
    if not row.payable:
        zh, en = "其期次已另行发放或已取消", "its instalments are paid otherwise or cancelled"
        return Fault("nothing_to_pay", zh, en, row.number)
    if not row.account:
        zh, en = (
            "收款人没有已核实的银行账户；请先更正账户并由第二人核实",
            "the payee has no confirmed account; correct it and have a second person confirm it",
        )
        return Fault("no_confirmed_account", zh, en, row.number)
    return None


def _not_in_run(payout: UUID) -> Fault:
    return Fault(
        "payout_not_in_run",
        "不在该批次中，或已撤销",
        "is not in this run, or was cancelled before",
        str(payout),
    )


_CENTRE = text(
    "SELECT id FROM organisation WHERE id = :id AND kind IN ('city_centre', 'county_centre')"
)

_LOCK_PARTS_OF = text("""
    SELECT count(*) FROM (
        SELECT i.id FROM instalment i WHERE i.id IN (
            SELECT part.instalment_id FROM payout_part part WHERE part.payout_id = ANY(:ids))
        ORDER BY i.id FOR UPDATE) AS locked
""")
_REISSUABLE = text("""
    SELECT p.id, p.number, p.state, r.programme,
        (SELECT min(n.number) FROM payout n
            WHERE n.reissue_of = p.id AND n.state <> 'cancelled') AS again,
        NOT :by_bank OR EXISTS (SELECT FROM bank_account b
            WHERE b.student_id = p.student_id AND b.state = 'confirmed')
        OR EXISTS (SELECT FROM school_account c WHERE p.student_id IS NULL
            AND c.school_id = p.school_id AND c.state = 'confirmed') AS account,
        EXISTS (SELECT FROM payout_part part JOIN instalment i ON i.id = part.instalment_id
            WHERE part.payout_id = p.id AND i.state = 'committed') AS payable
    FROM payout p JOIN payout_run r ON r.id = p.run_id
    WHERE p.id = ANY(:ids) ORDER BY p.id FOR UPDATE OF p
""")
_NOT_SO = text("""
    SELECT DISTINCT p.number FROM payout p JOIN payout_part part ON part.payout_id = p.id
    JOIN instalment i ON i.id = part.instalment_id AND i.state = 'committed'
    JOIN award a ON a.id = i.award_id
    WHERE p.id = ANY(:ids)
        AND coalesce(i.supplement_version_id, a.policy_version_id) <> ALL(CAST(:versions AS uuid[]))
    ORDER BY p.number
""")
_LOCK_INSTALMENTS = text("""
    SELECT count(*) FROM (
        SELECT i.id FROM instalment i WHERE i.id IN (
            SELECT part.instalment_id FROM payout p CROSS JOIN LATERAL (
                SELECT l.instalment_id FROM payout_part l
                WHERE l.payout_id = p.id AND l.live OFFSET 0) part
            WHERE p.run_id = :run)
        ORDER BY i.id FOR UPDATE) AS locked
""")
_LOCK_PAYOUTS = text("""
    SELECT count(*) FROM (
        SELECT p.id FROM payout p WHERE p.run_id = :run ORDER BY p.id FOR UPDATE) AS locked
""")
