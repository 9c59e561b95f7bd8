"""Instalments of a coming fiscal year: committed by themselves when their money arrives."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import String, Table, cast, func, select, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards.models import Award, Instalment, InstalmentShare, InstalmentState
from app.budgets.models import FundLine
from app.core.actor import Actor
from app.core.staging import Rows, stage
from app.ledger import service as ledger
from app.ledger.models import AccountKind, LedgerAccount, TransferKind
from app.ledger.queries import balance_fen
from app.ledger.rules import account_code
from app.ledger.service import MoveResult


def commit_waiting(
    session: Session, fund_line_ids: Sequence[UUID], *, batch: UUID, by: Actor
) -> MoveResult:
    """Commits what waits for these fund lines, as far as their money goes; answers what moved.

    In award order (made, the greater hardship first within one act, id, place in the award), whole
    instalments only. One that does not fit keeps its place: nothing later overtakes it.
    """
    codes = select(col(FundLine.code)).where(col(FundLine.id).in_(fund_line_ids))
    # The locks come first: an appropriation and a promise at once must see one another's rows.
    available = ledger.hold(session, codes) if fund_line_ids else {}
    if not any(available.values()):
        return MoveResult(0, 0)
    waiting = stage(session, "waiting", _waiting(fund_line_ids), _WAITING)
    # Somebody may be cancelling one at this moment, and waits for the accounts held here.
    reached = (
        select(col(Instalment.id))
        .where(
            col(Instalment.id).in_(_within_the_money(waiting)),
            col(Instalment.state) == InstalmentState.AWAITING_APPROPRIATION,
        )
        .order_by(col(Instalment.id))
        .with_for_update(skip_locked=True)
    )
    taken = stage(session, "reached", reached, ("id",))
    session.execute(
        update(Instalment)
        .where(col(Instalment.id).in_(select(taken.c.id)))
        .values(state=InstalmentState.COMMITTED)
        .execution_options(synchronize_session=False)
    )
    moved = ledger.move(
        session,
        kind=TransferKind.COMMIT,
        batch=batch,
        by=by,
        lines=shares_of(select(taken.c.id)),
    )
    if moved.count:
        audit.note(session, by=by, did="instalment.committed", records=select(taken.c.id))
    return moved


def shares_of(instalments: Rows) -> Rows:
    """The lines of a movement of these instalments' money: fund line code, instalment, fen."""
    return (
        select(
            col(FundLine.code),
            col(InstalmentShare.instalment_id),
            col(InstalmentShare.amount_fen),
        )
        .select_from(InstalmentShare)
        .join(FundLine, col(FundLine.id) == col(InstalmentShare.fund_line_id))
        .where(col(InstalmentShare.instalment_id).in_(instalments))
    )


_WAITING = (
    "instalment_id",
    "fund_line_id",
    "code",
    "amount_fen",
    "made_at",
    "hardship",
    "award_id",
    "seq",
)


def _waiting(fund_line_ids: Sequence[UUID]) -> Rows:
    """Every share, on any line, of the instalments that wait for one of these lines' money."""
    mine = (
        select(col(InstalmentShare.instalment_id))
        .join(Instalment, col(Instalment.id) == col(InstalmentShare.instalment_id))
        .where(
            col(InstalmentShare.fund_line_id).in_(fund_line_ids),
            col(Instalment.state) == InstalmentState.AWAITING_APPROPRIATION,
        )
        .distinct()
        .subquery("mine")
    )
    return (
        select(
            mine.c.instalment_id,
            col(InstalmentShare.fund_line_id),
            col(FundLine.code),
            col(InstalmentShare.amount_fen),
            col(Award.made_at),
            col(Award.hardship),
            col(Award.id),
            col(Instalment.seq),
        )
        .select_from(mine)
        .join(InstalmentShare, col(InstalmentShare.instalment_id) == mine.c.instalment_id)
        .join(Instalment, col(Instalment.id) == mine.c.instalment_id)
        .join(Award, col(Award.id) == col(Instalment.award_id))
        .join(FundLine, col(FundLine.id) == col(InstalmentShare.fund_line_id))
    )


def _within_the_money(waiting: Table) -> Rows:
    """Ids of the waiting instalments whose every share is reached by its line's money, in order."""
    share = waiting.c
    upto = func.sum(share.amount_fen).over(
        partition_by=share.fund_line_id,
        order_by=[share.made_at, share.hardship.desc().nulls_last(), share.award_id, share.seq],
    )
    ranked = select(share.instalment_id, share.code, upto.label("upto")).subquery("ranked")
    code = cast(ranked.c.code, String) + account_code("", AccountKind.AVAILABLE)
    return (
        select(ranked.c.instalment_id)
        .join(LedgerAccount, col(LedgerAccount.code) == code)
        .group_by(ranked.c.instalment_id)
        .having(func.bool_and(ranked.c.upto <= balance_fen()))
    )
