"""A resident id corrected the whole way: a scan, a proposal, and a second person who confirms."""

from uuid import UUID

from sqlmodel import Session

from app.core.actor import SYSTEM
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.registry.models import Student
from app.registry.service_id_corrections import Corrected, confirm_corrections, propose_corrections
from tests.factories.office import City


def store_scan(session: Session, student: Student) -> UUID:
    """The scan of a household register, of the student's school."""
    return documents.store(
        session, kind=DocumentKind.SCAN, name="户口簿.pdf", media_type="application/pdf",
        data=b"%PDF-1.4 household register", by=SYSTEM, school_id=student.school_id,
        county_id=student.county_id,
    ).id  # fmt: skip


def correct(session: Session, city: City, student_id: UUID, number: str) -> None:
    """Gives the student the number."""
    scan = store_scan(session, session.get_one(Student, student_id))
    wanted = Corrected(student_id=student_id, resident_id=number, document_id=scan)
    (made,) = propose_corrections(
        session, [wanted], because="录成了弟弟的号码", by=city.actor("city_officer")
    )
    confirm_corrections(session, [made.id], by=city.actor("city_officer_2"))
