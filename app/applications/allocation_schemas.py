"""What the doors of allocation and quotas take and answer."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.applications import tiering
from app.applications.allocations import GivenNow, PlacesAsked, QuotasAsked
from app.applications.schemas import SchoolCode
from app.applications.tiers import Taken
from app.budgets import apportioning
from app.budgets.models import AllocationKind, AllocationProposal
from app.budgets.quota_queries import QuotaRow, QuotaTotals
from app.core.asked import Asked
from app.core.money import FEN_MAX, Yuan, YuanOut
from app.policy.schemas import Period, WordsOut

SCHOOLS_MAX = 5000
PLACES_MAX = 1_000_000

Many = Annotated[int, Field(strict=True, ge=0, le=PLACES_MAX)]
Why = Annotated[str, Field(min_length=2, max_length=200, pattern=r"\S")]
Amount = Annotated[Yuan, Field(ge=0, le=FEN_MAX)]


class WeightIn(Asked):
    """One school's weight, and its own bounds where they differ from those of all."""

    school: SchoolCode
    weight: Many
    least: Many | None = None
    most: Many | None = None


class PlacesIn(Asked):
    """Places to share out over schools, by head count, by eligible cases or by weights given."""

    what: Literal["places"]
    period: Period
    total: Many
    weights: (
        Literal["roll", "boarders", "eligible"]
        | Annotated[list[WeightIn], Field(min_length=1, max_length=SCHOOLS_MAX)]
    )
    least: Many = 0
    most: Many | None = None
    schools: Annotated[list[SchoolCode], Field(min_length=1, max_length=SCHOOLS_MAX)] | None = None

    @model_validator(mode="after")
    def _schools_once(self) -> Self:
        if isinstance(self.weights, list):
            if self.schools is not None:
                raise ValueError("weights given name their schools; leave schools out")
            if len({each.school for each in self.weights}) < len(self.weights):
                raise ValueError("each school is given one weight")
        return self

    def read(self) -> PlacesAsked:
        """As the service takes it."""
        given = self.weights if isinstance(self.weights, list) else []
        return PlacesAsked(
            period=self.period,
            total=self.total,
            weigh_by=None if isinstance(self.weights, list) else self.weights,
            weights={each.school: each.weight for each in given},
            schools=tuple(self.schools or ()),
            least=self.least,
            most=self.most,
            own_least={each.school: each.least for each in given if each.least is not None},
            own_most={each.school: each.most for each in given if each.most is not None},
        )


class TiersIn(Asked):
    """Tiers to be worked out for a school's cases."""

    what: Literal["tiers"]
    period: Period
    school: SchoolCode


ProposeIn = Annotated[PlacesIn | TiersIn, Field(discriminator="what")]


class ProposalOut(BaseModel):
    """A proposal: what it was worked out from, what came of it, and where ties were decided."""

    id: UUID
    programme: str
    period: str
    what: AllocationKind
    school_id: UUID | None
    given: dict[str, object]
    result: dict[str, object]
    tie_rule: WordsOut
    ties: list[str]
    made_by: UUID
    made_at: datetime

    @classmethod
    def of(cls, proposal: AllocationProposal) -> Self:
        """The reply for a proposal."""
        rules = {
            AllocationKind.PLACES: (apportioning.TIE_ZH, apportioning.TIE_EN),
            AllocationKind.TIERS: (tiering.TIE_ZH, tiering.TIE_EN),
        }
        zh, en = rules[proposal.kind]
        return cls(
            id=proposal.id,
            programme=proposal.programme,
            period=proposal.period,
            what=proposal.kind,
            school_id=proposal.school_id,
            given=proposal.given,
            result=proposal.result,
            tie_rule=WordsOut(zh=zh, en=en),
            ties=proposal.ties,
            made_by=proposal.made_by,
            made_at=proposal.made_at,
        )


class TakenOut(BaseModel):
    """How many cases were handed in with their tier, and how many had it already."""

    taken: int
    unchanged: int

    @classmethod
    def of(cls, taken: Taken) -> Self:
        """The reply for tiers that were taken."""
        return cls(taken=taken.taken, unchanged=taken.unchanged)


class QuotaIn(Asked):
    """One school's places, and its money where that is bounded too."""

    school: SchoolCode
    places: Many
    amount: Amount | None = None


class QuotaFiguresIn(Asked):
    """The sums of the programme's quotas of the period that the officer was shown."""

    schools: Many
    places: Annotated[int, Field(strict=True, ge=0, le=PLACES_MAX * 1000)]
    amount: Amount


class QuotasIn(Asked):
    """Places for schools: listed, or as a proposal has them. Schools not named keep theirs."""

    period: Period
    why: Why
    expect: QuotaFiguresIn
    quotas: Annotated[list[QuotaIn], Field(min_length=1, max_length=SCHOOLS_MAX)] | None = None
    proposal_id: UUID | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.quotas is None) == (self.proposal_id is None):
            raise ValueError("give either quotas or a proposal_id")
        return self

    def read(self) -> QuotasAsked:
        """As the service takes it."""
        return QuotasAsked(
            period=self.period,
            why=self.why.strip(),
            expect=QuotaTotals(self.expect.schools, self.expect.places, self.expect.amount),
            lines=[(each.school, each.places, each.amount) for each in self.quotas or ()],
            proposal_id=self.proposal_id,
        )


class QuotaOut(BaseModel):
    """One school's quota of a programme and period."""

    id: UUID
    programme: str
    period: str
    school_id: UUID
    school_code: str
    school_name: str
    places: int
    amount: YuanOut | None
    why: str
    proposal_id: UUID | None
    set_by: UUID
    set_at: datetime
    version: int

    @classmethod
    def of(cls, row: QuotaRow) -> Self:
        """The reply for a quota."""
        quota = row.quota
        return cls(
            id=quota.id,
            programme=quota.programme,
            period=quota.period,
            school_id=quota.school_id,
            school_code=row.code,
            school_name=row.name,
            places=quota.places,
            amount=quota.amount_fen,
            why=quota.why,
            proposal_id=quota.proposal_id,
            set_by=quota.set_by,
            set_at=quota.set_at,
            version=quota.version,
        )


class QuotasOut(BaseModel):
    """Quotas within the caller's scope: their sums, and a page of them."""

    schools: int
    places: int
    amount: YuanOut
    items: list[QuotaOut]
    next: str | None


class QuotasSetOut(BaseModel):
    """The programme's quotas of the period now, and how many who waited were offered a place."""

    period: str
    schools: int
    places: int
    amount: YuanOut
    offered: int

    @classmethod
    def of(cls, given: GivenNow) -> Self:
        """The reply for places given."""
        sums = given.totals
        return cls(
            period=given.period,
            schools=sums.schools,
            places=sums.places,
            amount=sums.amount_fen,
            offered=given.offered,
        )
