"""Keeps the proposals of allocation, which change nothing by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel import Session, col

from app.audit import service as audit
from app.budgets.errors import ProposalOfOtherKind, ProposalUnknown
from app.budgets.models import AllocationKind, AllocationProposal
from app.core import clock
from app.core.actor import Actor, Scope


@dataclass(frozen=True, kw_only=True)
class Worked:
    """A proposal as worked out, to be kept; a place is (school, county)."""

    programme: str
    period: str
    kind: AllocationKind
    given: dict[str, Any]
    result: dict[str, Any]
    ties: Sequence[str]
    place: tuple[UUID | None, UUID | None]


def keep(session: Session, worked: Worked, *, by: Actor) -> AllocationProposal:
    """Stores a proposal for good."""
    school_id, county_id = worked.place
    made = AllocationProposal(
        programme=worked.programme,
        period=worked.period,
        kind=worked.kind,
        school_id=school_id,
        county_id=county_id,
        given=worked.given,
        result=worked.result,
        ties=list(worked.ties),
        made_by=by.id,
        made_at=clock.now(),
    )
    session.execute(insert(AllocationProposal).values(made.model_dump()))
    audit.note(
        session,
        by=by,
        did="allocation.proposed",
        records=[made.id],
        detail={"programme": made.programme, "period": made.period, "kind": made.kind.value},
    )
    return made


def one(
    session: Session,
    proposal_id: UUID,
    *,
    programme: str,
    by: Actor,
    kind: AllocationKind | None = None,
) -> AllocationProposal:
    """A proposal of the programme within scope. Raises ProposalUnknown, ProposalOfOtherKind."""
    table = AllocationProposal
    query = select(table).where(col(table.id) == proposal_id, col(table.programme) == programme)
    if by.scope is Scope.COUNTY:
        query = query.where(col(table.county_id) == by.county_id)
    if by.scope is Scope.SCHOOL:
        query = query.where(col(table.school_id) == by.school_id)
    found: AllocationProposal | None = session.execute(query).scalar_one_or_none()
    if found is None:
        raise ProposalUnknown
    if kind is not None and found.kind is not kind:
        raise ProposalOfOtherKind(
            "该方案的类别不符：分校名额方案用于下达名额，分档方案用于学校套用。",
            "The proposal is of the other kind: one of places is for quotas, one of tiers is taken "
            "for a school's cases.",
            facts={"kind": found.kind.value, "needed": kind.value},
        )
    return found
