"""Accounts are corrected within the working days set; what is not is handed up once."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlmodel import Session, col

from app.core import clock, db, jobs, settings
from app.core.actor import SYSTEM, Actor
from app.core.settings import SettingsWrong
from app.disbursement.models import PaymentFile, Payout
from app.reconciliation import jobs as worklist_jobs
from app.reconciliation import worklist
from app.reconciliation.models import WorkItem, WorkKind, WorkState
from app.reconciliation.replies import Lesson, learn
from app.reconciliation.reply_models import LearntOutcome
from app.reconciliation.rules import deadline, overdue_before
from tests.factories.office import City
from tests.reconciliation.bank import answer, failed, lines_in, take_in, timed_out
from tests.reconciliation.conftest import Send
from tests.reconciliation.door import RURAL, Door
from tests.reconciliation.test_replies import odd

DAYS = 10


def in_time() -> date:
    """The last day on which what was opened this moment is corrected in time."""
    return clock.add_working_days(clock.day_of(clock.now()), DAYS)[0]


def escalated(session: Session) -> dict[WorkKind, bool]:
    rows = session.execute(select(col(WorkItem.kind), col(WorkItem.escalated_at)))
    return {kind: at is not None for kind, at in rows}


@pytest.fixture
def file(session: Session, sent: Send, maker: Actor) -> PaymentFile:
    """One payout refused, one unknown, the others paid."""
    made = sent(5)
    take_in(session, made, answer(lines_in(session, made), failed, timed_out), maker)
    return made


def test_ten_working_days_reach_over_the_holiday_and_nothing_else_has_a_deadline() -> None:
    # 9 June 2008 was Dragon Boat Day's holiday.
    assert deadline(WorkKind.FAILED, date(2008, 6, 2), DAYS) == date(2008, 6, 17)
    assert deadline(WorkKind.RETURNED, date(2008, 6, 6), 1) == date(2008, 6, 10)
    others = set(WorkKind) - {WorkKind.FAILED, WorkKind.RETURNED}
    assert {deadline(kind, date(2008, 6, 2), DAYS) for kind in others} == {None}


@pytest.mark.parametrize("days", [1, 5, 10])
def test_what_is_overdue_is_what_had_its_deadline_before_the_day(days: int) -> None:
    first = date(2008, 4, 25)  # over Labour Day, whose weekend was worked
    for opened in (first + timedelta(days=n) for n in range(30)):
        for on in (opened + timedelta(days=n) for n in range(30)):
            due = deadline(WorkKind.FAILED, opened, days)
            assert due is not None
            assert (opened < overdue_before(on, days)) == (due < on), (opened, on)


def test_on_the_last_day_nothing_is_handed_up_and_on_the_next_it_is_once(
    session: Session, file: PaymentFile
) -> None:
    clock.set_office_day(in_time())
    assert worklist.escalate_overdue(session, by=SYSTEM) == 0
    clock.set_office_day(in_time() + timedelta(days=1))
    assert worklist.escalate_overdue(session, by=SYSTEM) == 1
    assert worklist.escalate_overdue(session, by=SYSTEM) == 0
    assert escalated(session) == {WorkKind.FAILED: True, WorkKind.UNKNOWN: False}
    noted = session.execute(
        text("SELECT count(*) FROM audit_event WHERE did = 'work.escalated'")
    ).scalar_one()
    assert noted == 1


def test_what_is_done_is_not_handed_up(session: Session, file: PaymentFile) -> None:
    session.execute(text("UPDATE work_item SET state = 'done' WHERE kind = 'failed'"))
    clock.set_office_day(in_time() + timedelta(days=1))
    assert worklist.escalate_overdue(session, by=SYSTEM) == 0


def test_the_job_opens_what_the_bank_is_silent_about_and_hands_up_what_is_overdue(
    session: Session, file: PaymentFile, sent: Send
) -> None:
    sent(5)
    clock.set_office_day(in_time() + timedelta(days=1))
    worklist_jobs.remind(session, SYSTEM)
    worklist_jobs.remind(session, SYSTEM)
    found = session.execute(select(col(WorkItem.kind))).scalars().all()
    assert sorted(found) == sorted(
        [WorkKind.FAILED, WorkKind.UNKNOWN, WorkKind.UNKNOWN_LONG, *[WorkKind.LATE] * 5]
    )
    assert escalated(session)[WorkKind.FAILED]
    assert jobs._tasks["worklist.remind"].every is not None


def test_a_word_taught_as_failed_gives_the_school_its_days_from_then_on(
    session: Session, city: City, sent: Send, maker: Actor
) -> None:
    made = sent(5)
    take_in(session, made, answer(lines_in(session, made), odd), maker)
    session.execute(text("UPDATE work_item SET opened_at = opened_at - interval '60 days'"))
    lesson = Lesson("generic-pipe", "E77 通讯中断", LearntOutcome.FAILED, "电询银行")
    learn(session, lesson, by=city.actor("finance_checker"))
    clock.set_office_day(in_time())
    assert worklist.escalate_overdue(session, by=SYSTEM) == 0
    clock.set_office_day(in_time() + timedelta(days=1))
    assert worklist.escalate_overdue(session, by=SYSTEM) == 1


@pytest.fixture
def late(door: Door) -> Iterator[UUID]:
    """Through the door: two payouts failed, the first one so long ago that it is overdue."""
    reply, _ = door.answered(failed, failed)
    with db.scoped_session(SYSTEM) as session:
        first = session.execute(
            select(col(WorkItem.id))
            .join(Payout, col(Payout.id) == col(WorkItem.payout_id))
            .where(col(Payout.run_id) == UUID(reply["run"]["id"]))
            .order_by(col(Payout.file_line))
            .limit(1)
        ).scalar_one()
        session.execute(
            text("UPDATE work_item SET opened_at = opened_at - interval '60 days' WHERE id = :id"),
            {"id": first},
        )
    clock.set_office_day(clock.day_of(clock.now()))
    yield first
    with db.scoped_session(SYSTEM) as session:
        session.execute(text("UPDATE work_item SET state = 'done' WHERE state = 'open'"))


def test_the_county_asks_for_what_is_overdue_and_what_was_handed_up(door: Door, late: UUID) -> None:
    def listed(who: str, **sought: object) -> dict[str, dict[str, object]]:
        return {one["id"]: one for one in door.get(who, "/worklist", **sought).json()["items"]}

    county, clerk = "county_officer@370811", f"school_clerk@{RURAL}"
    assert len(listed(county, state="open")) == 2
    assert list(listed(county, overdue=True)) == [str(late)]
    assert listed(county, escalated=True) == {}
    with db.scoped_session(SYSTEM) as session:
        worklist.escalate_overdue(session, by=SYSTEM)
    (item,) = listed(county, escalated=True, state="open").values()
    assert item["escalated_at"] is not None
    assert str(item["deadline"]) < clock.office_day().isoformat()
    assert list(listed(clerk, escalated=True)) == [str(late)]
    assert listed("county_officer@370826", overdue=True) == {}


def test_a_closed_item_says_nothing_to_do(door: Door, late: UUID) -> None:
    done = {"ids": [str(late)], "because": "家庭放弃"}
    assert door.post("finance_maker", "/worklist/resolve", done).status_code == 200
    items = door.get("finance_maker", "/worklist", limit=200).json()["items"]
    steps = {one["id"]: one["actions"] for one in items}
    assert steps[str(late)] == []
    assert WorkState.DONE in {one["state"] for one in items}


@pytest.mark.parametrize("days", ["0", "61"])
def test_the_days_to_correct_have_limits(monkeypatch: pytest.MonkeyPatch, days: str) -> None:
    monkeypatch.setenv("AID_CORRECTION_WORKING_DAYS", days)
    with pytest.raises(SettingsWrong, match="AID_CORRECTION_WORKING_DAYS must be between 1 and 60"):
        settings.load()
