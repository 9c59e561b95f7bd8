"""Who owes and has not agreed how to pay: nothing new is approved for them."""

from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, text
from sqlmodel import Session, col

from app.core import db
from app.core.actor import Actor
from app.core.staging import Rows, stage
from app.recoveries.models import RecoveryBar


def barred(student_id: Any) -> ColumnElement[bool]:
    """The student owes money, wherever, and has not agreed how to pay it back."""
    return exists().where(col(RecoveryBar.student_id) == student_id)


def hold(session: Session) -> None:
    """Has whoever changes debts or agreements wait for one another, until the transaction ends.

    They are few, and two at once for one student would each miss what the other did. Taken last,
    when the books are locked already: everybody waits in the same order.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("recovery bars"))))


def renew(session: Session, students: Rows, *, by: Actor) -> None:
    """Sets or lifts the bar of these students as their debts and agreements stand now.

    `students` yields ids; the caller holds the bars.
    """
    with db.city_scope(session, by):
        told = stage(session, "debtors", students, ("student_id",))
        for statement in (_LIFT, _SET):
            session.execute(text(statement.format(students=told.name)))


_LIFT = "DELETE FROM recovery_bar WHERE student_id IN (SELECT student_id FROM {students})"
_SET = """
    INSERT INTO recovery_bar (student_id)
    SELECT DISTINCT r.student_id FROM recoverable r JOIN {students} s USING (student_id)
    WHERE r.state = 'open' AND NOT EXISTS (
        SELECT FROM recovery_agreement g WHERE g.student_id = r.student_id AND g.ended_at IS NULL)
"""
