"""The register of staff's cards (教职工账户), which no student's money goes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.paging import PageAsked
from app.core.scoping import visible
from app.disbursement.guard_errors import (
    StaffAccountNotFound,
    StaffAccountRemoved,
    StaffAccountsWrong,
)
from app.disbursement.guard_models import StaffAccount
from app.registry import numbers, queries, rules


@dataclass(frozen=True)
class NewStaffAccount:
    """A card as the school handed it in: its number, whose it is, and why it is on the list."""

    number: str
    holder_name: str
    reason: str


def hand_in(
    session: Session, school_id: UUID, rows: Sequence[NewStaffAccount], *, by: Actor
) -> list[UUID]:
    """Adds cards to a school's register; those it has are kept. Answers the ids of the new ones.

    Of a number the blind index and the last four digits are stored. Raises SchoolNotFound,
    StaffAccountsWrong.
    """
    school = queries.school(session, school_id, by)
    faults: list[Fault] = []
    for place, row in enumerate(rows):
        rules.checked_account(row.number, "passbook", f"/accounts/{place}/number", faults)
    if faults:
        raise StaffAccountsWrong(faults)
    values = [
        {
            "id": ids.new(),
            "school_id": school.id,
            "county_id": school.county_id,
            "number_index": numbers.account_index(row.number),
            "number_tail": row.number[-4:],
            "holder_name": row.holder_name,
            "reason": row.reason,
            "made_by": by.id,
            "made_at": clock.now(),
        }
        for row in rows
    ]
    added = session.execute(
        insert(StaffAccount).values(values).on_conflict_do_nothing().returning(col(StaffAccount.id))
    ).scalars()
    made = list(added)
    detail = {"school_id": str(school_id), "given": len(rows), "added": len(made)}
    audit.note(session, by=by, did="staff_accounts.handed_in", records=made, detail=detail)
    return made


def remove(session: Session, staff_account_id: UUID, *, because: str, by: Actor) -> StaffAccount:
    """Takes a card off the register once. Raises StaffAccountNotFound, StaffAccountRemoved."""
    removed: StaffAccount | None = session.execute(
        update(StaffAccount)
        .where(
            col(StaffAccount.id) == staff_account_id,
            col(StaffAccount.removed_at).is_(None),
            visible(StaffAccount, by),
        )
        .values(removed_by=by.id, removed_because=because, removed_at=clock.now())
        .returning(StaffAccount)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if removed is None:
        there = select(col(StaffAccount.id)).where(
            col(StaffAccount.id) == staff_account_id, visible(StaffAccount, by)
        )
        if session.execute(there).scalar_one_or_none() is None:
            raise StaffAccountNotFound
        raise StaffAccountRemoved
    audit.note(session, by=by, did="staff_account.removed", records=[removed.id], because=because)
    return removed


def of_school(
    session: Session, school_id: UUID, asked: PageAsked, *, by: Actor
) -> Sequence[StaffAccount]:
    """A school's cards, removed ones too, oldest first. Raises SchoolNotFound."""
    queries.school(session, school_id, by)
    chosen = select(StaffAccount).where(
        col(StaffAccount.school_id) == school_id, visible(StaffAccount, by)
    )
    return session.execute(asked.cut(chosen, col(StaffAccount.id))).scalars().all()
