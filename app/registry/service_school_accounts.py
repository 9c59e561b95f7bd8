"""Enters a school's own account and has a second person confirm it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, crypto, db, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import visible
from app.registry import numbers, queries, rules
from app.registry.errors import SchoolNotFound
from app.registry.models import AccountState, BankAccount, School
from app.registry.school_account_errors import (
    OwnSchoolAccount,
    SchoolAccountMoved,
    SchoolAccountNotFound,
    SchoolAccountShared,
    SchoolAccountWrong,
)
from app.registry.school_models import SchoolAccount, SchoolAccountState


@dataclass(frozen=True, kw_only=True)
class NewSchoolAccount:
    """A school's account as it was given in.

    `shared_checked`: that the number is a student's or another school's was looked at.
    """

    number: str
    bank_name: str
    holder_name: str
    shared_checked: bool = False


def enter_school_account(
    session: Session, school_id: UUID, new: NewSchoolAccount, *, by: Actor
) -> SchoolAccount:
    """Enters an account that pays once another person has confirmed it; the same again is kept.

    Raises SchoolNotFound, SchoolAccountWrong, SchoolAccountShared.
    """
    faults: list[Fault] = []
    # An account of an organisation is digits without a check digit, as a passbook's.
    rules.checked_account(new.number, "passbook", "/number", faults)
    if faults:
        raise SchoolAccountWrong(faults)
    school = _lock_school(session, school_id, by)
    index = numbers.account_index(new.number)
    live = accounts_of(session, school_id, by)
    for account in live:
        if account.state is not SchoolAccountState.REPLACED and (
            bytes(account.number_index),
            account.holder_name,
            account.bank_name,
        ) == (index, new.holder_name, new.bank_name):
            return account
    if not new.shared_checked:
        _refuse_shared(session, school_id, index, by)
    _replace(session, school_id, SchoolAccountState.UNCONFIRMED)
    confirmed = [each.id for each in live if each.state is SchoolAccountState.CONFIRMED]
    account_id = ids.new()
    made = SchoolAccount(
        id=account_id,
        school_id=school.id,
        county_id=school.county_id,
        number=crypto.encrypt(
            new.number, table="school_account", column="number", record=account_id
        ),
        number_index=index,
        number_tail=new.number[-4:],
        bank_name=new.bank_name,
        holder_name=new.holder_name,
        state=SchoolAccountState.UNCONFIRMED,
        replaces_id=confirmed[0] if confirmed else None,
        made_at=clock.now(),
        made_by=by.id,
    )
    session.add(made)
    session.flush()  # a twin that was entered meanwhile is refused here
    audit.note(session, by=by, did="school_account.entered", records=[school_id, made.id])
    return made


def confirm_school_account(
    session: Session, school_id: UUID, account_id: UUID, *, by: Actor
) -> SchoolAccount:
    """Confirms an account that another person entered; the one confirmed before is replaced.

    Raises SchoolAccountNotFound, SchoolAccountMoved, OwnSchoolAccount.
    """
    found: SchoolAccount | None = session.execute(
        select(SchoolAccount)
        .where(
            col(SchoolAccount.id) == account_id,
            col(SchoolAccount.school_id) == school_id,
            visible(SchoolAccount, by),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise SchoolAccountNotFound
    if found.state is not SchoolAccountState.UNCONFIRMED:
        raise SchoolAccountMoved(found.state)
    if found.made_by == by.id:
        raise OwnSchoolAccount
    _replace(session, school_id, SchoolAccountState.CONFIRMED)
    found.state = SchoolAccountState.CONFIRMED
    found.confirmed_by = by.id
    found.confirmed_at = clock.now()
    session.flush()  # what pays reads it by SQL
    audit.note(session, by=by, did="school_account.confirmed", records=[school_id, found.id])
    return found


def accounts_of(session: Session, school_id: UUID, by: Actor) -> Sequence[SchoolAccount]:
    """A school's accounts, newest first. Raises SchoolNotFound."""
    queries.school(session, school_id, by)
    return (
        session.execute(
            select(SchoolAccount)
            .where(col(SchoolAccount.school_id) == school_id, visible(SchoolAccount, by))
            .order_by(col(SchoolAccount.id).desc())
            .execution_options(populate_existing=True)
        )
        .scalars()
        .all()
    )


def _lock_school(session: Session, school_id: UUID, by: Actor) -> School:
    found: School | None = session.execute(
        select(School)
        .where(col(School.id) == school_id, queries.school_visible(by))
        .with_for_update()
    ).scalar_one_or_none()
    if found is None:
        raise SchoolNotFound
    return found


def _refuse_shared(session: Session, school_id: UUID, index: bytes, by: Actor) -> None:
    """Whose else the number is, in the whole city; how many is said, not who."""
    student, school = BankAccount, SchoolAccount
    live = (AccountState.CONFIRMED, AccountState.UNCONFIRMED)
    students = select(func.count(col(student.student_id).distinct())).where(
        col(student.number_index) == index, col(student.state).in_(live)
    )
    schools = select(func.count(col(school.school_id).distinct())).where(
        col(school.number_index) == index,
        col(school.state) != SchoolAccountState.REPLACED,
        col(school.school_id) != school_id,
    )
    with db.city_scope(session, by):
        found = session.execute(select(students.scalar_subquery(), schools.scalar_subquery())).one()
    if any(found):
        raise SchoolAccountShared(students=found[0], schools=found[1])


def _replace(session: Session, school_id: UUID, state: SchoolAccountState) -> None:
    session.execute(
        update(SchoolAccount)
        .where(col(SchoolAccount.school_id) == school_id, col(SchoolAccount.state) == state)
        .values(state=SchoolAccountState.REPLACED)
    )
