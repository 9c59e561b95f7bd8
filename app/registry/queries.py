"""What others ask of the registry."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import ColumnElement, false, func, not_
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.core.actor import Actor, Scope
from app.core.paging import PageAsked
from app.core.scoping import visible, visible_class
from app.registry import numbers, rules
from app.registry.errors import (
    HouseholdNotFound,
    SchoolNotFound,
    SchoolNotSaid,
    StudentNotFound,
    TransferNotFound,
)
from app.registry.models import (
    AccountState,
    BankAccount,
    Enrolment,
    EnrolmentConfirmation,
    Household,
    IdentityState,
    School,
    Stage,
    Student,
    TransferRequest,
    TransferState,
)

CLASS_OF = """(SELECT concat_ws('年级 ', e.grade, e.class_name || '班') FROM enrolment e
    WHERE e.student_id = p.student_id AND e.school_id = p.school_id
    ORDER BY e.school_year DESC LIMIT 1)"""
"""The class a student was last in at a school, as a column beside a row `p` that has both."""


@dataclass(frozen=True, kw_only=True)
class SchoolsSought:
    """Filters of a list of schools; `name` is how it begins."""

    county_id: UUID | None = None
    stage: Stage | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class StudentsSought:
    """Filters of a list of students; name and 18-digit id are exact."""

    name: str | None = None
    resident_id: str | None = None
    school_id: UUID | None = None
    grade: int | None = None
    class_name: str | None = None
    identity: IdentityState | None = None


@dataclass(frozen=True, kw_only=True)
class AccountsSought:
    """Filters of a list of accounts."""

    school_id: UUID | None = None
    state: AccountState | None = None


SCHOOLS_SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    "code": pl.String(),
    "name": pl.String(),
    "stage": pl.String(),
    "school_area": pl.String(),
    "run_by": pl.String(),
    "county_id": pl.String(),
    "division_code": pl.String(),
}


def school_visible(actor: Actor) -> ColumnElement[bool]:
    """Schools the actor can see; a school's own id stands where others have `school_id`."""
    if actor.scope is Scope.SCHOOL:
        return col(School.id) == actor.school_id
    return visible(School, actor)


def schools_in_scope(session: Session, actor: Actor) -> pl.DataFrame:
    """Every active school the actor may act for, by code; ids as text."""
    found = session.execute(
        columns(*(col(getattr(School, name)) for name in SCHOOLS_SCHEMA))
        .where(school_visible(actor), col(School.active))
        .order_by(col(School.code))
    )
    rows = [tuple(map(str, one)) for one in found]
    return pl.DataFrame(rows, schema=SCHOOLS_SCHEMA, orient="row")


def present_enrolment(student: Any = Student) -> Any:
    """Whether `Enrolment` is the open enrolment of the latest school year of the student."""
    later = aliased(Enrolment)
    newer = (
        select(later.id)
        .where(
            later.student_id == col(Enrolment.student_id),
            col(later.left_on).is_(None),
            later.school_year > Enrolment.school_year,
        )
        .exists()
    )
    return (
        (col(Enrolment.student_id) == student.id) & col(Enrolment.left_on).is_(None) & not_(newer)
    )


def student_visible(actor: Actor) -> ColumnElement[bool]:
    """Students the actor can see; a class teacher those of the own class alone."""
    scope = visible(Student, actor)
    if not actor.own_class_only:
        return scope
    own = select(col(Enrolment.id)).where(present_enrolment(), visible_class(Enrolment, actor))
    return scope & own.exists()


def school(session: Session, school_id: UUID, actor: Actor) -> School:
    """One school. Raises SchoolNotFound."""
    found = session.exec(
        select(School).where(col(School.id) == school_id, school_visible(actor))
    ).one_or_none()
    if found is None:
        raise SchoolNotFound
    return found


def school_for(session: Session, school_id: UUID | None, actor: Actor) -> School:
    """The school an act is for: the actor's own, or the one an office names.

    Raises SchoolNotSaid, SchoolNotFound.
    """
    named = school_id if school_id is not None else actor.school_id
    if named is None:
        raise SchoolNotSaid
    return school(session, named, actor)


def schools(
    session: Session, actor: Actor, asked: PageAsked, sought: SchoolsSought
) -> list[School]:
    """Schools in scope that fit every filter given, by id."""
    query = select(School).where(school_visible(actor))
    if sought.county_id is not None:
        query = query.where(col(School.county_id) == sought.county_id)
    if sought.stage is not None:
        query = query.where(col(School.stage) == sought.stage)
    if sought.name is not None:
        query = query.where(col(School.name).startswith(sought.name, autoescape=True))
    return _page(session, query, School, asked)


def student(session: Session, student_id: UUID, actor: Actor) -> Student:
    """One student. Raises StudentNotFound."""
    found = session.exec(
        select(Student).where(col(Student.id) == student_id, student_visible(actor))
    ).one_or_none()
    if found is None:
        raise StudentNotFound
    return found


def students_select(actor: Actor, sought: StudentsSought) -> Any:
    """The select of the students in scope that fit every filter given; lists and exports use it."""
    query = select(Student).where(student_visible(actor))
    if sought.name is not None:
        query = query.where(col(Student.name) == sought.name)
    if sought.resident_id is not None:
        index = numbers.resident_index(sought.resident_id)
        query = query.where(col(Student.resident_id_index) == index)
    if sought.school_id is not None:
        query = query.where(col(Student.school_id) == sought.school_id)
    if sought.identity is not None:
        query = query.where(col(Student.identity) == sought.identity)
    if sought.grade is not None or sought.class_name is not None:
        there = select(col(Enrolment.id)).where(present_enrolment())
        if sought.grade is not None:
            there = there.where(col(Enrolment.grade) == sought.grade)
        if sought.class_name is not None:
            there = there.where(col(Enrolment.class_name) == sought.class_name)
        query = query.where(there.exists())
    return query


