"""Enters the office's own accounts and has a second person confirm them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, crypto, ids
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.core.paging import PageAsked
from app.disbursement.paying_errors import (
    OwnPayingAccount,
    PayingAccountConfirmed,
    PayingAccountNotFound,
    PayingAccountTaken,
    PayingAccountUnconfirmed,
    PayingAccountWrong,
)
from app.disbursement.paying_models import PayingAccount
from app.registry import rules


@dataclass(frozen=True, kw_only=True)
class NewPayingAccount:
    """An account as it was given in; its holder is the office that enters it."""

    number: str
    account_name: str
    bank_name: str
    valid_from: date


def number_index(number: str) -> bytes:
    """The blind index of a paying account's number."""
    return crypto.blind_index(number, table="paying_account", column="number")


def enter_paying_account(session: Session, new: NewPayingAccount, *, by: Actor) -> PayingAccount:
    """Enters an account of the caller's office, in use once another person confirmed it.

    Raises PayingAccountWrong, PayingAccountTaken.
    """
    faults: list[Fault] = []
    # An account of an organisation is digits without a check digit, as a passbook's.
    rules.checked_account(new.number, "passbook", "/number", faults)
    if faults:
        raise PayingAccountWrong(faults)
    index = number_index(new.number)
    live = select(col(PayingAccount.id)).where(
        col(PayingAccount.number_index) == index, col(PayingAccount.retired_at).is_(None)
    )
    if by.organisation_id is None:
        raise PayingAccountNotFound
    if session.execute(live).first():
        raise PayingAccountTaken
    account_id = ids.new()
    made = PayingAccount(
        id=account_id,
        holder_id=by.organisation_id,
        county_id=by.county_id if by.scope is Scope.COUNTY else None,
        number=crypto.encrypt(
            new.number, table="paying_account", column="number", record=account_id
        ),
        number_index=index,
        number_tail=new.number[-4:],
        account_name=new.account_name,
        bank_name=new.bank_name,
        valid_from=new.valid_from,
        made_by=by.id,
        made_at=clock.now(),
    )
    session.add(made)
    session.flush()  # a twin that was entered meanwhile is refused here
    audit.note(session, by=by, did="paying_account.entered", records=[made.id])
    return made


def confirm_paying_account(session: Session, account_id: UUID, *, by: Actor) -> PayingAccount:
    """Confirms what another person entered.

    Raises PayingAccountNotFound, PayingAccountConfirmed, OwnPayingAccount.
    """
    found = lock_paying_account(session, account_id, by)
    if found.confirmed_by is not None or found.retired_at is not None:
        raise PayingAccountConfirmed
    if found.made_by == by.id:
        raise OwnPayingAccount
    session.execute(
        update(PayingAccount)
        .where(col(PayingAccount.id) == account_id, col(PayingAccount.confirmed_by).is_(None))
        .values(confirmed_by=by.id, confirmed_at=clock.now())
    )
    audit.note(session, by=by, did="paying_account.confirmed", records=[account_id])
    session.refresh(found)
    return found


def lock_paying_account(session: Session, account_id: UUID, by: Actor) -> PayingAccount:
    """The account, locked, so that its statements come one after another.

    Raises PayingAccountNotFound.
    """
    found: PayingAccount | None = session.execute(
        select(PayingAccount)
        .where(col(PayingAccount.id) == account_id, _within(by))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise PayingAccountNotFound
    return found


def lock_in_use(session: Session, account_id: UUID, by: Actor) -> PayingAccount:
    """A confirmed account, locked. Raises PayingAccountNotFound, PayingAccountUnconfirmed."""
    found = lock_paying_account(session, account_id, by)
    if found.confirmed_by is None:
        raise PayingAccountUnconfirmed
    return found


def paying_accounts(session: Session, by: Actor, asked: PageAsked) -> Sequence[PayingAccount]:
    """The accounts within the caller's scope, oldest first."""
    chosen = asked.cut(select(PayingAccount).where(_within(by)), col(PayingAccount.id))
    return session.execute(chosen).scalars().all()


def _within(by: Actor) -> ColumnElement[bool]:
    if by.scope is Scope.CITY:
        return col(PayingAccount.id).is_not(None)
    return col(PayingAccount.county_id) == by.county_id
