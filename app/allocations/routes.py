"""Doors of school allocations: counted, looked at, approved, cancelled."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.allocations import counting, queries, service
from app.allocations.models import AllocationState
from app.allocations.queries import AllocationsSought
from app.allocations.schemas import (
    AllocatedStudentOut,
    AllocationDetailOut,
    AllocationOut,
    ApprovedOut,
    ApproveIn,
    CancelAllocationIn,
    CountedOut,
    CountIn,
    PreviewAllocationsIn,
    PreviewAllocationsOut,
)
from app.allocations.student_sheet import student_sheet
from app.audit import service as audit
from app.auth.guards import may
from app.auth.permissions import Act
from app.core import problems
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.downloads import described, workbook
from app.core.media import XLSX
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute

FILE = described("The file", XLSX)

router = APIRouter(route_class=AidRoute, tags=["school allocations"])
MayRead = Annotated[Actor, may(Act.ALLOCATION_READ)]
MayApprove = Annotated[Actor, may(Act.ALLOCATION_APPROVE)]


@router.post("/programmes/{code}/school-allocations", status_code=201)
def count_heads(
    code: str, asked: CountIn, session: DbSession, by: Annotated[Actor, may(Act.ALLOCATION_COUNT)]
) -> CountedOut:
    """Counts heads under a programme paid to schools; a dry run writes nothing."""
    done = counting.count(
        session,
        code,
        asked.period,
        as_of=asked.as_of,
        by=by,
        school_ids=asked.school_ids,
        skip_approved=asked.skip_approved,
        dry_run=asked.dry_run,
    )
    return CountedOut.of(done)


@router.get("/school-allocations")
def list_allocations(
    *,
    session: DbSession,
    paging: Paging,
    by: MayRead,
    programme: Annotated[str | None, Query(max_length=40)] = None,
    period: Annotated[str | None, Query(max_length=11)] = None,
    school: UUID | None = None,
    state: AllocationState | None = None,
) -> Page[AllocationOut]:
    """Allocations within the caller's scope, oldest first."""
    sought = AllocationsSought(programme=programme, period=period, school_id=school, state=state)
    rows = queries.allocations(session, by, paging, sought)
    return page_of(rows, paging, key=lambda row: row[0].id, show=AllocationOut.of)


@router.post("/school-allocations/preview")
def preview(
    asked: PreviewAllocationsIn, session: DbSession, by: MayApprove
) -> PreviewAllocationsOut:
    """Count and amount of what the same filter would approve now."""
    return PreviewAllocationsOut.of(service.preview(session, asked.filter.read(), by=by))


@router.post("/school-allocations/approve")
def approve(asked: ApproveIn, session: DbSession, by: MayApprove) -> ApprovedOut:
    """Approves allocations that another person counted, all or none, and commits their money."""
    done = service.approve(session, asked.chosen(), by=by, expect=asked.figures())
    return ApprovedOut.of(done)


@router.get("/school-allocations/{allocation_id}")
def show_allocation(allocation_id: UUID, session: DbSession, by: MayRead) -> AllocationDetailOut:
    """One allocation, and who of its school was on another's roll too."""
    return _detail(session, allocation_id, by)


@router.get("/school-allocations/{allocation_id}/students")
def list_students(
    *,
    allocation_id: UUID,
    session: DbSession,
    paging: Paging,
    by: MayRead,
) -> Page[AllocatedStudentOut]:
    """The students behind an allocation."""
    queries.allocation(session, allocation_id, by)
    rows = queries.students(session, allocation_id, paging, by)
    return page_of(rows, paging, key=lambda row: row.student_id, show=AllocatedStudentOut.of)


@router.get(
    "/school-allocations/{allocation_id}/students.xlsx", response_class=Response, responses=FILE
)
def export_students(
    allocation_id: UUID, request: Request, session: DbSession, by: MayRead
) -> Response:
    """The students behind an allocation as a sheet, ids masked."""
    found = queries.allocation(session, allocation_id, by)[0]
    rows = queries.every_student(session, allocation_id, by)
    book = student_sheet(found, rows, problems.language(request))
    audit.note(session, by=by, did="allocation.exported", records=[allocation_id])
    return workbook(book, f"{found.number}.xlsx")


@router.post("/school-allocations/{allocation_id}/cancel")
def cancel(
    allocation_id: UUID, asked: CancelAllocationIn, session: DbSession, by: MayApprove
) -> AllocationDetailOut:
    """Cancels an allocation before it is paid; its pupils may be counted anew."""
    service.cancel(session, allocation_id, because=asked.because, by=by)
    return _detail(session, allocation_id, by)


def _detail(session: DbSession, allocation_id: UUID, by: Actor) -> AllocationDetailOut:
    found = queries.allocation(session, allocation_id, by)
    return AllocationDetailOut.of_detail(found, list(queries.doubles(session, allocation_id, by)))
