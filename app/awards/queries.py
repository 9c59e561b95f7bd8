"""Reads awards, their instalments and shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    String,
    Uuid,
    cast,
    func,
    select,
    table,
    true,
)
from sqlalchemy import column as named
from sqlmodel import Session, col

from app.awards.errors import AwardNotFound
from app.awards.models import Award, AwardState, Instalment, InstalmentShare, InstalmentState
from app.budgets.models import FundLine
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible

# Applications and allocations stand above awards; what is shown and narrowed by is read by name.
_application = table(
    "application",
    named("id", Uuid()),
    named("number", String),
    named("grade", Integer),
    named("class_name", String),
)
_allocation = table("school_allocation", named("id", Uuid()), named("number", String))


@dataclass(frozen=True)
class AwardFilter:
    """What is asked for; None leaves it open."""

    programme: str | None = None
    period: str | None = None
    school_id: UUID | None = None
    state: AwardState | None = None
    application_id: UUID | None = None
    allocation_id: UUID | None = None


@dataclass(frozen=True)
class AwardRow:
    """An award with the number of its application, or of its school's allocation."""

    award: Award
    application_number: str | None
    allocation_number: str | None


@dataclass(frozen=True)
class Share:
    """What one fund line pays of an instalment, in fen.

    `fund_line` is null for a school: fund lines are the offices' own.
    """

    instalment_id: UUID
    fund_line: str | None
    amount_fen: int


@dataclass(frozen=True)
class AwardDetail:
    """An award with its instalments in order and all their shares."""

    row: AwardRow
    instalments: Sequence[Instalment]
    shares: Sequence[Share]


def awards(session: Session, by: Actor, asked: AwardFilter, page: PageAsked) -> list[AwardRow]:
    """Awards within the caller's scope, by id; a class teacher's are those of the own class."""
    query = _awards(by)
    for field in (
        "programme", "period", "school_id", "state", "application_id", "allocation_id",
    ):  # fmt: skip
        wanted = getattr(asked, field)
        if wanted is not None:
            query = query.where(getattr(Award, field) == wanted)
    return [AwardRow(*row) for row in session.execute(page.cut(query, col(Award.id)))]


def award(session: Session, by: Actor, award_id: UUID) -> AwardDetail:
    """One award with its instalments and shares. Raises AwardNotFound outside the scope."""
    found = session.execute(_awards(by).where(col(Award.id) == award_id)).one_or_none()
    if found is None:
        raise AwardNotFound
    instalments = session.execute(
        select(Instalment).where(col(Instalment.award_id) == award_id).order_by(col(Instalment.seq))
    )
    shares = session.execute(
        select(
            col(InstalmentShare.instalment_id),
            col(FundLine.code),
            col(InstalmentShare.amount_fen),
        )
        .select_from(InstalmentShare)
        .join(Instalment, col(Instalment.id) == col(InstalmentShare.instalment_id))
        .outerjoin(FundLine, col(FundLine.id) == col(InstalmentShare.fund_line_id))
        .where(col(Instalment.award_id) == award_id)
        .order_by(col(Instalment.seq), col(FundLine.code))
    )
    return AwardDetail(
        AwardRow(*found), instalments.scalars().all(), [Share(*row) for row in shares]
    )


def _awards(by: Actor) -> Any:
    return (
        select(Award, _application.c.number, _allocation.c.number)
        .outerjoin(_application, _application.c.id == col(Award.application_id))
        .outerjoin(_allocation, _allocation.c.id == col(Award.allocation_id))
        .where(visible(Award, by), _own_class(by))
    )


def _own_class(by: Actor) -> ColumnElement[bool]:
    if not by.own_class_only:
        return true()
    return (_application.c.grade == by.grade) & (_application.c.class_name == by.class_name)


def shares_by_state(session: Session) -> dict[str, dict[InstalmentState, int]]:
    """Fund line code → state of instalment → Σ shares in fen, over what the scope sees.

    A fund line with no share is left out. The ledger's committed is the committed ones' sum and
    what stands in runs whose payouts have not been sent; the latter is disbursement's to tell.
    """
    sums = (
        select(
            col(FundLine.code),
            col(Instalment.state),
            cast(func.sum(InstalmentShare.amount_fen), BigInteger),
        )
        .select_from(InstalmentShare)
        .join(Instalment, col(Instalment.id) == col(InstalmentShare.instalment_id))
        .join(FundLine, col(FundLine.id) == col(InstalmentShare.fund_line_id))
        .group_by(col(FundLine.code), col(Instalment.state))
    )
    found: dict[str, dict[InstalmentState, int]] = {}
    for line, state, fen in session.execute(sums):
        found.setdefault(line, {})[state] = fen
    return found
