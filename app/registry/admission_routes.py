"""A school's new roll: graduates of the stage before, and who is new to the city."""

from collections import Counter
from typing import Annotated, get_args
from uuid import UUID

import polars as pl
from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import clock
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.errors import Fault
from app.core.web import AidRoute
from app.registry import intake, queries, rules
from app.registry.admission_schemas import (
    AdmissionIn,
    AdmissionsIn,
    AdmissionsOut,
    AdmittedOut,
    Became,
)
from app.registry.errors import StudentWrong

router = APIRouter(route_class=AidRoute, tags=["roll-overs"])


@router.post("/admissions", status_code=201)
def admit(
    session: DbSession, asked: AdmissionsIn, by: Annotated[Actor, may(Act.STUDENT_WRITE)]
) -> AdmissionsOut:
    """Enrols a school's new roll; who graduated from the stage before needs no transfer."""
    school = queries.school_for(session, asked.school_id, by)
    frame = _frame(asked.rows, str(school.id), str(school.county_id))
    taken = intake.register(
        session,
        frame,
        school_year=asked.school_year,
        entered_on=asked.entered_on or clock.office_day(),
        by=by,
    )
    rows = [_out(row) for row in taken.iter_rows(named=True)]
    counted = Counter(row.became for row in rows)
    return AdmissionsOut(counts={each: counted[each] for each in get_args(Became)}, rows=rows)


def _frame(rows: list[AdmissionIn], school_id: str, county_id: str) -> pl.DataFrame:
    faults: list[Fault] = []
    made = [
        {
            "row": place,
            "school_id": school_id,
            "county_id": county_id,
            **row.model_dump(),
            "resident_id": rules.checked_resident_id(
                row.resident_id, f"/rows/{place}/resident_id", faults
            ),
        }
        for place, row in enumerate(rows)
    ]
    if faults:
        raise StudentWrong(faults)
    return pl.DataFrame(made, schema=intake.INTAKE_SCHEMA)


def _out(row: dict[str, object]) -> AdmittedOut:
    student = row["student_id"]
    became = "admitted" if row["moved"] else row["standing"]
    return AdmittedOut.model_validate(
        {"row": row["row"], "became": became, "student_id": student and UUID(str(student))}
    )
