"""Reads lists and whom they name; what holds of a student on a day or in a period."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    Uuid,
    any_,
    case,
    exists,
    func,
    literal,
    not_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.core import db
from app.core.actor import Actor, Scope
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.core.staging import Rows
from app.policy.facts import FACTS
from app.registers.errors import RegisterUnknown
from app.registers.models import (
    Basis,
    OutsideRegister,
    RegisterKind,
    RegisterMatch,
    RegisterRefusal,
)
from app.registers.permission import Students
from app.registers.rules import SNAPSHOTS
from app.registry.id_correction_models import CorrectionState, ResidentIdCorrection
from app.registry.models import School, Student
from app.sheets.taking import TakingState

GROUP, TRAINEE = "special_group", "state_funded_trainee"
LISTED_FACTS = frozenset({GROUP, TRAINEE})
"""The facts of the vocabulary that other departments' lists tell."""

KNOWN_SCHEMA: dict[str, pl.DataType] = {
    "student_id": pl.String(),
    GROUP: pl.String(),
    f"{GROUP}_on": pl.Date(),
    TRAINEE: pl.Boolean(),
    f"{TRAINEE}_on": pl.Date(),
}


def head_visible(by: Actor) -> ColumnElement[bool]:
    """Lists the actor can see: the own county's and the city's."""
    shown = visible(OutsideRegister, by)
    if by.scope is Scope.COUNTY:
        return shown | col(OutsideRegister.county_id).is_(None)
    return shown


def may_change(record: OutsideRegister, by: Actor) -> bool:
    """Whether the list is the actor's own to match: a county sees the city's, no more."""
    return by.scope is Scope.CITY or record.county_id == by.county_id


def one(session: Session, register_id: UUID, by: Actor) -> OutsideRegister:
    """A list. Raises RegisterUnknown."""
    found: OutsideRegister | None = session.execute(
        select(OutsideRegister).where(col(OutsideRegister.id) == register_id, head_visible(by))
    ).scalar_one_or_none()
    if found is None:
        raise RegisterUnknown
    return found


def first_of(session: Session, sha256: bytes, kind: RegisterKind, county_id: UUID | None) -> UUID:
    """The list of that kind that has these bytes already."""
    table = OutsideRegister
    first: UUID = session.execute(
        select(col(table.id)).where(
            col(table.sha256) == sha256,
            col(table.kind) == kind,
            col(table.county_id).is_not_distinct_from(county_id),
            col(table.state).not_in([TakingState.REFUSED, TakingState.FAILED]),
        )
    ).scalar_one()
    return first


def registers(
    session: Session, by: Actor, page: PageAsked, *, kind: RegisterKind | None
) -> Sequence[OutsideRegister]:
    """One page of lists, the newest first."""
    table = OutsideRegister
    wanted = page.cut(select(table).where(head_visible(by)), col(table.id), newest_first=True)
    if kind is not None:
        wanted = wanted.where(col(table.kind) == kind)
    return session.execute(wanted).scalars().all()


def refusals(
    session: Session, record: OutsideRegister, by: Actor, page: PageAsked
) -> Sequence[RegisterRefusal]:
    """One page of the rows that were not taken, in the file's order; the cursor counts lines.

    A county sees none of a list of the city's: its rows are not its own.
    """
    table = RegisterRefusal
    wanted = select(table).where(col(table.register_id) == record.id, visible(table, by))
    return session.execute(page.cut_lines(wanted, col(table.id))).scalars().all()


def matches(
    session: Session, record: OutsideRegister, by: Actor, page: PageAsked
) -> Sequence[Row[Any]]:
    """One page of a list's (match, student's name, school's name) in scope, by student id."""
    table = RegisterMatch
    wanted = (
        select(table, col(Student.name), col(School.name))
        .join(Student, col(Student.id) == table.student_id)
        .join(School, col(School.id) == table.school_id)
        .where(col(table.register_id) == record.id, visible(table, by))
    )
    return session.execute(page.cut(wanted, col(table.student_id))).all()


def current(basis: Basis) -> Select[UUID]:
    """The ids of the lists on that basis that no newer one of the same office replaces."""
    table, newer = OutsideRegister, aliased(OutsideRegister)
    return select(col(table.id)).where(
        col(table.state) == TakingState.DONE,
        col(table.basis) == basis,
        not_(_replaces(newer, table)),
    )


