"""Paid instalments that are owed back, and what becomes of the debt; whose shares they are is
known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, String, Uuid, column, select
from sqlalchemy import values as value_rows
from sqlmodel import Session, col

from app.awards.models import Award, Instalment, InstalmentState
from app.awards.waiting import shares_of
from app.core import ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import visible
from app.core.staging import Rows, stage
from app.ledger.service import MoveResult
from app.recoveries import service as recoveries
from app.recoveries import settling, write_offs
from app.recoveries.errors import NotPaid, RecoveriesMoved
from app.recoveries.models import Recoverable, SettlementKind
from app.recoveries.service import Debt
from app.recoveries.settling import Settling


@dataclass(frozen=True)
class Repaid:
    """What was paid back of one debt; in fen, above zero."""

    recoverable_id: UUID
    amount_fen: int


def mark(session: Session, instalments: Sequence[UUID], *, debt: Debt, by: Actor) -> MoveResult:
    """Marks paid instalments as owed back: the student left, died, or was paid twice.

    Raises NotPaid with every one that is not paid or not the caller's to see, RecoverableAlready.
    """
    wanted = set(instalments)
    locked: Rows = (
        select(
            col(Award.student_id),
            col(Instalment.school_id),
            col(Instalment.county_id),
            col(Award.id).label("award_id"),
            col(Instalment.id).label("instalment_id"),
            col(Instalment.amount_fen),
        )
        .join(Award, col(Award.id) == col(Instalment.award_id))
        .where(
            col(Instalment.id).in_(wanted),
            col(Instalment.state) == InstalmentState.PAID,
            col(Award.student_id).is_not(None),
            visible(Instalment, by),
        )
        .order_by(col(Instalment.id))
        .with_for_update(of=Instalment)
    )
    paid = stage(session, "owed", locked, recoveries.PAID)
    found = set(session.execute(select(paid.c.instalment_id)).scalars())
    if wanted - found:
        raise NotPaid(sorted(wanted - found))
    return recoveries.mark(
        session,
        select(*(paid.c[name] for name in recoveries.PAID)),
        shares_of(select(paid.c.instalment_id)),
        debt=debt,
        batch=ids.new(),
        by=by,
    )


def repay(
    session: Session, repaid: Sequence[Repaid], *, voucher: str, because: str, by: Actor
) -> MoveResult:
    """Takes in what students paid back by one voucher of the bank; recorded once a debt.

    Raises RecoveriesMoved with every debt that is not open, has less left, or is not the caller's
    to see; the same voucher for the same debt breaks a unique key.
    """
    _refuse_unseen(session, [each.recoverable_id for each in repaid], by)
    rows = value_rows(
        column("id", Uuid()), column("fen", BigInteger), column("reference", String), name="rows"
    ).data([(each.recoverable_id, each.amount_fen, voucher) for each in repaid])
    return settling.settle(
        session,
        select(rows.c.id, rows.c.fen, rows.c.reference),
        shares_of,
        how=Settling(kind=SettlementKind.REPAID, because=because),
        batch=ids.new(),
        by=by,
    )


def answer_write_offs(
    session: Session, asked: Sequence[UUID], *, agree: bool, because: str, by: Actor
) -> MoveResult:
    """Agrees to write-offs or refuses them; raises what `write_offs.answer` raises."""
    return write_offs.answer(session, asked, shares_of, agree=agree, because=because, by=by)


def _refuse_unseen(session: Session, debts: Sequence[UUID], by: Actor) -> None:
    seen: Rows = select(col(Recoverable.id)).where(
        col(Recoverable.id).in_(debts), visible(Recoverable, by)
    )
    unseen = sorted(set(debts) - set(session.execute(seen).scalars()))
    if unseen:
        raise RecoveriesMoved(
            [
                Fault("unknown", "没有该应收回资金", "there is no such debt", str(one))
                for one in unseen
            ]
        )
