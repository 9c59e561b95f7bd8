"""Recognises whom a list of another department names, with no application of the family."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Row,
    Select,
    String,
    Table,
    Uuid,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import array
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import db
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.scoping import visible
from app.core.staging import Rows, stage
from app.recognition import rules, service
from app.recognition.errors import RegisterRecognisesNobody
from app.recognition.models import Basis, Recognition
from app.registers import queries as registers
from app.registers.errors import NotDone
from app.registers.models import RegisterMatch
from app.registers.rules import NEEDY
from app.registry.models import Enrolment, School, Student
from app.sheets.taking import TakingState

FATES = ("recognised", "already", "name_differs", "not_this_year", "cancelled")
"""What becomes of a student whom a list names.

`not_this_year`: not on the list, or on no roll, in that school year. `cancelled`: two officers
have cancelled the recognition for a false statement, and one alone does not bring it back.
"""
_CANDIDATE = ("student_id", "school_id", "county_id", "special_group", "this_year", "name_agrees")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Whom to recognise: the list, the school year, why; or only to say what would become."""

    register_id: UUID
    school_year: str
    because: str
    dry_run: bool


def recognise_listed(session: Session, asked: Listing, *, by: Actor) -> Sequence[Row[Any]]:
    """Recognises the list's students within scope; answers the counts of FATES, a row a school.

    Rows of (school id, school's name, one count a fate in the order of FATES), by the school's
    name. At least REGISTER_LEVEL and never lower than before; done again it changes nothing.
    Raises RegisterUnknown, NotDone, RegisterRecognisesNobody.
    """
    record = registers.one(session, asked.register_id, by)
    if record.state is not TakingState.DONE:
        raise NotDone(record.state.value)
    if record.kind not in NEEDY:
        raise RegisterRecognisesNobody(record.kind.value)
    candidates = stage(session, "listed", _candidates(asked, by), _CANDIDATE)
    with db.city_scope(session, by):
        if not asked.dry_run:
            service.hold(session, candidates)
        fates = stage(session, "fates", _fates(candidates, asked), (*_CANDIDATE[:4], "fate"))
    counted = session.execute(_counts(fates)).all()
    if not asked.dry_run:
        made = service.recognise(session, _rows(fates, asked), by=by)
        audit.note(
            session,
            by=by,
            did="recognition.by-register",
            records=[asked.register_id],
            because=asked.because,
            detail={"recognised": made, "school_year": asked.school_year},
        )
    return counted


def _candidates(asked: Listing, by: Actor) -> Rows:
    """Everybody in scope whom the list names as needy, at the school where they are now."""
    last = rules.last_day_of(asked.school_year)
    first = rules.first_day_of(asked.school_year)
    named = union_all(
        registers.recognisable(asked.register_id)
        .add_columns(literal(value=True).label("name_agrees"))
        .where(visible(RegisterMatch, by)),
        registers.differing(asked.register_id)
        .add_columns(literal(value=False).label("name_agrees"))
        .where(visible(RegisterMatch, by)),
    ).subquery("named")
    enrolled = exists().where(
        col(Enrolment.student_id) == named.c.student_id,
        col(Enrolment.school_year) == asked.school_year,
        col(Enrolment.left_on).is_(None) | col(Enrolment.graduated),
    )
    held: Any = registers.held_in(asked.register_id, first, last)
    return (
        select(
            named.c.student_id,
            col(Student.school_id),
            col(Student.county_id),
            named.c.special_group,
            (enrolled & named.c.student_id.in_(held)).label("this_year"),
            named.c.name_agrees,
        )
        .join(Student, col(Student.id) == named.c.student_id)
        .where(visible(Student, by))
    )


def _fates(candidates: Table, asked: Listing) -> Rows:
    """Each candidate with what becomes of them, by what they are recognised as now."""
    c, r = candidates.c, Recognition
    stands = (
        select(col(r.level), col(r.groups), col(r.basis))
        .where(col(r.student_id) == c.student_id, col(r.school_year) == asked.school_year)
        .order_by(col(r.valid_from).desc())
        .limit(1)
        .lateral("stands")
    )
    enough: ColumnElement[bool] = (stands.c.level >= rules.REGISTER_LEVEL) & (
        c.special_group == func.any(stands.c.groups)
    )
    fate = case(
        (~c.name_agrees, "name_differs"),
        (~c.this_year, "not_this_year"),
        (stands.c.basis == Basis.CANCELLED, "cancelled"),
        (enough, "already"),
        else_="recognised",
    ).cast(String)
    return select(c.student_id, c.school_id, c.county_id, c.special_group, fate).outerjoin(
        stands, true()
    )


def _counts(fates: Table) -> Select[*tuple[Any, ...]]:
    each = [func.count().filter(fates.c.fate == fate).label(fate) for fate in FATES]
    return (
        select(fates.c.school_id, col(School.name), *each)
        .join(School, col(School.id) == fates.c.school_id)
        .group_by(fates.c.school_id, col(School.name))
        .order_by(col(School.name), fates.c.school_id)
    )


def _rows(fates: Table, asked: Listing) -> Rows:
    """What `recognise` takes; valid from today, or from the day after what stands."""
    return select(
        fates.c.student_id,
        fates.c.school_id,
        fates.c.county_id,
        literal(asked.school_year, String(9)),
        literal(rules.REGISTER_LEVEL, Integer),
        array([fates.c.special_group]),
        literal(Basis.REGISTER, TextEnum(Basis)),
        cast(null(), Uuid()),
        literal(asked.register_id, Uuid()),
        cast(null(), Date()),
        literal(asked.because, String(500)),
    ).where(fates.c.fate == "recognised")
