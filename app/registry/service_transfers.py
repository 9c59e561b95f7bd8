"""A student moves between schools: the new one asks, the old one or its county agrees."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.audit import service as audit
from app.core import clock, db, ids
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.registry import numbers, queries, rules
from app.registry.errors import (
    StudentHere,
    StudentNotFound,
    StudentWrong,
    TransferNotFound,
    TransferNotYours,
    TransferOpen,
    TransferSettled,
)
from app.registry.models import (
    BankAccount,
    Enrolment,
    Household,
    School,
    Student,
    TransferRequest,
    TransferState,
)

MOVED = "转学"


def request_transfer(
    session: Session, school: School, wanted: Mapping[str, Any], *, by: Actor
) -> TransferRequest:
    """Asks for a student of another school, found only where resident id and name both fit.

    Raises StudentWrong, StudentNotFound, StudentHere, TransferOpen.
    """
    faults: list[Fault] = []
    number = rules.checked_resident_id(wanted["resident_id"], "/resident_id", faults)
    if number is None:
        raise StudentWrong(faults)
    with db.city_scope(session, by):
        found = session.exec(
            select(Student).where(
                col(Student.resident_id_index) == numbers.resident_index(number),
                col(Student.name) == wanted["name"],
            )
        ).one_or_none()
        waiting = found is not None and _is_waited_for(session, found.id)
    if found is None:
        raise StudentNotFound
    if found.school_id == school.id:
        raise StudentHere(str(found.id))
    if waiting:
        raise TransferOpen
    made = TransferRequest(
        id=ids.new(),
        student_id=found.id,
        school_id=school.id,
        county_id=school.county_id,
        from_school_id=found.school_id,
        from_county_id=found.county_id,
        student_name=found.name,
        grade=wanted["grade"],
        class_name=wanted.get("class_name"),
        boards=wanted.get("boards"),
        school_year=wanted["school_year"],
        reason=wanted["reason"],
        state=TransferState.REQUESTED,
        requested_by=by.id,
        requested_at=clock.now(),
    )
    session.add(made)
    session.flush()  # a twin that asked meanwhile is refused here
    audit.note(
        session, by=by, did="transfer.requested", records=[made.id, found.id],
        because=wanted["reason"],
    )  # fmt: skip
    return made


def _is_waited_for(session: Session, student_id: UUID) -> bool:
    open_one = select(TransferRequest.id).where(
        col(TransferRequest.student_id) == student_id,
        col(TransferRequest.state) == TransferState.REQUESTED,
    )
    return session.exec(open_one).first() is not None


def confirm_transfer(session: Session, transfer_id: UUID, *, by: Actor) -> TransferRequest:
    """Moves the student, closes the old enrolment and opens the new one; history stays.

    Raises TransferNotFound, TransferNotYours, TransferSettled.
    """
    transfer = _lock(session, transfer_id, by)
    _may_settle(transfer, by)
    _settle(transfer, TransferState.CONFIRMED, because="", by=by)
    session.flush()  # under the settler's own scope
    with db.city_scope(session, by):
        _move(session, transfer)
    touched = [transfer.id, transfer.student_id]
    audit.note(session, by=by, did="transfer.confirmed", records=touched)
    return transfer


def refuse_transfer(
    session: Session, transfer_id: UUID, *, because: str, by: Actor
) -> TransferRequest:
    """Leaves the student where they are. Raises as `confirm_transfer`."""
    transfer = _lock(session, transfer_id, by)
    _may_settle(transfer, by)
    return _close(session, transfer, TransferState.REFUSED, because, by)


def withdraw_transfer(
    session: Session, transfer_id: UUID, *, because: str, by: Actor
) -> TransferRequest:
    """The asking school takes its request back. Raises as `confirm_transfer`."""
    transfer = _lock(session, transfer_id, by)
    if by.scope is not Scope.SCHOOL or by.school_id != transfer.school_id:
        raise TransferNotYours
    return _close(session, transfer, TransferState.WITHDRAWN, because, by)


def _close(
    session: Session, transfer: TransferRequest, state: TransferState, because: str, by: Actor
) -> TransferRequest:
    _settle(transfer, state, because=because, by=by)
    session.flush()  # the reply shows what is stored
    audit.note(
        session, by=by, did=f"transfer.{state.value}",
        records=[transfer.id, transfer.student_id], because=because,
    )  # fmt: skip
    return transfer


def _lock(session: Session, transfer_id: UUID, by: Actor) -> TransferRequest:
    found = session.exec(
        select(TransferRequest)
        .where(col(TransferRequest.id) == transfer_id, queries.transfer_visible(by))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise TransferNotFound
    return found


def _may_settle(transfer: TransferRequest, by: Actor) -> None:
    of_old_side = (
        by.scope is Scope.CITY
        or (by.scope is Scope.SCHOOL and by.school_id == transfer.from_school_id)
        or (by.scope is Scope.COUNTY and by.county_id == transfer.from_county_id)
    )
    if not of_old_side or transfer.requested_by == by.id:
        raise TransferNotYours


def _settle(transfer: TransferRequest, state: TransferState, *, because: str, by: Actor) -> None:
    if transfer.state is not TransferState.REQUESTED:
        raise TransferSettled
    transfer.state = state
    transfer.settled_by = by.id
    transfer.settled_at = clock.now()
    transfer.settled_on = clock.office_day()
    transfer.settled_because = because or None


def _move(session: Session, transfer: TransferRequest) -> None:
    to = {"school_id": transfer.school_id, "county_id": transfer.county_id}
    moved = session.execute(
        update(Student)
        .where(
            col(Student.id) == transfer.student_id,
            col(Student.school_id) == transfer.from_school_id,
        )
        .values(version=Student.version + 1, **to)
        .returning(col(Student.id))
    ).all()
    if not moved:
        raise TransferSettled
    today = clock.office_day()
    mine = col(Enrolment.student_id) == transfer.student_id
    session.execute(
        update(Enrolment)
        .where(mine, col(Enrolment.left_on).is_(None))
        .values(left_on=today, left_because=MOVED, version=Enrolment.version + 1)
    )
    for table in (Household, BankAccount):
        session.execute(
            update(table).where(col(table.student_id) == transfer.student_id).values(**to)
        )
    session.add(
        Enrolment(
            student_id=transfer.student_id,
            school_year=transfer.school_year,
            stage=session.get_one(School, transfer.school_id).stage,
            grade=transfer.grade,
            class_name=transfer.class_name,
            boards=transfer.boards,
            entered_on=today,
            made_at=clock.now(),
            made_by=transfer.requested_by,
            school_id=transfer.school_id,
            county_id=transfer.county_id,
        )
    )
    session.flush()  # while the city is in sight
