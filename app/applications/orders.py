"""What an officer asks and says, and what came of it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from app.applications.decision_errors import NobodyDecidesHere
from app.applications.models import Application, ApplicationState, Step, Verdict
from app.applications.selection import CaseFilter
from app.core.actor import Actor, Scope

OFFICE_ORDER = (Step.COUNTY, Step.CITY)


@dataclass(frozen=True)
class Totals:
    """How many cases, and their sum in fen."""

    count: int
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a filter takes in at the caller's step, and what it leaves out."""

    step: Step
    totals: Totals
    own: int
    not_eligible: int
    no_amount: int
    exclusive: int
    owing: int
    cautioned: int  # of those taken in


@dataclass(frozen=True, kw_only=True)
class Order:
    """What an officer says, to cases named by `ids` or taken by a filter with its figures."""

    verdict: Verdict
    reason: str
    ids: tuple[UUID, ...] = ()
    filter: CaseFilter | None = None
    expect: Totals | None = None
    skip_moved: bool = False
    as_far_as_money_goes: bool = False


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What was decided, and what was left where it was."""

    batch_id: UUID
    step: Step
    verdict: Verdict
    totals: Totals
    moved: int
    own: int
    not_eligible: int
    no_amount: int
    exclusive: int
    owing: int
    without_money: list[str]


def step_of(by: Actor) -> Step:
    """The step at which the caller decides. Raises NobodyDecidesHere."""
    steps = {Scope.COUNTY: Step.COUNTY, Scope.CITY: Step.CITY}
    if by.scope not in steps:
        raise NobodyDecidesHere(
            "只有县级和市级资助中心审核申请。",
            "Only the county and city centres decide applications.",
        )
    return steps[by.scope]


def waiting(step: Step) -> ColumnElement[bool]:
    """Cases whose turn it is at the step."""
    return and_(col(Application.state) == ApplicationState.IN_REVIEW, col(Application.step) == step)
