"""The auditor's question: does everything agree?"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.web import AidRoute
from app.reports import verification

router = APIRouter(route_class=AidRoute, tags=["reports"])


class FindingOut(BaseModel):
    """One place where something does not agree."""

    code: str
    where: str
    zh: str
    en: str


class VerificationOut(BaseModel):
    """How many things were checked over every record, and what was found."""

    checks: int
    findings: list[FindingOut]


@router.get("/verification")
def verify(session: DbSession, by: Annotated[Actor, may(Act.VERIFY)]) -> VerificationOut:
    """Recomputes books, promises, payments, outcomes and stored files from their lines."""
    del by
    found = verification.verify(session)
    return VerificationOut(
        checks=len(verification.CHECKS),
        findings=[FindingOut(**vars(each)) for each in found],
    )
