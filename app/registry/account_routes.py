"""Bank accounts: entered by one person, confirmed by another."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry import queries, service_accounts
from app.registry.account_schemas import AccountOut, ConfirmIn, PreviewIn, PreviewOut
from app.registry.models import AccountState
from app.registry.schemas import AccountIn, DoneOut, WithReasonIn
from app.registry.service_accounts import AllUnconfirmed, NewAccount

router = APIRouter(route_class=AidRoute, tags=["accounts"])


@router.get("/students/{student_id}/accounts")
def list_accounts_of(
    session: DbSession, student_id: UUID, by: Annotated[Actor, may(Act.STUDENT_READ)]
) -> list[AccountOut]:
    """A student's accounts, newest first."""
    return [AccountOut.of(one) for one in queries.accounts_of(session, student_id, by)]


@router.put("/students/{student_id}/account")
def enter_account(
    session: DbSession,
    student_id: UUID,
    asked: AccountIn,
    by: Annotated[Actor, may(Act.ACCOUNT_WRITE)],
) -> AccountOut:
    """Enters a new or changed account; it pays once another person has confirmed it."""
    new = NewAccount(**dict(asked))
    [entered] = service_accounts.enter_accounts(session, {student_id: new}, by=by)
    return AccountOut.of(entered.account)


@router.get("/accounts")
def list_accounts(
    session: DbSession,
    by: Annotated[Actor, may(Act.ACCOUNT_CONFIRM)],
    asked: Paging,
    school: UUID | None = None,
    state: AccountState | None = None,
) -> Page[AccountOut]:
    """The accounts in sight."""
    sought = queries.AccountsSought(school_id=school, state=state)
    found = queries.accounts(session, by, asked, sought)
    return page_of(found, asked, key=lambda account: account.id, show=AccountOut.of)


@router.post("/accounts/confirm/preview")
def preview_confirmation(
    session: DbSession, asked: PreviewIn, by: Annotated[Actor, may(Act.ACCOUNT_CONFIRM)]
) -> PreviewOut:
    """How many accounts a confirmation by filter would take."""
    count, own = queries.unconfirmed(session, by, asked.filter.school_id)
    return PreviewOut(count=count, own=own)


@router.post("/accounts/confirm")
def confirm_accounts(
    session: DbSession, asked: ConfirmIn, by: Annotated[Actor, may(Act.ACCOUNT_CONFIRM)]
) -> DoneOut:
    """Confirms accounts that others entered."""
    chosen: list[UUID] | AllUnconfirmed = asked.ids or []
    if asked.filter is not None and asked.expect is not None:
        chosen = AllUnconfirmed(school_id=asked.filter.school_id, count=asked.expect.count)
    done = service_accounts.confirm_accounts(session, chosen, skip_own=asked.skip_own, by=by)
    return DoneOut(count=done)


@router.post("/accounts/refuse")
def refuse_accounts(
    session: DbSession, asked: WithReasonIn, by: Annotated[Actor, may(Act.ACCOUNT_CONFIRM)]
) -> DoneOut:
    """Refuses accounts that wait for confirmation."""
    done = service_accounts.refuse_accounts(session, asked.ids, because=asked.reason, by=by)
    return DoneOut(count=done)
