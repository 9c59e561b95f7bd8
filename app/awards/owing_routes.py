"""Doors of debts: marking what is owed back, settling it, agreeing how, writing it off."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.awards import owing
from app.awards.owing_schemas import (
    AgreementIn,
    AgreementOut,
    AnswerIn,
    AskedOut,
    EndIn,
    MarkIn,
    MovedOut,
    RepaymentIn,
    SettlementOut,
    WriteOffIn,
    WriteOffOut,
)
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.recoveries import agreements, queries, write_offs
from app.recoveries.models import WriteOffState
from app.recoveries.service import Debt

router = APIRouter(route_class=AidRoute, tags=["recoveries"])


@router.post("/recoveries", status_code=201)
def mark(
    sent: MarkIn, session: DbSession, by: Annotated[Actor, may(Act.RECOVERY_MARK)]
) -> MovedOut:
    """Marks paid instalments as owed back: the student left, died, or was paid twice."""
    debt = Debt(sent.reason, sent.because)
    return MovedOut.of(owing.mark(session, sent.instalments, debt=debt, by=by))


@router.post("/recoveries/repayments", status_code=201)
def repay(
    sent: RepaymentIn, session: DbSession, by: Annotated[Actor, may(Act.RECOVERY_SETTLE)]
) -> MovedOut:
    """Takes in what students paid back by one voucher of the bank."""
    moved = owing.repay(session, sent.repaid(), voucher=sent.voucher, because=sent.because, by=by)
    return MovedOut.of(moved)


@router.get("/recoveries/{recoverable_id}/settlements")
def list_settlements(
    recoverable_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.RECOVERY_READ)],
    asked: Paging,
) -> Page[SettlementOut]:
    """How a debt was settled, part by part."""
    rows = queries.settlements(session, by, recoverable_id, asked)
    return page_of(rows, asked, key=lambda row: row.id, show=SettlementOut.of)


@router.post("/write-offs", status_code=201)
def ask_write_off(
    sent: WriteOffIn, session: DbSession, by: Annotated[Actor, may(Act.WRITE_OFF_ASK)]
) -> AskedOut:
    """Asks that what is left of debts be written off."""
    made = write_offs.ask(session, sent.recoverables, because=sent.because, by=by)
    return AskedOut(write_offs=made)


@router.get("/write-offs")
def list_write_offs(
    session: DbSession,
    by: Annotated[Actor, may(Act.RECOVERY_READ)],
    asked: Paging,
    state: WriteOffState | None = None,
) -> Page[WriteOffOut]:
    """Write-offs within the caller's scope, oldest first."""
    rows = queries.write_offs(session, by, asked, state)
    return page_of(rows, asked, key=lambda row: row.id, show=WriteOffOut.of)


@router.post("/write-offs/answer")
def answer_write_offs(
    sent: AnswerIn, session: DbSession, by: Annotated[Actor, may(Act.WRITE_OFF_ANSWER)]
) -> MovedOut:
    """Agrees to write-offs that another person asked for, or refuses them."""
    moved = owing.answer_write_offs(
        session, sent.write_offs, agree=sent.agree, because=sent.because, by=by
    )
    return MovedOut.of(moved)


@router.post("/recovery-agreements", status_code=201)
def agree(
    sent: AgreementIn, session: DbSession, by: Annotated[Actor, may(Act.RECOVERY_AGREE)]
) -> AgreementOut:
    """Records how a student pays back; approvals of new aid are then no longer stopped by it."""
    made = agreements.agree(
        session,
        sent.student_id,
        offset_basis_points=sent.offset_basis_points,
        terms=sent.terms,
        by=by,
    )
    return AgreementOut.of(made)


@router.post("/recovery-agreements/{agreement_id}/end")
def end_agreement(
    agreement_id: UUID,
    sent: EndIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.RECOVERY_AGREE)],
) -> AgreementOut:
    """Ends an agreement that is not kept."""
    return AgreementOut.of(agreements.end(session, agreement_id, because=sent.because, by=by))
