"""Doors of allocation: proposals, the tiers a school takes, the places the centre gives."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.applications import allocations, tiers
from app.applications.allocation_schemas import (
    PlacesIn,
    ProposalOut,
    ProposeIn,
    QuotaOut,
    QuotasIn,
    QuotasOut,
    QuotasSetOut,
    TakenOut,
)
from app.auth.guards import may
from app.auth.permissions import Act
from app.budgets import proposals, quota_queries
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Paging, page_of
from app.core.web import AidRoute

router = APIRouter(route_class=AidRoute, tags=["places"])
Code = Annotated[str, Path(max_length=40)]


@router.post("/programmes/{code}/allocations/propose", status_code=201)
def propose_allocation(
    code: Code,
    said: ProposeIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.ALLOCATION_PROPOSE)],
) -> ProposalOut:
    """Works out places per school, or tiers for a school's cases; changes nothing else."""
    if isinstance(said, PlacesIn):
        return ProposalOut.of(allocations.propose_places(session, code, said.read(), by=by))
    return ProposalOut.of(tiers.propose_tiers(session, code, said.period, said.school, by=by))


@router.get("/programmes/{code}/allocations/{proposal_id}")
def show_allocation(
    code: Code,
    proposal_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.QUOTA_READ)],
) -> ProposalOut:
    """One proposal, as it was worked out."""
    return ProposalOut.of(proposals.one(session, proposal_id, programme=code, by=by))


@router.post("/programmes/{code}/allocations/{proposal_id}/take")
def take_allocation(
    code: Code,
    proposal_id: UUID,
    session: DbSession,
    by: Annotated[Actor, may(Act.ALLOCATION_PROPOSE)],
) -> TakenOut:
    """Hands a school's cases in again with the tiers of a proposal."""
    return TakenOut.of(tiers.take_tiers(session, code, proposal_id, by=by))


@router.get("/programmes/{code}/quotas")
def list_quotas(
    code: Code,
    session: DbSession,
    by: Annotated[Actor, may(Act.QUOTA_READ)],
    asked: Paging,
    period: Annotated[str | None, Query(max_length=11)] = None,
) -> QuotasOut:
    """Who has how many places of a programme, and the sums that a change must name."""
    period = allocations.period_of(code, period)
    rows = quota_queries.listed(session, asked, by=by, programme=code, period=period)
    page = page_of(rows, asked, key=lambda row: row.quota.id, show=QuotaOut.of)
    sums = quota_queries.totals(session, by=by, programme=code, period=period)
    return QuotasOut(
        schools=sums.schools,
        places=sums.places,
        amount=sums.amount_fen,
        items=page.items,
        next=page.next,
    )


@router.put("/programmes/{code}/quotas")
def set_quotas(
    code: Code,
    said: QuotasIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.QUOTA_SET)],
) -> QuotasSetOut:
    """Gives schools their places; who waits is offered what that lets be."""
    return QuotasSetOut.of(allocations.give_places(session, code, said.read(), by=by))
