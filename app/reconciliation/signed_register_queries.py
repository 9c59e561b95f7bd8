"""Reads signed registers and who did not sign them, within the caller's scope."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlmodel import Session, col

from app.audit import service as audit
from app.core.actor import Actor
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.disbursement.models import Payout
from app.disbursement.pay_register_models import PayRegister
from app.documents import queries as documents
from app.documents import service as stored
from app.documents.models import DocumentKind
from app.reconciliation.signed_register_errors import SignedRegisterNotFound
from app.reconciliation.signed_register_models import SignedRegister, SignedState, UnsignedLine
from app.registry.models import Student


def signed_registers(
    session: Session, by: Actor, asked: PageAsked, *, state: SignedState | None
) -> Sequence[Row[Any]]:
    """Signed registers in the caller's scope with their figures, oldest first; one statement."""
    chosen = _shown(by)
    if state is not None:
        chosen = chosen.where(col(SignedRegister.state) == state)
    chosen = asked.cut(chosen, col(SignedRegister.id))
    page = chosen
    return session.execute(page).all()


def one(session: Session, signed_id: UUID, by: Actor) -> Row[Any]:
    """One signed register with its figures. Raises SignedRegisterNotFound outside the scope."""
    found = session.execute(_shown(by).where(col(SignedRegister.id) == signed_id)).one_or_none()
    if found is None:
        raise SignedRegisterNotFound
    return found


def unsigned(session: Session, signed_id: UUID) -> Sequence[Row[Any]]:
    """Who did not sign, in the register's order, with name, amount and reason."""
    return session.execute(
        select(
            col(Payout.register_line),
            col(Payout.number),
            col(Payout.state),
            col(Payout.amount_fen),
            col(Student.name).label("student_name"),
            col(UnsignedLine.reason),
        )
        .join(UnsignedLine, col(UnsignedLine.payout_id) == col(Payout.id))
        .outerjoin(Student, col(Student.id) == col(Payout.student_id))
        .where(col(UnsignedLine.signed_register_id) == signed_id)
        .order_by(col(Payout.register_line))
    ).all()


def scan(session: Session, signed_id: UUID, by: Actor) -> tuple[str, str, bytes]:
    """The register's number, what the scan is, and its bytes; who took them is noted.

    Raises SignedRegisterNotFound.
    """
    found = one(session, signed_id, by)
    kept = documents.one(session, found.document_id, by=by, kind=DocumentKind.SIGNED_REGISTER)
    detail = {"number": found.number}
    audit.note(session, by=by, did="register.scan_downloaded", records=[signed_id], detail=detail)
    return found.number, kept.media_type, stored.read(session, found.document_id)


def _shown(by: Actor) -> Select[*tuple[Any, ...]]:
    table = SignedRegister
    missing = (
        select(func.count())
        .where(col(UnsignedLine.signed_register_id) == col(table.id))
        .scalar_subquery()
    )
    return (
        select(
            *(col(getattr(table, name)) for name in (
                "id", "school_id", "document_id", "sha256", "state", "uploaded_by", "uploaded_at",
                "settled_by", "settled_at", "because",
            )),
            col(PayRegister.number),
            col(PayRegister.line_count),
            col(PayRegister.amount_fen),
            missing.label("unsigned"),
        )
        .join(PayRegister, col(PayRegister.id) == col(table.pay_register_id))
        .where(visible(table, by))
    )  # fmt: skip
