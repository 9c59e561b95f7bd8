"""Schools' own accounts: entered by one person, confirmed by another."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.web import AidRoute
from app.registry import service_school_accounts as service
from app.registry.school_account_schemas import SchoolAccountIn, SchoolAccountOut
from app.registry.service_school_accounts import NewSchoolAccount

router = APIRouter(route_class=AidRoute, tags=["accounts"])


@router.post("/schools/{school_id}/accounts", status_code=201)
def enter_school_account(
    session: DbSession,
    school_id: UUID,
    asked: SchoolAccountIn,
    by: Annotated[Actor, may(Act.SCHOOL_ACCOUNT_WRITE)],
) -> SchoolAccountOut:
    """Enters a new or changed account of a school; it pays once another person has confirmed it."""
    new = NewSchoolAccount(**dict(asked))
    return SchoolAccountOut.of(service.enter_school_account(session, school_id, new, by=by))


@router.get("/schools/{school_id}/accounts")
def list_school_accounts(
    session: DbSession, school_id: UUID, by: Annotated[Actor, may(Act.ALLOCATION_READ)]
) -> list[SchoolAccountOut]:
    """A school's accounts, newest first."""
    return [SchoolAccountOut.of(one) for one in service.accounts_of(session, school_id, by)]


@router.post("/schools/{school_id}/accounts/{account_id}/confirm")
def confirm_school_account(
    session: DbSession,
    school_id: UUID,
    account_id: UUID,
    by: Annotated[Actor, may(Act.SCHOOL_ACCOUNT_CONFIRM)],
) -> SchoolAccountOut:
    """Confirms an account that another person entered; the one before gives way."""
    return SchoolAccountOut.of(
        service.confirm_school_account(session, school_id, account_id, by=by)
    )