def _replaces(newer: Any, older: Any, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a newer list of the same kind, office and county is there."""
    return exists(
        select(newer.id).where(
            newer.state == TakingState.DONE,
            newer.kind == older.kind,
            newer.kind.in_(SNAPSHOTS),
            newer.issued_by == older.issued_by,
            newer.county_id.is_not_distinct_from(older.county_id),
            newer.as_of > older.as_of,
            *more,
        )
    )


def stands() -> ColumnElement[bool]:
    """Whether a `RegisterMatch` was made by the number its student has now.

    One made before the number was corrected may be of somebody else.
    """
    match, correction = RegisterMatch, ResidentIdCorrection
    return not_(
        exists(
            select(col(correction.id)).where(
                col(correction.student_id) == col(match.student_id),
                col(correction.state) == CorrectionState.CONFIRMED,
                col(correction.settled_at) >= col(match.matched_at),
            )
        )
    )


def holds(first: date, last: date) -> ColumnElement[bool]:
    """Whether a `RegisterMatch` joined to its `OutsideRegister` holds on some day of the two.

    The person is on the list from `since` to `until`, and until the office's next list of the
    kind, which says again who is. Deaths add up: no list replaces an earlier one.
    """
    match, newer = RegisterMatch, aliased(OutsideRegister)
    begins = func.greatest(col(match.since), first)
    return (
        (col(match.since) <= last)
        & (col(match.until).is_(None) | (col(match.until) >= first))
        & stands()
        & not_(_replaces(newer, OutsideRegister, newer.as_of <= begins))
    )


def recognisable(register_id: UUID) -> Select[UUID, UUID, UUID, str | None, date]:
    """The students a list alone makes a group of.

    Columns student_id, school_id, county_id, special_group, since. Who is written otherwise on
    the list than at school is left out: somebody must look first.
    """
    return _needy(register_id).where(col(RegisterMatch.name_agrees))


def differing(register_id: UUID) -> Select[UUID, UUID, UUID, str | None, date]:
    """As `recognisable`: those left out, whose name on the list is not the one at school."""
    return _needy(register_id).where(col(RegisterMatch.name_agrees).is_(False))


def held_in(register_id: UUID, first: date, last: date) -> Select[*tuple[UUID]]:
    """The students whom a list names on some day of the two, as far as no newer one replaces it."""
    return (
        select(col(RegisterMatch.student_id))
        .join(OutsideRegister, col(OutsideRegister.id) == RegisterMatch.register_id)
        .where(col(RegisterMatch.register_id) == register_id, holds(first, last))
    )


def _needy(register_id: UUID) -> Select[UUID, UUID, UUID, str | None, date]:
    match = RegisterMatch
    return select(
        col(match.student_id),
        col(match.school_id),
        col(match.county_id),
        col(match.special_group),
        col(match.since),
    ).where(col(match.register_id) == register_id, col(match.special_group).is_not(None), stands())


def facts_select(students: Students, on: date) -> Rows:
    """As `facts_for`, as a select to join with."""
    match = RegisterMatch
    group = col(match.special_group)
    return (
        select(
            col(match.student_id),
            func.array_agg(aggregate_order_by(group.distinct(), group), type_=ARRAY(String)),
        )
        .join(OutsideRegister, col(OutsideRegister.id) == match.register_id)
        .where(
            col(match.student_id).in_(students),
            group.is_not(None),
            col(match.name_agrees),
            holds(on, on),
        )
        .group_by(col(match.student_id))
    )


def facts_for(session: Session, students: Students, on: date) -> dict[UUID, list[str]]:
    """The special groups, sorted, that the lists give each of these students on a day.

    A student whom no list names is not in the answer; nor does a list count on which the name
    differs from the school's.
    """
    found = session.execute(facts_select(students, on))
    return {student: list(groups) for student, groups in found}


def known_for(
    session: Session, students: Collection[UUID], names: Collection[str], on: date, *, by: Actor
) -> pl.DataFrame:
    """What the lists say of these students on a day, of the facts `names` of LISTED_FACTS.

    A row a student of whom they say something, columns KNOWN_SCHEMA; a fact's `…_on` is the day its
    list is of. Of several groups the one that the vocabulary lists first counts. The caller has
    checked that the students are theirs: a list may still name them at the school before, so the
    look-up is city-wide.
    """
    match, order = RegisterMatch, [str(each) for each in FACTS["special_group"].listed]
    trainee = col(match.kind) == RegisterKind.STATE_FUNDED_TRAINEE
    fact = case((trainee, literal(TRAINEE)), else_=literal(GROUP)).label("fact")
    found = (
        select(col(match.student_id), fact, col(match.special_group), col(OutsideRegister.as_of))
        .join(OutsideRegister, col(OutsideRegister.id) == match.register_id)
        .where(
            col(match.student_id) == any_(literal(list(students), ARRAY(Uuid()))),
            trainee | col(match.special_group).is_not(None),
            fact.in_(list(names)),
            col(match.name_agrees),
            holds(on, on),
        )
        .order_by(
            col(match.student_id),
            fact,
            func.array_position(literal(order, ARRAY(String)), col(match.special_group)),
            col(OutsideRegister.as_of).desc(),
        )
        .ext(distinct_on(col(match.student_id), fact))
    )
    with db.city_scope(session, by):
        rows = session.execute(found).all()
    said: dict[str, dict[str, object]] = {}
    for student, name, group, as_of in rows:
        value = True if name == TRAINEE else group
        said.setdefault(str(student), {}).update({name: value, f"{name}_on": as_of})
    return pl.DataFrame(
        [{"student_id": student, **facts} for student, facts in said.items()],
        schema=KNOWN_SCHEMA,
    )
