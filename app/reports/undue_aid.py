"""Who is aided and should not be (不应助而助): the deceased, those who left, those on two rolls."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    Select,
    String,
    Table,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.applications.models import Application
from app.awards.models import Award, AwardState, Instalment, InstalmentState
from app.core import db
from app.core.actor import Actor
from app.core.scoping import visible
from app.core.staging import stage
from app.policy.calendar import parse_period, school_year_of, terms_of
from app.policy.queries import in_force
from app.registers.models import RegisterKind, RegisterMatch
from app.registers.queries import stands
from app.registry.models import Enrolment, IdentityState, School, Student

_STAGED = ("student_id", "findings", "deceased_on", "left_on", "name_agrees")
_UNPAID = (
    InstalmentState.AWAITING_APPROPRIATION,
    InstalmentState.COMMITTED,
    InstalmentState.IN_RUN,
)


class Undue(StrEnum):
    """Why an award should not run on."""

    DECEASED = "deceased"
    LEFT = "left"
    TWO_ROLLS = "two_rolls"


@dataclass(frozen=True, kw_only=True)
class UndueSought:
    """Which period's awards are asked about, and what narrows the list."""

    period: str
    programme: str | None = None
    school_id: UUID | None = None
    finding: Undue | None = None


def undue_aid(session: Session, sought: UndueSought, *, by: Actor) -> Select[*tuple[Any, ...]]:
    """Live awards of the period whose student is dead, gone or on two rolls, by award.

    A term's question takes in awards of its school year, a school year's those of both terms.
    Columns award_id, application_number, programme, period, student_id, name, resident_id,
    school_id, school_code, school_name, county_id, findings, deceased_on, left_on, name_agrees
    (of the list of deaths), unpaid_fen and paid_fen. The two sums are of instalments due after the
    day of death or leaving, of all for who is on two rolls: what was due before was earned, and a
    supplement is for days before the leaving, whenever it is due. An award without any is left out.
    The select lives as long as the transaction. Raises PeriodInvalid.
    """
    periods = _periods(sought.period)
    awarded = select(col(Award.student_id)).where(*_live(sought, periods), visible(Award, by))
    whose = stage(session, "awarded", awarded.distinct(), ("student_id",))
    with db.city_scope(session, by):
        # What another school knows decides, and nothing of it is shown.
        found = stage(session, "undue", _findings(whose, sought.period), _STAGED)
    rows = _rows(found).where(*_live(sought, periods), visible(Award, by))
    if sought.finding is not None:
        rows = rows.where(literal(sought.finding.value) == func.any(found.c.findings))
    return rows


def _periods(asked: str) -> tuple[str, ...]:
    period = parse_period(asked)
    if period.kind == "term":
        return (period.text, period.school_year)
    return (period.text, *terms_of(period.text))


def _live(sought: UndueSought, periods: tuple[str, ...]) -> list[Any]:
    met: list[Any] = [
        col(Award.state) != AwardState.CANCELLED,
        col(Award.period).in_(periods),
    ]
    if sought.programme is not None:
        met.append(col(Award.programme) == sought.programme)
    if sought.school_id is not None:
        met.append(col(Award.school_id) == sought.school_id)
    return met


def _rows(found: Table) -> Select[*tuple[Any, ...]]:
    """One row an award, with the sums of what is due after the day that counts."""
    on_two = literal(Undue.TWO_ROLLS.value) == func.any(found.c.findings)
    due, supplement = col(Instalment.due_on), col(Instalment.supplement_version_id)
    after = or_(
        on_two,
        due > found.c.deceased_on,
        and_(due > found.c.left_on, supplement.is_(None)),
    )
    sums = [
        func.coalesce(func.sum(Instalment.amount_fen).filter(after, states), 0)
        for states in (
            col(Instalment.state).in_(_UNPAID),
            col(Instalment.state) == InstalmentState.PAID,
        )
    ]
    unpaid, paid = (cast(each, BigInteger) for each in sums)
    keys = (
        col(Award.id).label("award_id"),
        col(Application.number).label("application_number"),
        col(Award.programme),
        col(Award.period),
        col(Award.student_id),
        col(Application.student_name).label("name"),
        col(Student.resident_id),
        col(Award.school_id),
        col(School.code).label("school_code"),
        col(School.name).label("school_name"),
        col(Award.county_id),
        *(found.c[name] for name in _STAGED[1:]),
    )
    return (
        select(*keys, unpaid.label("unpaid_fen"), paid.label("paid_fen"))
        .select_from(Award)
        .join(found, found.c.student_id == col(Award.student_id))
        .join(Application, col(Application.id) == col(Award.application_id))
        .join(School, col(School.id) == col(Award.school_id))
        .join(Instalment, col(Instalment.award_id) == col(Award.id))
        # A student who moved out of sight keeps the award here, without the number.
        .outerjoin(Student, col(Student.id) == col(Award.student_id))
        .group_by(*keys)
        .having(unpaid + paid > 0)
        .order_by(col(Award.id))
    )


