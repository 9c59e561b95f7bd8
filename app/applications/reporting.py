"""Reads reporting batches, and the board of who has reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Row,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlmodel import Session, col

from app.applications.batch_errors import BatchUnknown
from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    BatchState,
    ReportingBatch,
)
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.policy import engine
from app.policy.queries import version_for
from app.registry.models import School, SchoolArea, Stage
from app.registry.queries import school_visible

NOT_REPORTED = "not_reported"
ZERO = "zero"
BOARD_STATES = (NOT_REPORTED, *(state.value for state in BatchState), ZERO)


@dataclass(frozen=True)
class BatchCounts:
    """Where a school's cases of a round stand."""

    eligible: int  # with the school, ready to go up
    not_eligible: int  # with the school, go up to be rejected
    drafts: int  # lack a fact and stay
    returned: int  # sent back and not yet handed in again
    beyond: int  # handed up before

    @property
    def to_report(self) -> int:
        """How many a report would hand up."""
        return self.eligible + self.not_eligible


def batch(session: Session, batch_id: UUID, *, by: Actor, lock: bool = False) -> ReportingBatch:
    """One batch; with `lock` nobody else moves it meanwhile. Raises BatchUnknown."""
    query = select(ReportingBatch).where(
        col(ReportingBatch.id) == batch_id, visible(ReportingBatch, by)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: ReportingBatch | None = session.execute(query).scalar_one_or_none()
    if found is None:
        raise BatchUnknown
    return found


def counts(session: Session, batch_: ReportingBatch) -> BatchCounts:
    """The cases of the batch's school in its round, by where they stand."""
    found = session.execute(
        select(*_counted()).where(
            col(Application.school_id) == batch_.school_id,
            col(Application.round_id) == batch_.round_id,
        )
    ).one()
    return BatchCounts(*(int(each) for each in found))


def batches(
    session: Session,
    asked: PageAsked,
    *,
    by: Actor,
    round_id: UUID | None,
    state: BatchState | None,
) -> Sequence[ReportingBatch]:
    """One page of batches within scope, by id."""
    query = select(ReportingBatch).where(visible(ReportingBatch, by))
    if round_id is not None:
        query = query.where(col(ReportingBatch.round_id) == round_id)
    if state is not None:
        query = query.where(col(ReportingBatch.state) == state)
    return session.execute(asked.cut(query, col(ReportingBatch.id))).scalars().all()


def board(
    session: Session,
    round_: ApplicationRound,
    asked: PageAsked,
    *,
    by: Actor,
    state: str | None,
) -> Sequence[Row[Any]]:
    """One page of the schools that may have cases in the round, and how far each is. One query.

    Columns: school_id, code, name, county_id, batch_id, standing, eligible, not_eligible, drafts,
    returned, beyond, reported_at.
    """
    seen = _board(session, round_, by=by).subquery()
    query = select(seen)
    if state is not None:
        query = query.where(seen.c.standing == state)
    return session.execute(asked.cut(query, seen.c.school_id)).all()


def board_totals(session: Session, round_: ApplicationRound, *, by: Actor) -> dict[str, int]:
    """How many schools stand where, every state named. One query."""
    seen = _board(session, round_, by=by).subquery()
    found = session.execute(select(seen.c.standing, func.count()).group_by(seen.c.standing)).all()
    return dict.fromkeys(BOARD_STATES, 0) | {str(name): int(many) for name, many in found}


def _board(session: Session, round_: ApplicationRound, *, by: Actor) -> Any:
    cases = (
        select(
            col(Application.school_id).label("school_id"),
            *_counted(),
        )
        .where(
            visible(Application, by),
            col(Application.programme) == round_.programme,
            col(Application.period) == round_.period,
            col(Application.state) != ApplicationState.WITHDRAWN,
        )
        .group_by(col(Application.school_id))
        .subquery()
    )
    return (
        select(
            col(School.id).label("school_id"),
            col(School.code),
            col(School.name),
            col(School.county_id),
            col(ReportingBatch.id).label("batch_id"),
            _standing().label("standing"),
            *(
                func.coalesce(cases.c[name], 0).label(name)
                for name in ("eligible", "not_eligible", "drafts", "returned", "beyond")
            ),
            col(ReportingBatch.reported_at),
        )
        .select_from(School)
        .outerjoin(
            ReportingBatch,
            and_(
                col(ReportingBatch.school_id) == School.id,
                col(ReportingBatch.round_id) == round_.id,
            ),
        )
        .outerjoin(cases, cases.c.school_id == School.id)
        .where(
            school_visible(by),
            or_(
                and_(col(School.active), may_have_cases(session, round_.programme, round_.period)),
                col(ReportingBatch.id).is_not(None),
                cases.c.school_id.is_not(None),
            ),
        )
    )


def _standing() -> ColumnElement[str]:
    return case(
        (col(ReportingBatch.id).is_(None), literal(NOT_REPORTED, String)),
        (col(ReportingBatch.zero), literal(ZERO, String)),
        else_=cast(col(ReportingBatch.state), String),
    )


def may_have_cases(session: Session, programme: str, period: str) -> ColumnElement[bool]:
    """Schools whose stage and place do not by themselves fail a criterion of the programme."""
    kinds = [(stage.value, area.value) for stage in Stage for area in SchoolArea]
    frame = pl.DataFrame(kinds, schema={"stage": pl.String, "school_area": pl.String}, orient="row")
    version = version_for(session, programme, period).version
    failed = engine.assess(frame, version).get_column("failed").to_list()
    possible = [kind for kind, fails in zip(kinds, failed, strict=True) if not fails]
    return tuple_(col(School.stage), col(School.school_area)).in_(possible)


def _counted() -> list[Any]:
    state = col(Application.state)
    with_school = state == ApplicationState.SUBMITTED
    fit = col(Application.eligible)
    behind = (ApplicationState.DRAFT, ApplicationState.SUBMITTED, ApplicationState.RETURNED)
    return [
        func.count().filter(with_school & fit).label("eligible"),
        func.count().filter(with_school & ~fit).label("not_eligible"),
        func.count().filter(state == ApplicationState.DRAFT).label("drafts"),
        func.count().filter(state == ApplicationState.RETURNED).label("returned"),
        func.count().filter(state.not_in([*behind, ApplicationState.WITHDRAWN])).label("beyond"),
    ]
