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
from app.ledger.signing import own_signer
from app.ledger.verification import Finding, verify_balances, verify_sealed
from app.periods.errors import DayDoesNotAgree
from app.reconciliation.bank_balances import BankBalance, ItemKind, bank_balances
from app.reconciliation.queries import invariants


def close_day(session: Session, day: date, *, by: Actor) -> LedgerDay:
    """Closes and seals a day once everything agrees; nobody posts into it any more.

    Closed days are proved first, while others post on: nothing is posted into them. Then who posts
    is waited for. Raises DayClosed, DayNotYet, KeyWrong, or DayDoesNotAgree with both figures of
    every difference.
    """
    signer = own_signer()
    with db.city_scope(session, by):
        faults = [_as_fault(found) for found in verify_sealed(session)]
    seals.wait_for_posters(session)
    with db.city_scope(session, by):
        faults += [fault for check in CHECKS for fault in check(session, day)]
    if faults:
        raise DayDoesNotAgree(day.isoformat(), faults)
    closed = seals.seal(session, day, signer=signer, by=by)
    detail = {
        "day": day.isoformat(),
        "transfers": closed.transfers,
        "fen": closed.amount_fen,
        "sha256": closed.sha256.hex(),
    }
    audit.note(session, by=by, did="day.closed", records=[ids.new()], detail=detail)
    return closed


def books_are_sound(session: Session, _: date) -> Iterator[Fault]:
    """The trial balance is zero, every balance what its transfers sum to, each transfer allowed."""
    for found in verify_balances(session):
        yield _as_fault(found)


def books_agree_with_payouts(session: Session, _: date) -> Iterator[Fault]:
    """In transit is what is sent or unknown, committed and paid are what the records say."""
    for each in invariants(session):
        yield _differs(each.what, each.of, each.of, each.found, each.expected)


def books_agree_with_the_bank(session: Session, day: date) -> Iterator[Fault]:
    """Where a paying account is in use, the bank has what the books say came and went by the day.

    What the bank alone knows of may wait: it is in transit, or somebody's work.
    """
    for balance in bank_balances(session, day):
        yield from bank_faults(balance)


def bank_faults(balance: BankBalance) -> Iterator[Fault]:
    """Why a holder's books cannot be closed beside the bank's statements."""
    holder, since = balance.holder, balance.moved_since
    if since is not None:
        zh = f"{holder}：{since} 有收付，尚无截至 {balance.on} 的对账单；请先上传对账单。"
        en = (
            f"{holder}: money moved on {since} and no statement goes up to {balance.on}; take the "
            "bank's statement in first."
        )
        yield Fault("statement_missing", zh, en, holder)
        return
    for item in balance.items:
        # What is paid in hand was drawn before, under one cheque for as many runs as there were.
        if item.kind in {ItemKind.WE_RECEIVED, ItemKind.WE_PAID} and item.about != "run_in_hand":
            yield _bank_lacks(holder, item.about, item.of, item.amount_fen)
    if balance.bank_adjusted_fen != balance.book_adjusted_fen:
        has, needs = balance.bank_adjusted_fen, balance.book_adjusted_fen
        yield _differs("bank_differs", f"{holder}银行余额", f"{holder}, at the bank", has, needs)


CHECKS: tuple[Callable[[Session, date], Iterator[Fault]], ...] = (
    books_are_sound,
    books_agree_with_payouts,
    books_agree_with_the_bank,
)
"""What must agree before a day is closed, each with both figures of what does not."""


def _as_fault(found: Finding) -> Fault:
    return Fault(found.code, found.zh, found.en, found.where)


def _bank_lacks(holder: str, about: str, of: str, fen: int) -> Fault:
    yuan = show_yuan(fen)
    return Fault(
        "bank_lacks",
        f"{holder}：{about} {of} 已入账 {yuan} 元，对账单没有；请核对是否记错，或请银行补账。",
        f"{holder}: {about} {of}: the books have {yuan} yuan that the statement has not; see which "
        "is wrong, or ask the bank.",
        of or about,
        {"amount": yuan, "about": about},
    )


def _differs(code: str, zh: str, en: str, has_fen: int, needs_fen: int) -> Fault:
    has, needs = show_yuan(has_fen), show_yuan(needs_fen)
    return Fault(
        code,
        f"{zh}：现为 {has}，应为 {needs}",
        f"{en}: is {has} and should be {needs}",
        en,
        {"has": has, "needs": needs},
    )
