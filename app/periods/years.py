"""Closes fiscal years: what was promised and not paid is carried, or its money goes back."""

from sqlalchemy import select, text
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards.lapsing import lapse_year
from app.budgets.models import ClosedYear
from app.budgets.year_ends import RULE_OF_LINES, hold_years, last_closed_year, unanswered
from app.core import clock, db, ids
from app.core.actor import Actor
from app.periods.errors import PeriodClosed, PeriodNotYet, YearEndsWait


def close_year(session: Session, year: int, *, by: Actor) -> ClosedYear:
    """Closes a fiscal year, by the rule of each of its fund lines.

    Carried money stays committed and is paid later. Where it goes back to the treasury, what was
    promised is promised anew out of the next year's lines; what returns in January goes the same
    way. It is posted on the open day: the closed ones stay as they are. Raises PeriodClosed,
    PeriodNotYet while a day of the year with transfers is open, or an earlier year with money is,
    or YearEndsWait with the lines for which another rule is proposed and not answered.
    """
    hold_years(session)
    closed = last_closed_year(session)
    if closed is not None and year <= closed:
        raise PeriodClosed(str(year))
    if clock.office_day().year <= year:
        raise PeriodNotYet(str(year), None)
    open_day = session.execute(_OPEN_DAY, {"year": year}).scalar_one()
    if open_day is not None:
        raise PeriodNotYet(str(year), open_day)
    batch = ids.new()
    with db.city_scope(session, by):
        if waiting := unanswered(session, year):
            raise YearEndsWait(year, [(row.code, row.id, row.rule) for row in waiting])
        carried = int(session.execute(_CARRIED, {"year": year}).scalar_one())
        lapsed = lapse_year(session, year, batch=batch, by=by)
    made = ClosedYear(
        year=year,
        carried_fen=carried,
        lapsed_fen=lapsed.amount_fen,
        instalments=lapsed.instalments,
        batch=batch,
        closed_by=by.id,
        closed_at=clock.now(),
    )
    session.add(made)
    session.flush()  # a twin that was closed meanwhile is refused here
    detail = {"year": year, "carried_fen": carried, "lapsed_fen": lapsed.amount_fen}
    audit.note(session, by=by, did="year.closed", records=[batch], detail=detail)
    return made


def closed_years(session: Session) -> list[ClosedYear]:
    """Closed years, the oldest first."""
    return list(session.execute(select(ClosedYear).order_by(col(ClosedYear.year))).scalars())


_OPEN_DAY = text(
    "SELECT min(office_day) FROM ledger_transfer WHERE office_day < make_date(:year + 1, 1, 1) "
    "AND office_day > coalesce((SELECT max(day) FROM ledger_day), '-infinity'::date)"
)
_CARRIED = text(f"""
    SELECT coalesce(sum(a.credits_fen - a.debits_fen), 0)::bigint
    FROM ({RULE_OF_LINES} WHERE f.fiscal_year <= :year) r
    JOIN ledger_account a ON a.code IN (r.code || '/committed', r.code || '/available')
    WHERE r.rule = 'carry'
""")  # noqa: S608 own text
