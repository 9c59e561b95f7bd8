"""Doors of overrides, blackout days and the register of staff's cards."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.disbursement import blackouts, overrides, queries, staff_accounts
from app.disbursement.guard_schemas import (
    BlackoutIn,
    BlackoutOut,
    OverriddenOut,
    OverrideIn,
    StaffAccountOut,
    StaffAccountsAddedOut,
    StaffAccountsIn,
)
from app.disbursement.schemas import BecauseIn

router = APIRouter(route_class=AidRoute, tags=["disbursement"])


@router.post("/runs/{run_id}/payouts/override")
def override(
    run_id: UUID,
    sent: OverrideIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.PAYOUT_OVERRIDE)],
) -> OverriddenOut:
    """Answers for findings of held payouts with a reason; not by the person who opened the run."""
    queries.run_for(session, run_id, by)
    asked = overrides.OverrideAsked(
        payouts=sent.payout_ids, findings=sent.findings, because=sent.because
    )
    done = overrides.override(session, run_id, asked, by=by)
    return OverriddenOut(overridden=done.findings, ready=done.ready)


@router.post("/blackouts", status_code=201)
def set_blackout(
    sent: BlackoutIn, session: DbSession, by: Annotated[Actor, may(Act.BLACKOUT_SET)]
) -> BlackoutOut:
    """Stops releases of a holder's money, or of the whole city's, on some days."""
    new = blackouts.NewBlackout(
        holder_id=sent.holder_id, from_on=sent.from_on, to_on=sent.to_on, because=sent.because
    )
    return BlackoutOut.of(blackouts.set_days(session, new, by=by))


@router.get("/blackouts")
def list_blackouts(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
) -> Page[BlackoutOut]:
    """The days that bind the caller's money, cancelled ones too."""
    rows = blackouts.listed(session, by, asked)
    return page_of(rows, asked, key=lambda one: one.id, show=BlackoutOut.of)


@router.post("/blackouts/{blackout_id}/cancel")
def cancel_blackout(
    blackout_id: UUID,
    sent: BecauseIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.BLACKOUT_SET)],
) -> BlackoutOut:
    """Cancels blackout days; the row stays on record."""
    return BlackoutOut.of(blackouts.cancel(session, blackout_id, because=sent.because, by=by))


@router.post("/schools/{school_id}/staff-accounts", status_code=201)
def hand_in_staff_accounts(
    school_id: UUID,
    sent: StaffAccountsIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.STAFF_ACCOUNT_WRITE)],
) -> StaffAccountsAddedOut:
    """Adds cards of a school's staff, which no student is paid to."""
    rows = [
        staff_accounts.NewStaffAccount(one.number, one.holder_name, one.reason)
        for one in sent.accounts
    ]
    made = staff_accounts.hand_in(session, school_id, rows, by=by)
    return StaffAccountsAddedOut(given=len(rows), added=made)


@router.get("/schools/{school_id}/staff-accounts")
def list_staff_accounts(
    school_id: UUID,
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.STAFF_ACCOUNT_READ)],
) -> Page[StaffAccountOut]:
    """A school's register of staff's cards, numbers masked."""
    rows = staff_accounts.of_school(session, school_id, asked, by=by)
    return page_of(rows, asked, key=lambda one: one.id, show=StaffAccountOut.of)


@router.post("/staff-accounts/{staff_account_id}/remove")
def remove_staff_account(
    staff_account_id: UUID,
    sent: BecauseIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.STAFF_ACCOUNT_REMOVE)],
) -> StaffAccountOut:
    """Takes a card off the register; an officer's act, since the school's own staff profit."""
    return StaffAccountOut.of(
        staff_accounts.remove(session, staff_account_id, because=sent.because, by=by)
    )
