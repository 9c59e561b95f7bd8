"""Writes what was decided and moves the cases on."""

from typing import Any

from sqlalchemy import Table, and_, case, insert, literal, select, update
from sqlmodel import Session, col

from app.applications.errors import CasesMoved
from app.applications.models import (
    Application,
    ApplicationState,
    BatchState,
    Decision,
    DecisionBatch,
    ReportingBatch,
    Verdict,
)
from app.applications.orders import Decided, Order, waiting
from app.core import clock
from app.core.actor import Actor


def write(
    session: Session,
    deciding: Table,
    decided: Decided,
    *,
    order: Order,
    by: Actor,
) -> None:
    """Writes the act and its decisions, which nobody edits afterwards."""
    skipped = decided.moved + decided.own + decided.not_eligible + len(decided.without_money)
    common: dict[str, Any] = {
        "step": decided.step,
        "verdict": decided.verdict,
        "reason": order.reason,
        "decided_by": by.id,
        "decided_at": clock.now(),
    }
    session.execute(
        insert(DecisionBatch).values(
            id=decided.batch_id,
            filter=None if order.filter is None else order.filter.kept(),
            case_count=decided.totals.count,
            amount_fen=decided.totals.amount_fen,
            left_out=skipped,
            **common,
        )
    )
    columns = ["application_id", "submission_no", "school_id", "county_id", "batch_id", *common]
    table = Decision.metadata.tables["decision"]
    session.execute(
        insert(Decision)
        .from_select(
            columns,
            select(
                col(Application.id),
                col(Application.submission_no),
                col(Application.school_id),
                col(Application.county_id),
                literal(decided.batch_id),
                *(literal(value, table.c[name].type) for name, value in common.items()),
            ).join(deciding, deciding.c.id == Application.id),
        )
        .inline()
    )


def move_on(session: Session, deciding: Table, decided: Decided) -> None:
    """Moves the cases to where the verdict sends them, on condition that they still wait."""
    state = Application.metadata.tables["application"].c.state.type
    moves: dict[Verdict, dict[str, Any]] = {
        Verdict.APPROVE: {
            "state": case(
                (deciding.c.next_step.is_(None), literal(ApplicationState.APPROVED, state)),
                else_=literal(ApplicationState.IN_REVIEW, state),
            ),
            "step": deciding.c.next_step,
        },
        Verdict.RETURN: {"state": ApplicationState.RETURNED, "step": None},
        Verdict.REJECT: {
            "state": ApplicationState.REJECTED,
            "step": None,
            "rejected_on": clock.office_day(),
        },
    }
    done: Any = session.execute(
        update(Application)
        .where(col(Application.id) == deciding.c.id, waiting(decided.step))
        .values(moves[decided.verdict])
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != decided.totals.count:
        raise CasesMoved(
            "申请的状态在处理中变化；本次未作任何决定，请重试。",
            "The cases moved while they were being decided; nothing was decided, try again.",
        )
    if decided.verdict is Verdict.RETURN:
        reopen_batches(session, deciding)


def reopen_batches(session: Session, cases: Table) -> None:
    """What comes back changes the school's batch: its head must endorse it anew.

    `cases` is a table with the applications' `id`.
    """
    touched = (
        select(col(Application.school_id), col(Application.round_id))
        .join(cases, cases.c.id == Application.id)
        .distinct()
        .subquery()
    )
    locked = (
        select(col(ReportingBatch.id))
        .join(
            touched,
            and_(
                touched.c.school_id == ReportingBatch.school_id,
                touched.c.round_id == ReportingBatch.round_id,
            ),
        )
        .where(col(ReportingBatch.state) != BatchState.FILLING)
        .order_by(col(ReportingBatch.id))
        .with_for_update(of=ReportingBatch)
        .cte("locked")
    )
    session.execute(
        update(ReportingBatch)
        .where(col(ReportingBatch.id) == locked.c.id)
        .values(
            state=BatchState.FILLING,
            endorsed_by=None,
            endorsed_at=None,
            version=col(ReportingBatch.version) + 1,
        )
        .execution_options(synchronize_session=False)
    )
