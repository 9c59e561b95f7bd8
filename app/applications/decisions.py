"""Officers decide cases, many at once: approve, return or reject, each with a reason."""

from dataclasses import fields, replace

from sqlalchemy import ColumnElement, Table, case, func, not_, select
from sqlmodel import Session, col

from app.applications import (
    cautions,
    decision_record,
    entitlements,
    freeing,
    obstacles,
    places,
    selection,
)
from app.applications import deciding as sets
from app.applications.decision_errors import (
    NothingAffordable,
    NothingToDecide,
    SetChanged,
    SetMixed,
    amount_not_set,
    amount_not_set_fault,
    moved_away,
    moved_fault,
    not_eligible,
    not_eligible_fault,
    owing_fault,
    own_cases,
    own_fault,
    still_owing,
)
from app.applications.models import Application, Step, Verdict
from app.applications.orders import Decided, Order, Preview, Totals, step_of, waiting
from app.applications.selection import CaseFilter
from app.audit import service as audit
from app.awards import service as awards
from app.core import ids
from app.core.actor import Actor
from app.core.money import show_yuan
from app.core.scoping import visible


def preview(session: Session, asked: CaseFilter, *, verdict: Verdict, by: Actor) -> Preview:
    """How many cases and how much the same filter would decide now, and what it leaves out."""
    seen, taken = _look(session, asked, verdict, by=by)
    return replace(seen, cautioned=cautions.tally(session, taken).cases)


def _look(
    session: Session, asked: CaseFilter, verdict: Verdict, *, by: Actor
) -> tuple[Preview, ColumnElement[bool]]:
    """What the filter takes in and leaves out, in one query, and the predicate of those in."""
    step = step_of(by)
    against = obstacles.of_filter(asked, verdict, by=by)
    looked_at = visible(Application, by) & asked.matches() & waiting(step)
    found = session.execute(
        select(
            func.count().filter(against.none),
            func.coalesce(func.sum(col(Application.amount_fen)).filter(against.none), 0),
            *(func.count().filter(against.first(each.name)) for each in fields(against)),
        )
        .select_from(Application)
        .where(looked_at)
    ).one()
    count, amount, own, not_eligible, no_amount, exclusive, owing = (int(each) for each in found)
    seen = Preview(
        step=step,
        totals=Totals(count, amount),
        own=own,
        not_eligible=not_eligible,
        no_amount=no_amount,
        exclusive=exclusive,
        owing=owing,
        cautioned=0,
    )
    return seen, looked_at & against.none


def decide(session: Session, order: Order, *, by: Actor) -> Decided:
    """Decides the whole set or, with a refusal that lists the cases in the way, nothing.

    The last approval promises the award in the same transaction; a rejection offers the place to
    the next who waits. Raises CaseUnknown, CasesMoved, OwnCases, NotEligible, AmountNotSet,
    StillOwing, SetChanged, SetMixed, NothingToDecide, PlacesExceeded, or awards' refusal: want of
    money, an exclusive award, the yearly maximum.
    """
    step = step_of(by)
    chosen, seen = _choose(session, order, by=by)
    moved = _refuse_unfit(session, chosen, order, step=step, by=by)
    programme, period = _one_programme(session, chosen, step)
    deciding = sets.set_out(session, chosen, programme, step=step)
    _refuse_other_figures(order, sets.totals(session, deciding))
    if order.verdict is Verdict.APPROVE:
        obstacles.refuse_exclusive(
            session, select(deciding.c.id), programme=programme, period=period
        )
        places.guard_approval(session, deciding, programme, period, step=step)
    batch_id = ids.new()
    without_money: list[str] = []
    if order.verdict is Verdict.APPROVE and sets.has_last(session, deciding):
        promised = awards.promise(
            session,
            sets.last_approvals(deciding),
            programme=programme,
            period=period,
            batch=batch_id,
            by=by,
            as_far_as_money_goes=order.as_far_as_money_goes,
        )
        entitlements.follow_transfers(session, batch_id, programme, by=by)
        without_money = sets.leave_out(session, deciding, list(promised.left_out))
    totals = _something(sets.totals(session, deciding))
    decided = Decided(
        batch_id=batch_id,
        step=step,
        verdict=order.verdict,
        totals=totals,
        moved=moved,
        own=seen.own if seen else 0,
        not_eligible=seen.not_eligible if seen else 0,
        no_amount=seen.no_amount if seen else 0,
        exclusive=seen.exclusive if seen else 0,
        owing=seen.owing if seen else 0,
        without_money=without_money,
    )
    decision_record.write(session, deciding, decided, order=order, by=by)
    decision_record.move_on(session, deciding, decided)
    if order.verdict is Verdict.REJECT:
        freeing.offer_freed(session, select(deciding.c.id), by=by)
    audit.note(
        session,
        by=by,
        did=f"application.{order.verdict.value}",
        records=select(deciding.c.id),
        because=order.reason,
        detail={"decision_batch": str(batch_id), "count": totals.count, "step": step.value},
    )
    return decided


