"""Puts a resident id right that was recorded wrong: one person proposes, another confirms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.audit import service as audit
from app.core import clock, db, identity, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.documents import queries as documents
from app.documents.models import DocumentKind
from app.registry import id_correction_checks as checks
from app.registry import numbers, queries, rules
from app.registry.errors import StudentWrong
from app.registry.id_correction_errors import (
    CorrectionsImpossible,
    CorrectionsMoved,
    CorrectionsNotFound,
    OwnCorrections,
    ProofsNotFound,
)
from app.registry.id_correction_models import CorrectionState, ResidentIdCorrection
from app.registry.models import Student
from app.registry.service_students import lock_students


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A student, the number as it should be, and the scan that proves it."""

    student_id: UUID
    resident_id: str
    document_id: UUID


def propose_corrections(
    session: Session, wanted: Sequence[Corrected], *, because: str, by: Actor
) -> list[ResidentIdCorrection]:
    """Proposes the right number of each student; a correction that waited gives way.

    The recorded number stands until another person has confirmed it. All or none. Raises
    StudentWrong, StudentNotFound, ProofsNotFound, CorrectionsImpossible.
    """
    right = _checked(wanted)
    students = lock_students(session, right, by)
    _refuse_unproven(session, students, right, by)
    indexes = {one: numbers.resident_index(each.resident_id) for one, each in right.items()}
    against = [*checks.standing(students, indexes), *checks.taken(session, indexes, by)]
    if against:
        raise CorrectionsImpossible(against)
    _give_way(session, right, by)
    made = [
        _proposal(student, right[student.id], old, because=because, by=by)
        for student in students
        if (old := numbers.opened(student, "resident_id")) is not None
    ]
    _add(session, made)
    audit.note(
        session, by=by, did="student.resident_id_correction_proposed", records=list(right),
        because=because,
    )  # fmt: skip
    return made


def confirm_corrections(session: Session, chosen: Collection[UUID], *, by: Actor) -> int:
    """Confirms corrections that others proposed: the students have the right number from now on.

    All or none; answers how many. What was decided, paid or sent before stays as it is. Raises
    CorrectionsNotFound, CorrectionsMoved, OwnCorrections, CorrectionsImpossible.
    """
    students, waiting = _lock(session, chosen, by)
    against = list(checks.overtaken(waiting, students))
    indexes = {one.student_id: bytes(one.resident_id_index) for one in waiting}
    if against := against + checks.taken(session, indexes, by):
        raise CorrectionsImpossible(against)
    _settle(session, waiting, CorrectionState.CONFIRMED, because=None, by=by)
    _write(session, waiting)
    audit.note(
        session, by=by, did="student.resident_id_correction_confirmed", records=list(indexes)
    )
    return len(waiting)


def refuse_corrections(
    session: Session, chosen: Collection[UUID], *, because: str, by: Actor
) -> int:
    """Refuses corrections that others proposed; all or none; answers how many.

    Raises CorrectionsNotFound, CorrectionsMoved, OwnCorrections.
    """
    _, waiting = _lock(session, chosen, by)
    _settle(session, waiting, CorrectionState.REFUSED, because=because, by=by)
    audit.note(
        session, by=by, did="student.resident_id_correction_refused",
        records=[one.student_id for one in waiting], because=because,
    )  # fmt: skip
    return len(waiting)


def corrections(
    session: Session, by: Actor, asked: PageAsked, state: CorrectionState | None
) -> list[ResidentIdCorrection]:
    """Proposed corrections in the caller's scope, oldest first."""
    table = ResidentIdCorrection
    query = select(table).where(visible(table, by))
    if state is not None:
        query = query.where(col(table.state) == state)
    return list(session.exec(asked.cut(query, col(table.id))))


def _checked(wanted: Sequence[Corrected]) -> dict[UUID, Corrected]:
    """What is wanted by student, each number in its 18-digit form. Raises StudentWrong."""
    faults: list[Fault] = []
    found = [
        rules.checked_resident_id(each.resident_id, f"/corrections/{place}/resident_id", faults)
        for place, each in enumerate(wanted)
    ]
    if faults := faults + checks.twice_faults(found):
        raise StudentWrong(faults)
    return {
        each.student_id: replace(each, resident_id=number)
        for each, number in zip(wanted, found, strict=True)
        if number is not None
    }


def _refuse_unproven(
    session: Session, students: Sequence[Student], wanted: Mapping[UUID, Corrected], by: Actor
) -> None:
    """Raises ProofsNotFound where a proof is no scan of the student's school or of the office."""
    proofs = {student.id: wanted[student.id].document_id for student in students}
    scans = documents.owners(session, proofs.values(), by=by, kind=DocumentKind.SCAN)
    missing = {
        proof
        for student in students
        if (proof := proofs[student.id]) not in scans
        or scans[proof] not in {None, student.school_id}
    }
    if missing:
        raise ProofsNotFound(sorted(missing))


