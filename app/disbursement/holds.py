"""Stops on a student's payments (暂停发放), put on and lifted with a reason."""

from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.scoping import visible
from app.disbursement.errors import HoldLifted, HoldNotFound, StudentNotFound
from app.disbursement.models import PaymentHold
from app.registry.models import Student


def place(session: Session, student_id: UUID, *, because: str, by: Actor) -> PaymentHold:
    """Stops a student's payments from now; what is ready in an open run is held at its release.

    Raises StudentNotFound.
    """
    student = session.execute(
        select(col(Student.school_id), col(Student.county_id)).where(
            col(Student.id) == student_id, visible(Student, by)
        )
    ).one_or_none()
    if student is None:
        raise StudentNotFound
    made = PaymentHold(
        student_id=student_id,
        school_id=student.school_id,
        county_id=student.county_id,
        reason=because,
        placed_by=by.id,
        placed_at=clock.now(),
    )
    session.add(made)
    session.flush()  # the checks of the same transaction read it by SQL
    audit.note(session, by=by, did="hold.placed", records=[student_id, made.id], because=because)
    return made


def lift(session: Session, hold_id: UUID, *, because: str, by: Actor) -> PaymentHold:
    """Lifts a hold once. Raises HoldNotFound, HoldLifted."""
    lifted: PaymentHold | None = session.execute(
        update(PaymentHold)
        .where(
            col(PaymentHold.id) == hold_id,
            col(PaymentHold.lifted_at).is_(None),
            visible(PaymentHold, by),
        )
        .values(lifted_by=by.id, lifted_because=because, lifted_at=clock.now())
        .returning(PaymentHold)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if lifted is None:
        there = select(col(PaymentHold.id)).where(
            col(PaymentHold.id) == hold_id, visible(PaymentHold, by)
        )
        if session.execute(there).scalar_one_or_none() is None:
            raise HoldNotFound
        raise HoldLifted
    audit.note(
        session,
        by=by,
        did="hold.lifted",
        records=[lifted.student_id, lifted.id],
        because=because,
    )
    return lifted
