"""A list of another department recognises its students: at least so much, never lower, once."""

from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlmodel import Session

from app.core import clock, db, ids
from app.core.actor import SYSTEM, Actor
from app.recognition import by_register
from app.recognition.by_register import FATES, Listing
from app.recognition.errors import RegisterRecognisesNobody
from app.recognition.models import Basis as Ground
from app.recognition.models import Recognition
from app.registers.errors import NotDone, RegisterUnknown
from app.registers.models import Basis, OutsideRegister, RegisterKind
from app.registers.service import Upload, upload
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError
from tests.factories.office import City
from tests.recognition.school import SCHOOL, WEISHAN, YEAR, Caller, code_of
from tests.recognition.test_recognitions import made_of, recognise
from tests.registers.people import make_pupils, row, sheet

DAY = date(2008, 3, 3)
WHY = "教财〔2018〕16号"
_offices = count()


@pytest.fixture(autouse=True)
def _march() -> None:
    clock.set_office_day(DAY)


def load(
    session: Session,
    *rows: str,
    kind: RegisterKind = RegisterKind.MINIMUM_LIVING,
    by: Actor = SYSTEM,
    **said: Any,
) -> UUID:
    """A list that the departments order; answers its id."""
    given: dict[str, Any] = {
        "issued_by": f"民政局{next(_offices)}", "as_of": DAY, "basis": Basis.DUTY,
        "basis_said": WHY, **said,
    }  # fmt: skip
    header = given.pop("header", None)
    data = sheet(*rows) if header is None else sheet(*rows, header=header)
    sent = Upload(
        filename="a.csv", data=data, kind=kind, on_error=OnError.ACCEPT_GOOD, **given
    )  # fmt: skip
    return upload(session, sent, by=by).id


def run(
    session: Session, register: UUID, *, by: Actor = SYSTEM, year: str = YEAR, dry_run: bool = False
) -> dict[str, int]:
    """The counts of one run over all schools; only those that are not nought."""
    asked = Listing(register_id=register, school_year=year, because=WHY, dry_run=dry_run)
    counted = by_register.recognise_listed(session, asked, by=by)
    sums = {fate: sum(getattr(each, fate) for each in counted) for fate in FATES}
    return {fate: many for fate, many in sums.items() if many}


def test_who_is_on_the_list_is_in_hardship_from_today_with_the_lists_group(
    session: Session, city: City
) -> None:
    listed, other = make_pupils(session, city.schools[SCHOOL], [1, 2])
    register = load(session, row(1))
    assert run(session, register) == {"recognised": 1}
    assert made_of(session, listed) == [(2, ["minimum_living"], "register", DAY)]
    assert made_of(session, other) == []
    [made] = session.execute(select(Recognition)).scalars()
    assert (made.register_ref, made.because, made.decided_by) == (register, WHY, SYSTEM.id)


def test_done_again_it_changes_nothing(session: Session, city: City) -> None:
    [listed] = make_pupils(session, city.schools[SCHOOL], [1])
    register = load(session, row(1))
    run(session, register)
    clock.set_office_day(date(2008, 3, 4))
    assert run(session, register) == {"already": 1}
    assert len(made_of(session, listed)) == 1


def test_a_dry_run_says_the_same_and_stores_nothing(session: Session, city: City) -> None:
    make_pupils(session, city.schools[SCHOOL], [1])
    register = load(session, row(1))
    assert run(session, register, dry_run=True) == {"recognised": 1}
    assert session.execute(select(func.count()).select_from(Recognition)).scalar_one() == 0
    assert run(session, register) == {"recognised": 1}


@pytest.mark.parametrize(("stands", "comes_to"), [(0, 2), (1, 2), (2, 2), (3, 3)])
def test_a_level_is_raised_to_hardship_and_never_lowered(
    session: Session, city: City, stands: int, comes_to: int
) -> None:
    [listed] = make_pupils(session, city.schools[SCHOOL], [1])
    recognise(session, [listed], stands, groups=["orphan"], valid_from=date(2007, 10, 8))
    assert run(session, load(session, row(1))) == {"recognised": 1}
    assert made_of(session, listed)[-1][:3] == (comes_to, ["minimum_living", "orphan"], "register")


def test_who_has_the_level_and_the_group_already_stays(session: Session, city: City) -> None:
    [listed] = make_pupils(session, city.schools[SCHOOL], [1])
    recognise(session, [listed], 2, groups=["minimum_living"], valid_from=date(2007, 10, 8))
    assert run(session, load(session, row(1))) == {"already": 1}
    assert len(made_of(session, listed)) == 1


def test_another_name_is_left_for_somebody_to_look_at(session: Session, city: City) -> None:
    [listed] = make_pupils(session, city.schools[SCHOOL], [1])
    assert run(session, load(session, row(1, name="李娜"))) == {"name_differs": 1}
    assert made_of(session, listed) == []


