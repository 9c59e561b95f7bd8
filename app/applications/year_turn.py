"""The turn of the school year where registry and applications meet: its days, and taking it back.

What a turn has made can be taken back until somebody stands on it: the first application for the
new school year of one of its students. From then on the case's facts say the new grade.
"""

from sqlalchemy import or_, select
from sqlmodel import Session, col

from app.applications.models import Application
from app.applications.year_turn_errors import RollOverApplied
from app.core import db
from app.core.actor import Actor
from app.core.scoping import visible
from app.policy.calendar import terms_of
from app.policy.queries import in_force
from app.registry import rolling
from app.registry.models import Enrolment, RollOver
from app.registry.rolling import Turn, Undone
from app.registry.rules import school_year_after

SHOWN = 5


def turn_of(from_year: str) -> Turn:
    """The turn from a school year to the next, by the calendar in force. Raises PeriodInvalid."""
    calendar, to_year = in_force().calendar, school_year_after(from_year)
    _, last_day = calendar.days_of(from_year)
    first_day, _ = calendar.days_of(to_year)
    return Turn(from_year, to_year, last_day, first_day)


def undo(session: Session, held: RollOver, *, because: str, by: Actor) -> Undone:
    """Takes back a turn that `rolling.hold` holds. Raises RollOverApplied.

    Any application counts, over or not, also one that a graduate's new school has handed in: the
    number is of the whole city, the applications named are those in the caller's sight.
    """
    numbers = _applied(session, held, by)
    if numbers:
        raise RollOverApplied(len(numbers), [each for each in numbers if each][:SHOWN])
    return rolling.undo(session, held, because=because, by=by)


def _applied(session: Session, held: RollOver, by: Actor) -> list[str | None]:
    """The applications standing on the turn, oldest first; None for one out of sight."""
    a, e = Application, Enrolment
    touched = select(col(e.student_id)).where(
        or_(col(e.roll_over_id) == held.id, col(e.closed_by_roll_over_id) == held.id)
    )
    with db.city_scope(session, by):
        found = session.execute(
            select(col(a.number), visible(a, by).label("shown"))
            .where(
                col(a.student_id).in_(touched),
                col(a.period).in_([held.to_year, *terms_of(held.to_year)]),
            )
            .order_by(col(a.id))
        ).all()
    return [row.number if row.shown else None for row in found]
