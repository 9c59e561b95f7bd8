"""Accounts of many students are entered at once, all or none, each as if it came alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlmodel import Session, col

from app.core import db
from app.core.actor import SYSTEM, Actor
from app.registry.errors import StudentNotFound, StudentWrong
from app.registry.models import AccountKind, AccountState, BankAccount, HolderKind
from app.registry.service_accounts import NewAccount, confirm_accounts, enter_accounts
from tests.disbursement.test_runs import counting
from tests.factories.cases import make_cases
from tests.factories.office import City
from tests.registry.rows import card

A, FAR = "2137000006", "2137000011"


@pytest.fixture
def clerk(city: City) -> Actor:
    return city.actor(f"school_clerk@{A}")


def students(session: Session, city: City, n: int, school: str = A) -> list[UUID]:
    made = make_cases(session, city.schools[school], n, 250_00)
    found = session.execute(
        text("SELECT student_id FROM application WHERE id = ANY(:ids) ORDER BY student_id"),
        {"ids": made},
    )
    return list(found.scalars())


def new(seed: int, **changes: object) -> NewAccount:
    values = {"kind": AccountKind.CARD, "number": card(seed), "holder_name": "钱多", **changes}
    return NewAccount(**values)  # type: ignore[arg-type]


def states(session: Session, student: UUID) -> list[AccountState]:
    chosen = select(col(BankAccount.state)).where(col(BankAccount.student_id) == student)
    return list(session.execute(chosen.order_by(col(BankAccount.id))).scalars())


def test_the_statements_do_not_grow_with_the_rows(
    session: Session, city: City, clerk: Actor
) -> None:
    counts = []
    for n in (1, 40):
        rows = {one: new(seed) for seed, one in enumerate(students(session, city, n))}
        enter_accounts(session, rows, by=clerk)  # so that each replaces one that waits
        with counting() as sent:
            entered = enter_accounts(
                session, {one: new(1000 + seed) for seed, one in enumerate(rows)}, by=clerk
            )
        assert [each.kept for each in entered] == [False] * n
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_what_is_there_is_kept_and_only_the_others_are_entered(
    session: Session, city: City, clerk: Actor
) -> None:
    first, second = students(session, city, 2)
    [before] = enter_accounts(session, {first: new(1)}, by=clerk)
    entered = enter_accounts(session, {second: new(2), first: new(1)}, by=clerk)
    assert [(each.account.student_id, each.kept) for each in entered] == [
        (first, True), (second, False),
    ]  # fmt: skip
    assert entered[0].account.id == before.account.id
    assert states(session, first) == states(session, second) == [AccountState.UNCONFIRMED]


def test_each_new_account_replaces_only_what_waits_and_points_at_what_is_confirmed(
    session: Session, city: City, clerk: Actor
) -> None:
    pair = students(session, city, 2)
    old = enter_accounts(session, {one: new(n) for n, one in enumerate(pair)}, by=clerk)
    head = city.actor(f"school_head@{A}")
    confirm_accounts(session, [old[0].account.id], skip_own=False, by=head)
    made = enter_accounts(session, {one: new(10 + n) for n, one in enumerate(pair)}, by=clerk)
    assert [each.account.replaces_id for each in made] == [old[0].account.id, None]
    assert states(session, pair[0]) == [AccountState.CONFIRMED, AccountState.UNCONFIRMED]
    assert states(session, pair[1]) == [AccountState.REPLACED, AccountState.UNCONFIRMED]


def test_another_bank_is_another_account_and_no_bank_said_is_the_same(
    session: Session, city: City, clerk: Actor
) -> None:
    (one,) = students(session, city, 1)
    enter_accounts(session, {one: new(1, bank_name="农业银行")}, by=clerk)
    assert enter_accounts(session, {one: new(1)}, by=clerk)[0].kept
    [other] = enter_accounts(session, {one: new(1, bank_name="建设银行")}, by=clerk)
    assert (other.kept, other.account.bank_name) == (False, "建设银行")


def test_one_wrong_row_stops_all_and_every_fault_names_its_student(
    session: Session, city: City, clerk: Actor
) -> None:
    good, card_wrong, unexplained = students(session, city, 3)
    rows = {
        good: new(1),
        card_wrong: new(2, number="622848000000000000"),
        unexplained: new(3, holder=HolderKind.GUARDIAN),
    }
    with pytest.raises(StudentWrong) as refused:
        enter_accounts(session, rows, by=clerk)
    found = [(one.code, one.where, one.more["student_id"]) for one in refused.value.faults]
    assert found == [
        ("card_luhn", "/number", str(card_wrong)),
        ("guardian_account_unexplained", "/account/relation", str(unexplained)),
        ("guardian_account_unexplained", "/account/reason", str(unexplained)),
    ]
    assert states(session, good) == []


def test_a_student_out_of_sight_stops_all(session: Session, city: City, clerk: Actor) -> None:
    (own,) = students(session, city, 1)
    (far,) = students(session, city, 1, FAR)
    with pytest.raises(StudentNotFound) as refused:
        enter_accounts(session, {own: new(1), far: new(2)}, by=clerk)
    assert [one.where for one in refused.value.faults] == [str(far)]
    assert states(session, own) == []


def test_of_eight_who_enter_the_same_accounts_at_once_one_does(city: City, clerk: Actor) -> None:
    with db.scoped_session(SYSTEM) as session:
        rows = {one: new(seed) for seed, one in enumerate(students(session, city, 20))}
    gate = Barrier(8)

    def enter(place: int) -> int:
        given = dict(reversed(rows.items())) if place % 2 else rows
        gate.wait()
        with db.scoped_session(clerk) as own:
            return sum(not each.kept for each in enter_accounts(own, given, by=clerk))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(enter, range(8))) == [0] * 7 + [20]
    with db.scoped_session(SYSTEM) as session:
        assert all(states(session, one) == [AccountState.UNCONFIRMED] for one in rows)
