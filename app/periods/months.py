"""Closes months: every day of it closed, and the bank's side agreed holder by holder."""

import re
from datetime import date, timedelta

from sqlalchemy import select, text
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, db, ids
from app.core.actor import Actor
from app.periods.errors import MonthDoesNotAgree, PeriodClosed, PeriodNotYet, PeriodUnknown
from app.periods.models import LedgerMonth
from app.periods.schemas import BankBalanceOut
from app.periods.service import bank_faults
from app.reconciliation.bank_balances import bank_balances

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


def last_day(month: str) -> date:
    """The last day of a month such as 2008-06. Raises PeriodUnknown for what is no month."""
    if not _MONTH.fullmatch(month) or month < "0001":
        raise PeriodUnknown
    return (date.fromisoformat(f"{month}-28") + timedelta(days=4)).replace(day=1) - timedelta(1)


def close_month(session: Session, month: str, *, by: Actor) -> LedgerMonth:
    """Closes a month and keeps every holder's bank balance statement (余额调节表) of its last day.

    Raises PeriodUnknown, PeriodClosed, PeriodNotYet while a day with transfers is open, or
    MonthDoesNotAgree with what the bank has not.
    """
    last = last_day(month)
    session.execute(_TURN)
    if session.get(LedgerMonth, month) is not None:
        raise PeriodClosed(month)
    if clock.office_day() <= last:
        raise PeriodNotYet(month, None)
    open_day: date | None = session.execute(_OPEN_DAY, {"last": last}).scalar_one()
    if open_day is not None:
        raise PeriodNotYet(month, open_day)
    with db.city_scope(session, by):
        balances = bank_balances(session, last)
    faults = [fault for balance in balances for fault in bank_faults(balance)]
    if faults:
        raise MonthDoesNotAgree(month, faults)
    made = LedgerMonth(
        month=month,
        balances=[BankBalanceOut.of(each).model_dump(mode="json") for each in balances],
        closed_by=by.id,
        closed_at=clock.now(),
    )
    session.add(made)
    session.flush()  # a twin that was closed meanwhile is refused here
    audit.note(session, by=by, did="month.closed", records=[ids.new()], detail={"month": month})
    return made


def months(session: Session) -> list[LedgerMonth]:
    """Closed months, the oldest first; twelve a year."""
    return list(session.execute(select(LedgerMonth).order_by(col(LedgerMonth.month))).scalars())


_TURN = text("SELECT pg_advisory_xact_lock(hashtext('ledger months'))")
_OPEN_DAY = text(
    "SELECT min(office_day) FROM ledger_transfer WHERE office_day <= :last "
    "AND office_day > coalesce((SELECT max(day) FROM ledger_day), '-infinity'::date)"
)