def students(
    session: Session, actor: Actor, asked: PageAsked, sought: StudentsSought
) -> list[Student]:
    """Students in scope that fit every filter given, by id."""
    return _page(session, students_select(actor, sought), Student, asked)


def enrolments_of(session: Session, student_id: UUID, actor: Actor) -> list[Enrolment]:
    """A student's enrolments, newest first, as far as they lie in scope. Raises StudentNotFound."""
    student(session, student_id, actor)
    query = (
        select(Enrolment)
        .where(col(Enrolment.student_id) == student_id, visible(Enrolment, actor))
        .order_by(col(Enrolment.school_year).desc(), col(Enrolment.made_at).desc())
    )
    return list(session.exec(query))


def household(session: Session, student_id: UUID, school_year: str, actor: Actor) -> Household:
    """A student's family in a school year. Raises StudentNotFound, HouseholdNotFound."""
    student(session, student_id, actor)
    found = session.exec(
        select(Household).where(
            col(Household.student_id) == student_id,
            col(Household.school_year) == school_year,
            visible(Household, actor),
        )
    ).one_or_none()
    if found is None:
        raise HouseholdNotFound
    return found


def accounts_of(session: Session, student_id: UUID, actor: Actor) -> list[BankAccount]:
    """A student's accounts, newest first. Raises StudentNotFound."""
    student(session, student_id, actor)
    query = (
        select(BankAccount)
        .where(col(BankAccount.student_id) == student_id, visible(BankAccount, actor))
        .order_by(col(BankAccount.made_at).desc())
    )
    return list(session.exec(query))


def accounts(
    session: Session, actor: Actor, asked: PageAsked, sought: AccountsSought
) -> list[BankAccount]:
    """Accounts in scope that fit every filter given, by id."""
    query = select(BankAccount).where(visible(BankAccount, actor))
    if sought.school_id is not None:
        query = query.where(col(BankAccount.school_id) == sought.school_id)
    if sought.state is not None:
        query = query.where(col(BankAccount.state) == sought.state)
    return _page(session, query, BankAccount, asked)


def unconfirmed(session: Session, actor: Actor, school_id: UUID | None) -> tuple[int, int]:
    """How many accounts wait for confirmation, and how many of them the actor entered."""
    own = func.count().filter(col(BankAccount.made_by) == actor.id)
    query = select(func.count(), own).where(
        visible(BankAccount, actor), col(BankAccount.state) == AccountState.UNCONFIRMED
    )
    if school_id is not None:
        query = query.where(col(BankAccount.school_id) == school_id)
    total, mine = session.exec(query).one()
    return total, mine


def transfer_visible(actor: Actor) -> ColumnElement[bool]:
    """Transfers to or from where the actor can see; none for who sees one class alone."""
    if actor.own_class_only:
        return false()
    if actor.scope is Scope.COUNTY:
        old = col(TransferRequest.from_county_id) == actor.county_id
    elif actor.scope is Scope.SCHOOL:
        old = col(TransferRequest.from_school_id) == actor.school_id
    else:
        return visible(TransferRequest, actor)
    return visible(TransferRequest, actor) | old


def transfer(session: Session, actor: Actor, transfer_id: UUID) -> TransferRequest:
    """One transfer to or from the actor's schools. Raises TransferNotFound."""
    found = session.exec(
        select(TransferRequest).where(
            col(TransferRequest.id) == transfer_id, transfer_visible(actor)
        )
    ).one_or_none()
    if found is None:
        raise TransferNotFound
    return found


def transfers(
    session: Session, actor: Actor, asked: PageAsked, state: TransferState | None
) -> list[TransferRequest]:
    """Transfers to or from the actor's schools, by id."""
    query = select(TransferRequest).where(transfer_visible(actor))
    if state is not None:
        query = query.where(col(TransferRequest.state) == state)
    return _page(session, query, TransferRequest, asked)


def enrolled_for(term: str) -> Any:
    """Joins a student to the enrolment at the present school in the term's school year.

    The open one, or the one that ended only with the graduation.
    """
    return (
        (col(Enrolment.student_id) == Student.id)
        & (col(Enrolment.school_id) == Student.school_id)
        & (col(Enrolment.school_year) == rules.school_year_of_term(term))
        & (col(Enrolment.left_on).is_(None) | col(Enrolment.graduated))
    )


def enrolled(
    session: Session, school_id: UUID, term: str, asked: PageAsked
) -> tuple[int, list[tuple[Student, Enrolment]]]:
    """How many a school has enrolled for a term, and one page of them by student id."""
    base = select(Student, Enrolment).join(Enrolment, enrolled_for(term))
    base = base.where(col(Student.school_id) == school_id)
    count = session.execute(select(func.count()).select_from(base.subquery())).scalar_one()
    return count, [(row[0], row[1]) for row in _page(session, base, Student, asked)]


def confirmations(
    session: Session, actor: Actor, asked: PageAsked, term: str | None
) -> list[EnrolmentConfirmation]:
    """Enrolment confirmations in scope, by id."""
    query = select(EnrolmentConfirmation).where(visible(EnrolmentConfirmation, actor))
    if term is not None:
        query = query.where(col(EnrolmentConfirmation.term) == term)
    return _page(session, query, EnrolmentConfirmation, asked)


def _page(session: Session, query: Any, table: Any, asked: PageAsked) -> list[Any]:
    return list(session.exec(asked.cut(query, table.id)))
