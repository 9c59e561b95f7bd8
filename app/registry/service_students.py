"""Registers one student, corrects what is known of them, shows numbers, confirms who they are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from sqlmodel import Session, col, select

from app.audit import service as audit
from app.core import clock, db, etags, identity
from app.core.actor import Actor
from app.core.errors import Fault
from app.registry import intake, numbers, queries, rules
from app.registry.errors import (
    IdentityUnclear,
    ResidentIdStands,
    StudentElsewhere,
    StudentHere,
    StudentNotFound,
    StudentWrong,
)
from app.registry.identifying import provisional_key
from app.registry.models import BankAccount, IdentityState, School, Sex, Student

_WHO = ("name", "birth_on", "guardian_resident_id")


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A student who comes to a school, as one row of the intake frame."""

    school: School
    school_year: str
    entered_on: date
    facts: Mapping[str, Any]


def register_student(session: Session, arrival: Arrival, *, by: Actor) -> Student:
    """Registers one student. Raises StudentWrong, StudentElsewhere, StudentHere."""
    faults: list[Fault] = []
    facts = {
        **arrival.facts,
        "row": 1,
        "school_id": str(arrival.school.id),
        "county_id": str(arrival.school.county_id),
    }
    for field in ("resident_id", "guardian_resident_id"):
        facts[field] = rules.checked_resident_id(facts.get(field), f"/{field}", faults)
    number = facts.get("account_number")
    if number is not None:
        rules.checked_account(number, facts["account_kind"], "/account/number", faults)
        faults += holder_faults(facts)
    if not faults:
        faults += rules.against_the_id(facts["resident_id"], facts)
    if faults:
        raise StudentWrong(faults)
    answer = intake.register(
        session,
        pl.DataFrame([facts], schema=intake.INTAKE_SCHEMA),
        school_year=arrival.school_year,
        entered_on=arrival.entered_on,
        by=by,
    ).row(0, named=True)
    if answer["standing"] == "elsewhere":
        raise StudentElsewhere
    if answer["standing"] == "here" and not answer["moved"]:
        raise StudentHere(answer["student_id"])
    return queries.student(session, UUID(answer["student_id"]), by)


def holder_faults(facts: Mapping[str, Any]) -> list[Fault]:
    """What a guardian's account lacks."""
    if facts.get("holder") != "guardian":
        return []
    return [
        Fault(
            "guardian_account_unexplained",
            "监护人的账户须写明与学生关系和使用原因。",
            "A guardian's account needs the relation to the student and the reason.",
            f"/account/{field}",
        )
        for field in ("relation", "reason")
        if facts.get(field) is None
    ]


def change_student(
    session: Session, student_id: UUID, change: Mapping[str, Any], *, seen: int, by: Actor
) -> Student:
    """Writes the fields given; a resident id completes a student who has none.

    Raises StudentNotFound, VersionStale, StudentWrong, ResidentIdStands, StudentElsewhere.
    """
    [student] = lock_students(session, [student_id], by)
    etags.check(seen, student.version)
    faults: list[Fault] = []
    checked = dict(change)
    for field in ("resident_id", "guardian_resident_id"):
        if field in checked:
            checked[field] = rules.checked_resident_id(checked[field], f"/{field}", faults)
    known = checked.get("resident_id") or numbers.opened(student, "resident_id")
    if not faults:
        faults += rules.against_the_id(known, checked)
    if faults:
        raise StudentWrong(faults)
    _complete(session, student, checked.pop("resident_id", None), by)
    _write(student, checked)
    if student.identity is not IdentityState.DOCUMENTED and any(field in change for field in _WHO):
        _is_another(student)
    student.version += 1
    session.flush()  # the reply shows what is stored
    audit.note(
        session, by=by, did="student.changed", records=[student.id], detail={"fields": [*change]}
    )
    return student


