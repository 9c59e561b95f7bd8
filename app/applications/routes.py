"""Rounds and applications over HTTP."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from app.applications import forms, queries, rivals, rounds
from app.applications.models import ApplicationState, Step
from app.applications.queries import CaseFilter
from app.applications.reasons import explained
from app.applications.rounds import Days
from app.applications.schemas import (
    ApplicationIn,
    ApplicationOut,
    BatchIn,
    BatchOut,
    CaseIn,
    CaseOut,
    LateIn,
    LateOut,
    ResultOut,
    RoundChange,
    RoundIn,
    RoundOut,
    WithdrawIn,
    WithdrawnOut,
    application_out,
    case_out,
    late_out,
    round_out,
)
from app.applications.withdrawals import withdraw
from app.auth.guards import may, may_together
from app.auth.joint import Caller, Reply, joint
from app.auth.permissions import Act
from app.core import etags
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.errors import AidError
from app.core.etags import IfMatch
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.policy.schemas import ExplanationOut, explanation_out

router = APIRouter(route_class=AidRoute, tags=["applications"])
Code = Annotated[str | None, Query(max_length=40)]
Text = Annotated[str | None, Query(max_length=80)]


@router.post("/rounds", status_code=201)
def open_round(
    wanted: RoundIn,
    session: DbSession,
    response: Response,
    by: Annotated[Actor, may(Act.ROUND_MANAGE)],
) -> RoundOut:
    """Opens a round of a programme for a period."""
    made = rounds.open_round(
        session,
        programme=wanted.programme,
        period=wanted.period,
        days=Days(wanted.opens_on, wanted.closes_on),
        by=by,
    )
    etags.tag(response, made.version)
    return round_out(made)


@router.get("/rounds")
def list_rounds(
    *,
    session: DbSession,
    paging: Paging,
    by: Annotated[Actor, may(Act.ROUND_READ)],
    programme: Code = None,
    period: Code = None,
) -> Page[RoundOut]:
    """Every round, oldest first."""
    del by
    found = queries.rounds(session, paging, programme=programme, period=period)
    return page_of(found, paging, key=lambda round_: round_.id, show=round_out)


@router.get("/rounds/{round_id}")
def show_round(
    round_id: UUID,
    response: Response,
    session: DbSession,
    by: Annotated[Actor, may(Act.ROUND_READ)],
) -> RoundOut:
    """One round, with the ETag that a change needs."""
    del by
    found = queries.round_by_id(session, round_id)
    etags.tag(response, found.version)
    return round_out(found)


@router.patch("/rounds/{round_id}")
def change_round(
    round_id: UUID,
    wanted: RoundChange,
    session: DbSession,
    response: Response,
    by: Annotated[Actor, may(Act.ROUND_MANAGE)],
    seen: IfMatch,
) -> RoundOut:
    """Extends or closes a round."""
    before = queries.round_by_id(session, round_id)
    days = Days(wanted.opens_on or before.opens_on, wanted.closes_on or before.closes_on)
    changed = rounds.change_round(
        session, round_id, seen=seen, days=days, because=wanted.reason, by=by
    )
    etags.tag(response, changed.version)
    return round_out(changed)


@router.post("/rounds/{round_id}/late-permissions", status_code=201)
def permit_late(
    round_id: UUID,
    wanted: LateIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.LATE_PERMIT)],
) -> LateOut:
    """Lets one school hand in after the close."""
    leave = rounds.permit_late(
        session,
        round_id,
        school_code=wanted.school_code,
        until=wanted.until,
        because=wanted.reason,
        by=by,
    )
    return late_out(leave)


@router.post("/applications", status_code=201, response_model=ResultOut)
async def apply(
    wanted: ApplicationIn,
    request: Request,
    by: Annotated[Caller, may_together(Act.APPLICATION_WRITE)],
) -> Response:
    """Registers or updates the student and applies; 200 when the same case is in already."""
    sort = (wanted.programme, wanted.period)
    return await joint(request.app, hand_in).ask(by, wanted, sort=sort)


def hand_in(
    session: Session, wanted: Sequence[ApplicationIn], *, by: Actor
) -> Sequence[Reply | AidError]:
    """What `apply` answers each of many."""
    return [
        each if isinstance(each, AidError) else Reply(_status(each), each)
        for each in forms.submit_each(session, wanted, by=by)
    ]


def _status(result: ResultOut) -> int:
    return 200 if result.outcome == "unchanged" else 201


@router.post("/applications/batch")
def apply_many(
    wanted: BatchIn, session: DbSession, by: Annotated[Actor, may(Act.APPLICATION_WRITE)]
) -> BatchOut:
    """Up to 1,000 cases, each with its own result; a refused one keeps no other from coming in."""
    round_ = forms.round_for(session, wanted.programme, wanted.period)
    results = forms.submit(session, wanted.cases, round_=round_, by=by)
    return BatchOut(counts=Counter(result.outcome for result in results), results=results)


@router.post("/applications/withdraw")
def withdraw_cases(
    wanted: WithdrawIn, session: DbSession, by: Annotated[Actor, may(Act.APPLICATION_WRITE)]
) -> WithdrawnOut:
    """Takes cases back before anybody has decided them."""
    done = withdraw(session, wanted.ids, because=wanted.reason, by=by, skip_moved=wanted.skip_moved)
    return WithdrawnOut(withdrawn=done, skipped=len(set(wanted.ids)) - len(done))


@router.get("/applications")
def list_applications(
    *,
    session: DbSession,
    paging: Paging,
    by: Annotated[Actor, may(Act.APPLICATION_READ)],
    programme: Code = None,
    period: Code = None,
    state: ApplicationState | None = None,
    step: Step | None = None,
    school: Code = None,
    county: Code = None,
    eligible: bool | None = None,
    hardship: Annotated[int | None, Query(ge=0, le=3)] = None,
    name: Text = None,
    number: Code = None,
    class_name: Annotated[str | None, Query(alias="class", max_length=40)] = None,
    grade: Annotated[int | None, Query(ge=1, le=12)] = None,
) -> Page[ApplicationOut]:
    """Cases within scope, in the order in which they came; a class teacher's are the own class's.

    `school` and `county` are codes; `name` and `number` are exact.
    """
    wanted = CaseFilter(
        programme=programme,
        period=period,
        state=state,
        step=step,
        school=school,
        county=county,
        eligible=eligible,
        hardship=hardship,
        name=name,
        number=number,
        class_name=class_name,
        grade=grade,
    )
    found = queries.cases(session, by, wanted, paging)
    return page_of(found, paging, key=lambda listed: listed.case.id, show=application_out)


@router.get("/applications/{application_id}")
def show_application(
    application_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.APPLICATION_READ)]
) -> CaseOut:
    """A case whole: its facts with their sources, why it came out so, every decision."""
    found = queries.case(session, by, application_id)
    beside = rivals.rivals_of(session, found.case, by=by)
    return case_out(found, explanation_out(explained(session, found)), beside)


@router.get("/applications/{application_id}/explanation")
def explain_application(
    application_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.APPLICATION_READ)]
) -> ExplanationOut:
    """Why the case came out as it did, recomputed from its facts and its version."""
    return explanation_out(explained(session, queries.case(session, by, application_id)))


@router.post("/applications/{application_id}/submissions", status_code=201)
def apply_again(
    application_id: UUID,
    wanted: CaseIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.APPLICATION_WRITE)],
) -> ResultOut:
    """Hands a draft or a returned case in again, as the form says now; its number stays."""
    return forms.submit_again(session, application_id, wanted, by=by)
