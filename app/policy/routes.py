"""Programmes to read, and a case to try without storing anything."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.web import AidRoute
from app.policy import queries
from app.policy.schemas import (
    AssessIn,
    ExplanationOut,
    ProgrammeOut,
    ProgrammeWholeOut,
    explanation_out,
    programme_out,
    programme_whole_out,
)
from app.policy.trying import try_case

router = APIRouter(route_class=AidRoute, tags=["programmes"])
Code = Annotated[str, Path(max_length=40)]


@router.get("/programmes")
def list_programmes(by: Annotated[Actor, may(Act.PROGRAMME_READ)]) -> list[ProgrammeOut]:
    """Every programme of the catalogue in force."""
    del by
    return [programme_out(each) for each in queries.in_force().programmes.values()]


@router.get("/programmes/{code}")
def show_programme(
    code: Code, session: DbSession, by: Annotated[Actor, may(Act.PROGRAMME_READ)]
) -> ProgrammeWholeOut:
    """One programme: all versions, criteria, amounts, sources."""
    del by
    return programme_whole_out(queries.amended(session, code))


@router.post("/programmes/{code}/assess")
def assess(
    code: Code,
    wanted: AssessIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.PROGRAMME_READ)],
) -> ExplanationOut:
    """Explains how a case with these facts would come out for a period; stores nothing."""
    del by
    return explanation_out(try_case(session, code, wanted.period, wanted.facts).explained)
