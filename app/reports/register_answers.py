"""What the lists tell of the aid itself: the needy who are not aided (应助未助)."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    FromClause,
    Select,
    SQLColumnExpression,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    select,
    true,
    values,
)
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlmodel import Session, col

from app.applications.models import Application, ApplicationState
from app.auth.models import Organisation
from app.core import db
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.core.staging import stage
from app.policy.calendar import normalise_period, school_year_of
from app.policy.engine import assess
from app.policy.facts import FACTS
from app.policy.queries import LoadedVersion, version_for
from app.registers.models import OutsideRegister, RegisterMatch
from app.registers.queries import holds
from app.registers.rules import NEEDY
from app.registry.models import Enrolment, School, Student

_UNKNOWN = "unknown"
_TOLD = ("stage", "school_area", "school_run_by")
_STAGED = (
    "student_id", "name", "school_id", "county_id", "stage", "grade", "class_name", "groups",
    "since", "name_agrees",
)  # fmt: skip
# A case on its way is no omission, nor is one that has arrived.
_NOT_YET = (ApplicationState.DRAFT, ApplicationState.REJECTED, ApplicationState.WITHDRAWN)


class NotAidedBecause(StrEnum):
    """Why somebody whom a list names has no aid."""

    NO_APPLICATION = "no_application"
    WITHDRAWN = "application_withdrawn"
    REJECTED = "rejected"  # `because` lists the criteria not met
    DRAFT = "draft"  # `because` lists the facts missing
    NAME_DIFFERS = "name_differs"  # the list writes another name; nobody has applied


@dataclass(frozen=True, kw_only=True)
class NeedySought:
    """Which programme and period is asked about, and what narrows the list."""

    programme: str
    period: str
    school_id: UUID | None = None
    county_id: UUID | None = None
    reason: NotAidedBecause | None = None


@dataclass(frozen=True)
class NotAidedCount:
    """How many of one school are not aided, by reason."""

    county_id: UUID
    county_name: str
    school_id: UUID
    school_name: str
    reason: NotAidedBecause
    count: int


def needy_not_aided(
    session: Session, sought: NeedySought, *, by: Actor, page: PageAsked | None = None
) -> Select[*tuple[Any, ...]]:
    """Students on a needy list during the period, for whom the programme is meant, without it.

    Columns student_id, name, resident_id (sealed), school_id, school_code, school_name, county_id,
    stage, grade, class_name, groups, since, name_agrees, application_id, application_number,
    reason, because; ordered by student; all of them, or the `fetch` of one page. The select lives
    as long as the transaction: it stands on a staged set. A case of another school counts as aid
    and is not shown. Raises ProgrammeNotFound, PeriodInvalid, PolicyVersionNotFound.
    """
    loaded = version_for(session, sought.programme, sought.period)
    period = normalise_period(loaded.programme, sought.period)
    of = (sought.programme, period)
    chosen = _chosen(_needy(loaded, period, sought, by), of, sought.reason, page=page, by=by)
    with db.city_scope(session, by):
        needy = stage(session, "needy", chosen, _STAGED)
    latest = _latest(needy, of, by=by)
    return (
        select(
            *needy.c,
            col(Student.resident_id),
            col(School.code).label("school_code"),
            col(School.name).label("school_name"),
            latest.c.id.label("application_id"),
            latest.c.number.label("application_number"),
            _reason(latest, needy).label("reason"),
            _because(latest).label("because"),
        )
        .select_from(needy)
        .join(Student, col(Student.id) == needy.c.student_id)
        .join(School, col(School.id) == needy.c.school_id)
        .outerjoin(latest, true())
        .order_by(needy.c.student_id)
    )


def not_aided_counts(session: Session, rows: Select[*tuple[Any, ...]]) -> list[NotAidedCount]:
    """The list counted by county, school and reason, in the order of the schools' codes."""
    listed = rows.order_by(None).subquery()
    place = (listed.c.county_id, col(Organisation.name), listed.c.school_id, listed.c.school_name)
    counted = (
        select(*place, listed.c.reason, func.count())
        .join(Organisation, col(Organisation.id) == listed.c.county_id)
        .group_by(*place, listed.c.school_code, listed.c.reason)
        .order_by(listed.c.school_code, listed.c.reason)
    )
    return [
        NotAidedCount(row[0], row[1], row[2], row[3], NotAidedBecause(row[4]), row[5])
        for row in session.execute(counted)
    ]


def _chosen(
    needy: Select[*tuple[Any, ...]],
    of: tuple[str, str],
    because: NotAidedBecause | None,
    *,
    page: PageAsked | None,
    by: Actor,
) -> Select[*tuple[Any, ...]]:
    """Those of the needy who are listed; asked in city scope, where every case is seen."""
    listed = needy.subquery("listed")
    chosen = select(*listed.c).where(not_(_aided(listed, of)))
    if because is not None:
        latest = _latest(listed, of, by=by)
        chosen = (
            chosen.select_from(listed)
            .outerjoin(latest, true())
            .where(_reason(latest, listed) == because.value)
        )
    if page is None:
        return chosen
    return page.cut(chosen, listed.c.student_id)


