"""应助未助: whom a list names and the programme leaves out, with the reason."""

import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlmodel import Session

from app.applications.models import ApplicationState as State
from app.awards.models import InstalmentState
from app.core import db
from app.core.actor import SYSTEM, Actor
from app.core.paging import PageAsked
from app.policy.errors import PeriodInvalid, ProgrammeNotFound
from app.policy.queries import version_for
from app.policy.service import load_catalogue
from app.registers.models import RegisterKind
from app.reports.register_answers import (
    NeedySought,
    NotAidedBecause,
    needy_not_aided,
    not_aided_counts,
    reached,
)
from tests.factories.cases import BOARDERS, SPRING
from tests.factories.office import City
from tests.registers.people import make_pupils, number, row, sheet
from tests.reports.listed import award, case, listed

RURAL, JUNIOR, IN_TOWN, VOCATIONAL = "2137000006", "3137000008", "3137000009", "3637000010"
FAR = "2137000011"


@pytest.fixture(autouse=True)
def _policy(request: pytest.FixtureRequest) -> None:
    if "session" in request.fixturenames:
        load_catalogue(request.getfixturevalue("session"), "jining-2008")


def asked(
    session: Session, *, by: Actor = SYSTEM, period: str = SPRING, **narrowed: Any
) -> dict[Any, tuple[str, list[str]]]:
    """Student id → (reason, because), in the list's order."""
    sought = NeedySought(programme=BOARDERS, period=period, **narrowed)
    rows = session.execute(needy_not_aided(session, sought, by=by))
    return {each.student_id: (each.reason, each.because) for each in rows}


def test_who_is_on_a_list_and_has_not_applied_is_found(session: Session, city: City) -> None:
    needy, _ = make_pupils(session, city.schools[RURAL], [1, 2])
    listed(session, sheet(row(1)))
    assert asked(session) == {needy: ("no_application", [])}


@pytest.mark.parametrize(
    ("state", "failed", "missing", "found"),
    [
        (State.DRAFT, [], ["hardship"], ("draft", ["hardship"])),
        (State.REJECTED, ["boards", "hardship"], [], ("rejected", ["boards", "hardship"])),
        (State.WITHDRAWN, [], [], ("application_withdrawn", [])),
        (State.SUBMITTED, [], [], None),
        (State.RETURNED, [], [], None),
        (State.IN_REVIEW, [], [], None),
        (State.APPROVED, [], [], None),
        (State.CONFIRMED, [], [], None),
    ],
)
def test_a_case_on_its_way_is_no_omission_and_another_gives_the_reason(
    session: Session, city: City, state: State, failed: list[str], missing: list[str], found: Any
) -> None:
    school = city.schools[RURAL]
    [pupil] = make_pupils(session, school, [1])
    case(session, school, pupil, state, failed=failed, missing=missing)
    listed(session, sheet(row(1)))
    assert asked(session) == ({} if found is None else {pupil: found})


def test_of_several_cases_the_newest_gives_the_reason(session: Session, city: City) -> None:
    school = city.schools[RURAL]
    [pupil] = make_pupils(session, school, [1])
    case(session, school, pupil, State.WITHDRAWN)
    case(session, school, pupil, State.REJECTED, failed=["boards"])
    listed(session, sheet(row(1)))
    assert asked(session) == {pupil: ("rejected", ["boards"])}


def test_aid_of_another_period_is_none(session: Session, city: City) -> None:
    school = city.schools[RURAL]
    [pupil] = make_pupils(session, school, [1])
    case(session, school, pupil, State.CONFIRMED, period="2007-autumn")
    listed(session, sheet(row(1)))
    assert asked(session) == {pupil: ("no_application", [])}
    assert asked(session, period="2007-autumn") == {}


def test_another_name_on_the_list_is_said_so_unless_a_second_list_agrees(
    session: Session, city: City
) -> None:
    one, two = make_pupils(session, city.schools[RURAL], [1, 2])
    listed(session, sheet(row(1, name="李娜"), row(2, name="李娜")))
    listed(session, sheet(row(2)), kind=RegisterKind.ORPHAN)
    assert asked(session) == {one: ("name_differs", []), two: ("no_application", [])}


def test_a_list_counts_if_it_holds_on_some_day_of_the_term(session: Session, city: City) -> None:
    header = "姓名,身份证号,起始日期,终止日期"
    days = [  # the spring term is from 20 February to 15 July
        ("2008-07-15", ""), ("2008-07-16", ""), ("2007-01-01", "2008-02-20"),
        ("2007-01-01", "2008-02-19"),
    ]  # fmt: skip
    pupils = make_pupils(session, city.schools[RURAL], range(len(days)))
    rows = [f"王芳,{number(at)},{since},{until}" for at, (since, until) in enumerate(days)]
    listed(session, sheet(*rows, header=header))
    assert set(asked(session)) == {pupils[0], pupils[2]}


