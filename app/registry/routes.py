"""Students, their enrolments and families; schools, accounts and transfers beside."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import clock, etags
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.errors import Fault
from app.core.etags import IfMatch
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry import (
    account_routes,
    admission_routes,
    bank_name_routes,
    id_correction_routes,
    queries,
    rules,
    school_account_routes,
    school_routes,
    service_enrolments,
    service_students,
    transfer_routes,
)
from app.registry.errors import StudentWrong
from app.registry.models import IdentityState
from app.registry.schemas import (
    ClassName,
    DoneOut,
    EnrolmentChangeIn,
    EnrolmentIn,
    EnrolmentOut,
    HouseholdIn,
    HouseholdOut,
    LeaveIn,
    Name,
    Number,
    RevealIn,
    RevealOut,
    SchoolYear,
    StudentChangeIn,
    StudentIn,
    StudentOut,
    WithReasonIn,
)
from app.registry.service_enrolments import NewEnrolment
from app.registry.service_students import Arrival

router = APIRouter(route_class=AidRoute, tags=["students"])
MayRead = Annotated[Actor, may(Act.STUDENT_READ)]
MayWrite = Annotated[Actor, may(Act.STUDENT_WRITE)]


@router.post("/students", status_code=201)
def register_student(
    response: Response, session: DbSession, asked: StudentIn, by: MayWrite
) -> StudentOut:
    """Registers a student; who is at another school already is asked for by a transfer."""
    arrival = Arrival(
        school=queries.school_for(session, asked.school_id, by),
        school_year=asked.school_year,
        entered_on=asked.entered_on or clock.office_day(),
        facts=_facts(asked),
    )
    made = service_students.register_student(session, arrival, by=by)
    etags.tag(response, made.version)
    return StudentOut.of(made)


def _facts(asked: StudentIn) -> dict[str, Any]:
    facts = asked.model_dump(
        exclude={"school_id", "school_year", "entered_on", "household", "account"}
    )
    if asked.household is not None:
        family = asked.household
        facts |= {
            "hukou": family.hukou,
            "household_size": family.members,
            "income_per_head_fen": family.income_per_head,
            "special_group": family.special_group,
        }
    if asked.account is not None:
        account = dict(asked.account)
        facts |= {"account_kind": account.pop("kind"), "account_number": account.pop("number")}
        facts |= account
    return facts


@router.get("/students")
def list_students(
    session: DbSession,
    by: MayRead,
    asked: Paging,
    name: Annotated[Name | None, Query()] = None,
    resident_id: Annotated[Number | None, Query()] = None,
    school: UUID | None = None,
    grade: Annotated[int | None, Query(ge=1, le=12)] = None,
    class_name: Annotated[ClassName | None, Query()] = None,
    identity: IdentityState | None = None,
) -> Page[StudentOut]:
    """The students in sight; name and resident id are exact, grade and class the present ones."""
    faults: list[Fault] = []
    number = rules.checked_resident_id(resident_id, "/resident_id", faults)
    if faults:
        raise StudentWrong(faults)
    sought = queries.StudentsSought(
        name=name,
        resident_id=number,
        school_id=school,
        grade=grade,
        class_name=class_name,
        identity=identity,
    )
    found = queries.students(session, by, asked, sought)
    return page_of(found, asked, key=lambda student: student.id, show=StudentOut.of)


@router.post("/students/confirm-identity")
def confirm_identity(
    session: DbSession, asked: WithReasonIn, by: Annotated[Actor, may(Act.IDENTITY_CONFIRM)]
) -> DoneOut:
    """An officer confirms who students without a resident id are."""
    done = service_students.confirm_identity(session, asked.ids, because=asked.reason, by=by)
    return DoneOut(count=done)


@router.post("/students/leave")
def leave(session: DbSession, asked: LeaveIn, by: MayWrite) -> DoneOut:
    """Closes the enrolments of students who have left."""
    done = service_enrolments.leave(
        session, asked.ids, left_on=asked.left_on, because=asked.reason, by=by
    )
    return DoneOut(count=done)


# Before what has an id in its path, as which its own would be read.
router.include_router(id_correction_routes.router)


@router.get("/students/{student_id}")
def read_student(
    response: Response, session: DbSession, student_id: UUID, by: MayRead
) -> StudentOut:
    """One student."""
    found = queries.student(session, student_id, by)
    etags.tag(response, found.version)
    return StudentOut.of(found)


@router.patch("/students/{student_id}")
def change_student(
    response: Response,
    session: DbSession,
    student_id: UUID,
    asked: StudentChangeIn,
    by: MayWrite,
    seen: IfMatch,
) -> StudentOut:
    """Corrects a student, or adds the resident id of one who had none."""
    change = asked.model_dump(exclude_none=True)
    changed = service_students.change_student(session, student_id, change, seen=seen, by=by)
    etags.tag(response, changed.version)
    return StudentOut.of(changed)


@router.post("/students/{student_id}/reveal")
def reveal(
    response: Response,
    session: DbSession,
    student_id: UUID,
    asked: RevealIn,
    by: Annotated[Actor, may(Act.STUDENT_REVEAL)],
) -> RevealOut:
    """Shows numbers in clear; the audit trail keeps who asked and why."""
    response.headers["Cache-Control"] = "no-store"
    values = service_students.reveal(
        session, student_id, set(asked.fields), because=asked.reason, by=by
    )
    return RevealOut.model_validate({"values": values})


@router.get("/students/{student_id}/enrolments")
def list_enrolments(session: DbSession, student_id: UUID, by: MayRead) -> list[EnrolmentOut]:
    """Where the student was and is enrolled, newest first, as far as it is in sight."""
    return [EnrolmentOut.of(one) for one in queries.enrolments_of(session, student_id, by)]


@router.post("/students/{student_id}/enrolments", status_code=201)
def open_enrolment(
    response: Response, session: DbSession, student_id: UUID, asked: EnrolmentIn, by: MayWrite
) -> EnrolmentOut:
    """Enrols a student of the school for another school year."""
    given = {**dict(asked), "entered_on": asked.entered_on or clock.office_day()}
    made = service_enrolments.open_enrolment(session, student_id, NewEnrolment(**given), by=by)
    etags.tag(response, made.version)
    return EnrolmentOut.of(made)


@router.patch("/enrolments/{enrolment_id}")
def change_enrolment(
    response: Response,
    session: DbSession,
    enrolment_id: UUID,
    asked: EnrolmentChangeIn,
    by: MayWrite,
    seen: IfMatch,
) -> EnrolmentOut:
    """Corrects grade, class or boarding."""
    change = asked.model_dump(exclude_none=True)
    changed = service_enrolments.change_enrolment(session, enrolment_id, change, seen=seen, by=by)
    etags.tag(response, changed.version)
    return EnrolmentOut.of(changed)


@router.get("/students/{student_id}/households/{school_year}")
def read_household(
    session: DbSession, student_id: UUID, school_year: SchoolYear, by: MayRead
) -> HouseholdOut:
    """The family in a school year."""
    return HouseholdOut.of(queries.household(session, student_id, school_year, by))


@router.put("/students/{student_id}/households/{school_year}")
def put_household(
    session: DbSession,
    student_id: UUID,
    school_year: SchoolYear,
    asked: HouseholdIn,
    by: MayWrite,
) -> HouseholdOut:
    """Writes the whole of what is known of the family in a school year."""
    facts = {
        "hukou": asked.hukou,
        "members": asked.members,
        "income_per_head_fen": asked.income_per_head,
        "special_group": asked.special_group,
    }
    written = service_enrolments.put_household(session, student_id, school_year, facts, by=by)
    return HouseholdOut.of(written)


router.include_router(school_routes.router)
router.include_router(account_routes.router)
router.include_router(bank_name_routes.router)
router.include_router(school_account_routes.router)
router.include_router(transfer_routes.router)
router.include_router(admission_routes.router)