def _needy(
    loaded: LoadedVersion, period: str, sought: NeedySought, by: Actor
) -> Select[*tuple[Any, ...]]:
    first, last = loaded.programme.calendar.days_of(period)
    match = RegisterMatch
    group = col(match.special_group)
    there = and_(
        col(Enrolment.student_id) == Student.id,
        col(Enrolment.school_id) == Student.school_id,
        col(Enrolment.school_year) == school_year_of(period),
        col(Enrolment.left_on).is_(None),
    )
    # Asked in city scope, each table says for itself what the caller may see of it.
    met = [visible(table, by) for table in (Student, Enrolment, match)]
    met += [col(match.kind).in_(NEEDY), holds(first, last)]
    if sought.school_id is not None:
        met.append(col(Student.school_id) == sought.school_id)
    if sought.county_id is not None:
        met.append(col(Student.county_id) == sought.county_id)
    place = (
        col(Student.id), col(Student.name), col(Student.school_id), col(Student.county_id),
        col(Enrolment.stage), col(Enrolment.grade), col(Enrolment.class_name),
    )  # fmt: skip
    told: tuple[SQLColumnExpression[Any], ...] = (
        *place,
        func.array_agg(aggregate_order_by(group.distinct(), group), type_=ARRAY(String)),
        func.min(match.since, type_=Date),
        func.bool_or(match.name_agrees, type_=Boolean),
    )
    return (
        select(*(each.label(name) for name, each in zip(_STAGED, told, strict=True)))
        .select_from(match)
        .join(OutsideRegister, col(OutsideRegister.id) == match.register_id)
        .join(Student, col(Student.id) == match.student_id)
        .join(Enrolment, there)
        .join(School, col(School.id) == Student.school_id)
        .join(*_meant_for(loaded))
        .where(*met)
        .group_by(*place)
    )


def _meant_for(loaded: LoadedVersion) -> tuple[FromClause, ColumnElement[bool]]:
    """Joins an enrolment at a school to the programme where no criterion fails by that alone."""
    reach = values(
        named("stage", String), named("school_area", String), named("school_run_by", String),
        named("boards", String), name="reach",
    ).data(reached(loaded))  # fmt: skip
    joined = and_(
        reach.c.stage == cast(col(Enrolment.stage), String),
        reach.c.school_area == cast(col(School.school_area), String),
        reach.c.school_run_by == cast(col(School.run_by), String),
        reach.c.boards == func.coalesce(cast(col(Enrolment.boards), String), _UNKNOWN),
    )
    return reach, joined


def reached(loaded: LoadedVersion) -> list[tuple[str, str, str, str]]:
    """Every (stage, school_area, school_run_by, boards) that fails no criterion by itself.

    `boards` is true, false or unknown. What only the family can tell is left open: it is what the
    list of those who have not applied is for.
    """
    flags: dict[str, bool | None] = {"true": True, "false": False, _UNKNOWN: None}
    every = list(product(*([str(v) for v in FACTS[name].listed] for name in _TOLD), flags))
    shape = {**dict.fromkeys(_TOLD, pl.String), "boards": pl.Boolean}
    frame = pl.DataFrame(
        [(*told, flags[boards]) for *told, boards in every], schema=shape, orient="row"
    )
    eligible = assess(frame, loaded.version)["eligible"]
    kept = [case_ for case_, met in zip(every, eligible, strict=True) if met is not False]
    return [(each[0], each[1], each[2], each[3]) for each in kept]


def _cases(needy: FromClause, of: tuple[str, str]) -> ColumnElement[bool]:
    """The cases of one of the needy in a programme and period."""
    programme, period = of
    return and_(
        col(Application.student_id) == needy.c.student_id,
        col(Application.programme) == programme,
        col(Application.period) == period,
    )


def _aided(needy: FromClause, of: tuple[str, str]) -> ColumnElement[bool]:
    """Whether somebody has a case under way or an award, at whatever school."""
    return exists().where(_cases(needy, of), col(Application.state).not_in(_NOT_YET))


def _latest(needy: FromClause, of: tuple[str, str], *, by: Actor) -> Any:
    """The newest case of each that the caller sees."""
    return (
        select(Application)
        .where(_cases(needy, of), visible(Application, by))
        .order_by(col(Application.id).desc())
        .limit(1)
        .lateral("latest")
    )


def _reason(latest: Any, needy: FromClause) -> ColumnElement[str]:
    reason = NotAidedBecause
    return case(
        (latest.c.state == ApplicationState.DRAFT, literal(reason.DRAFT.value)),
        (latest.c.state == ApplicationState.REJECTED, literal(reason.REJECTED.value)),
        (latest.c.state == ApplicationState.WITHDRAWN, literal(reason.WITHDRAWN.value)),
        (needy.c.name_agrees.is_(False), literal(reason.NAME_DIFFERS.value)),
        else_=literal(reason.NO_APPLICATION.value),
    )


def _because(latest: Any) -> ColumnElement[Any]:
    return case(
        (latest.c.state == ApplicationState.DRAFT, latest.c.missing),
        (latest.c.state == ApplicationState.REJECTED, latest.c.failed),
        else_=cast(literal([], ARRAY(String)), ARRAY(String)),
    )
