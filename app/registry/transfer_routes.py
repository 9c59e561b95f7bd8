"""Transfers between schools, and the schools' word on who is there."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry import queries, rules, service_enrolments, service_transfers
from app.registry.models import TransferState
from app.registry.schemas import ReasonIn, Term
from app.registry.service_enrolments import Absence
from app.registry.transfer_schemas import (
    ConfirmationIn,
    ConfirmationOut,
    DraftOut,
    EnrolledOut,
    TransferIn,
    TransferOut,
)

router = APIRouter(route_class=AidRoute, tags=["transfers"])
TermAsked = Annotated[Term, Query()]
MaySettle = Annotated[Actor, may(Act.TRANSFER_SETTLE)]


@router.post("/transfers", status_code=201)
def request_transfer(
    session: DbSession, asked: TransferIn, by: Annotated[Actor, may(Act.TRANSFER_REQUEST)]
) -> TransferOut:
    """Asks for a student of another school."""
    school = queries.school_for(session, None, by)
    wanted = asked.model_dump()
    return TransferOut.of(service_transfers.request_transfer(session, school, wanted, by=by))


@router.get("/transfers")
def list_transfers(
    session: DbSession,
    by: Annotated[Actor, may(Act.STUDENT_READ)],
    asked: Paging,
    state: TransferState | None = None,
) -> Page[TransferOut]:
    """Transfers to and from the schools in sight."""
    found = queries.transfers(session, by, asked, state)
    return page_of(found, asked, key=lambda transfer: transfer.id, show=TransferOut.of)


@router.post("/transfers/{transfer_id}/refuse")
def refuse_transfer(
    session: DbSession, transfer_id: UUID, asked: ReasonIn, by: MaySettle
) -> TransferOut:
    """The old school, its county or the city says no."""
    done = service_transfers.refuse_transfer(session, transfer_id, because=asked.reason, by=by)
    return TransferOut.of(done)


@router.post("/transfers/{transfer_id}/withdraw")
def withdraw_transfer(
    session: DbSession,
    transfer_id: UUID,
    asked: ReasonIn,
    by: Annotated[Actor, may(Act.TRANSFER_REQUEST)],
) -> TransferOut:
    """The asking school takes its request back."""
    done = service_transfers.withdraw_transfer(session, transfer_id, because=asked.reason, by=by)
    return TransferOut.of(done)


@router.get("/enrolment-confirmations/draft")
def draft_confirmation(
    session: DbSession,
    by: Annotated[Actor, may(Act.ENROLMENT_CONFIRM)],
    asked: Paging,
    term: TermAsked,
) -> DraftOut:
    """A confirmation filled in beforehand with everybody enrolled."""
    school = queries.school_for(session, None, by)
    count, rows = queries.enrolled(session, school.id, term, asked)
    page = page_of(rows, asked, key=lambda row: row[0].id, show=EnrolledOut.of)
    year = rules.school_year_of_term(term)
    return DraftOut(term=term, school_year=year, students=count, page=page)


@router.post("/enrolment-confirmations", status_code=201)
def confirm_enrolment(
    session: DbSession, asked: ConfirmationIn, by: Annotated[Actor, may(Act.ENROLMENT_CONFIRM)]
) -> ConfirmationOut:
    """The school's word on who is there this term."""
    school = queries.school_for(session, None, by)
    absences = [Absence(**dict(one)) for one in asked.absences]
    made = service_enrolments.confirm_enrolment(session, school, asked.term, absences, by=by)
    return ConfirmationOut.of(made)


@router.get("/enrolment-confirmations")
def list_confirmations(
    session: DbSession,
    by: Annotated[Actor, may(Act.SCHOOL_READ)],
    asked: Paging,
    term: Annotated[Term | None, Query()] = None,
) -> Page[ConfirmationOut]:
    """The schools' confirmations in sight; a school's latest of a term counts."""
    found = queries.confirmations(session, by, asked, term)
    return page_of(found, asked, key=lambda one: one.id, show=ConfirmationOut.of)
