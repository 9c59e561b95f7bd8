"""A sheet's rows become students, in one way for one row and for thousands."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import polars as pl
import pytest
from sqlalchemy import event, func, text
from sqlmodel import Session, col, select

from app.core import crypto, db
from app.core.actor import Actor
from app.registry import intake
from app.registry.models import (
    AccountState,
    BankAccount,
    Enrolment,
    Household,
    IdentityState,
    Student,
)
from app.registry.queries import schools_in_scope
from tests.factories.office import City
from tests.registry.rows import card, frame_of, resident_id, row_of

A, B = "2137000006", "3137000008"
ENTERED = date(2008, 3, 1)


def take(session: Session, by: Actor, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    db.enter(session, by)
    frame = intake.register(
        session, frame_of(*rows), school_year="2007-2008", entered_on=ENTERED, by=by
    )
    return frame.to_dicts()


@pytest.fixture
def officer(city: City) -> Actor:
    return city.actor("city_officer")


def test_a_new_student_is_registered_with_enrolment_household_and_account(
    session: Session, city: City, officer: Actor
) -> None:
    number = resident_id(1)
    [row] = take(
        session,
        officer,
        row_of(
            city.schools[A],
            resident_id=number,
            grade=3,
            class_name="2",
            boards=True,
            hukou="rural",
            household_size=4,
            income_per_head_fen=123_400,
            account_number=card(1),
            telephone="13812345678",
        ),
    )
    assert (row["standing"], row["changed"], row["identity"]) == ("new", True, "documented")
    student = session.get_one(Student, row["student_id"])
    assert student.resident_id is not None
    assert number.encode() not in student.resident_id
    assert (
        crypto.decrypt(
            student.resident_id, table="student", column="resident_id", record=student.id
        )
        == number
    )
    assert student.birth_on == date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    enrolment = session.exec(select(Enrolment).where(Enrolment.student_id == student.id)).one()
    assert (enrolment.grade, enrolment.stage, enrolment.boards) == (3, "primary", True)
    household = session.exec(select(Household).where(Household.student_id == student.id)).one()
    assert (household.members, household.income_per_head_fen) == (4, 123_400)
    account = session.exec(select(BankAccount).where(BankAccount.student_id == student.id)).one()
    assert (account.state, account.holder_name) == (AccountState.UNCONFIRMED, "赵芳")
    assert account.number_tail == card(1)[-4:]


def test_the_same_row_again_changes_nothing(session: Session, city: City, officer: Actor) -> None:
    given = row_of(
        city.schools[A], resident_id=resident_id(2), grade=3, boards=False, account_number=card(2),
        guardian_resident_id=resident_id(9_002), telephone="13900000000", hukou="town",
    )  # fmt: skip
    [first] = take(session, officer, given)
    [second] = take(session, officer, given)
    assert (second["standing"], second["changed"]) == ("here", False)
    assert second["student_id"] == first["student_id"]
    assert session.get_one(Student, first["student_id"]).version == 1


def test_what_a_later_row_leaves_out_stays_and_what_it_says_is_written(
    session: Session, city: City, officer: Actor
) -> None:
    number = resident_id(3)
    [first] = take(
        session,
        officer,
        row_of(city.schools[A], resident_id=number, grade=3, telephone="1", hukou="rural"),
    )
    [second] = take(
        session, officer, row_of(city.schools[A], resident_id=number, telephone="2", boards=True)
    )
    assert second["changed"]
    student = session.get_one(Student, first["student_id"])
    session.refresh(student)
    assert student.telephone is not None
    opened = crypto.decrypt(
        student.telephone, table="student", column="telephone", record=student.id
    )
    assert opened == "2"
    enrolment = session.exec(select(Enrolment).where(Enrolment.student_id == student.id)).one()
    assert (enrolment.grade, enrolment.boards) == (3, True)


def test_a_changed_account_is_new_and_unconfirmed_and_the_older_one_replaced(
    session: Session, city: City, officer: Actor
) -> None:
    number = resident_id(4)
    for seed in (41, 42, 42):
        [row] = take(
            session,
            officer,
            row_of(city.schools[A], resident_id=number, account_number=card(seed)),
        )
    accounts = session.exec(
        select(BankAccount)
        .where(BankAccount.student_id == row["student_id"])
        .order_by(col(BankAccount.made_at))
    ).all()
    assert [(account.state, account.number_tail) for account in accounts] == [
        (AccountState.REPLACED, card(41)[-4:]),
        (AccountState.UNCONFIRMED, card(42)[-4:]),
    ]


def test_a_student_of_another_school_is_elsewhere_and_left_untouched(
    session: Session, city: City, officer: Actor
) -> None:
    number = resident_id(5)
    [first] = take(session, officer, row_of(city.schools[A], resident_id=number))
    head = city.actor(f"school_head@{B}")
    [row] = take(session, head, row_of(city.schools[B], resident_id=number, name="别人"))
    assert (row["standing"], row["student_id"], row["identity"]) == ("elsewhere", None, None)
    assert not row["changed"]
    db.enter(session, officer)
    student = session.get_one(Student, first["student_id"])
    session.refresh(student)
    assert (student.name, student.school_id) == ("赵芳", city.schools[A].id)


def test_of_two_schools_that_bring_one_new_person_only_one_has_the_student(
    session: Session, city: City, officer: Actor
) -> None:
    number = resident_id(6)
    one, other = take(
        session,
        officer,
        row_of(city.schools[A], resident_id=number),
        row_of(city.schools[B], resident_id=number),
    )
    assert (one["standing"], other["standing"]) == ("new", "elsewhere")


def test_two_rows_of_one_person_at_one_school_are_one_student(
    session: Session, city: City, officer: Actor
) -> None:
    given = row_of(city.schools[A], resident_id=resident_id(7))
    one, other = take(session, officer, given, given)
    assert (one["standing"], other["standing"], other["changed"]) == ("new", "here", False)
    assert one["student_id"] == other["student_id"]


def test_a_student_without_resident_id_is_provisional_and_found_again(
    session: Session, city: City, officer: Actor
) -> None:
    given = row_of(city.schools[A], name="毛远", birth_on=date(1999, 5, 6), grade=1)
    [first] = take(session, officer, given)
    [second] = take(session, officer, {**given, "grade": 2})
    assert first["identity"] == IdentityState.PROVISIONAL
    assert (second["standing"], second["student_id"]) == ("here", first["student_id"])


def test_without_birth_date_and_guardian_the_class_tells_namesakes_apart(
    session: Session, city: City, officer: Actor
) -> None:
    one, other = take(
        session,
        officer,
        row_of(city.schools[A], name="毛远", grade=1, class_name="1"),
        row_of(city.schools[A], name="毛远", grade=1, class_name="2"),
    )
    assert one["student_id"] != other["student_id"]


def test_a_resident_id_that_comes_later_completes_the_provisional_student(
    session: Session, city: City, officer: Actor
) -> None:
    number = resident_id(8)
    born = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    [first] = take(session, officer, row_of(city.schools[A], name="钟新", birth_on=born))
    [second] = take(session, officer, row_of(city.schools[A], name="钟新", resident_id=number))
    assert second["student_id"] == first["student_id"]
    assert (second["standing"], second["identity"]) == ("here", "documented")
    [third] = take(session, officer, row_of(city.schools[A], name="钟新", birth_on=born))
    assert (third["student_id"], third["changed"]) == (first["student_id"], False)


def test_a_documented_namesake_of_the_same_birthday_is_another_student(
    session: Session, city: City, officer: Actor
) -> None:
    one, other = resident_id(10), resident_id(10 + 3000)
    rows = [row_of(city.schools[A], resident_id=number) for number in (one, other)]
    first, second = take(session, officer, *rows)
    assert one[6:14] == other[6:14]
    assert first["student_id"] != second["student_id"]


def test_a_guardians_account_without_a_reason_is_taken_in_for_the_second_person_to_judge(
    session: Session, city: City, officer: Actor
) -> None:
    given = row_of(
        city.schools[A], resident_id=resident_id(11), account_kind="passbook",
        account_number="903730642279193", holder="guardian", guardian_name="邱华", relation="父子",
    )  # fmt: skip
    [row] = take(session, officer, given)
    account = session.exec(
        select(BankAccount).where(BankAccount.student_id == row["student_id"])
    ).one()
    assert (account.holder_name, account.relation, account.reason) == ("邱华", "父子", "表中未填")


def test_an_empty_frame_answers_an_empty_frame_with_the_same_columns(
    session: Session, officer: Actor
) -> None:
    frame = intake.register(
        session, frame_of(), school_year="2007-2008", entered_on=ENTERED, by=officer
    )
    assert frame.height == 0
    assert set(intake.OUTCOME_SCHEMA) < set(frame.columns)


def test_ten_rows_and_a_thousand_take_the_same_number_of_statements(
    session: Session, city: City, officer: Actor
) -> None:
    counts = []
    for size, first in ((10, 20_000), (1000, 30_000)):
        rows = [
            row_of(city.schools[A], resident_id=resident_id(first + n), account_number=card(n))
            for n in range(size)
        ]
        for _ in range(2):  # new the first time, here the second
            with statements(session) as seen:
                take(session, officer, *rows)
            counts.append(len(seen))
    assert counts[0] == counts[2]
    assert counts[1] == counts[3]
    assert max(counts) < 30


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    seen: list[str] = []

    def count(*given: Any) -> None:
        seen.append(given[2])

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", count)
    yield seen
    event.remove(connection, "before_cursor_execute", count)


def test_two_sheets_that_bring_the_same_new_students_at_once_both_go_through(city: City) -> None:
    rows = [row_of(city.schools[A], resident_id=resident_id(50_000 + n)) for n in range(50)]
    by = city.actor(f"school_clerk@{A}")
    ready = threading.Barrier(4)
    answers: list[list[dict[str, Any]]] = []

    def bring(order: int) -> None:
        with db.scoped_session(by) as opened:
            ready.wait()
            mine = rows if order % 2 else rows[::-1]
            answers.append(take(opened, by, *mine))

    threads = [threading.Thread(target=bring, args=(order,)) for order in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    standings = [row["standing"] for answer in answers for row in answer]
    assert (standings.count("new"), standings.count("here")) == (50, 150)
    with db.scoped_session(by) as opened:
        assert opened.exec(select(func.count()).select_from(Enrolment)).one() == 50


def test_row_security_hides_a_school_from_another(
    session: Session, city: City, officer: Actor
) -> None:
    take(
        session,
        officer,
        row_of(
            city.schools[A],
            resident_id=resident_id(60_000),
            grade=1,
            hukou="rural",
            account_number=card(6),
        ),
    )
    db.enter(session, city.actor(f"school_clerk@{B}"))
    for table in ("student", "enrolment", "household", "bank_account"):
        statement = text(f"SELECT count(*) FROM {table} WHERE school_id = :school")
        assert session.execute(statement, {"school": city.schools[A].id}).scalar_one() == 0


def test_schools_in_scope_are_the_own_one_the_countys_or_the_citys(
    session: Session, city: City, officer: Actor
) -> None:
    seen = {}
    for who in ("city_officer", "county_officer@370826", f"class_teacher@{B}"):
        actor = city.actor(who)
        db.enter(session, actor)
        seen[who] = schools_in_scope(session, actor)["code"].to_list()
    assert seen["city_officer"] == sorted(city.schools)
    assert seen["county_officer@370826"] == ["2137000011"]
    assert seen[f"class_teacher@{B}"] == [B]


def test_the_frame_comes_back_in_its_own_order(
    session: Session, city: City, officer: Actor
) -> None:
    rows = [row_of(city.schools[A], resident_id=resident_id(70_000 - n)) for n in range(20)]
    db.enter(session, officer)
    frame = frame_of(*rows)
    found = intake.register(session, frame, school_year="2007-2008", entered_on=ENTERED, by=officer)
    assert found.select(frame.columns).equals(frame)
    assert isinstance(found.schema["student_id"], pl.String)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "长" * 81}, "name"),
        ({"name": None}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"class_name": "班" * 41}, "class_name"),
        ({"household_size": 0}, "household_size"),
        ({"household_size": 31}, "household_size"),
        ({"income_per_head_fen": -1}, "income_per_head_fen"),
        ({"grade": 13}, "grade"),
    ],
)
def test_what_the_registry_cannot_hold_is_named_beforehand(
    city: City, given: dict[str, Any], field: str
) -> None:
    whole = row_of(
        city.schools[A], name="长" * 80, household_size=30, grade=12, class_name="班" * 40
    )
    frame = frame_of(whole, row_of(city.schools[A], **given), row_of(city.schools[A]))
    assert intake.unfit(frame).rows() == [(2, field)]
