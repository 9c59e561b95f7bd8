"""The door behind which recoverable money is listed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.recoveries import queries
from app.recoveries.models import Recoverable, RecoveryReason, RecoveryState
from app.recoveries.queries import RecoveryFilter
from app.recoveries.schemas import RecoverableOut

router = APIRouter(route_class=AidRoute, tags=["recoveries"])


@router.get("/recoveries")
def list_recoveries(
    session: DbSession,
    by: Annotated[Actor, may(Act.RECOVERY_READ)],
    asked: Paging,
    school: UUID | None = None,
    student: UUID | None = None,
    award: UUID | None = None,
    reason: RecoveryReason | None = None,
    state: RecoveryState | None = None,
) -> Page[RecoverableOut]:
    """Paid money that is owed back, within the caller's scope, in the order of its marking."""
    wanted = RecoveryFilter(
        school_id=school, student_id=student, award_id=award, reason=reason, state=state
    )
    found = queries.recoveries(session, by, wanted, asked)
    return page_of(found, asked, key=_id_of, show=RecoverableOut.of)


def _id_of(row: object) -> UUID:
    owed: Recoverable = row[0]  # type: ignore[index]
    return owed.id
