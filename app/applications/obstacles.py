"""What keeps a case out of an act of deciding; a case has one obstacle, the first in order."""

from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, false, not_, true
from sqlmodel import Session, col, select

from app.applications import selection
from app.applications.models import Application, Verdict
from app.applications.selection import CaseFilter
from app.awards import exclusions
from app.core.actor import Actor
from app.core.staging import Rows
from app.recoveries import bars


@dataclass(frozen=True)
class Obstacles:
    """Predicates on Application; the last four are approval's alone."""

    own: ColumnElement[bool]
    not_eligible: ColumnElement[bool]
    no_amount: ColumnElement[bool]
    exclusive: ColumnElement[bool]
    owing: ColumnElement[bool]

    @property
    def none(self) -> ColumnElement[bool]:
        """Nothing stands in the case's way."""
        fit: ColumnElement[bool] = true()
        for each in fields(self):
            fit = fit & not_(getattr(self, each.name))
        return fit

    def first(self, name: str) -> ColumnElement[bool]:
        """The obstacle of that name is the case's first."""
        before = [each.name for each in fields(self)]
        met: ColumnElement[bool] = getattr(self, name)
        for earlier in before[: before.index(name)]:
            met = met & not_(getattr(self, earlier))
        return met


def unfit(verdict: Verdict) -> ColumnElement[bool]:
    """Cases the verdict cannot be given to: nothing overrides a failed criterion."""
    return col(Application.eligible).is_not(true()) if verdict is Verdict.APPROVE else false()


def unset(verdict: Verdict) -> ColumnElement[bool]:
    """Cases of which nobody has said what they come to: there is nothing to promise yet."""
    return col(Application.amount_fen).is_(None) if verdict is Verdict.APPROVE else false()


def owing(verdict: Verdict) -> ColumnElement[bool]:
    """Cases of students who owe money and have not agreed how to pay it back."""
    if verdict is not Verdict.APPROVE:
        return false()
    return bars.barred(col(Application.student_id))


def of_filter(asked: CaseFilter, verdict: Verdict, *, by: Actor) -> Obstacles:
    """The obstacles of the cases a filter takes in."""
    approving = verdict is Verdict.APPROVE
    return Obstacles(
        own=selection.own(by),
        not_eligible=unfit(verdict),
        no_amount=unset(verdict),
        exclusive=exclusions.excluded(asked.programme, asked.period, col(Application.student_id))
        if approving
        else false(),
        owing=owing(verdict),
    )


def refuse_exclusive(session: Session, cases: Rows, *, programme: str, period: str) -> None:
    """Raises ExclusiveAward for the cases whose students have an exclusive award already."""
    told = select(Application.student_id, Application.number)
    exclusions.refuse_exclusive(
        session, told.where(col(Application.id).in_(cases)), programme=programme, period=period
    )
