"""The turn of the school year where registry and applications meet: its days, and taking it back.

What a turn has made can be taken back until somebody stands on it: the first application for the
new school year of one of its students, an allocation that counts one, a recognition, a school's
word on who is there. From then on others' facts say the new grade.
"""

from sqlalchemy import or_, select, text
from sqlmodel import Session, col

from app.applications.models import Application
from app.applications.year_turn_errors import RollOverApplied, RollOverStoodOn
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

# Allocations stand beside applications; what they count is read by name.
_STANDS = text("""
WITH touched AS (SELECT DISTINCT student_id FROM enrolment
    WHERE roll_over_id = :id OR closed_by_roll_over_id = :id)
SELECT
    (SELECT count(DISTINCT student_id) FROM school_allocation_claim JOIN touched USING (student_id)
        WHERE period = ANY(:periods)) AS allocated,
    (SELECT count(DISTINCT student_id) FROM (
        SELECT student_id FROM recognition_form WHERE school_year = :year
        UNION ALL SELECT student_id FROM recognition WHERE school_year = :year) each
        JOIN touched USING (student_id)) AS recognised,
    (SELECT count(*) FROM enrolment_confirmation k WHERE k.term = ANY(:periods) AND EXISTS (
        SELECT FROM enrolment e JOIN touched USING (student_id)
        WHERE e.school_id = k.school_id AND e.school_year = :year AND e.made_at <= k.made_at))
        AS confirmed
""")


def turn_of(from_year: str) -> Turn:
    """The turn from a school year to the next, by the calendar in force. Raises PeriodInvalid."""
    calendar, to_year = in_force().calendar, school_year_after(from_year)
    _, last_day = calendar.days_of(from_year)
    first_day, _ = calendar.days_of(to_year)
    return Turn(from_year, to_year, last_day, first_day)


def undo(session: Session, held: RollOver, *, because: str, by: Actor) -> Undone:
    """Takes back a turn that `rolling.hold` holds. Raises RollOverApplied, RollOverStoodOn,
    RollOverFollowed.

    Any application counts, over or not, also one that a graduate's new school has handed in: the
    number is of the whole city, the applications named are those in the caller's sight.
    """
    numbers = _applied(session, held, by)
    if numbers:
        raise RollOverApplied(len(numbers), [each for each in numbers if each][:SHOWN])
    stands = _stood_on(session, held, by)
    if any(stands.values()):
        raise RollOverStoodOn(held.to_year, stands)
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
                col(a.period).in_(_periods(held)),
            )
            .order_by(col(a.id))
        ).all()
    return [row.number if row.shown else None for row in found]


def _stood_on(session: Session, held: RollOver, by: Actor) -> dict[str, int]:
    """What else stands on the turn in the whole city, by kind."""
    with db.city_scope(session, by):
        told = {"id": held.id, "year": held.to_year, "periods": _periods(held)}
        return dict(session.execute(_STANDS, told).mappings().one())


def _periods(held: RollOver) -> list[str]:
    return [held.to_year, *terms_of(held.to_year)]
