"""Enters accounts and has a second person confirm or refuse them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import among, visible
from app.registry import numbers, rules
from app.registry.errors import (
    AccountNotFound,
    AccountsMoved,
    CountDiffers,
    OwnAccounts,
    StudentWrong,
)
from app.registry.models import AccountKind, AccountState, BankAccount, HolderKind, Student
from app.registry.service_students import holder_faults, lock_students

LIVE = (AccountState.CONFIRMED, AccountState.UNCONFIRMED)


@dataclass(frozen=True, kw_only=True)
class NewAccount:
    """An account as it was given in."""

    kind: AccountKind
    number: str
    holder_name: str
    holder: HolderKind = HolderKind.STUDENT
    bank_name: str | None = None
    relation: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class AllUnconfirmed:
    """Every account in scope that waits, at one school or all; `count` is what the caller saw."""

    school_id: UUID | None
    count: int


@dataclass(frozen=True)
class Entered:
    """A student's account as entered; `kept` where the same one was there already."""

    account: BankAccount
    kept: bool


def enter_accounts(
    session: Session, rows: Mapping[UUID, NewAccount], *, by: Actor
) -> list[Entered]:
    """Enters one account for each student, all or none; it pays once another person confirms it.

    The same account again is kept; another that waits gives way. In the order of the students'
    ids. The number of statements does not depend on the number of rows. Raises StudentWrong,
    StudentNotFound.
    """
    faults = [fault for student, new in rows.items() for fault in _faults_of(student, new)]
    if faults:
        raise StudentWrong(faults)
    students = lock_students(session, rows, by)
    live = _live(session, rows)
    kept = {student: same for student, new in rows.items() if (same := _same(live[student], new))}
    changed = [student for student in students if student.id not in kept]
    made = {each.id: _made(each, rows[each.id], live[each.id], by=by) for each in changed}
    if made:
        _replace(session, list(made), AccountState.UNCONFIRMED)
        # A twin that was entered meanwhile is refused here.
        session.execute(insert(BankAccount), [account.model_dump() for account in made.values()])
        accounts = [account.id for account in made.values()]
        audit.note(session, by=by, did="account.entered", records=[*made, *accounts])
    return [
        Entered(kept[one.id], kept=True) if one.id in kept else Entered(made[one.id], kept=False)
        for one in students
    ]


