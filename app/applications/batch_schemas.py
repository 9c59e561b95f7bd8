"""What the doors of reporting take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.applications.batches import Filling
from app.applications.models import BatchState, ReportingBatch
from app.applications.place_queries import Places
from app.applications.reporting import BatchCounts
from app.applications.rivals import Beside
from app.core.asked import Asked
from app.core.days import Day
from app.core.money import YuanOut
from app.policy.schemas import WordsOut, words

PANEL_MAX = 30

Name = Annotated[str, Field(min_length=1, max_length=80)]


class FillingIn(Asked):
    """What the school records before the head endorses."""

    panel: Annotated[list[Name], Field(max_length=PANEL_MAX)]
    panel_met_on: Day
    notice_from: Day
    notice_to: Day

    def read(self) -> Filling:
        """As the service takes it."""
        return Filling(
            panel=tuple(self.panel),
            panel_met_on=self.panel_met_on,
            notice_from=self.notice_from,
            notice_to=self.notice_to,
        )


class BatchIn(FillingIn):
    """A new batch; an office names the school it acts for."""

    round_id: UUID
    school_id: UUID | None = None


class ZeroIn(Asked):
    """A school's word that nobody applies; an office names the school it acts for."""

    round_id: UUID
    school_id: UUID | None = None


class CountsOut(BaseModel):
    """Where the school's cases stand; drafts and returned ones are left out of a report."""

    eligible: int
    not_eligible: int
    drafts: int
    returned: int
    handed_up: int

    @classmethod
    def of(cls, counts: BatchCounts) -> Self:
        """The reply for counts."""
        return cls(
            eligible=counts.eligible,
            not_eligible=counts.not_eligible,
            drafts=counts.drafts,
            returned=counts.returned,
            handed_up=counts.beyond,
        )


class PlaceWarningOut(BaseModel):
    """A floor or guide that is not kept; it refuses nothing."""

    code: str
    words: WordsOut
    asked: int
    found: int


class PlacesOut(BaseModel):
    """The school's places: `given`, `left` and the amounts are null where nothing is bounded.

    `used` counts cases handed up and those offered a place; `by` says where the bound comes from,
    `ranked_by` in which order places are filled.
    """

    given: int | None
    used: int
    left: int | None
    offered: int
    waiting: int
    amount: YuanOut | None
    used_amount: YuanOut
    left_amount: YuanOut | None
    by: WordsOut
    ranked_by: WordsOut
    warnings: list[PlaceWarningOut]

    @classmethod
    def of(cls, places: Places) -> Self:
        """The reply for a batch's places."""
        ceiling, used = places.ceiling, places.used
        return cls(
            given=ceiling.places,
            used=used.count,
            left=ceiling.left(used.count),
            offered=used.offered,
            waiting=used.waiting,
            amount=ceiling.cap_fen,
            used_amount=used.amount_fen,
            left_amount=ceiling.money_left(used.amount_fen),
            by=words(ceiling.by),
            ranked_by=words(places.ranked_by),
            warnings=[
                PlaceWarningOut(
                    code=each.code, words=words(each.words), asked=each.asked, found=each.found
                )
                for each in places.warnings
            ],
        )


class BatchOut(BaseModel):
    """A school's reporting batch."""

    id: UUID
    round_id: UUID
    school_id: UUID
    county_id: UUID
    state: BatchState
    zero: bool
    panel: list[str]
    panel_met_on: date | None
    notice_from: date | None
    notice_to: date | None
    filled_by: UUID
    endorsed_by: UUID | None
    endorsed_at: datetime | None
    reported_by: UUID | None
    reported_at: datetime | None
    version: int

    @classmethod
    def of(cls, batch: ReportingBatch) -> Self:
        """The reply for a batch."""
        return cls(**batch.model_dump())


class CautionCountOut(BaseModel):
    """One caution and for how many of the cases with the school it holds."""

    id: str
    label: WordsOut
    count: int


class BatchWithCountsOut(BatchOut):
    """A school's reporting batch, its cases and its places.

    Of the cases still with the school: what to look at before endorsing, and how many students
    have applied for, or have, a programme that excludes this one.
    """

    cases: CountsOut
    places: PlacesOut
    cautions: list[CautionCountOut]
    exclusive: int

    @classmethod
    def whole(
        cls, batch: ReportingBatch, counts: BatchCounts, places: Places, beside: Beside
    ) -> Self:
        """The reply for a batch with its cases, its places and what stands beside them."""
        return cls(
            **batch.model_dump(),
            cases=CountsOut.of(counts),
            places=PlacesOut.of(places),
            cautions=[
                CautionCountOut(id=each.id, label=words(each.label), count=each.count)
                for each in beside.cautions
            ],
            exclusive=beside.exclusive,
        )


class ReportedOut(BaseModel):
    """How many cases went up, and where what stayed stands."""

    handed_up: int
    batch: BatchWithCountsOut


Standing = Literal["not_reported", "filling", "endorsed", "reported", "zero"]


class SchoolStandingOut(BaseModel):
    """How far one school is with its report."""

    school_id: UUID
    code: str
    name: str
    county_id: UUID
    batch_id: UUID | None
    state: Standing
    cases: CountsOut
    reported_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The reply for a row of the board."""
        counts = BatchCounts(row.eligible, row.not_eligible, row.drafts, row.returned, row.beyond)
        return cls(
            school_id=row.school_id,
            code=row.code,
            name=row.name,
            county_id=row.county_id,
            batch_id=row.batch_id,
            state=row.standing,
            cases=CountsOut.of(counts),
            reported_at=row.reported_at,
        )


class BoardOut(BaseModel):
    """Who has reported in a round: how many schools stand where, and a page of them."""

    round_id: UUID
    schools: dict[str, int]
    items: list[SchoolStandingOut]
    next: str | None
