"""The caller, the office day, offices and the people in them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from app.audit import service as audit
from app.auth import audit_routes, client_routes, logins, queries, service, token_routes
from app.auth.errors import OfficeDayFixed, OrganisationsWrong
from app.auth.guards import may
from app.auth.models import OrganisationKind, Role
from app.auth.permissions import Act
from app.auth.schemas import (
    MeOut,
    OfficeDayIn,
    OfficeDayOut,
    OrganisationIn,
    OrganisationOut,
    PasswordChange,
    StaffIn,
    StaffOut,
    StaffPatch,
)
from app.core import clock, settings
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.errors import Fault
from app.core.paging import Page, Paging, page_of
from app.core.problems import render
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["people and offices"])

MADE_ELSEWHERE = {OrganisationKind.SCHOOL, OrganisationKind.CITY_CENTRE}


@router.get("/me")
def me(by: Annotated[Actor, may(Act.SELF)]) -> MeOut:
    """Who the caller is and how far they see."""
    return MeOut.of(by)


@router.post("/me/password", status_code=204)
def change_password(
    request: Request,
    session: DbSession,
    asked: PasswordChange,
    by: Annotated[Actor, may(Act.PASSWORD_CHANGE)],
) -> None:
    """Changes the own password and ends every session of the caller."""
    refused = logins.change_password(session, by=by, old=asked.old_password, new=asked.new_password)
    if refused is not None:
        return render(request, refused.error)  # type: ignore[return-value]  # commits, not raises
    return None


@router.get("/office-day")
def office_day(by: Annotated[Actor, may(Act.SELF)]) -> OfficeDayOut:
    """The civil day at the office."""
    del by
    return OfficeDayOut(day=clock.office_day(), is_set=clock.office_day_is_set())


@router.put("/office-day")
def set_office_day(
    session: DbSession, asked: OfficeDayIn, by: Annotated[Actor, may(Act.OFFICE_DAY_SET)]
) -> OfficeDayOut:
    """Takes a day for today, in demo and test mode only; null goes back to the calendar's."""
    if not settings.get().day_can_be_set:
        raise OfficeDayFixed
    shown = None if asked.day is None else asked.day.isoformat()
    audit.note(session, by=by, did="office-day.set", detail={"day": shown})
    clock.set_office_day(asked.day)
    return OfficeDayOut(day=clock.office_day(), is_set=clock.office_day_is_set())


@router.post("/organisations", status_code=201)
def create_organisation(
    session: DbSession,
    asked: OrganisationIn,
    by: Annotated[Actor, may(Act.ORGANISATION_MANAGE)],
) -> OrganisationOut:
    """Makes a county centre or a finance office."""
    if asked.kind in MADE_ELSEWHERE:
        raise OrganisationsWrong(
            [
                Fault(
                    "organisation.made-elsewhere",
                    "学校请通过学校登记建立；市级中心只有一个。",
                    "Schools are made by registering them; there is one city centre.",
                    "/body/kind",
                )
            ]
        )
    new = service.NewOrganisation(**asked.model_dump())
    return OrganisationOut.of(service.create_organisation(session, new, by=by))


@router.get("/organisations")
def list_organisations(
    *,
    session: DbSession,
    by: Annotated[Actor, may(Act.ORGANISATION_READ)],
    asked: Paging,
    kind: OrganisationKind | None = None,
    code: Annotated[str | None, Query(max_length=20)] = None,
) -> Page[OrganisationOut]:
    """The offices in the caller's own part of the tree."""
    rows = queries.organisations(session, asked, by=by, kind=kind, code=code)
    return page_of(rows, asked, key=lambda row: row.id, show=OrganisationOut.of)


@router.get("/organisations/{organisation_id}")
def read_organisation(
    session: DbSession,
    organisation_id: UUID,
    by: Annotated[Actor, may(Act.ORGANISATION_READ)],
) -> OrganisationOut:
    """One office in the caller's own part of the tree."""
    return OrganisationOut.of(queries.organisation(session, organisation_id, by=by))


@router.post("/staff", status_code=201)
def create_staff(
    session: DbSession, asked: StaffIn, by: Annotated[Actor, may(Act.STAFF_MANAGE)]
) -> StaffOut:
    """Lets a person in."""
    return StaffOut.of(service.create_staff(session, service.NewStaff(**dict(asked)), by=by))


@router.get("/staff")
def list_staff(
    *,
    session: DbSession,
    by: Annotated[Actor, may(Act.STAFF_MANAGE)],
    asked: Paging,
    organisation_id: UUID | None = None,
    role: Role | None = None,
    active: bool | None = None,
) -> Page[StaffOut]:
    """The people who work with the service."""
    del by
    wanted = queries.StaffFilter(organisation_id=organisation_id, role=role, active=active)
    rows = queries.staff(session, asked, wanted=wanted)
    return page_of(rows, asked, key=lambda row: row.id, show=StaffOut.of)


@router.patch("/staff/{staff_id}")
def change_staff(
    session: DbSession,
    staff_id: UUID,
    asked: StaffPatch,
    by: Annotated[Actor, may(Act.STAFF_MANAGE)],
) -> StaffOut:
    """Changes a person's post, switches them off or on, or gives a new password."""
    change = service.StaffChange(**dict(asked))
    return StaffOut.of(service.change_staff(session, staff_id, change, by=by))


router.include_router(token_routes.router)
router.include_router(client_routes.router)
router.include_router(audit_routes.router)
