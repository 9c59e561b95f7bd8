"""Cases of exclusive programmes beside a case: a warning while nothing is awarded, no refusal."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.applications import cautions
from app.applications.cautions import CautionCount
from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    ReportingBatch,
)
from app.applications.rules import OVER
from app.awards.exclusions import periods_of
from app.core import db
from app.core.actor import Actor
from app.policy import queries as policy
from app.policy.facts import Words

AWARDED = (ApplicationState.APPROVED, ApplicationState.ANNOUNCED, ApplicationState.CONFIRMED)


@dataclass(frozen=True)
class Rival:
    """An exclusive programme the student has applied for, or has, in the same school year.

    `number` is null where another school handed it in.
    """

    programme: str
    name: Words
    period: str
    awarded: bool
    number: str | None

    @property
    def words(self) -> Words:
        """What is so, and what to do."""
        if self.awarded:
            return Words(
                f"该学生本学年已享受“{self.name.zh}”（{self.period}），与本项目不可兼得。",
                f"The student has {self.name.en} ({self.period}), which excludes this programme.",
            )
        return Words(
            f"该学生本学年还申请了“{self.name.zh}”（{self.period}），两项不可兼得，只能核定其一。",
            f"The student has also applied for {self.name.en} ({self.period}); only one of the two "
            "can be awarded.",
        )


def rivals_of(session: Session, case: Application, *, by: Actor) -> list[Rival]:
    """What excludes a case; at whatever school, so it names no other school's case."""
    programmes = policy.in_force().exclusive_of(case.programme)
    if not programmes:
        return []
    a = Application
    with db.city_scope(session, by):
        found = session.execute(
            select(
                col(a.programme), col(a.period), col(a.state), col(a.number), col(a.school_id)
            )
            .where(
                col(a.student_id) == case.student_id,
                _stands(a, programmes, case.period),
            )
            .order_by(col(a.id))
        ).all()  # fmt: skip
    return [
        Rival(
            programme=row.programme,
            name=policy.programme(row.programme).name,
            period=row.period,
            awarded=row.state in AWARDED,
            number=row.number if row.school_id == case.school_id else None,
        )
        for row in found
    ]


@dataclass(frozen=True)
class Beside:
    """What a head should know of the cases still with the school before endorsing."""

    cautions: tuple[CautionCount, ...]
    exclusive: int


def beside(session: Session, batch: ReportingBatch, *, by: Actor) -> Beside:
    """The cautions and rivals of the batch's cases that are with the school."""
    with_school = and_(
        col(Application.school_id) == batch.school_id,
        col(Application.round_id) == batch.round_id,
        col(Application.state) == ApplicationState.SUBMITTED,
    )
    key = session.execute(
        select(col(ApplicationRound.programme), col(ApplicationRound.period)).where(
            col(ApplicationRound.id) == batch.round_id
        )
    ).one()
    return Beside(
        cautions.tally(session, with_school).cautions,
        _count(session, with_school, programme=key.programme, period=key.period, by=by),
    )


def _count(
    session: Session, which: ColumnElement[bool], *, programme: str, period: str, by: Actor
) -> int:
    """How many of the cases (a predicate on Application) have a rival."""
    programmes = policy.in_force().exclusive_of(programme)
    if not programmes:
        return 0
    other = aliased(Application)
    rival = and_(
        col(other.student_id) == Application.student_id, _stands(other, programmes, period)
    )
    with db.city_scope(session, by):
        found = session.execute(
            select(func.count(col(Application.id).distinct()))
            .select_from(Application)
            .join(other, rival)
            .where(which)
        )
        return int(found.scalar_one())


def _stands(table: Any, programmes: tuple[str, ...], period: str) -> ColumnElement[bool]:
    return and_(
        table.programme.in_(programmes),
        table.period.in_(periods_of(period)),
        table.state.not_in(OVER),
    )
