"""Closes the books' days: only when everything agrees, in order, and for good."""

from collections.abc import Callable, Iterator
from datetime import date

from sqlmodel import Session

from app.audit import service as audit
from app.core import db, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.money import show_yuan
from app.ledger import seals
from app.ledger.models import LedgerDay
from app.ledger.queries import trial_balance
from app.ledger.signing import own_signer
from app.ledger.verification import verify
from app.periods.errors import DayDoesNotAgree
from app.reconciliation.queries import invariants


def close_day(session: Session, day: date, *, by: Actor) -> LedgerDay:
    """Closes and seals a day once everything agrees; nobody posts into it any more.

    Who posts at the same time is waited for. Raises DayClosed, DayNotYet, or DayDoesNotAgree with
    both figures of every difference.
    """
    seals.wait_for_posters(session)
    with db.city_scope(session, by):
        faults = [fault for check in CHECKS for fault in check(session)]
    if faults:
        raise DayDoesNotAgree(day.isoformat(), faults)
    signer = own_signer()
    closed = seals.seal(session, day, signer=signer, by=by)
    detail = {
        "day": day.isoformat(),
        "transfers": closed.transfers,
        "fen": closed.amount_fen,
        "sha256": closed.sha256.hex(),
    }
    audit.note(session, by=by, did="day.closed", records=[ids.new()], detail=detail)
    return closed


def trial_balance_is_zero(session: Session) -> Iterator[Fault]:
    """All accounts together come to nothing."""
    off = sum(row.balance_fen for row in trial_balance(session))
    if off:
        yield _differs("trial_balance", "试算平衡", "the trial balance", off, 0)


def books_are_sound(session: Session) -> Iterator[Fault]:
    """Every balance is what its transfers sum to, and no closed day was changed."""
    for found in verify(session):
        yield Fault(found.code, found.zh, found.en, found.where)


def books_agree_with_payouts(session: Session) -> Iterator[Fault]:
    """In transit is what is sent or unknown, committed and paid are what the records say."""
    for each in invariants(session):
        yield _differs(each.what, each.of, each.of, each.found, each.expected)


CHECKS: tuple[Callable[[Session], Iterator[Fault]], ...] = (
    trial_balance_is_zero,
    books_are_sound,
    books_agree_with_payouts,
)
"""What must agree before a day is closed, each with both figures of what does not."""


def _differs(code: str, zh: str, en: str, has_fen: int, needs_fen: int) -> Fault:
    has, needs = show_yuan(has_fen), show_yuan(needs_fen)
    return Fault(
        code,
        f"{zh}：现为 {has}，应为 {needs}",
        f"{en}: is {has} and should be {needs}",
        en,
        {"has": has, "needs": needs},
    )
