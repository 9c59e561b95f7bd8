"""Doors of paying accounts, bank statements, and what the bank is silent about."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.disbursement import paying_accounts
from app.reconciliation import statement_queries as queries
from app.reconciliation import worklist
from app.reconciliation.statement_models import StatementOutcome
from app.reconciliation.statement_schemas import (
    OpenedOut,
    PayingAccountIn,
    PayingAccountOut,
    StatementDetailOut,
    StatementLineOut,
    StatementOut,
)
from app.reconciliation.statements import take_statement

REPEATED = 200

router = APIRouter(route_class=AidRoute, tags=["reconciliation"])


@router.post("/paying-accounts", status_code=201)
def enter(
    asked: PayingAccountIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.PAYING_ACCOUNT_ENTER)],
) -> PayingAccountOut:
    """Enters an account of the caller's office; another person confirms it."""
    new = paying_accounts.NewPayingAccount(**asked.model_dump())
    return PayingAccountOut.of(paying_accounts.enter_paying_account(session, new, by=by))


@router.get("/paying-accounts")
def list_paying_accounts(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
) -> Page[PayingAccountOut]:
    """Paying accounts within the caller's scope; numbers are masked."""
    rows = paying_accounts.paying_accounts(session, by, asked)
    return page_of(rows, asked, key=lambda row: row.id, show=PayingAccountOut.of)


@router.post("/paying-accounts/{paying_account_id}/confirm")
def confirm(
    paying_account_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.PAYING_ACCOUNT_CONFIRM)],
) -> PayingAccountOut:
    """Confirms what another person entered."""
    found = paying_accounts.confirm_paying_account(session, paying_account_id, by=by)
    return PayingAccountOut.of(found)


@router.post("/statements", status_code=201, responses={REPEATED: {"model": StatementDetailOut}})
def take(
    paying_account: Annotated[UUID, Form()],
    statement_format: Annotated[str, Form(min_length=1, max_length=40)],
    file: Annotated[UploadFile, File()],
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.STATEMENT_TAKE)],
) -> StatementDetailOut:
    """Takes in a statement, once: a repeat gets the first result (200)."""
    taken = take_statement(
        session,
        account_id=paying_account,
        statement_format=statement_format,
        data=file.file.read(),
        by=by,
    )
    if taken.repeated:
        response.status_code = REPEATED
    kept = taken.statement
    return StatementDetailOut.with_outcomes(kept, queries.outcomes(session, kept.id))


@router.get("/statements")
def list_statements(
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
) -> Page[StatementOut]:
    """Statements within the caller's scope."""
    rows = queries.statements(session, by, asked)
    return page_of(rows, asked, key=lambda row: row.id, show=StatementOut.of)


@router.get("/statements/{statement_id}")
def show_statement(
    statement_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.RUN_READ)]
) -> StatementDetailOut:
    """A statement with counts and sums by outcome."""
    kept = queries.statement(session, statement_id, by)
    return StatementDetailOut.with_outcomes(kept, queries.outcomes(session, kept.id))


@router.get("/statements/{statement_id}/lines")
def list_statement_lines(
    statement_id: UUID,
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
    outcome: StatementOutcome | None = None,
) -> Page[StatementLineOut]:
    """A statement's lines and what each came to."""
    queries.statement(session, statement_id, by)
    rows = queries.lines(session, statement_id, asked, outcome)
    return page_of(rows, asked, key=lambda row: UUID(int=row.line_no), show=StatementLineOut.of)


@router.post("/worklist/open-silent")
def open_silent(session: DbSession, by: Annotated[Actor, may(Act.WORKLIST_RESOLVE)]) -> OpenedOut:
    """Opens items for payouts of which the bank has said nothing for too long."""
    return OpenedOut(opened=worklist.open_silent(session, by=by))
