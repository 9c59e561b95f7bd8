"""不应助而助: live awards of the dead, of those who left, of those on two rolls."""

import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from app.awards.models import AwardState, Instalment, InstalmentState
from app.core import clock, db, ids
from app.core.actor import SYSTEM, Actor
from app.policy.errors import PeriodInvalid
from app.policy.models import PolicyVersion
from app.registers.models import RegisterKind
from app.registry.models import Enrolment, IdentityState, Student
from app.reports.undue_aid import Undue, UndueSought, undue_aid
from tests.factories.cases import SPRING
from tests.factories.id_corrections import correct
from tests.factories.office import City
from tests.registers.people import enrol, make_pupils, number, row, sheet
from tests.reports.listed import award, listed

RURAL, JUNIOR, FAR = "2137000006", "3137000008", "2137000011"
DUE, PAID = InstalmentState.COMMITTED, InstalmentState.PAID
ONE = ("2008-05-15", 25_000, DUE)


def asked(
    session: Session, *, by: Actor = SYSTEM, period: str = SPRING, **narrowed: Any
) -> dict[UUID, tuple[list[str], int, int]]:
    """Award id → (findings, unpaid fen, paid fen)."""
    rows = session.execute(undue_aid(session, UndueSought(period=period, **narrowed), by=by))
    return {each.award_id: (each.findings, each.unpaid_fen, each.paid_fen) for each in rows}


def dead(session: Session, place: int, on: str, *, name: str = "王芳") -> None:
    listed(session, sheet(row(place, since=on, name=name)), kind=RegisterKind.DECEASED)


def leave(session: Session, student: UUID, on: str) -> None:
    session.execute(
        update(Enrolment)
        .where(col(Enrolment.student_id) == student)
        .values(left_on=date.fromisoformat(on))
    )


@pytest.mark.parametrize(
    ("on", "found"), [("2008-05-14", True), ("2008-05-15", False), ("2008-05-16", False)]
)
def test_what_falls_due_after_a_death_should_not_be_paid(
    session: Session, city: City, on: str, found: bool
) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    made = award(session, city.schools[RURAL], pupil, ONE)
    dead(session, 1, on)
    assert asked(session) == ({made.id: (["deceased"], 25_000, 0)} if found else {})


def test_a_death_under_a_number_that_was_corrected_is_not_the_pupils(
    session: Session, city: City
) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    made = award(session, city.schools[RURAL], pupil, ONE)
    dead(session, 1, "2008-05-14")
    assert set(asked(session)) == {made.id}
    correct(session, city, pupil, number(2))
    assert asked(session) == {}


