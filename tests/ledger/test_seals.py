"""A closed day is sealed: what is changed, deleted or slipped in is named, nothing is posted."""

import threading
import time
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session

from app.core import clock, db
from app.core.actor import SYSTEM
from app.ledger import seals, service
from app.ledger.errors import DayClosed, DayNotYet
from app.ledger.models import TransferKind
from tests.ledger.books import (
    BEGINS,
    LINES,
    open_lines,
    passing_one_over,
    post,
    slip_in,
    three_days,
)


def close(session: Session, day: date) -> None:
    seals.seal(session, day, signer=None, by=SYSTEM)


@pytest.fixture
def closed(session: Session) -> list[date]:
    days = three_days(session)
    for day in days:
        close(session, day)
    return days


def findings(session: Session) -> list[tuple[str, str]]:
    return [(each.code, each.where) for each in service.verify(session)]


def test_closed_days_are_chained_and_sound(session: Session, closed: list[date]) -> None:
    found = seals.days(session, after=None, limit=10)
    assert [each.day for each in found] == closed
    assert bytes(found[0].previous) == seals.FIRST
    assert [bytes(each.previous) for each in found[1:]] == [
        bytes(each.sha256) for each in found[:-1]
    ]
    assert [(each.transfers, each.amount_fen) for each in found] == [(3, 31258)] * 3
    assert findings(session) == []


def first_of(session: Session, day: date) -> int:
    asked = text("SELECT min(id) FROM ledger_transfer WHERE office_day = :day")
    return int(session.execute(asked, {"day": day}).scalar_one())


@pytest.mark.parametrize(
    "change",
    [
        "amount_fen = amount_fen + 1",
        "refers_to = gen_random_uuid()",
        "posted_by = gen_random_uuid()",
        "posted_at = posted_at + interval '1 microsecond'",
        "kind = 'fail'",
    ],
)
def test_as_owner_one_changed_column_is_named_by_its_row(
    owner: Session, session: Session, change: str
) -> None:
    days = three_days(owner)
    for day in days:
        close(owner, day)
    number = first_of(owner, days[1])
    owner.execute(text(f"UPDATE ledger_transfer SET {change} WHERE id = :id"), {"id": number})
    assert ("sealed-transfer-changed", f"transfer {number}") in findings(owner)


def test_as_owner_a_deleted_row_is_named(owner: Session) -> None:
    days = three_days(owner)
    for day in days:
        close(owner, day)
    number = first_of(owner, days[2])
    owner.execute(text("DELETE FROM ledger_transfer WHERE id = :id"), {"id": number})
    assert ("sealed-transfer-changed", f"transfer {number}") in findings(owner)
    owner.execute(text("DELETE FROM ledger_leaf WHERE transfer_id = :id"), {"id": number})
    assert ("seal-off", f"day {days[2]}") in findings(owner)


def test_as_owner_a_row_slipped_into_a_closed_day_is_named(owner: Session) -> None:
    days = three_days(owner)
    close(owner, days[0])
    owner.execute(
        text(
            "INSERT INTO ledger_transfer (debit, credit, amount_fen, kind, refers_to, batch, "
            "office_day, occurred_on, posted_at, posted_by) SELECT debit, credit, amount_fen, "
            "kind, gen_random_uuid(), batch, office_day, occurred_on, posted_at, posted_by "
            "FROM ledger_transfer WHERE office_day = :day LIMIT 1"
        ),
        {"day": days[0]},
    )
    assert "sealed-transfer-changed" in {code for code, _ in findings(owner)}


def test_a_row_slipped_into_a_day_that_was_passed_over_is_named(session: Session) -> None:
    """The day between had no transfer and so has no seal: no one may be there later either."""
    days = passing_one_over(session)
    number = slip_in(session, days[1])
    assert findings(session) == [("sealed-transfer-changed", f"transfer {number}")]


def test_the_serving_role_changes_no_seal(session: Session, closed: list[date]) -> None:
    for table in ("ledger_day", "ledger_leaf"):
        with pytest.raises(ProgrammingError), session.begin_nested():
            session.execute(text(f"DELETE FROM {table}"))


def test_what_happens_on_a_closed_day_is_posted_on_the_next_open_one(
    session: Session, closed: list[date]
) -> None:
    clock.set_office_day(closed[1])
    post(session, TransferKind.PAY, (LINES[1], 1))
    last = session.execute(
        text("SELECT office_day, occurred_on FROM ledger_transfer ORDER BY id DESC LIMIT 1")
    ).one()
    assert tuple(last) == (closed[2] + timedelta(days=1), closed[1])
    assert findings(session) == []


def test_days_are_closed_in_order_and_once(session: Session) -> None:
    days = three_days(session)
    with pytest.raises(DayNotYet, match=str(days[0])):
        close(session, days[1])
    with pytest.raises(DayNotYet, match="still to come"):
        close(session, days[2] + timedelta(days=1))
    close(session, days[0])
    with pytest.raises(DayClosed):
        close(session, days[0])
    close(session, days[1])


def test_who_closes_waits_for_who_posts(city: object) -> None:
    """The poster began first, so its transfer is in the day that is then sealed."""
    clock.set_office_day(BEGINS)
    began, order = threading.Event(), []
    with db.scoped_session(SYSTEM) as session:
        open_lines(session)

    def close_it() -> None:
        began.wait()
        with db.scoped_session(SYSTEM) as session:
            seals.wait_for_posters(session)
            order.append("closing")
            close(session, BEGINS)

    closing = threading.Thread(target=close_it)
    closing.start()
    with db.scoped_session(SYSTEM) as session:
        post(session, TransferKind.APPROPRIATE, (LINES[0], 5))
        began.set()
        closing.join(0.3)
        order.append("posted")
    closing.join(10)
    assert order == ["posted", "closing"]
    with db.scoped_session(SYSTEM) as session:
        assert seals.days(session, after=None, limit=5)[-1].amount_fen == 5
        assert service.verify(session) == []


def test_who_posts_waits_for_who_closes_and_lands_on_the_next_day(city: object) -> None:
    """The closer began first: what was waiting sees the day closed, not as it was before."""
    day = BEGINS + timedelta(days=10)
    clock.set_office_day(day)
    with db.scoped_session(SYSTEM) as session:
        open_lines(session)
        post(session, TransferKind.APPROPRIATE, (LINES[0], 5))

    def post_it() -> None:
        with db.scoped_session(SYSTEM) as session:
            post(session, TransferKind.APPROPRIATE, (LINES[0], 7))

    posting = threading.Thread(target=post_it)
    with db.scoped_session(SYSTEM) as session:
        seals.wait_for_posters(session)
        close(session, day)
        posting.start()
        wait_for_one_who_waits(session)
    posting.join(10)
    with db.scoped_session(SYSTEM) as session:
        asked = text("SELECT office_day FROM ledger_transfer ORDER BY id DESC LIMIT 1")
        assert session.execute(asked).scalar_one() == day + timedelta(days=1)
        assert service.verify(session) == []


def wait_for_one_who_waits(session: Session) -> None:
    asked = text("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
    for _ in range(500):
        if session.execute(asked).scalar_one():
            return
        time.sleep(0.01)
    pytest.fail("nobody waited for the day to be closed")