def _choose(session: Session, order: Order, *, by: Actor) -> tuple[Table, Preview | None]:
    """The cases locked and, for a filter, what it takes in and leaves out."""
    if order.filter is None:
        return selection.lock_named(session, order.ids, by=by), None
    seen, taken = _look(session, order.filter, order.verdict, by=by)
    return selection.lock(session, taken, by=by), seen


def _something(totals: Totals) -> Totals:
    if not totals.count:
        raise NothingAffordable(
            "可用指标不足以支付其中任何一份申请；请等待指标下达。",
            "The fund lines cannot pay for even the first case; wait for an appropriation.",
        )
    return totals


def _refuse_unfit(session: Session, chosen: Table, order: Order, *, step: Step, by: Actor) -> int:
    """Refuses the set for cases that moved, are the caller's own or not eligible; counts skipped.

    A moved case is only that: whose it was matters no more.
    """
    why = case(
        (not_(waiting(step)), "moved"),
        (selection.own(by), "four_eyes"),
        (obstacles.unfit(order.verdict), "not_eligible"),
        (obstacles.unset(order.verdict), "no_amount"),
        (obstacles.owing(order.verdict), "owing"),
        else_=None,
    ).label("why")
    looked_at = (
        select(
            col(Application.number),
            col(Application.state),
            col(Application.step),
            col(Application.failed),
            why,
        )
        .join(chosen, chosen.c.id == Application.id)
        .subquery()
    )
    found = session.execute(
        select(looked_at).where(looked_at.c.why.is_not(None)).order_by(looked_at.c.number)
    ).all()
    moved = [moved_fault(row.number, row.state, row.step) for row in found if row.why == "moved"]
    if moved and not order.skip_moved:
        raise moved_away(moved)
    own = [own_fault(row.number) for row in found if row.why == "four_eyes"]
    if own:
        raise own_cases(own)
    unfit = [not_eligible_fault(r.number, r.failed) for r in found if r.why == "not_eligible"]
    if unfit:
        raise not_eligible(unfit)
    unset = [amount_not_set_fault(row.number) for row in found if row.why == "no_amount"]
    if unset:
        raise amount_not_set(unset)
    owing = [owing_fault(row.number) for row in found if row.why == "owing"]
    if owing:
        raise still_owing(owing)
    return len(moved)


def _one_programme(session: Session, chosen: Table, step: Step) -> tuple[str, str]:
    found = session.execute(
        select(col(Application.programme), col(Application.period))
        .join(chosen, chosen.c.id == Application.id)
        .where(waiting(step))
        .distinct()
        .order_by(col(Application.programme), col(Application.period))
    ).all()
    if not found:
        raise NothingToDecide(
            "没有可审核的申请；请核对筛选条件。",
            "There is no case to decide; check the filter.",
        )
    if len(found) > 1:
        listed = ", ".join(f"{programme} {period}" for programme, period in found)
        raise SetMixed(
            f"一次只能审核同一项目同一学期的申请；这里有：{listed}。",
            f"One act decides one programme and period; these are {listed}.",
        )
    return str(found[0][0]), str(found[0][1])


def _refuse_other_figures(order: Order, now: Totals) -> None:
    if order.expect is None or order.expect == now:
        return
    was = order.expect
    raise SetChanged(
        f"符合条件的申请已变化：预览时 {was.count} 份 {show_yuan(was.amount_fen)} 元，"
        f"现在 {now.count} 份 {show_yuan(now.amount_fen)} 元；请重新预览。",
        f"The filter took in {was.count} case(s) of {show_yuan(was.amount_fen)} yuan and now takes "
        f"in {now.count} of {show_yuan(now.amount_fen)}; preview it again.",
        facts={
            "expected": {"count": was.count, "amount": show_yuan(was.amount_fen)},
            "found": {"count": now.count, "amount": show_yuan(now.amount_fen)},
        },
    )
