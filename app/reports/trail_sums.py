"""The sums over everything around a thing, which must agree, in one statement."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.awards.models import Award, Instalment, InstalmentShare, InstalmentState
from app.ledger.models import LedgerTransfer, TransferKind

ARRIVED = (InstalmentState.PAID, InstalmentState.OFFSET)
PAID_BY = (TransferKind.PAY, TransferKind.OFFSET)


def sums(
    session: Session, cases: Select[UUID], allocations: Select[UUID], *, of_schools: bool
) -> dict[str, int]:
    """Over all cases and allocations: how many, and the sums in fen that must agree.

    Without `of_schools` the allocations' money is left out: it is the whole schools'. What later
    rates added counts with the awards it was added to, what was replaced after a transfer not.
    """
    chosen = cases.cte("chosen")
    paid_to_schools = allocations.cte("paid_to_schools")
    awarded = _awards(chosen, paid_to_schools if of_schools else None)
    mine = (
        select(
            col(Instalment.id),
            col(Instalment.amount_fen),
            col(Instalment.state).label("state"),
            col(Instalment.supplement_version_id).is_not(None).label("added"),
        )
        .join(awarded, awarded.c.id == col(Instalment.award_id))
        .where(~replaced())
        .cte("mine")
    )
    shares = (
        select(
            sum_fen(col(InstalmentShare.amount_fen)).label("fen"),
            sum_fen(
                case((mine.c.state.in_(ARRIVED), col(InstalmentShare.amount_fen)), else_=0)
            ).label("paid_fen"),
        )
        .join(mine, mine.c.id == col(InstalmentShare.instalment_id))
        .subquery()
    )
    signed = case(
        (col(LedgerTransfer.kind).in_(PAID_BY), col(LedgerTransfer.amount_fen)),
        else_=-col(LedgerTransfer.amount_fen),
    )
    paid = select(sum_fen(signed)).where(
        col(LedgerTransfer.refers_to).in_(select(mine.c.id)),
        col(LedgerTransfer.kind).in_([*PAID_BY, TransferKind.RETURN]),
    )
    awards = select(sum_fen(awarded.c.amount_fen))
    added = select(sum_fen(mine.c.amount_fen)).where(mine.c.added)
    columns: dict[str, ColumnElement[Any]] = {
        "cases": select(func.count()).select_from(chosen).scalar_subquery(),
        "allocations": select(func.count()).select_from(paid_to_schools).scalar_subquery(),
        "awards": awards.scalar_subquery() + added.scalar_subquery(),
        "instalments": select(sum_fen(mine.c.amount_fen)).scalar_subquery(),
        "shares": select(shares.c.fen).scalar_subquery(),
        "paid_shares": select(shares.c.paid_fen).scalar_subquery(),
        "paid_transfers": paid.scalar_subquery(),
    }
    asked = select(*(column.label(name) for name, column in columns.items()))
    return dict(session.execute(asked).mappings().one())


def _awards(cases: CTE, allocations: CTE | None) -> CTE:
    """The awards of each, by two selects: for an OR of both every award would be read."""
    awards = select(col(Award.id), col(Award.amount_fen))
    of_each = [awards.join(cases, cases.c.id == col(Award.application_id))]
    if allocations is not None:
        of_each.append(awards.join(allocations, allocations.c.id == col(Award.allocation_id)))
    return union_all(*of_each).cte("awarded")


def replaced() -> Any:
    """Other instalments in sight stand for this one: at the school the student moved to, or the
    parts it was divided into.
    """
    later = aliased(Instalment)
    return exists().where(
        or_(
            col(later.replaces_id) == col(Instalment.id),
            col(later.split_of_id) == col(Instalment.id),
        )
    )


def sum_fen(column: Any) -> Any:
    """The sum of a column of fen, 0 over nothing."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)