def _findings(whose: Table, period: str) -> Select[*tuple[Any, ...]]:
    """What is found of each student, as `_STAGED` names it."""
    each = union_all(
        _deceased(whose),
        _left(whose, period),
        _two_rolls(whose, period),
        _same_person(whose, period),
    ).subquery()
    finding, day = each.c.finding, each.c.day
    return select(
        each.c.student_id,
        func.array_agg(aggregate_order_by(finding.distinct(), finding), type_=ARRAY(String)),
        func.min(day, type_=Date).filter(finding == Undue.DECEASED.value),
        func.min(day, type_=Date).filter(finding == Undue.LEFT.value),
        func.bool_and(each.c.name_agrees, type_=Boolean),
    ).group_by(each.c.student_id)


def _deceased(whose: Table) -> Select[*tuple[Any, ...]]:
    match = RegisterMatch
    return (
        select(
            col(match.student_id).label("student_id"),
            literal(Undue.DECEASED.value).label("finding"),
            func.min(match.since, type_=Date).label("day"),
            func.bool_or(match.name_agrees, type_=Boolean).label("name_agrees"),
        )
        .join(whose, whose.c.student_id == col(match.student_id))
        .where(col(match.kind) == RegisterKind.DECEASED, stands())
        .group_by(col(match.student_id))
    )


def _left(whose: Table, period: str) -> Select[*tuple[Any, ...]]:
    """Everyone whose every enrolment of the school year is closed."""
    return (
        select(
            col(Enrolment.student_id),
            literal(Undue.LEFT.value),
            func.max(Enrolment.left_on, type_=Date),
            cast(null(), Boolean),
        )
        .join(whose, whose.c.student_id == col(Enrolment.student_id))
        .where(col(Enrolment.school_year) == school_year_of(period))
        .group_by(col(Enrolment.student_id))
        .having(func.bool_and(col(Enrolment.left_on).is_not(None)))
    )


def _two_rolls(whose: Table, period: str) -> Select[*tuple[Any, ...]]:
    """Everyone still on this school year's roll who entered another school before its end."""
    last = in_force().calendar.days_of(period)[1]
    here: Any = aliased(Enrolment)
    there: Any = aliased(Enrolment)
    both = and_(
        there.student_id == here.student_id,
        there.school_id != here.school_id,
        there.school_year > here.school_year,
        there.left_on.is_(None),
        there.entered_on <= last,
    )
    return (
        select(
            here.student_id,
            literal(Undue.TWO_ROLLS.value),
            cast(null(), Date),
            cast(null(), Boolean),
        )
        .join(whose, whose.c.student_id == here.student_id)
        .join(there, both)
        .where(here.school_year == school_year_of(period), here.left_on.is_(None))
    )


def _same_person(whose: Table, period: str) -> Select[*tuple[Any, ...]]:
    """Everyone whose name and birth date stand on another roll of the year without an id."""
    one: Any = aliased(Student)
    other: Any = aliased(Student)
    alike = and_(
        other.name == one.name,
        other.birth_on == one.birth_on,
        other.id != one.id,
        or_(one.identity != IdentityState.DOCUMENTED, other.identity != IdentityState.DOCUMENTED),
    )
    rolls = [
        select(literal(1))
        .where(
            col(Enrolment.student_id) == each.id,
            col(Enrolment.school_year) == school_year_of(period),
            col(Enrolment.left_on).is_(None),
        )
        .exists()
        for each in (one, other)
    ]
    return (
        select(one.id, literal(Undue.TWO_ROLLS.value), cast(null(), Date), cast(null(), Boolean))
        .join(whose, whose.c.student_id == one.id)
        .join(other, alike)
        .where(*rolls)
    )