def test_a_list_of_deaths_makes_nobody_needy(session: Session, city: City) -> None:
    make_pupils(session, city.schools[RURAL], [1])
    listed(session, sheet(row(1)), kind=RegisterKind.DECEASED)
    assert asked(session) == {}


def test_the_programme_is_asked_of_those_it_can_be_meant_for(session: Session, city: City) -> None:
    rural, junior = (
        make_pupils(session, city.schools[code], [place])[0]
        for place, code in ((1, RURAL), (2, JUNIOR))
    )
    make_pupils(session, city.schools[IN_TOWN], [3])  # the school stands in the city
    make_pupils(session, city.schools[VOCATIONAL], [4])  # another stage
    make_pupils(session, city.schools[RURAL], [5], boards=False)
    [unknown] = make_pupils(session, city.schools[RURAL], [6], boards=None)
    make_pupils(session, city.schools[RURAL], [7], enrolled=False)
    make_pupils(session, city.schools[RURAL], [8], year="2008-2009")
    listed(session, sheet(*(row(place) for place in range(1, 9))))
    assert set(asked(session)) == {rural, junior, unknown}


def test_what_fails_by_the_school_alone_is_out_of_reach(session: Session) -> None:
    found = reached(version_for(session, BOARDERS, SPRING))
    assert {each[0] for each in found} == {"primary", "junior"}
    assert {each[1] for each in found} == {"rural", "town"}
    assert {each[3] for each in found} == {"true", "unknown"}


def test_a_case_at_the_old_school_is_aid_that_the_new_school_is_not_shown(
    session: Session, city: City
) -> None:
    old, new = city.schools[FAR], city.schools[RURAL]
    pupil, other = make_pupils(session, new, [1, 2])
    case(session, old, pupil, State.CONFIRMED)
    listed(session, sheet(row(1), row(2)))
    clerk = city.actor(f"school_clerk@{RURAL}")
    db.enter(session, clerk)
    assert asked(session, by=clerk) == {other: ("no_application", [])}


def test_each_sees_its_own_pupils(session: Session, city: City) -> None:
    codes = (RURAL, JUNIOR, FAR)
    pupils = {
        code: make_pupils(session, city.schools[code], [at])[0] for at, code in enumerate(codes)
    }
    listed(session, sheet(*(row(at) for at in range(len(codes)))))
    seen = {}
    for who in ("city_officer", "county_officer@370811", f"school_head@{RURAL}"):
        actor = city.actor(who)
        db.enter(session, actor)
        seen[who] = set(asked(session, by=actor))
    assert seen == {
        "city_officer": set(pupils.values()),
        "county_officer@370811": {pupils[RURAL], pupils[JUNIOR]},
        f"school_head@{RURAL}": {pupils[RURAL]},
    }
    db.enter(session, SYSTEM)
    far = city.schools[FAR]
    assert set(asked(session, school_id=far.id)) == {pupils[FAR]}
    assert set(asked(session, county_id=far.county_id)) == {pupils[FAR]}


def test_the_counts_are_the_lists(session: Session, city: City) -> None:
    school = city.schools[RURAL]
    pupils = make_pupils(session, school, [1, 2, 3])
    make_pupils(session, city.schools[FAR], [4])
    case(session, school, pupils[0], State.REJECTED, failed=["boards"])
    listed(session, sheet(*(row(at) for at in (1, 2, 3, 4))))
    sought = NeedySought(programme=BOARDERS, period=SPRING)
    counted = not_aided_counts(session, needy_not_aided(session, sought, by=SYSTEM))
    assert [(each.county_name, each.school_name, each.reason.value, each.count) for each in counted]
    assert {(each.school_id, each.reason.value): each.count for each in counted} == {
        (school.id, "no_application"): 2,
        (school.id, "rejected"): 1,
        (city.schools[FAR].id, "no_application"): 1,
    }


def test_a_page_stages_its_own_students_after_the_aided_and_other_reasons_are_left_out(
    session: Session, city: City
) -> None:
    school = city.schools[RURAL]
    pupils = sorted(make_pupils(session, school, range(12)))
    for aided in pupils[:3]:
        case(session, school, aided, State.CONFIRMED)
    for rejected in pupils[6::2]:
        case(session, school, rejected, State.REJECTED, failed=["boards"])
    listed(session, sheet(*(row(at) for at in range(12))))

    def page(after: UUID | None, **narrowed: Any) -> list[UUID]:
        asked = PageAsked(limit=1, after=after)
        sought = NeedySought(programme=BOARDERS, period=SPRING, **narrowed)
        rows = needy_not_aided(session, sought, by=SYSTEM, page=asked)
        return [each.student_id for each in session.execute(rows)]

    assert page(None) == pupils[3:5]
    assert page(pupils[3]) == pupils[4:6]
    assert page(None, reason=NotAidedBecause.REJECTED) == [pupils[6], pupils[8]]
    assert page(pupils[6], reason=NotAidedBecause.REJECTED) == [pupils[8], pupils[10]]
    assert page(pupils[11]) == []
    assert staged_rows(session) == [2, 2, 2, 2, 0]


