"""Pupils as the registry has them, without an application."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel import Session, col

from app.applications.models import Application, ApplicationState, Submission
from app.core import clock, ids
from app.policy import queries as policy
from app.registry.models import Enrolment, Household, IdentityState, School, Student
from tests.factories.cases import BOARDERS, SCHOOL_YEAR, SPRING, make_round

ENTERED = date(2007, 9, 1)


@dataclass(frozen=True)
class Pupils:
    """Who they are, and where."""

    school: School
    ids: list[UUID]


def enrol(session: Session, school: School, n: int = 1, **given: Any) -> Pupils:
    """n boarders of grade 1 in 2007-2008; what a test is about is given. Two statements."""
    made = ids.new_many(n)
    by = {"made_at": clock.now(), "made_by": ids.new(), "version": 1}
    place = {"school_id": school.id, "county_id": school.county_id}
    born = given.pop("birth_on", None)
    students = [
        {"id": key, **place, "name": f"学生{key.hex[-6:]}", "birth_on": born,
         "identity": IdentityState.CONFIRMED, **by}
        for key in made
    ]  # fmt: skip
    session.execute(insert(Student), students)
    enrolment = {"school_year": SCHOOL_YEAR, "stage": school.stage, "grade": 1, "class_name": "1",
                 "boards": True, "entered_on": ENTERED, **given}  # fmt: skip
    session.execute(
        insert(Enrolment),
        [{"id": ids.new(), "student_id": key, **place, **enrolment, **by} for key in made],
    )
    return Pupils(school, made)


def families(session: Session, pupils: Pupils, **given: Any) -> None:
    """A household of 2007-2008 for each."""
    by = {"made_at": clock.now(), "made_by": ids.new(), "version": 1}
    place = {"school_id": pupils.school.id, "county_id": pupils.school.county_id}
    session.execute(
        insert(Household),
        [
            {"id": ids.new(), "student_id": key, **place, "school_year": SCHOOL_YEAR, **given, **by}
            for key in pupils.ids
        ],
    )


def tell(
    session: Session,
    pupils: Pupils,
    facts: dict[str, Any],
    *,
    programme: str = BOARDERS,
    period: str = SPRING,
) -> None:
    """An application of each that said these facts; withdrawn since, but they were said."""
    version = policy.version_for(session, programme, period)
    round_id = make_round(session, programme, period)
    place = {"school_id": pupils.school.id, "county_id": pupils.school.county_id}
    told = {name: {"value": value, "source": "form"} for name, value in facts.items()}
    cases = {key: ids.new() for key in pupils.ids}
    alike = {"submission_no": 1, "eligible": False, "failed": [], "missing": [], **place}
    session.execute(
        insert(Application),
        [
            {"id": case, "number": f"T-{case.hex}", "student_id": key, "round_id": round_id,
             "programme": programme, "period": period, "state": ApplicationState.WITHDRAWN,
             "student_name": "某", "grade": 1, "stage": "primary", "uploaded_by": ids.new(),
             "made_at": clock.now(), **alike}
            for key, case in cases.items()
        ],
    )  # fmt: skip
    session.execute(
        insert(Submission),
        [
            {"application_id": case, "policy_version_id": version.id, "facts": told,
             "made_by": ids.new(), "made_at": clock.now(), **alike}
            for case in cases.values()
        ],
    )  # fmt: skip


def enrolled_ids(session: Session) -> set[UUID]:
    """Everybody enrolled."""
    return set(session.execute(select(col(Enrolment.student_id))).scalars())