def test_a_recognition_cancelled_by_two_officers_is_not_brought_back_by_one(
    session: Session, city: City
) -> None:
    [listed] = make_pupils(session, city.schools[SCHOOL], [1])
    recognise(session, [listed], 0, basis=Ground.CANCELLED, valid_from=date(2007, 10, 8))
    assert run(session, load(session, row(1))) == {"cancelled": 1}
    assert len(made_of(session, listed)) == 1


@pytest.mark.parametrize(
    ("until", "fate"), [("2007-08-31", "not_this_year"), ("2007-09-01", "recognised")]
)
def test_a_list_counts_for_the_years_in_which_it_names_the_student(
    session: Session, city: City, until: str, fate: str
) -> None:
    make_pupils(session, city.schools[SCHOOL], [1])
    header = "姓名,身份证号码,享受起始日期,终止日期"
    line = row(1).split(",")
    register = load(session, f"王芳,{line[2]},2006-01-01,{until}", header=header)
    assert run(session, register) == {fate: 1}


def test_who_is_on_no_roll_of_the_year_is_not_recognised(session: Session, city: City) -> None:
    make_pupils(session, city.schools[SCHOOL], [1])
    make_pupils(session, city.schools[SCHOOL], [2], enrolled=False)
    register = load(session, row(1), row(2))
    assert run(session, register, year="2008-2009") == {"not_this_year": 2}
    assert run(session, register) == {"recognised": 1, "not_this_year": 1}


@pytest.mark.parametrize("kind", [RegisterKind.DECEASED, RegisterKind.STATE_FUNDED_TRAINEE])
def test_a_list_that_says_nothing_of_need_recognises_nobody(
    session: Session, city: City, kind: RegisterKind
) -> None:
    make_pupils(session, city.schools[SCHOOL], [1])
    with pytest.raises(RegisterRecognisesNobody):
        run(session, load(session, row(1), kind=kind))


def test_a_list_that_is_not_taken_in_yet_is_waited_for(session: Session, city: City) -> None:
    register = load(session, row(1))
    session.get_one(OutsideRegister, register).state = TakingState.RUNNING
    session.flush()
    with pytest.raises(NotDone):
        run(session, register)


def test_a_county_recognises_its_own_students_of_a_list_of_the_city(
    session: Session, city: City
) -> None:
    [own] = make_pupils(session, city.schools[SCHOOL], [1])
    [other] = make_pupils(session, city.schools[WEISHAN], [2])
    register = load(session, row(1), row(2))
    officer = city.actor("county_officer@370811")
    db.enter(session, officer)
    assert run(session, register, by=officer) == {"recognised": 1}
    db.enter(session, SYSTEM)
    assert [len(made_of(session, each)) for each in (own, other)] == [1, 0]


def test_another_countys_list_is_unknown(session: Session, city: City) -> None:
    register = load(session, row(1), by=city.actor("county_officer@370826"))
    with pytest.raises(RegisterUnknown):
        run(session, register, by=city.actor("county_officer@370811"))
    with pytest.raises(RegisterUnknown):
        run(session, ids.new())


def test_two_students_and_three_hundred_take_the_same_number_of_statements(
    session: Session, city: City, statements: list[str]
) -> None:
    counts = []
    for first, many in ((1000, 2), (2000, 300)):
        make_pupils(session, city.schools[SCHOOL], range(first, first + many))
        register = load(session, *(row(place) for place in range(first, first + many)))
        statements.clear()
        assert run(session, register) == {"recognised": many}
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_over_the_door_it_counts_in_all_and_by_school(
    city: City, client: TestClient, school: Caller
) -> None:
    clock.set_office_day(DAY)
    with db.scoped_session(SYSTEM) as session:
        make_pupils(session, city.schools[SCHOOL], [101, 102])
        make_pupils(session, city.schools[WEISHAN], [103])
        register = load(session, row(101), row(102, name="李娜"), row(103))
    path = f"/registers/{register}/recognitions"
    said = {"school_year": YEAR, "because": WHY, "dry_run": False}
    for who in (f"school_head@{SCHOOL}", "auditor", "finance_maker"):
        assert school.post(who, path, said).status_code == 403
    assert school.post("city_officer", path, {**said, "because": ""}).status_code == 422
    done = school.post("city_officer", path, said)
    assert done.status_code == 201, done.text
    told = done.json()
    assert {fate: told[fate] for fate in FATES} == {
        "recognised": 2, "already": 0, "name_differs": 1, "not_this_year": 0, "cancelled": 0,
    }  # fmt: skip
    by_school = {each["school_name"]: each for each in told["schools"]}
    here = by_school["任城区次丘镇中心小学"]
    assert (here["recognised"], here["name_differs"]) == (1, 1)
    assert by_school["微山县马坡镇中心小学"]["recognised"] == 1
    with db.scoped_session(SYSTEM) as session:
        register = load(session, row(101), kind=RegisterKind.DECEASED)
    refused = school.post("city_officer", f"/registers/{register}/recognitions", said)
    assert code_of(refused) == (409, "recognition.register-recognises-nobody")