def test_what_is_paid_and_what_is_not_is_told_apart(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    made = award(
        session, city.schools[RURAL], pupil,
        ("2008-03-15", 10_000, PAID), ("2008-04-15", 10_001, PAID), ("2008-05-15", 10_002, DUE),
        ("2008-06-15", 10_003, InstalmentState.IN_RUN),
        ("2008-07-15", 10_004, InstalmentState.CANCELLED),
    )  # fmt: skip
    dead(session, 1, "2008-04-01")
    assert asked(session) == {made.id: (["deceased"], 20_005, 10_001)}


def test_the_living_and_those_without_an_award_are_not_named(session: Session, city: City) -> None:
    one, two, _ = make_pupils(session, city.schools[RURAL], [1, 2, 3])
    award(session, city.schools[RURAL], one, ONE)
    award(session, city.schools[RURAL], two, ONE, state=AwardState.CANCELLED)
    dead(session, 2, "2008-03-01")
    dead(session, 3, "2008-03-01")
    assert asked(session) == {}


@pytest.mark.parametrize(("on", "found"), [("2008-05-14", True), ("2008-05-15", False)])
def test_what_falls_due_after_leaving_should_not_be_paid(
    session: Session, city: City, on: str, found: bool
) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    made = award(session, city.schools[RURAL], pupil, ONE)
    assert asked(session) == {}
    leave(session, pupil, on)
    assert asked(session) == ({made.id: (["left"], 25_000, 0)} if found else {})


def supplemented(session: Session, award_id: UUID) -> None:
    """The award's instalment of June is a supplement."""
    session.execute(
        update(Instalment)
        .where(col(Instalment.award_id) == award_id, col(Instalment.due_on) == date(2008, 6, 15))
        .values(supplement_version_id=select(col(PolicyVersion.id)).limit(1).scalar_subquery())
    )


def test_a_supplement_that_falls_due_after_leaving_is_rightful(
    session: Session, city: City
) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    made = award(session, city.schools[RURAL], pupil, ("2008-06-15", 5_000, DUE))
    leave(session, pupil, "2008-05-20")
    assert asked(session) == {made.id: (["left"], 5_000, 0)}
    supplemented(session, made.id)
    assert asked(session) == {}


def test_a_supplement_of_the_dead_and_of_those_on_two_rolls_is_shown(
    session: Session, city: City
) -> None:
    one, two = make_pupils(session, city.schools[RURAL], [1, 2])
    made = [
        award(session, city.schools[RURAL], pupil, ("2008-06-15", 5_000, DUE))
        for pupil in (one, two)
    ]
    for each in made:
        supplemented(session, each.id)
    dead(session, 1, "2008-05-20")
    enrol(session, city.schools[FAR], [two], year="2008-2009", entered_on=date(2008, 7, 1))
    assert asked(session) == {
        made[0].id: (["deceased"], 5_000, 0),
        made[1].id: (["two_rolls"], 5_000, 0),
    }


def test_who_moved_to_another_school_has_not_left(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    award(session, city.schools[RURAL], pupil, ONE)
    leave(session, pupil, "2008-04-01")
    enrol(session, city.schools[FAR], [pupil], entered_on=date(2008, 4, 2))
    assert asked(session) == {}


@pytest.mark.parametrize(("entered", "found"), [("2008-07-15", True), ("2008-07-16", False)])
def test_who_entered_another_school_before_the_term_ended_is_on_two_rolls(
    session: Session, city: City, entered: str, found: bool
) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    made = award(session, city.schools[RURAL], pupil, ONE)
    enrol(
        session,
        city.schools[FAR],
        [pupil],
        year="2008-2009",
        entered_on=date.fromisoformat(entered),
    )
    assert asked(session) == ({made.id: (["two_rolls"], 25_000, 0)} if found else {})


def test_going_up_a_year_at_ones_own_school_is_no_second_roll(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    award(session, city.schools[RURAL], pupil, ONE)
    enrol(session, city.schools[RURAL], [pupil], year="2008-2009", entered_on=date(2008, 7, 1))
    assert asked(session) == {}


@pytest.mark.parametrize(
    ("born", "name", "found"),
    [("1999-09-09", "王芳", True), ("1999-09-10", "王芳", False), ("1999-09-09", "王方", False)],
)
def test_the_same_name_and_birth_date_without_an_id_elsewhere_is_a_second_roll(
    session: Session, city: City, born: str, name: str, found: bool
) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    session.execute(update(Student).values(birth_on=date(1999, 9, 9)))
    made = award(session, city.schools[RURAL], pupil, ONE)
    school, double = city.schools[FAR], ids.new()
    session.execute(
        insert(Student).values(
            id=double, school_id=school.id, county_id=school.county_id, name=name,
            birth_on=date.fromisoformat(born), identity=IdentityState.PROVISIONAL,
            provisional_index=b"x", made_at=clock.now(), made_by=ids.new(), version=1,
        )
    )  # fmt: skip
    enrol(session, school, [double])
    assert asked(session) == ({made.id: (["two_rolls"], 25_000, 0)} if found else {})


def test_two_findings_are_one_line(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    made = award(session, city.schools[RURAL], pupil, ("2008-03-15", 1, PAID), ONE)
    leave(session, pupil, "2008-04-01")
    dead(session, 1, "2008-03-01")
    assert asked(session) == {made.id: (["deceased", "left"], 25_000, 1)}
    assert set(asked(session, finding=Undue.LEFT)) == {made.id}
    assert asked(session, finding=Undue.TWO_ROLLS) == {}


def test_another_name_on_the_list_of_deaths_is_said(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    award(session, city.schools[RURAL], pupil, ONE)
    dead(session, 1, "2008-03-01", name="李娜")
    [found] = session.execute(undue_aid(session, UndueSought(period=SPRING), by=SYSTEM)).all()
    assert found.name_agrees is False
    assert found.deceased_on == date(2008, 3, 1)


def test_a_term_and_its_school_year_answer_for_one_another(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[RURAL], [1])
    spring = award(session, city.schools[RURAL], pupil, ONE)
    autumn = award(
        session, city.schools[RURAL], pupil, ("2007-11-15", 7, PAID), period="2007-autumn"
    )
    dead(session, 1, "2007-10-01")
    assert set(asked(session)) == {spring.id}
    assert set(asked(session, period="2007-autumn")) == {autumn.id}
    assert set(asked(session, period="2007-2008")) == {spring.id, autumn.id}
    assert asked(session, period="2008-autumn") == {}
    with pytest.raises(PeriodInvalid):
        asked(session, period="2008")


def test_a_county_learns_of_its_own_awards_even_from_a_roll_it_cannot_see(
    session: Session, city: City
) -> None:
    pupil, other = make_pupils(session, city.schools[RURAL], [1, 2])
    made = award(session, city.schools[RURAL], pupil, ONE)
    enrol(session, city.schools[FAR], [pupil], year="2008-2009", entered_on=date(2008, 5, 1))
    far = award(session, city.schools[FAR], other, ONE)
    dead(session, 2, "2008-03-01")
    seen = {}
    for who in ("county_officer@370811", "county_officer@370826", "auditor"):
        actor = city.actor(who)
        db.enter(session, actor)
        seen[who] = set(asked(session, by=actor))
    assert seen == {
        "county_officer@370811": {made.id},
        "county_officer@370826": {far.id},
        "auditor": {made.id, far.id},
    }


@pytest.fixture(scope="module")
def committed(city: City) -> list[str]:
    with db.scoped_session(SYSTEM) as session:
        school = city.schools[JUNIOR]
        pupils = make_pupils(session, school, [201, 202])
        made = [award(session, school, pupil, ONE).id for pupil in pupils]
        rows = [row(place, since="2008-03-01") for place in (201, 202)]
        listed(session, sheet(*rows), kind=RegisterKind.DECEASED, as_of=date(2008, 6, 28))
    return [str(each) for each in made]


def test_the_list_comes_in_pages_with_the_amounts(
    client: TestClient, city: City, committed: list[str]
) -> None:
    def page(**more: str) -> Any:
        query = {"period": SPRING, "limit": "1", **more}
        return client.get(
            "/api/v1/reports/aided-not-entitled", params=query, headers=city.bearer("auditor")
        ).json()

    first = page()
    second = page(cursor=first["next"])
    assert [first["items"][0]["award_id"], second["items"][0]["award_id"]] == committed
    assert second["next"] is None
    assert (first["items"][0]["unpaid"], first["items"][0]["paid"]) == ("250.00", "0.00")
    assert first["items"][0]["application_number"].startswith("T-")


def test_the_sheet_to_take_home_is_the_list(
    client: TestClient, city: City, committed: list[str]
) -> None:
    reply = client.get(
        "/api/v1/reports/aided-not-entitled/export",
        params={"period": SPRING, "school": str(city.schools[JUNIOR].id)},
        headers=city.bearer("city_officer") | {"Accept-Language": "en"},
    )
    page = CalamineWorkbook.from_filelike(io.BytesIO(reply.content)).get_sheet_by_index(0)
    head, *rows = page.to_python()
    assert len(rows) == 2
    shown = dict(zip(head, rows[0], strict=True))
    assert (shown["finding"], shown["not yet paid, due after"]) == ("deceased", "250.00")


def test_a_school_is_not_asked(client: TestClient, city: City) -> None:
    for who in (f"school_head@{JUNIOR}", f"school_clerk@{JUNIOR}", "finance_maker"):
        reply = client.get(
            "/api/v1/reports/aided-not-entitled",
            params={"period": SPRING},
            headers=city.bearer(who),
        )
        assert reply.status_code == 403