def _complete(session: Session, student: Student, number: str | None, by: Actor) -> None:
    """Adds the resident id of a student who has none."""
    if number is None:
        return
    index = numbers.resident_index(number)
    if student.resident_id_index is not None:
        if bytes(student.resident_id_index) != index:
            raise ResidentIdStands
        return
    with db.city_scope(session, by):
        taken = session.exec(
            select(col(Student.id)).where(col(Student.resident_id_index) == index)
        ).first()
    if taken is not None:
        raise StudentElsewhere
    student.resident_id = numbers.seal("resident_id", number, student.id)
    student.resident_id_index = index
    student.identity = IdentityState.DOCUMENTED
    student.birth_on = identity.birth_date_of(number)
    student.sex = Sex(identity.sex_of(number))


def _write(student: Student, checked: Mapping[str, Any]) -> None:
    for field, value in checked.items():
        setattr(student, field, value)
    for column in numbers.COLUMNS:
        if column in checked:
            setattr(student, column, numbers.seal(column, checked[column], student.id))


def _is_another(student: Student) -> None:
    """Whose name, birth date or guardian changes must be confirmed anew, and is found by them."""
    student.identity = IdentityState.PROVISIONAL
    student.identity_confirmed_by = None
    student.identity_confirmed_at = None
    guardian = numbers.opened(student, "guardian_resident_id")
    if student.birth_on is None and guardian is None:
        return
    facts = pl.DataFrame(
        [
            {
                "school_id": str(student.school_id),
                "name": student.name,
                "birth_on": student.birth_on,
                "guardian_resident_id": guardian,
            }
        ],
        schema=intake.INTAKE_SCHEMA,
    )
    key: str = facts.select(provisional_key()).item()
    student.provisional_index = numbers.provisional_index(key)


def lock_students(session: Session, ids: Collection[UUID], by: Actor) -> Sequence[Student]:
    """The students in id order, locked. Raises StudentNotFound, which names who is missing."""
    wanted = set(ids)
    found = session.exec(
        select(Student)
        .where(col(Student.id).in_(wanted), queries.student_visible(by))
        .order_by(col(Student.id))
        .with_for_update(of=Student)
        .execution_options(populate_existing=True)
    ).all()
    missing = wanted - {student.id for student in found}
    if missing:
        raise StudentNotFound(sorted(missing))
    return found


def reveal(
    session: Session, student_id: UUID, fields: Collection[str], *, because: str, by: Actor
) -> dict[str, str | None]:
    """The numbers asked for, in clear; the audit trail keeps who asked and why.

    `account_number` is the confirmed account's, or the one that waits. Raises StudentNotFound.
    """
    student = queries.student(session, student_id, by)
    values: dict[str, str | None] = {
        column: numbers.opened(student, column) for column in numbers.COLUMNS if column in fields
    }
    if "account_number" in fields:
        account = session.exec(
            select(BankAccount)
            .where(
                col(BankAccount.student_id) == student.id,
                col(BankAccount.state).in_(("confirmed", "unconfirmed")),
            )
            .order_by(col(BankAccount.state))
        ).first()
        values["account_number"] = None if account is None else numbers.account_number(account)
    audit.note(
        session,
        by=by,
        did="student.revealed",
        records=[student.id],
        because=because,
        detail={"fields": sorted(fields)},
    )
    return values


def confirm_identity(session: Session, ids: Collection[UUID], *, because: str, by: Actor) -> int:
    """Confirms who provisional students are; all or none; answers how many.

    Raises StudentNotFound, IdentityUnclear.
    """
    found = lock_students(session, ids, by)
    faults = [
        fault
        for student in found
        for fault in rules.identity_faults(
            str(student.id),
            provisional=student.identity is IdentityState.PROVISIONAL,
            facts={
                "birth_on": student.birth_on,
                "guardian_resident_id": student.guardian_resident_id,
            },
        )
    ]
    if faults:
        raise IdentityUnclear(faults)
    now = clock.now()
    for student in found:
        student.identity = IdentityState.CONFIRMED
        student.identity_confirmed_by = by.id
        student.identity_confirmed_at = now
        student.version += 1
    session.flush()  # one UPDATE for all
    audit.note(session, by=by, did="student.identity-confirmed", records=sorted({*ids}),
               because=because)  # fmt: skip
    return len(found)
