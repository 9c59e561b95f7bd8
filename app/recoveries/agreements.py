"""How a student pays back what is owed, once it is agreed: nothing new is then stopped by it."""

from uuid import UUID

from sqlalchemy import Uuid as UuidType
from sqlalchemy import literal, select, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.scoping import visible
from app.recoveries import bars
from app.recoveries.errors import AgreementNotFound, AgreementThere, NothingOwed
from app.recoveries.models import Recoverable, RecoveryAgreement, RecoveryState


def agree(
    session: Session, student_id: UUID, *, offset_basis_points: int, terms: str, by: Actor
) -> RecoveryAgreement:
    """Records what was agreed with a student who owes money; new approvals go on.

    Raises NothingOwed where the caller sees no open debt of the student, AgreementThere.
    """
    bars.hold(session)
    owed = session.execute(
        select(col(Recoverable.school_id), col(Recoverable.county_id))
        .where(
            col(Recoverable.student_id) == student_id,
            col(Recoverable.state) == RecoveryState.OPEN,
            visible(Recoverable, by),
        )
        .order_by(col(Recoverable.id).desc())
        .limit(1)
    ).one_or_none()
    if owed is None:
        raise NothingOwed
    standing = session.execute(
        select(col(RecoveryAgreement.id)).where(
            col(RecoveryAgreement.student_id) == student_id,
            col(RecoveryAgreement.ended_at).is_(None),
        )
    ).first()
    if standing is not None:
        raise AgreementThere
    made = RecoveryAgreement(
        student_id=student_id,
        school_id=owed.school_id,
        county_id=owed.county_id,
        offset_basis_points=offset_basis_points,
        terms=terms,
        made_by=by.id,
        made_at=clock.now(),
    )
    session.add(made)
    session.flush()  # the bar is renewed by SQL
    bars.renew(session, select(literal(student_id, UuidType())), by=by)
    audit.note(session, by=by, did="recovery.agreed", records=[made.id, student_id], because=terms)
    return made


def end(session: Session, agreement_id: UUID, *, because: str, by: Actor) -> RecoveryAgreement:
    """Ends an agreement that is not kept; what is still owed stops approvals again.

    Raises AgreementNotFound.
    """
    bars.hold(session)
    ended: RecoveryAgreement | None = session.execute(
        update(RecoveryAgreement)
        .where(
            col(RecoveryAgreement.id) == agreement_id,
            col(RecoveryAgreement.ended_at).is_(None),
            visible(RecoveryAgreement, by),
        )
        .values(ended_by=by.id, ended_because=because, ended_at=clock.now())
        .returning(RecoveryAgreement)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if ended is None:
        raise AgreementNotFound
    bars.renew(session, select(literal(ended.student_id, UuidType())), by=by)
    audit.note(
        session,
        by=by,
        did="recovery.agreement-ended",
        records=[ended.id, ended.student_id],
        because=because,
    )
    return ended
