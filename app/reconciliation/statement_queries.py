"""Reads statements and their lines."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, cast, func, select
from sqlmodel import Session, col

from app.core.actor import Actor, Scope
from app.core.paging import PageAsked
from app.reconciliation.errors import StatementNotFound
from app.reconciliation.statement_models import BankStatement, StatementLine, StatementOutcome


def statements(session: Session, by: Actor, asked: PageAsked) -> Sequence[BankStatement]:
    """Statements within the caller's scope, oldest first."""
    chosen = select(BankStatement)
    if by.scope is not Scope.CITY:
        chosen = chosen.where(col(BankStatement.county_id) == by.county_id)
    return session.execute(asked.cut(chosen, col(BankStatement.id))).scalars().all()


def statement(session: Session, statement_id: UUID, by: Actor) -> BankStatement:
    """One statement. Raises StatementNotFound."""
    chosen = select(BankStatement).where(col(BankStatement.id) == statement_id)
    if by.scope is not Scope.CITY:
        chosen = chosen.where(col(BankStatement.county_id) == by.county_id)
    found: BankStatement | None = session.execute(chosen).scalar_one_or_none()
    if found is None:
        raise StatementNotFound
    return found


def outcomes(session: Session, statement_id: UUID) -> Sequence[Row[Any]]:
    """Lines counted and summed by outcome and direction; they add up to the statement's."""
    line = StatementLine
    return session.execute(
        select(
            col(line.outcome),
            col(line.direction),
            func.count().label("lines"),
            cast(func.sum(col(line.amount_fen)), BigInteger).label("fen"),
        )
        .where(col(line.statement_id) == statement_id)
        .group_by(col(line.outcome), col(line.direction))
        .order_by(col(line.outcome), col(line.direction))
    ).all()


def lines(
    session: Session, statement_id: UUID, asked: PageAsked, outcome: StatementOutcome | None
) -> Sequence[StatementLine]:
    """A statement's lines in their order; the cursor is the line's number as an id."""
    chosen = select(StatementLine).where(col(StatementLine.statement_id) == statement_id)
    if outcome is not None:
        chosen = chosen.where(col(StatementLine.outcome) == outcome)
    page = asked.cut_lines(chosen, col(StatementLine.line_no))
    return session.execute(page).scalars().all()
