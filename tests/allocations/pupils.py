"""Pupils on schools' rolls, and money for what the schools are paid."""

from datetime import date
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session

from app.awards import service as awards
from app.budgets.models import AppropriationKind
from app.budgets.rules import AppropriationDocument, DocumentLine
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.registry.models import Enrolment, IdentityState, School, Student
from tests.allocations.programmes import FUNDS, YEAR

AUGUST = date(2007, 9, 1)


def enrol(session: Session, school: School, n: int, **changes: object) -> list[UUID]:
    """n new pupils on the school's roll since 1 September 2007."""
    students = ids.new_many(n)
    place = {"school_id": school.id, "county_id": school.county_id}
    session.execute(
        insert(Student),
        [
            {
                "id": one,
                **place,
                "name": f"学生{one.hex[-6:]}",
                "identity": IdentityState.PROVISIONAL,
                "made_at": clock.now(),
                "made_by": SYSTEM.id,
                "version": 1,
            }
            for one in students
        ],
    )
    for one in students:
        put_on_roll(session, school, one, **changes)
    return students


def put_on_roll(session: Session, school: School, student: UUID, **changes: object) -> None:
    values: dict[str, object] = {
        "id": ids.new(),
        "student_id": student,
        "school_id": school.id,
        "county_id": school.county_id,
        "school_year": YEAR,
        "stage": school.stage,
        "grade": 1,
        "class_name": "1",
        "boards": False,
        "entered_on": AUGUST,
        "made_at": clock.now(),
        "made_by": SYSTEM.id,
        "version": 1,
    }
    session.execute(insert(Enrolment).values({**values, **changes}))


def fund(
    session: Session, amount_fen: int, *, programme: str = FUNDS, holder: str = "370811"
) -> None:
    """That much on each fund line of both fiscal years and both sources."""
    awards.take_appropriation(
        session,
        AppropriationDocument(
            number=f"济财教〔2008〕{ids.new().hex[-8:]}号",
            dated_on=date(2008, 1, 3),
            kind=AppropriationKind.THIS,
            lines=tuple(
                DocumentLine(year, programme, source, holder, amount_fen)
                for year in (2007, 2008)
                for source in ("province", "county")
            ),
        ),
        SYSTEM,
    )