def staged_rows(session: Session) -> list[int]:
    """How many students each question of the transaction has staged, in the order asked."""
    tables = session.execute(
        text("SELECT relname FROM pg_class WHERE relname LIKE 'needy\\_%' "
             "AND relpersistence = 't' AND relkind = 'r' AND pg_table_is_visible(oid) ORDER BY oid")
    ).scalars()  # fmt: skip
    count = "SELECT count(*) FROM {}"
    return [session.execute(text(count.format(each))).scalar_one() for each in tables.all()]


@pytest.mark.parametrize(
    ("programme", "period", "refusal"),
    [("nothing", SPRING, ProgrammeNotFound), (BOARDERS, "2007-2008", PeriodInvalid)],
)
def test_a_question_about_no_programme_or_period_is_refused(
    session: Session, programme: str, period: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        needy_not_aided(session, NeedySought(programme=programme, period=period), by=SYSTEM)


# Over the door.


@pytest.fixture(scope="module")
def committed(city: City) -> list[str]:
    """Three pupils left out, one at another county's school, and one who is aided."""
    with db.scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        school = city.schools[RURAL]
        left_out = make_pupils(session, school, [101, 102])
        left_out += make_pupils(session, city.schools[FAR], [103])
        [aided] = make_pupils(session, school, [104])
        award(session, school, aided, ("2008-05-15", 25_000, InstalmentState.COMMITTED))
        listed(session, sheet(*(row(at) for at in range(101, 105))), as_of=date(2008, 6, 29))
    return [str(each) for each in left_out]


QUERY = {"programme": BOARDERS, "period": SPRING}


def test_the_list_comes_in_pages(client: TestClient, city: City, committed: list[str]) -> None:
    seen, query = [], {**QUERY, "limit": "1"}
    while True:
        reply = client.get(
            "/api/v1/reports/needy-not-aided", params=query, headers=city.bearer("city_officer")
        ).json()
        seen += reply["items"]
        if reply["next"] is None:
            break
        query["cursor"] = reply["next"]
    assert [each["student_id"] for each in seen] == sorted(committed)
    assert {each["groups"][0] for each in seen} == {"minimum_living"}
    assert seen[0]["resident_id"] == f"{number(101)[:4]}**********{number(101)[-4:]}"


def test_the_counts_go_by_county_and_school(
    client: TestClient, city: City, committed: list[str]
) -> None:
    reply = client.get(
        "/api/v1/reports/needy-not-aided/counts", params=QUERY, headers=city.bearer("auditor")
    ).json()
    assert reply["count"] == 3
    assert [
        (county["county_name"], county["count"], [each["reasons"] for each in county["schools"]])
        for county in reply["counties"]
    ] == [
        ("任城区资助中心", 2, [{"no_application": 2}]),
        ("微山县资助中心", 1, [{"no_application": 1}]),
    ]


def test_the_sheet_to_take_home_is_the_list_with_ids_masked(
    client: TestClient, city: City, committed: list[str]
) -> None:
    reply = client.get(
        "/api/v1/reports/needy-not-aided/export",
        params=QUERY,
        headers=city.bearer("county_officer@370811"),
    )
    assert reply.status_code == 200
    page = CalamineWorkbook.from_filelike(io.BytesIO(reply.content)).get_sheet_by_index(0)
    head, *rows = page.to_python()
    assert len(rows) == 2
    shown = dict(zip(head, rows[0], strict=True))
    assert shown["未获资助原因"] == "未申请"
    assert shown["名册类别"] == "低保"
    assert "*" in str(shown["居民身份证号"])


def test_a_school_asks_about_its_own_and_a_teacher_about_nobody(
    client: TestClient, city: City, committed: list[str]
) -> None:
    def ask(who: str) -> Any:
        return client.get("/api/v1/reports/needy-not-aided", params=QUERY, headers=city.bearer(who))

    own = ask(f"school_clerk@{FAR}").json()["items"]
    assert [each["student_id"] for each in own] == [committed[2]]
    assert ask(f"class_teacher@{FAR}").status_code == 403
    assert ask("finance_maker").status_code == 403
