"""Where everything stands: counts and sums by state, within the caller's scope."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, distinct, func, select
from sqlmodel import Session, col

from app.applications.models import Application
from app.awards.models import Award, Instalment
from app.core.actor import Actor
from app.core.scoping import visible, visible_class
from app.disbursement.models import Payout, PayoutPart
from app.reports.trail_sums import sum_fen


@dataclass(frozen=True)
class Standing:
    """How many stand in one state, and their sum in fen."""

    state: str
    count: int
    amount_fen: int


@dataclass(frozen=True)
class Board:
    """The four nouns of the trail by state; a state with nothing in it is left out."""

    applications: list[Standing]
    awards: list[Standing]
    instalments: list[Standing]
    payouts: list[Standing]


def board(session: Session, *, by: Actor, programme: str | None, period: str) -> Board:
    """Counts and sums by state of the cases in scope, one statement a noun.

    A payout counts with the parts that belong to the programme and period asked for.
    """
    mine = _mine(by, programme, period)
    of_award = _awarded(by, programme, period)
    of_instalment = col(Instalment.award_id).in_(select(col(Award.id)).where(of_award))
    part_of = col(PayoutPart.instalment_id).in_(select(col(Instalment.id)).where(of_instalment))
    return Board(
        applications=_by_state(session, _sums(Application).where(mine), Application.state),
        awards=_by_state(session, _sums(Award).where(of_award), Award.state),
        instalments=_by_state(session, _sums(Instalment).where(of_instalment), Instalment.state),
        payouts=_by_state(
            session,
            select(
                col(Payout.state),
                func.count(distinct(col(Payout.id))),
                sum_fen(PayoutPart.amount_fen),
            )
            .join(PayoutPart, col(PayoutPart.payout_id) == Payout.id)
            .where(part_of),
            Payout.state,
        ),
    )


def _mine(by: Actor, programme: str | None, period: str) -> ColumnElement[bool]:
    met = visible_class(Application, by) & (col(Application.period) == period)
    if programme is not None:
        met &= col(Application.programme) == programme
    return met


def _awarded(by: Actor, programme: str | None, period: str) -> ColumnElement[bool]:
    """The awards in scope, schools' own too; a class teacher's are those of the own class."""
    if by.own_class_only:
        return col(Award.application_id).in_(
            select(col(Application.id)).where(_mine(by, programme, period))
        )
    met = visible(Award, by) & (col(Award.period) == period)
    if programme is not None:
        met &= col(Award.programme) == programme
    return met


def _sums(table: Any) -> Select[*tuple[Any, ...]]:
    return select(table.state, func.count(), sum_fen(table.amount_fen))


def _by_state(session: Session, sums: Select[*tuple[Any, ...]], state: Any) -> list[Standing]:
    grouped = sums.group_by(state).order_by(state)
    return [Standing(row[0].value, row[1], row[2]) for row in session.execute(grouped)]
