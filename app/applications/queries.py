"""Reads rounds and cases within the caller's scope."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Uuid, and_, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col
from sqlmodel import select as select_model

from app.applications.errors import CaseUnknown, NobodyApplies, RoundUnknown
from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    Decision,
    ReportingBatch,
    Step,
    Submission,
)
from app.applications.rules import OVER
from app.auth.models import Organisation
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible_class
from app.policy.queries import in_force
from app.registry.models import School


@dataclass(frozen=True)
class CaseFilter:
    """Which cases; None asks for nothing."""

    programme: str | None = None
    period: str | None = None
    state: ApplicationState | None = None
    step: Step | None = None
    school: str | None = None  # its code
    county: str | None = None  # the office's code
    eligible: bool | None = None
    hardship: int | None = None
    name: str | None = None
    number: str | None = None
    class_name: str | None = None
    grade: int | None = None


@dataclass(frozen=True)
class Listed:
    """A case in a list, with its school's code and name."""

    case: Application
    school_code: str
    school_name: str


@dataclass(frozen=True)
class Case:
    """A case whole: its newest submission and every decision, oldest first."""

    case: Application
    school_code: str
    school_name: str
    facts: dict[str, Any]
    policy_version_id: UUID
    decisions: Sequence[Row[Any]]


@dataclass(frozen=True)
class Live:
    """A student's application that is not over, as its newest submission has it."""

    id: UUID
    number: str
    student_id: UUID
    school_id: UUID
    state: ApplicationState
    submission_no: int
    facts: dict[str, Any]
    amount_fen: int | None
    failed: list[str]
    missing: list[str]


def as_it_stands() -> ColumnElement[bool]:
    """Joins a case to its newest submission."""
    return and_(
        col(Submission.application_id) == Application.id,
        col(Submission.submission_no) == Application.submission_no,
    )


def round_by_id(session: Session, round_id: UUID) -> ApplicationRound:
    """A round. Raises RoundUnknown."""
    found = session.exec(
        select_model(ApplicationRound)
        .where(col(ApplicationRound.id) == round_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise RoundUnknown("没有这个申报轮次。", "There is no such round.")
    return found


def round_of(session: Session, programme: str, period: str) -> ApplicationRound:
    """The round of a programme and a normalised period. Raises RoundUnknown, NobodyApplies."""
    table = ApplicationRound
    found = session.exec(
        select_model(table)
        .where(col(table.programme) == programme, col(table.period) == period)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        known = in_force().programmes.get(programme)
        if known is not None and known.payee == "school":
            raise NobodyApplies(programme)
        raise RoundUnknown(
            f"{programme} {period} 没有申报轮次；请核对项目和学期，或等市级资助中心开放申报。",
            f"There is no round of {programme} for {period}; check both, or wait for the city "
            "centre to open one.",
            facts={"programme": programme, "period": period},
        )
    return found


def rounds(
    session: Session, page: PageAsked, *, programme: str | None, period: str | None
) -> Sequence[ApplicationRound]:
    """Rounds, oldest first; they are nobody's in particular, so everybody sees them."""
    table = ApplicationRound
    wanted = page.cut(select_model(table), col(table.id))
    if programme is not None:
        wanted = wanted.where(col(table.programme) == programme)
    if period is not None:
        wanted = wanted.where(col(table.period) == period)
    return session.exec(wanted).all()


def live_cases(
    session: Session, student_ids: Iterable[UUID], *, programme: str, period: str
) -> dict[UUID, Live]:
    """The applications of these students that are not over, by student, within row security."""
    a, s = Application, Submission
    found = session.execute(
        select(
            col(a.id), col(a.number), col(a.student_id), col(a.school_id), col(a.state),
            col(a.submission_no), col(s.facts), col(a.amount_fen), col(a.failed), col(a.missing),
        )
        .join(
            s,
            as_it_stands(),
        )
        .where(
            col(a.student_id) == any_(bindparam("students", list(student_ids), ARRAY(Uuid()))),
            col(a.programme) == programme,
            col(a.period) == period,
            col(a.state).not_in(OVER),
        )
    )  # fmt: skip
    return {row.student_id: Live(*row) for row in found}


def closed_schools(session: Session, round_id: UUID, school_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the schools whose batch of the round is endorsed or reported.

    Holds the batches against being endorsed until this transaction is over.
    """
    b = ReportingBatch
    rows = session.execute(
        select(col(b.school_id), col(b.state))
        .where(col(b.school_id).in_(school_ids), col(b.round_id) == round_id)
        .order_by(col(b.id))
        .with_for_update(read=True)
    )
    return {school for school, state in rows if state != "filling"}


def narrow(by: Actor, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter on Application, the caller's scope and own class first."""
    a = Application
    plain = {
        "programme": a.programme,
        "period": a.period,
        "state": a.state,
        "step": a.step,
        "eligible": a.eligible,
        "hardship": a.hardship,
        "name": a.student_name,
        "number": a.number,
        "class_name": a.class_name,
        "grade": a.grade,
    }
    conditions = [visible_class(a, by)]
    for name, column in plain.items():
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(col(column) == value)
    if wanted.school is not None:
        conditions.append(col(a.school_id) == _office(wanted.school))
    if wanted.county is not None:
        conditions.append(col(a.county_id) == _office(wanted.county))
    return conditions


def cases(session: Session, by: Actor, wanted: CaseFilter, page: PageAsked) -> list[Listed]:
    """One page of cases within scope, in the order in which they came."""
    a = Application
    statement = (
        select(a, col(School.code), col(School.name))
        .join(School, col(School.id) == col(a.school_id))
        .where(*narrow(by, wanted))
    )
    return [Listed(*row) for row in session.execute(page.cut(statement, col(a.id)))]


def require_seen(session: Session, application_id: UUID, *, by: Actor) -> None:
    """Raises CaseUnknown for a case out of sight; a teacher sees those of the own class."""
    there = select(col(Application.id)).where(
        col(Application.id) == application_id, visible_class(Application, by)
    )
    if session.execute(there).one_or_none() is None:
        raise CaseUnknown


@cache
def _whole() -> Select[Any]:
    """Cases whole, each with a row a decision, or one without any: made up once, for it is long."""
    a, s, d = Application, Submission, Decision
    return (
        select(
            a, col(School.code), col(School.name), col(s.facts), col(s.policy_version_id),
            col(d.id), col(d.submission_no), col(d.step), col(d.verdict), col(d.reason),
            col(d.decided_at), col(d.decided_by),
        )
        .join(s, as_it_stands())
        .join(School, col(School.id) == col(a.school_id))
        .outerjoin(d, col(d.application_id) == col(a.id))
        .order_by(col(d.id))
        .execution_options(populate_existing=True)
    )  # fmt: skip


def case(session: Session, by: Actor, application_id: UUID) -> Case:
    """A case with its facts and decisions, in one statement. Raises CaseUnknown."""
    seen = visible_class(Application, by)
    found = session.execute(_whole().where(col(Application.id) == application_id, seen)).all()
    if not found:
        raise CaseUnknown
    whole, code, name, facts, version_id = found[0][:5]
    decisions = [row for row in found if row.id is not None]
    return Case(whole, code, name, facts, version_id, decisions)


def _office(code: str) -> Any:
    return select(col(Organisation.id)).where(col(Organisation.code) == code).scalar_subquery()
