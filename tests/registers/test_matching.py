"""Whom a list names: by blind index, set-wise, once; and what holds on a day."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import literal, select, update
from sqlmodel import Session, col

from app.core import ids
from app.core.actor import SYSTEM, Actor
from app.policy.facts import FACTS
from app.registers import permission, queries, service
from app.registers.matching import match
from app.registers.models import (
    Basis,
    OnError,
    OutsideRegister,
    OutsideRegisterRow,
    RegisterKind,
    RegisterMatch,
)
from app.registers.service import Upload
from app.registry.models import Student
from tests.factories.office import City
from tests.registers.conftest import statements
from tests.registers.people import make_pupils, number, row, sheet

SCHOOL, OTHER = "2137000006", "3137000008"


def load(session: Session, data: bytes, *, by: Actor = SYSTEM, **said: Any) -> OutsideRegister:
    given: dict[str, Any] = {
        "filename": "a.csv",
        "kind": RegisterKind.MINIMUM_LIVING,
        "issued_by": "民政局",
        "as_of": date(2008, 6, 30),
        "basis": Basis.DUTY,
        "basis_said": "教财〔2018〕16号",
        "on_error": OnError.ACCEPT_GOOD,
        **said,
    }
    return service.upload(session, Upload(data=data, **given), by=by)


def matched(session: Session, register: OutsideRegister) -> dict[UUID, RegisterMatch]:
    found = session.execute(
        select(RegisterMatch).where(col(RegisterMatch.register_id) == register.id)
    ).scalars()
    return {each.student_id: each for each in found}


def pairs(student: UUID, kind: RegisterKind) -> Any:
    """The signature of one family for one kind of list."""
    return select(col(Student.id), literal(kind.value)).where(col(Student.id) == student)


def all_of(register: OutsideRegister) -> Any:
    return select(col(OutsideRegister.id)).where(col(OutsideRegister.id) == register.id)


def test_the_students_a_list_names_are_matched_and_nobody_else(
    session: Session, city: City
) -> None:
    here, there = make_pupils(session, city.schools[SCHOOL], [1, 2])
    register = load(session, sheet(row(1), row(3)))
    [found] = matched(session, register).values()
    assert found.student_id == here != there
    assert (found.school_id, found.county_id) == (
        city.schools[SCHOOL].id,
        city.schools[SCHOOL].county_id,
    )
    assert (found.special_group, found.since) == ("minimum_living", date(2007, 7, 1))
    assert (register.rows_kept, register.rows_refused, register.matched) == (2, 0, 1)


def test_a_row_keeps_no_number_and_no_name(session: Session, city: City) -> None:
    load(session, sheet(row(1, name="欧阳锋")))
    kept = session.execute(select(OutsideRegisterRow)).scalars().one()
    shown = str(kept.model_dump())
    assert number(1) not in shown
    assert "欧阳锋" not in shown
    assert "王强" not in shown


@pytest.mark.parametrize(
    ("listed", "at_school", "agrees"),
    [
        ("王芳", "王芳", True),
        ("王 芳", "王芳", True),
        ("阿不都·热合曼", "阿不都•热合曼", True),
        ("王芳", "王方", False),
        ("王芳", "王芳芳", False),
    ],
)
def test_a_match_says_whether_the_names_agree(
    session: Session, city: City, listed: str, at_school: str, agrees: bool
) -> None:
    make_pupils(session, city.schools[SCHOOL], [1], name=at_school)
    [found] = matched(session, load(session, sheet(row(1, name=listed)))).values()
    assert found.name_agrees is agrees


def test_matching_again_adds_only_who_came_since(session: Session, city: City) -> None:
    [first] = make_pupils(session, city.schools[SCHOOL], [1])
    register = load(session, sheet(row(1), row(2)))
    [second] = make_pupils(session, city.schools[OTHER], [2])
    assert set(matched(session, register)) == {first}
    again, added = service.match_again(session, register.id, by=SYSTEM)
    assert (added, again.matched) == (1, 2)
    assert set(matched(session, register)) == {first, second}
    assert service.match_again(session, register.id, by=SYSTEM)[1] == 0


def test_a_match_follows_its_student_to_another_school(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[SCHOOL], [1])
    register = load(session, sheet(row(1)))
    new = city.schools["2137000011"]
    session.execute(
        update(Student)
        .where(col(Student.id) == pupil)
        .values(school_id=new.id, county_id=new.county_id)
    )
    assert service.match_all(session, by=SYSTEM) == 0
    session.expire_all()
    found = matched(session, register)[pupil]
    assert (found.school_id, found.county_id) == (new.id, new.county_id)


def test_the_number_of_statements_does_not_grow_with_the_rows(session: Session, city: City) -> None:
    counts = []
    for first, many in ((0, 2), (10_000, 2_000)):
        make_pupils(session, city.schools[SCHOOL], range(first, first + many))
        data = sheet(*(row(place) for place in range(first, first + many)))
        with statements(session) as seen:
            register = load(session, data)
        assert register.matched == many
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_of_two_rows_the_one_that_lasts_counts_then_the_one_that_began_first(
    session: Session, city: City
) -> None:
    make_pupils(session, city.schools[SCHOOL], [1, 2])
    header = "姓名,身份证号,起始日期,终止日期"
    rows = [
        f"王芳,{number(1)},2006-01-01,2006-12-31",
        f"王芳,{number(1)},2008-01-01,",
        f"王芳,{number(1)},2007-05-01,",
    ]
    [found] = matched(session, load(session, sheet(*rows, header=header))).values()
    assert (found.since, found.until) == (date(2007, 5, 1), None)


def test_on_a_list_of_the_disabled_a_child_is_the_disabled_persons(
    session: Session, city: City
) -> None:
    one, two = make_pupils(session, city.schools[SCHOOL], [1, 2])
    rows = [row(1, relation="子女"), row(2, relation="本人")]
    found = matched(session, load(session, sheet(*rows), kind=RegisterKind.DISABLED))
    assert found[one].special_group == "disabled_parent"
    assert found[two].special_group == "disabled_student"


@pytest.mark.parametrize("kind", [RegisterKind.DECEASED, RegisterKind.STATE_FUNDED_TRAINEE])
def test_some_lists_make_nobody_needy(session: Session, city: City, kind: RegisterKind) -> None:
    make_pupils(session, city.schools[SCHOOL], [1])
    register = load(session, sheet(row(1)), kind=kind)
    [found] = matched(session, register).values()
    assert found.special_group is None
    assert session.execute(queries.recognisable(register.id)).all() == []


def test_every_other_kind_gives_a_group_of_the_vocabulary(session: Session, city: City) -> None:
    [pupil] = make_pupils(session, city.schools[SCHOOL], [1])
    for kind in RegisterKind:
        load(session, sheet(row(1)), kind=kind)
    groups = queries.facts_for(session, select(col(Student.id)), date(2008, 6, 30))[pupil]
    assert len(groups) == len(set(groups)) == len(RegisterKind) - 2
    assert set(groups) <= set(FACTS["special_group"].listed)


def test_without_an_authorisation_a_list_that_no_law_orders_matches_nobody(
    session: Session, city: City
) -> None:
    signed, unsigned = make_pupils(session, city.schools[SCHOOL], [1, 2])
    register = load(session, sheet(row(1), row(2)), basis=Basis.AUTHORISATION, basis_said="")
    assert matched(session, register) == {}
    allowed = pairs(signed, RegisterKind.MINIMUM_LIVING)
    assert match(session, all_of(register), allowed=allowed, by=SYSTEM) == 1
    assert set(matched(session, register)) == {signed}
    assert match(session, all_of(register), allowed=None, by=SYSTEM) == 1
    assert set(matched(session, register)) == {signed, unsigned}


def test_whoever_keeps_the_signatures_is_asked_for_them(session: Session, city: City) -> None:
    signed, _ = make_pupils(session, city.schools[SCHOOL], [1, 2])

    @permission.source
    def keeper() -> Any:
        return pairs(signed, RegisterKind.DISABLED)

    said: dict[str, Any] = {"basis": Basis.AUTHORISATION, "basis_said": ""}
    try:
        disabled = load(session, sheet(row(1), row(2)), kind=RegisterKind.DISABLED, **said)
        living = load(session, sheet(row(1), row(2)), **said)
        assert set(matched(session, disabled)) == {signed}
        assert matched(session, living) == {}
    finally:
        permission._sources.remove(keeper)


def test_a_county_matches_its_own_students_with_its_own_list(session: Session, city: City) -> None:
    own, _ = (
        make_pupils(session, city.schools[code], [place])[0]
        for code, place in ((SCHOOL, 1), ("2137000011", 2))
    )
    officer = city.actor("county_officer@370811")
    register = load(session, sheet(row(1), row(2)), by=officer)
    assert set(matched(session, register)) == {own}
    assert register.county_id == officer.county_id


@pytest.mark.parametrize(
    ("since", "until", "on", "holds"),
    [
        ("2008-03-01", "", "2008-02-29", False),
        ("2008-03-01", "", "2008-03-01", True),
        ("2007-07-01", "2008-03-01", "2008-03-01", True),
        ("2007-07-01", "2008-03-01", "2008-03-02", False),
    ],
)
def test_a_group_holds_from_the_day_it_began_to_the_day_it_ended(
    session: Session, city: City, since: str, until: str, on: str, holds: bool
) -> None:
    [pupil] = make_pupils(session, city.schools[SCHOOL], [1])
    header = "姓名,身份证号,起始日期,终止日期"
    load(session, sheet(f"王芳,{number(1)},{since},{until}", header=header))
    found = queries.facts_for(session, select(col(Student.id)), date.fromisoformat(on))
    assert found == ({pupil: ["minimum_living"]} if holds else {})


def test_the_offices_next_list_says_again_who_is_on_it_from_its_own_day_on(
    session: Session, city: City
) -> None:
    one, two = make_pupils(session, city.schools[SCHOOL], [1, 2])
    load(session, sheet(row(1), row(2)), as_of=date(2008, 1, 1))
    load(session, sheet(row(2)), as_of=date(2008, 6, 1))
    load(session, sheet(row(9)), as_of=date(2008, 3, 1), issued_by="邹城市民政局")
    who = select(col(Student.id))
    assert set(queries.facts_for(session, who, date(2008, 5, 31))) == {one, two}
    assert set(queries.facts_for(session, who, date(2008, 6, 1))) == {two}


def test_a_name_that_differs_makes_no_fact_and_recognises_nobody(
    session: Session, city: City
) -> None:
    one, _ = make_pupils(session, city.schools[SCHOOL], [1, 2])
    register = load(session, sheet(row(1), row(2, name="李娜")))
    assert set(queries.facts_for(session, select(col(Student.id)), date(2008, 6, 1))) == {one}
    school = city.schools[SCHOOL]
    assert session.execute(queries.recognisable(register.id)).all() == [
        (one, school.id, school.county_id, "minimum_living", date(2007, 7, 1))
    ]


def test_the_facts_are_of_the_students_asked_for_alone(session: Session, city: City) -> None:
    one, _ = make_pupils(session, city.schools[SCHOOL], [1, 2])
    load(session, sheet(row(1), row(2)))
    who = select(col(Student.id)).where(col(Student.id).in_([one, ids.new()]))
    assert set(queries.facts_for(session, who, date(2008, 6, 1))) == {one}
