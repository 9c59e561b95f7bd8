"""The waiting list (候补): cases beyond a school's places, ranked, and what became of each."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import enum_column, fen_column, moment_column, one_of


class PlaceState(StrEnum):
    """Where a case on the waiting list (候补) stands."""

    WAITING = "waiting"
    OFFERED = "offered"  # a place is kept for it; the school's next report hands it up
    TAKEN = "taken"  # handed up
    PASSED = "passed"  # gave the place up, or is over


class PlaceReason(StrEnum):
    """Why a case waits."""

    OVER_PLACES = "over_places"
    OVER_MONEY = "over_money"


class PlaceEntry(SQLModel, table=True):
    """A case on its school's waiting list: where it stands in the ranking, and why it waits.

    `places` and `cap_fen` are the bounds it was ranked by, kept to what the school has now.
    """

    __tablename__ = "place_entry"
    __table_args__ = (
        one_of("state", PlaceState),
        one_of("reason", PlaceReason),
        CheckConstraint(
            "state NOT IN ('taken', 'passed') OR settled_at IS NOT NULL", name="settled_dated"
        ),
        Index(
            "uq_place_entry_live",
            "application_id",
            unique=True,
            postgresql_where="state IN ('waiting', 'offered')",
        ),
        Index("ix_place_entry_queue", "round_id", "school_id", "state", "rank"),
        Index("ix_place_entry_application", "application_id"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    application_id: UUID = Field(foreign_key="application.id")
    round_id: UUID = Field(foreign_key="application_round.id")
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    rank: int
    reason: PlaceReason = enum_column(PlaceReason)
    reason_zh: str = Field(max_length=400)
    reason_en: str = Field(max_length=400)
    places: int | None = None
    cap_fen: int | None = fen_column(default=None, nullable=True)
    state: PlaceState = enum_column(PlaceState)
    made_at: datetime = moment_column()
    offered_at: datetime | None = moment_column(default=None, nullable=True)
    settled_at: datetime | None = moment_column(default=None, nullable=True)
    settled_by: UUID | None = None
    settled_because: str | None = Field(default=None, max_length=200)
