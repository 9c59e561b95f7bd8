"""Pages to print: why a case came out so, and the notice of a refusal."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.applications import queries as applications
from app.applications.reasons import explained
from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.web import AidRoute
from app.policy import queries as policy
from app.policy.explanation import Explanation
from app.policy.facts import FACTS, Words
from app.policy.schemas import AssessIn
from app.policy.trying import try_case
from app.reports.page_schemas import RefusalOut
from app.reports.paper import page
from app.reports.refusals import Subject, period_words, refusal, subject_of

router = APIRouter(route_class=AidRoute, tags=["pages"])


@router.get("/applications/{application_id}/explanation/page", response_class=HTMLResponse)
def explanation_page(
    application_id: UUID, session: DbSession, by: Annotated[Actor, may(Act.APPLICATION_READ)]
) -> HTMLResponse:
    """Why a case came out as it did, to print for the family."""
    found = applications.case(session, by, application_id)
    programme = policy.programme(found.case.programme)
    return _explanation(programme.name, explained(session, found), subject_of(session, found))


@router.post("/programmes/{code}/assess/page", response_class=HTMLResponse)
def supposed_case_page(
    code: Annotated[str, Path(max_length=40)],
    wanted: AssessIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.PROGRAMME_READ)],
) -> HTMLResponse:
    """How a supposed case would come out, to print; stores nothing."""
    del by
    tried = try_case(session, code, wanted.period, wanted.facts)
    return _explanation(tried.programme.name, tried.explained, None)


@router.get(
    "/applications/{application_id}/refusal-notice",
    response_model=RefusalOut,
    responses={200: {"content": {"text/html": {}}}},
)
def refusal_notice(
    application_id: UUID,
    request: Request,
    session: DbSession,
    by: Annotated[Actor, may(Act.APPLICATION_READ)],
) -> Response | RefusalOut:
    """The notice of a refusal, to print; as data where `Accept` asks for JSON first."""
    found = refusal(session, application_id, by=by)
    if _asks_for_json(request.headers.get("accept", "")):
        return RefusalOut.of(found)
    return page("refusal.html", refusal=found)


def _explanation(name: Words, why: Explanation, subject: Subject | None) -> HTMLResponse:
    return page(
        "explanation.html",
        subject=subject,
        programme=name,
        period=period_words(why.period),
        explained=why,
        needed=[FACTS[each] for each in why.unknown],
    )


def _asks_for_json(accept: str) -> bool:
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    known = [kind for kind in kinds if kind in {"text/html", "application/json"}]
    return known[:1] == ["application/json"]
