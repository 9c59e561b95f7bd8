"""Reads quotas: who has how many places."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session, col

from app.budgets.models import Quota
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import among, visible
from app.registry.models import Enrolment, School


@dataclass(frozen=True)
class QuotaTotals:
    """How many schools have a quota, and their places and money together."""

    schools: int
    places: int
    amount_fen: int


@dataclass(frozen=True)
class Heads:
    """The head counts of one school in a school year: open enrolments, and who boards."""

    roll: int
    boarders: int


NOBODY = Heads(0, 0)


@dataclass(frozen=True)
class QuotaRow:
    """A quota with its school's code and name."""

    quota: Quota
    code: str
    name: str


def of_key(programme: str, period: str) -> ColumnElement[bool]:
    """Quotas of a programme and period."""
    return (col(Quota.programme) == programme) & (col(Quota.period) == period)


def any_of(session: Session, programme: str, period: str) -> bool:
    """Whether any school within row security has a quota of the programme and period."""
    return bool(session.execute(select(exists().where(of_key(programme, period)))).scalar_one())


def quotas_of(
    session: Session, programme: str, period: str, school_ids: Collection[UUID]
) -> dict[UUID, Quota]:
    """The quotas of these schools, by school."""
    found = session.execute(
        select(Quota)
        .where(of_key(programme, period), among(Quota.school_id, school_ids))
        .execution_options(populate_existing=True)
    ).scalars()
    return {each.school_id: each for each in found}


def listed(
    session: Session,
    asked: PageAsked,
    *,
    by: Actor,
    programme: str,
    period: str | None,
) -> list[QuotaRow]:
    """One page of quotas within scope, by id."""
    query = (
        select(Quota, col(School.code), col(School.name))
        .join(School, col(School.id) == Quota.school_id)
        .where(visible(Quota, by), *_asked(programme, period))
        .execution_options(populate_existing=True)
    )
    return [QuotaRow(*row) for row in session.execute(asked.cut(query, col(Quota.id)))]


def totals(session: Session, *, by: Actor, programme: str, period: str | None) -> QuotaTotals:
    """The sums of the quotas within scope."""
    found = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(col(Quota.places)), 0),
            func.coalesce(func.sum(col(Quota.amount_fen)), 0),
        )
        .select_from(Quota)
        .where(visible(Quota, by), *_asked(programme, period))
    ).one()
    return QuotaTotals(*(int(each) for each in found))


def heads(session: Session, school_ids: Collection[UUID], school_year: str) -> dict[UUID, Heads]:
    """How many are enrolled and how many of them board, by school; a school of nobody is left out.

    Counted are the enrolments of the school year that are open now, within row security.
    """
    table = Enrolment
    found = session.execute(
        select(col(table.school_id), func.count(), func.count().filter(col(table.boards).is_(True)))
        .where(
            among(table.school_id, school_ids),
            col(table.school_year) == school_year,
            col(table.left_on).is_(None),
        )
        .group_by(col(table.school_id))
    ).all()
    return {school: Heads(int(roll), int(boarders)) for school, roll, boarders in found}


def _asked(programme: str, period: str | None) -> Sequence[ColumnElement[bool]]:
    if period is None:
        return (col(Quota.programme) == programme,)
    return (of_key(programme, period),)
