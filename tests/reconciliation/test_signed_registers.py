"""Signed registers: taken in once, confirmed by another person, and only then is money paid."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update
from sqlmodel import Session, col

from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.errors import Conflict
from app.disbursement.errors import NothingDue, PayoutsNotReissuable
from app.disbursement.method_errors import PayRegisterNotFound
from app.disbursement.models import Payout, PayoutMethod, PayoutState
from app.disbursement.pay_register_models import PayRegister
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.documents.rules import SCAN_BYTES_MAX
from app.documents.scans import Scan
from app.ledger.models import LedgerTransfer
from app.reconciliation import worklist
from app.reconciliation.models import WorkItem, WorkKind, WorkState
from app.reconciliation.queries import invariants
from app.reconciliation.service import reissue
from app.reconciliation.signed_register_errors import (
    SignedBySame,
    SignedRegisterSettled,
    SignedRegisterThere,
    UnsignedUnfit,
)
from app.reconciliation.signed_register_models import SignedRegister, SignedState
from app.reconciliation.signed_registers import Unsigned, confirm, send_back, take_in
from app.registry.models import AccountState, BankAccount
from tests.factories.cases import BOARDERS
from tests.factories.in_hand import payouts_of, release_in_hand, sign
from tests.factories.money import balances, line_code
from tests.factories.office import City
from tests.reconciliation.conftest import DAY, RURAL
from tests.reconciliation.test_statements import Take, handed, outcomes, take, today

__all__ = ["take"]
CLERK, CHECKER = f"school_clerk@{RURAL}", "finance_checker"
SENT, PAID, FAILED = PayoutState.SENT, PayoutState.PAID, PayoutState.FAILED


@pytest.fixture
def register(session: Session, city: City) -> PayRegister:
    """A register of three pupils, each to be paid 250.00 in cash."""
    return release_in_hand(session, city, {RURAL: 3}).registers[0]


def states(session: Session, register: PayRegister) -> list[PayoutState]:
    return [one.state for one in payouts_of(session, register)]


def work(session: Session, state: WorkState) -> list[tuple[WorkKind, str | None]]:
    chosen = select(col(WorkItem.kind), col(WorkItem.reason)).where(col(WorkItem.state) == state)
    return sorted(map(tuple, session.execute(chosen)))


def test_who_signed_is_paid_and_who_did_not_has_failed_once_another_confirms(
    session: Session, city: City, register: PayRegister
) -> None:
    taken = sign(session, city, register, 2, who=CLERK)
    assert states(session, register) == [SENT] * 3
    confirm(session, taken.signed.id, by=city.actor(CHECKER))
    assert states(session, register) == [PAID, FAILED, PAID]
    assert balances(session, line_code()) == {
        "treasury": -750_00, "committed": 250_00, "paid": 500_00,
    }  # fmt: skip
    assert work(session, WorkState.OPEN) == [(WorkKind.FAILED, "请假未领")]
    moved = session.execute(
        select(col(LedgerTransfer.kind)).where(col(LedgerTransfer.batch) == taken.signed.id)
    ).scalars()
    assert sorted(moved) == ["fail", "pay", "pay"]
    assert invariants(session) == []


def test_who_uploaded_does_not_confirm(session: Session, city: City, register: PayRegister) -> None:
    taken = sign(session, city, register, who=CHECKER)
    with pytest.raises(SignedBySame):
        confirm(session, taken.signed.id, by=city.actor(CHECKER))
    confirm(session, taken.signed.id, by=city.actor("finance_checker@370811"))
    assert states(session, register) == [PAID] * 3


def test_what_was_confirmed_or_sent_back_takes_no_further_act(
    session: Session, city: City, register: PayRegister
) -> None:
    checker = city.actor(CHECKER)
    first = sign(session, city, register, who=CLERK).signed
    send_back(session, first.id, because="签名不清", by=checker)
    with pytest.raises(SignedRegisterSettled, match="sent back"):
        confirm(session, first.id, by=checker)
    second = sign(session, city, register, who=CLERK).signed
    confirm(session, second.id, by=checker)
    with pytest.raises(SignedRegisterSettled, match="confirmed"):
        confirm(session, second.id, by=checker)
    with pytest.raises(SignedRegisterSettled, match="confirmed"):
        send_back(session, second.id, because="再看", by=checker)
    assert balances(session, line_code())["paid"] == 750_00


def test_the_same_scan_and_list_are_taken_in_once(
    session: Session, city: City, register: PayRegister
) -> None:
    first = sign(session, city, register, 1, who=CLERK)
    again = sign(session, city, register, 1, who=CLERK)
    assert (first.repeated, again.repeated) == (False, True)
    assert first.signed.id == again.signed.id
    confirm(session, first.signed.id, by=city.actor(CHECKER))
    late = sign(session, city, register, 1, who=CLERK)
    assert (late.repeated, late.signed.state) == (True, SignedState.CONFIRMED)


def test_another_scan_or_list_waits_until_the_first_is_sent_back(
    session: Session, city: City, register: PayRegister
) -> None:
    first = sign(session, city, register, who=CLERK).signed
    with pytest.raises(SignedRegisterThere), session.begin_nested():
        sign(session, city, register, 1, who=CLERK)
    with pytest.raises(SignedRegisterThere), session.begin_nested():
        sign(session, city, register, who=CLERK, scan=b"%PDF-1.4 another")
    send_back(session, first.id, because="漏列一人", by=city.actor(CHECKER))
    again = sign(session, city, register, 1, who=CLERK)
    assert not again.repeated
    confirm(session, again.signed.id, by=city.actor(CHECKER))
    assert states(session, register) == [FAILED, PAID, PAID]


def test_the_list_of_who_did_not_sign_is_of_the_registers_payouts_each_once(
    session: Session, city: City
) -> None:
    done = release_in_hand(session, city, {RURAL: 2, "3137000008": 1})
    mine, other = sorted(done.registers, key=lambda one: -one.line_count)
    number, strange = (payouts_of(session, one)[0].number for one in (mine, other))
    unsigned = [Unsigned(one, "未到") for one in (number, number, strange, "P-1")]
    with pytest.raises(UnsignedUnfit) as refused:
        take_in(
            session,
            number=mine.number,
            scan=Scan(b"%PDF-", "application/pdf"),
            unsigned=unsigned,
            by=city.actor(CLERK),
        )
    assert [(fault.code, fault.where) for fault in refused.value.faults] == [
        ("payout_not_in_register", strange),
        ("payout_not_in_register", "P-1"),
        ("payout_named_twice", number),
    ]


def test_a_school_hands_in_its_own_register_alone(session: Session, city: City) -> None:
    done = release_in_hand(session, city, {RURAL: 1, "3137000008": 1})
    other = next(one for one in done.registers if one.school_id != city.schools[RURAL].id)
    with pytest.raises(PayRegisterNotFound):
        sign(session, city, other, who=CLERK)


def test_what_nobody_signs_for_is_late_until_the_register_is_confirmed(
    session: Session, city: City, register: PayRegister
) -> None:
    clock.set_office_day(clock.day_of(clock.now()) + timedelta(days=60))
    assert worklist.open_silent(session, by=SYSTEM) == 3
    taken = sign(session, city, register, who=CLERK)
    assert [kind for kind, _ in work(session, WorkState.OPEN)] == [WorkKind.LATE] * 3
    confirm(session, taken.signed.id, by=city.actor(CHECKER))
    assert work(session, WorkState.OPEN) == []


def test_what_nobody_signed_for_is_paid_by_the_bank_or_in_hand_again(
    session: Session, city: City, register: PayRegister
) -> None:
    checker, maker = city.actor(CHECKER), city.actor("finance_maker")
    confirm(session, sign(session, city, register, 1, 2, 3, who=CLERK).signed.id, by=checker)
    first, second, third = payouts_of(session, register)
    due = RunAsked(programme=BOARDERS, due_to=DAY, method=PayoutMethod.CASH)
    with pytest.raises(NothingDue), session.begin_nested():
        open_run(session, due, by=maker)
    bank = reissue(session, [first.id], bank_format="generic-pipe", by=maker)
    assert len(release(session, bank.id, by=checker).files) == 1
    hand = reissue(session, [second.id], bank_format=None, by=maker, method=PayoutMethod.MEAL_CARD)
    again = release(session, hand.id, by=checker).registers[0]
    confirm(session, sign(session, city, again, who=CLERK).signed.id, by=checker)
    assert states(session, again) == [PAID]
    assert len(work(session, WorkState.OPEN)) == 1
    session.execute(update(BankAccount).values(state=AccountState.REPLACED))
    with pytest.raises(PayoutsNotReissuable, match="1 payout"):
        reissue(session, [third.id], bank_format="generic-pipe", by=maker)
    assert invariants(session) == []


def test_a_bank_statement_sees_the_sum_of_the_run_and_touches_none_of_its_payouts(
    session: Session, register: PayRegister, take: Take
) -> None:
    run = session.execute(
        text("SELECT number FROM payout_run WHERE id = :id"), {"id": register.run_id}
    ).scalar_one()
    (number, *_) = (one.number for one in payouts_of(session, register))
    back = today("250.00", credit=True, reference=number, kind="退汇")
    taken = take(handed([today("750.00", reference=run), back]))
    assert outcomes(session, taken) == ["agrees", "unmatched"]
    assert states(session, register) == [SENT] * 3


@pytest.mark.parametrize("signed", ["none", "uploaded", "unsigned"])
def test_money_paid_in_hand_without_a_confirmed_signature_is_named(
    session: Session, city: City, register: PayRegister, signed: str
) -> None:
    if signed != "none":
        made = sign(session, city, register, *([1] if signed == "unsigned" else []), who=CLERK)
    if signed == "unsigned":
        confirm(session, made.signed.id, by=city.actor(CHECKER))
    first = payouts_of(session, register)[0]
    session.execute(update(Payout).where(col(Payout.id) == first.id).values(state=PAID))
    named = [(one.of, one.found) for one in invariants(session) if one.what == "paid_unsigned"]
    assert named == [(first.number, 1)]


def test_a_register_with_a_payout_missing_is_named(session: Session, register: PayRegister) -> None:
    first = payouts_of(session, register)[0]
    session.execute(
        text("UPDATE payout SET register_id = NULL, state = 'ready' WHERE id = :id"),
        {"id": first.id},
    )
    named = [one for one in invariants(session) if one.what == "register_lines"]
    assert [(one.of, one.expected, one.found) for one in named] == [(register.number, 3, 2)]


@pytest.fixture
def committed(city: City, client: TestClient) -> PayRegister:
    """A register of two pupils, there for every transaction."""
    with db.scoped_session(SYSTEM) as session:
        return release_in_hand(session, city, {RURAL: 2}).registers[0]


def test_sixteen_who_confirm_at_once_pay_once(city: City, committed: PayRegister) -> None:
    with db.scoped_session(SYSTEM) as session:
        signed = sign(session, city, committed, who=CLERK).signed.id
    checker, gate = city.actor(CHECKER), Barrier(16)

    def act(place: int) -> bool:
        gate.wait()
        try:
            with db.scoped_session(checker) as session:
                confirm(session, signed, by=checker)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(act, range(16))) == 1
    with db.scoped_session(SYSTEM) as session:
        assert states(session, committed) == [PAID] * 2
        assert invariants(session) == []


def test_sixteen_different_uploads_at_once_leave_one(city: City, committed: PayRegister) -> None:
    clerk, gate = city.actor(CLERK), Barrier(16)

    def act(place: int) -> bool:
        gate.wait()
        try:
            with db.scoped_session(clerk) as session:
                scan = Scan(f"%PDF-{place}".encode(), "application/pdf")
                take_in(session, number=committed.number, scan=scan, unsigned=[], by=clerk)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(act, range(16))) == 1
    with db.scoped_session(SYSTEM) as session:
        kept = select(SignedRegister).where(col(SignedRegister.pay_register_id) == committed.id)
        assert len(session.execute(kept).all()) == 1


class Door:
    """The service as the school and finance call it."""

    def __init__(self, client: TestClient, city: City) -> None:
        self.client, self.city = client, city

    def get(self, who: str, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.city.bearer(who))

    def post(self, who: str, path: str, body: object = None) -> Any:
        return self.client.post(f"/api/v1{path}", headers=self.city.bearer(who), json=body)

    def hand_in(
        self, who: str, number: str, unsigned: object = (), scan: bytes = b"%PDF-1.4 signed"
    ) -> Any:
        said = unsigned if isinstance(unsigned, str) else json.dumps(unsigned)
        return self.client.post(
            "/api/v1/signed-registers",
            headers=self.city.bearer(who),
            data={"pay_register": number, "unsigned": said},
            files={"file": ("签领册.pdf", io.BytesIO(scan))},
        )


@pytest.fixture
def door(client: TestClient, city: City) -> Door:
    return Door(client, city)


def test_a_school_prints_its_register_hands_it_in_and_finance_pays(
    door: Door, committed: PayRegister
) -> None:
    head = f"school_head@{RURAL}"
    (listed,) = door.get(head, f"/pay-registers?run_id={committed.run_id}").json()["items"]
    assert (listed["number"], listed["amount"], listed["method"]) == (
        committed.number, "500.00", "cash",
    )  # fmt: skip
    paper = door.get(head, f"/pay-registers/{listed['id']}/content")
    assert paper.headers["aid-sha256"] == listed["sha256"]
    payouts = door.get("auditor", f"/runs/{committed.run_id}/payouts").json()["items"]
    missing = [{"payout": payouts[0]["number"], "reason": "转学"}]
    first = door.hand_in(head, committed.number, missing)
    assert (first.status_code, first.json()["repeated"]) == (201, False)
    again = door.hand_in(head, committed.number, missing)
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    assert door.hand_in(head, committed.number).status_code == 409
    signed = first.json()["signed_register"]
    assert door.get(CHECKER, f"/signed-registers/{signed['id']}/content").content == (
        b"%PDF-1.4 signed"
    )
    waiting = door.get(CHECKER, "/signed-registers?state=uploaded").json()["items"]
    assert signed["id"] in {one["id"] for one in waiting}
    done = door.post(CHECKER, f"/signed-registers/{signed['id']}/confirm")
    assert done.json()["signed_register"]["state"] == "confirmed"
    (gap,) = done.json()["unsigned"]
    assert (gap["payout_number"], gap["payout_state"], gap["reason"]) == (
        payouts[0]["number"], "failed", "转学",
    )  # fmt: skip
    stands = door.get("auditor", f"/runs/{committed.run_id}/payouts").json()["items"]
    assert sorted(one["state"] for one in stands) == ["failed", "paid"]
    assert {one["register_number"] for one in stands} == {committed.number}


def test_a_run_of_cash_is_opened_and_reissued_through_the_door(
    door: Door, committed: PayRegister
) -> None:
    wrong = {"programme": BOARDERS, "due_to": "2008-06-02", "method": "cash"}
    refused = door.post("finance_maker", "/runs", {**wrong, "bank_format": "generic-pipe"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/run.format-unfit")
    payouts = door.get("auditor", f"/runs/{committed.run_id}/payouts").json()["items"]
    missing = [{"payout": one["number"], "reason": "未到"} for one in payouts]
    signed = door.hand_in(CLERK, committed.number, missing).json()["signed_register"]["id"]
    assert door.post(CHECKER, f"/signed-registers/{signed}/confirm").status_code == 200
    body = {"payout_ids": [one["id"] for one in payouts], "method": "meal_card"}
    run = door.post("finance_maker", "/payouts/reissue", body).json()["run"]
    assert (run["method"], run["bank_format"]) == ("meal_card", None)
    done = door.post(CHECKER, f"/runs/{run['id']}/release").json()
    assert (done["files"], [one["line_count"] for one in done["registers"]]) == ([], [2])


@pytest.mark.parametrize(
    ("unsigned", "scan", "status"),
    [
        ([], b"PK\x03\x04", 422),
        ([], b"%PDF-" + b"x" * SCAN_BYTES_MAX, 413),
        ("nobody", b"%PDF-", 422),
        ([{"payout": "P-1"}], b"%PDF-", 422),
        ([{"payout": "P-1", "reason": "未到"}] * 5001, b"%PDF-", 422),
    ],
    ids=["no scan", "too large", "no list", "no reason", "too many"],
)
def test_what_is_no_scan_or_no_list_is_refused(
    door: Door, committed: PayRegister, unsigned: object, scan: bytes, status: int
) -> None:
    assert door.hand_in(CLERK, committed.number, unsigned, scan).status_code == status


def test_another_school_sees_neither_register_nor_scan(door: Door, committed: PayRegister) -> None:
    signed = door.hand_in(CLERK, committed.number).json()["signed_register"]["id"]
    other = "school_head@3137000008"
    assert door.get(other, f"/pay-registers/{committed.id}/content").status_code == 404
    assert door.get(other, f"/signed-registers/{signed}").status_code == 404
    assert door.get(other, f"/signed-registers/{signed}/content").status_code == 404
    assert door.hand_in(other, committed.number).status_code == 404
    assert door.post(CLERK, f"/signed-registers/{signed}/confirm").status_code == 403
    sent = door.post(CHECKER, f"/signed-registers/{signed}/send-back", {"because": "不清"})
    assert sent.json()["signed_register"]["state"] == "sent_back"
