"""Proposes and confirms how the bank writes an account's holder."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import insert, text, update
from sqlmodel import Session, col, select

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.registry.bank_name_errors import BankNamesMoved, BankNamesNotFound, OwnBankNames
from app.registry.bank_name_models import BankNameProposal, ProposalState
from app.registry.errors import AccountNotFound, AccountsMoved
from app.registry.models import AccountState, BankAccount

LIVE = (AccountState.CONFIRMED, AccountState.UNCONFIRMED)


def propose_bank_names(
    session: Session, names: Mapping[UUID, str], *, because: str, by: Actor
) -> list[BankNameProposal]:
    """Proposes the name the bank has of each account; one that waited gives way.

    Nothing is paid under a name before another person has confirmed it. Raises AccountNotFound,
    AccountsMoved.
    """
    accounts = _lock_accounts(session, names, by)
    session.execute(
        update(BankNameProposal)
        .where(
            col(BankNameProposal.account_id).in_(names),
            col(BankNameProposal.state) == ProposalState.PROPOSED,
        )
        .values(state=ProposalState.REPLACED)
    )
    made = [
        BankNameProposal(
            id=ids.new(),
            account_id=account.id,
            school_id=account.school_id,
            county_id=account.county_id,
            name=names[account.id],
            because=because,
            state=ProposalState.PROPOSED,
            proposed_by=by.id,
            proposed_at=clock.now(),
        )
        for account in accounts
    ]
    session.execute(insert(BankNameProposal), [each.model_dump() for each in made])
    audit.note(session, by=by, did="bank_name.proposed", records=list(names), because=because)
    return made


def confirm_bank_names(session: Session, proposals: Collection[UUID], *, by: Actor) -> int:
    """Confirms names that others proposed; from then on the bank's files bear them.

    All or none; answers how many. Raises BankNamesNotFound, BankNamesMoved, OwnBankNames.
    """
    waiting = _lock_proposals(session, proposals, by)
    if own := [one for one in waiting if one.proposed_by == by.id]:
        raise OwnBankNames([_own(one) for one in own])
    confirmed = [one.id for one in waiting]
    session.execute(
        update(BankNameProposal)
        .where(col(BankNameProposal.id).in_(confirmed))
        .values(state=ProposalState.CONFIRMED, confirmed_by=by.id, confirmed_at=clock.now())
    )
    session.execute(_TAKE_NAMES, {"ids": confirmed})
    accounts = [one.account_id for one in waiting]
    audit.note(session, by=by, did="bank_name.confirmed", records=accounts)
    return len(confirmed)


def bank_names(
    session: Session, by: Actor, asked: PageAsked, state: ProposalState | None
) -> list[BankNameProposal]:
    """Proposed names in the caller's scope, oldest first."""
    query = select(BankNameProposal).where(visible(BankNameProposal, by))
    if state is not None:
        query = query.where(col(BankNameProposal.state) == state)
    return list(session.exec(asked.cut(query, col(BankNameProposal.id))))


def _lock_accounts(session: Session, wanted: Collection[UUID], by: Actor) -> Sequence[BankAccount]:
    found = session.exec(
        select(BankAccount)
        .where(col(BankAccount.id).in_(wanted), visible(BankAccount, by))
        .order_by(col(BankAccount.id))
        .with_for_update()
    ).all()
    if missing := set(wanted) - {account.id for account in found}:
        raise AccountNotFound(sorted(missing))
    if moved := [account for account in found if account.state not in LIVE]:
        raise AccountsMoved([_replaced(account) for account in moved])
    return found


def _lock_proposals(
    session: Session, wanted: Collection[UUID], by: Actor
) -> Sequence[BankNameProposal]:
    # Accounts before their proposals, as where names are proposed.
    accounts = select(col(BankNameProposal.account_id)).where(col(BankNameProposal.id).in_(wanted))
    session.exec(
        select(col(BankAccount.id))
        .where(col(BankAccount.id).in_(accounts), visible(BankAccount, by))
        .order_by(col(BankAccount.id))
        .with_for_update()
    ).all()
    found = session.exec(
        select(BankNameProposal)
        .where(col(BankNameProposal.id).in_(wanted), visible(BankNameProposal, by))
        .order_by(col(BankNameProposal.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if missing := set(wanted) - {one.id for one in found}:
        raise BankNamesNotFound(sorted(missing))
    if moved := [one for one in found if one.state is not ProposalState.PROPOSED]:
        raise BankNamesMoved([_moved(one) for one in moved])
    return found


def _replaced(account: BankAccount) -> Fault:
    zh, en = "该账户已不再使用", "this account is not in use any more"
    return Fault("account.moved", zh, en, str(account.id), {"state": account.state.value})


def _moved(one: BankNameProposal) -> Fault:
    zh, en = "该户名已不是待核实状态", "this name does not wait for confirmation any more"
    return Fault("bank_name.moved", zh, en, str(one.id), {"state": one.state.value})


def _own(one: BankNameProposal) -> Fault:
    zh, en = (
        "该户名由您本人提出，须由另一人核实",
        "you proposed this name; another person confirms it",
    )
    return Fault("bank_name.own", zh, en, str(one.id))


_TAKE_NAMES = text("""
    UPDATE bank_account SET name_as_at_bank = p.name FROM bank_name_proposal p
    WHERE p.account_id = bank_account.id AND p.id = ANY(:ids)
""")