def _give_way(session: Session, students: Collection[UUID], by: Actor) -> None:
    """What waits for the students waits no more, whichever school proposed it."""
    with db.city_scope(session, by):
        session.execute(
            update(ResidentIdCorrection)
            .where(
                col(ResidentIdCorrection.student_id).in_(students),
                col(ResidentIdCorrection.state) == CorrectionState.PROPOSED,
            )
            .values(state=CorrectionState.REPLACED)
        )


def _proposal(
    student: Student, wanted: Corrected, old: str, *, because: str, by: Actor
) -> ResidentIdCorrection:
    made = ids.new()
    return ResidentIdCorrection(
        id=made,
        student_id=student.id,
        school_id=student.school_id,
        county_id=student.county_id,
        resident_id=numbers.seal_corrected("resident_id", wanted.resident_id, made),
        resident_id_index=numbers.resident_index(wanted.resident_id),
        old_resident_id=numbers.seal_corrected("old_resident_id", old, made),
        old_resident_id_index=numbers.resident_index(old),
        document_id=wanted.document_id,
        because=because,
        state=CorrectionState.PROPOSED,
        proposed_by=by.id,
        proposed_at=clock.now(),
    )


def _add(session: Session, made: Sequence[ResidentIdCorrection]) -> None:
    """Adds the proposals; a number that another has proposed meanwhile is refused."""
    added = session.execute(
        insert(ResidentIdCorrection)
        # Equal order in two calls keeps them from waiting for one another.
        .values([each.model_dump() for each in sorted(made, key=lambda one: one.resident_id_index)])
        .on_conflict_do_nothing()
        .returning(col(ResidentIdCorrection.id))
    ).scalars()
    if lost := {each.id for each in made}.difference(added):
        raise CorrectionsImpossible(
            [checks.taken_fault(each.student_id) for each in made if each.id in lost]
        )


def _lock(
    session: Session, chosen: Collection[UUID], by: Actor
) -> tuple[dict[UUID, Student], Sequence[ResidentIdCorrection]]:
    """The waiting corrections chosen, and those of their students who are in sight, locked."""
    table = ResidentIdCorrection
    asked = col(table.id).in_(chosen) & visible(table, by)
    # Students before their corrections, as where these are proposed.
    students = session.exec(
        select(Student)
        .where(col(Student.id).in_(select(table.student_id).where(asked)))
        .where(queries.student_visible(by))
        .order_by(col(Student.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    found = session.exec(
        select(table)
        .where(asked)
        .order_by(col(table.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if missing := set(chosen) - {one.id for one in found}:
        raise CorrectionsNotFound(sorted(missing))
    if moved := [one for one in found if one.state is not CorrectionState.PROPOSED]:
        raise CorrectionsMoved([checks.moved_fault(one) for one in moved])
    if own := [one for one in found if one.proposed_by == by.id]:
        raise OwnCorrections([checks.own_fault(one) for one in own])
    return {student.id: student for student in students}, found


def _settle(
    session: Session,
    waiting: Sequence[ResidentIdCorrection],
    state: CorrectionState,
    *,
    because: str | None,
    by: Actor,
) -> None:
    session.execute(
        update(ResidentIdCorrection)
        .where(col(ResidentIdCorrection.id).in_([one.id for one in waiting]))
        .values(state=state, settled_by=by.id, settled_at=clock.now(), settled_because=because)
    )


def _write(session: Session, waiting: Sequence[ResidentIdCorrection]) -> None:
    """Writes the numbers, sealed for the students; one registered meanwhile is refused here."""
    right = [numbers.corrected(one, "resident_id") for one in waiting]
    given = {
        "students": [one.student_id for one in waiting],
        "old": [one.old_resident_id_index for one in waiting],
        "sealed": [
            numbers.seal("resident_id", number, one.student_id)
            for one, number in zip(waiting, right, strict=True)
        ],
        "indexes": [one.resident_id_index for one in waiting],
        "born": [identity.birth_date_of(number) for number in right],
        "sexes": [identity.sex_of(number) for number in right],
    }
    session.execute(_TAKE_OFF, given)
    session.execute(_WRITE, given)


# Before any is written: of two whose numbers were exchanged each would meet the other's.
_TAKE_OFF = text("""
    UPDATE student s SET resident_id_index = NULL, identity = 'provisional'
    FROM unnest(CAST(:students AS uuid[]), CAST(:old AS bytea[])) w (student, old)
    WHERE s.id = w.student AND s.resident_id_index = w.old
""")
_WRITE = text("""
    UPDATE student s SET resident_id = w.sealed, resident_id_index = w.number,
        birth_on = w.born, sex = w.sex, identity = 'documented', version = s.version + 1
    FROM unnest(CAST(:students AS uuid[]), CAST(:sealed AS bytea[]), CAST(:indexes AS bytea[]),
        CAST(:born AS date[]), CAST(:sexes AS text[])) w (student, sealed, number, born, sex)
    WHERE s.id = w.student AND s.resident_id_index IS NULL
""")