def account_faults(said: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with an account in itself, as far as it is said."""
    faults: list[Fault] = []
    if "number" in said and "kind" in said:
        rules.checked_account(said["number"], said["kind"], "/number", faults)
    return faults + holder_faults(said)


def _faults_of(student_id: UUID, new: NewAccount) -> list[Fault]:
    return [
        replace(fault, more={"student_id": str(student_id)}) for fault in account_faults(vars(new))
    ]


def _live(session: Session, students: Collection[UUID]) -> Mapping[UUID, Sequence[BankAccount]]:
    found = session.exec(
        select(BankAccount)
        .where(among(col(BankAccount.student_id), students), col(BankAccount.state).in_(LIVE))
        .execution_options(populate_existing=True)
    )
    live: dict[UUID, list[BankAccount]] = {student: [] for student in students}
    for account in found:
        live[account.student_id].append(account)
    return live


def _same(live: Sequence[BankAccount], new: NewAccount) -> BankAccount | None:
    index = numbers.account_index(new.number)
    return next((account for account in live if _is_same(account, new, index)), None)


def _made(
    student: Student, new: NewAccount, live: Sequence[BankAccount], *, by: Actor
) -> BankAccount:
    confirmed = [account.id for account in live if account.state is AccountState.CONFIRMED]
    account_id = ids.new()
    return BankAccount(
        id=account_id,
        student_id=student.id,
        school_id=student.school_id,
        county_id=student.county_id,
        kind=new.kind,
        number=numbers.seal_account(new.number, account_id),
        number_index=numbers.account_index(new.number),
        number_tail=new.number[-4:],
        bank_name=new.bank_name,
        holder=new.holder,
        holder_name=new.holder_name,
        relation=new.relation,
        reason=new.reason,
        state=AccountState.UNCONFIRMED,
        replaces_id=confirmed[0] if confirmed else None,
        made_at=clock.now(),
        made_by=by.id,
    )


def _is_same(account: BankAccount, new: NewAccount, index: bytes) -> bool:
    # Whose bank it is decides the file it is paid in; an account said without one has none new.
    if new.bank_name not in {None, account.bank_name}:
        return False
    return (bytes(account.number_index), account.kind, account.holder, account.holder_name) == (
        index,
        new.kind,
        new.holder,
        new.holder_name,
    )


def confirm_accounts(
    session: Session, chosen: Collection[UUID] | AllUnconfirmed, *, skip_own: bool, by: Actor
) -> int:
    """Confirms accounts that others entered; an older confirmed one is replaced. Answers how many.

    All or none, but for own ones with `skip_own`. Raises AccountNotFound, AccountsMoved,
    CountDiffers, OwnAccounts.
    """
    waiting = _lock(session, chosen, by)
    own = [account for account in waiting if account.made_by == by.id]
    if own and not skip_own:
        raise OwnAccounts([_own_fault(account) for account in own])
    theirs = [account for account in waiting if account.made_by != by.id]
    if not theirs:
        return 0
    _replace(session, [account.student_id for account in theirs], AccountState.CONFIRMED)
    return _settle(session, theirs, AccountState.CONFIRMED, because="", by=by)


def refuse_accounts(session: Session, chosen: Collection[UUID], *, because: str, by: Actor) -> int:
    """Refuses accounts that wait; answers how many. Raises AccountNotFound, AccountsMoved."""
    waiting = _lock(session, chosen, by)
    return _settle(session, waiting, AccountState.REFUSED, because=because, by=by)


def _lock(session: Session, chosen: Collection[UUID] | AllUnconfirmed, by: Actor) -> Sequence[Any]:
    """(id, student_id, state, made_by) of the accounts chosen, locked in id order."""
    query: Any = (
        select(
            col(BankAccount.id),
            col(BankAccount.student_id),
            col(BankAccount.state),
            col(BankAccount.made_by),
        )
        .where(visible(BankAccount, by))
        .order_by(col(BankAccount.id))
        .with_for_update()
    )
    if isinstance(chosen, AllUnconfirmed):
        query = query.where(col(BankAccount.state) == AccountState.UNCONFIRMED)
        if chosen.school_id is not None:
            query = query.where(col(BankAccount.school_id) == chosen.school_id)
        waiting: Sequence[Any] = session.exec(query).all()
        if len(waiting) != chosen.count:
            raise CountDiffers(expected=chosen.count, found=len(waiting))
        return waiting
    found: Sequence[Any] = session.exec(query.where(col(BankAccount.id).in_(set(chosen)))).all()
    missing = set(chosen) - {account.id for account in found}
    if missing:
        raise AccountNotFound(sorted(missing))
    moved = [account for account in found if account.state is not AccountState.UNCONFIRMED]
    if moved:
        raise AccountsMoved([_moved_fault(account) for account in moved])
    return found


def _replace(session: Session, student_ids: Sequence[UUID], state: AccountState) -> None:
    """The students' accounts in that state give way to others."""
    rows = (
        select(col(BankAccount.id))
        .where(col(BankAccount.student_id).in_(student_ids), col(BankAccount.state) == state)
        .order_by(col(BankAccount.id))
        .with_for_update()
        .cte("older")
    )
    session.execute(
        update(BankAccount)
        .where(col(BankAccount.id).in_(select(rows.c.id)))
        .values(state=AccountState.REPLACED)
    )


def _settle(
    session: Session, waiting: Sequence[Any], state: AccountState, *, because: str, by: Actor
) -> int:
    settled = [account.id for account in waiting]
    values: dict[str, object] = {"state": state}
    if state is AccountState.CONFIRMED:
        values |= {"confirmed_by": by.id, "confirmed_at": clock.now()}
    session.execute(update(BankAccount).where(col(BankAccount.id).in_(settled)).values(**values))
    audit.note(session, by=by, did=f"account.{state.value}", records=settled, because=because)
    return len(settled)


def _own_fault(account: Any) -> Fault:
    return Fault(
        "account.own",
        "该账户由您本人录入，须由另一人确认。",
        "You entered this account yourself; another person confirms it.",
        str(account.id),
    )


def _moved_fault(account: Any) -> Fault:
    return Fault(
        "account.moved",
        "该账户已不是待确认状态。",
        "This account does not wait for confirmation any more.",
        str(account.id),
        {"state": account.state.value},
    )
