"""The turn of the year and roll-forward over HTTP, and how long a turn can be taken back."""

import io
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlmodel import Session

from app.applications import rounds, year_turn
from app.applications.rounds import Days
from app.applications.year_turn_errors import RollOverStoodOn
from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.policy.service import load_catalogue
from app.registry import rolling
from app.registry.rolling import Part
from tests.applications.cases import PROGRAMME, form, resident_id
from tests.factories.office import City
from tests.recognition.school import make_students

API = "/api/v1"
PRIMARY, JUNIOR, TOWN_JUNIOR, FAR = "2137000006", "3137000008", "3137000009", "2137000011"
PERIODS = ("2007-autumn", "2008-spring", "2008-autumn")
REASON = {"reason": "年级录入有误"}
SPRING_DAY, SUMMER_DAY, AUTUMN_DAY = date(2008, 3, 10), date(2008, 7, 20), date(2008, 9, 10)


@pytest.fixture(scope="module")
def round_ids(client: TestClient) -> dict[str, str]:
    """Rounds of three terms by period, open on every day."""
    del client
    days = Days(date(2007, 9, 1), date(2009, 12, 31))
    with scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        return {
            period: str(
                rounds.open_round(
                    session, programme=PROGRAMME, period=period, days=days, by=SYSTEM
                ).id
            )
            for period in PERIODS
        }


@pytest.fixture(autouse=True)
def _spring(round_ids: dict[str, str]) -> None:
    del round_ids
    clock.set_office_day(SPRING_DAY)


def apply(
    client: TestClient, city: City, seed: int, code: str, period: str = "2008-spring", **given: Any
) -> dict[str, Any]:
    """An application of a boarder, whose student is registered with it."""
    answer = client.post(
        f"{API}/applications",
        json=form(seed, period=period, **given),
        headers=city.bearer(f"school_clerk@{code}"),
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def approve(number: str) -> None:
    with scoped_session(SYSTEM) as session:
        session.execute(
            text("UPDATE application SET state = 'confirmed' WHERE number = :number"),
            {"number": number},
        )


def turn(client: TestClient, city: City, code: str, who: str, **more: Any) -> Any:
    body = {"from_year": "2007-2008", "school_id": str(city.schools[code].id), **more}
    return client.post(f"{API}/roll-overs", json=body, headers=city.bearer(who))


def test_a_turn_is_tried_made_shown_and_taken_back(client: TestClient, city: City) -> None:
    officer = city.bearer("city_officer")
    apply(client, city, 1, FAR, enrolment={"grade": 5})
    apply(client, city, 2, FAR, enrolment={"grade": 6})
    clock.set_office_day(SUMMER_DAY)
    tried = turn(client, city, FAR, "city_officer", dry_run=True)
    assert (tried.status_code, tried.json()["roll_over_id"]) == (200, None)
    total = {"promoted": 1, "graduates": 1, "already_there": 0, "unknown_grade": 0}
    assert tried.json()["total"] == total
    assert (tried.json()["last_day"], tried.json()["first_day"]) == ("2008-07-15", "2008-09-01")
    made = turn(client, city, FAR, "city_officer")
    assert (made.status_code, made.json()["total"]) == (201, total)
    assert [each["code"] for each in made.json()["schools"]] == [FAR]
    path = f"{API}/roll-overs/{made.json()['roll_over_id']}"
    assert client.get(path, headers=officer).json()["counts"] == total
    again = turn(client, city, FAR, "city_officer")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/roll-over.nothing")
    county = city.bearer("county_officer@370811")
    assert client.post(f"{path}/undo", json=REASON, headers=county).status_code == 404
    undone = client.post(f"{path}/undo", json=REASON, headers=officer)
    assert undone.status_code == 200, undone.text
    assert (undone.json()["removed"], undone.json()["reopened"], undone.json()["kept"]) == (1, 1, 0)
    assert undone.json()["roll_over"]["state"] == "undone"
    second = client.post(f"{path}/undo", json=REASON, headers=officer)
    assert second.json()["type"] == "/problems/roll-over.undone"


def test_a_turn_stands_from_the_first_application_for_the_new_year(
    client: TestClient, city: City
) -> None:
    apply(client, city, 10, TOWN_JUNIOR, enrolment={"grade": 1})
    clock.set_office_day(SUMMER_DAY)
    made = turn(client, city, TOWN_JUNIOR, "county_officer@370811")
    path = f"{API}/roll-overs/{made.json()['roll_over_id']}"
    clock.set_office_day(AUTUMN_DAY)
    applied = apply(client, city, 10, TOWN_JUNIOR, "2008-autumn", enrolment={"grade": 2})
    refused = client.post(f"{path}/undo", json=REASON, headers=city.bearer("county_officer@370811"))
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/roll-over.applied")
    assert (refused.json()["count"], refused.json()["numbers"]) == (1, [applied["number"]])


def test_a_graduates_application_elsewhere_counts_without_its_number(
    client: TestClient, city: City
) -> None:
    school = "3637000060"  # city-run: out of the county's sight
    apply(client, city, 20, JUNIOR, enrolment={"grade": 3})
    clock.set_office_day(SUMMER_DAY)
    made = turn(client, city, JUNIOR, "county_officer@370811")
    path = f"{API}/roll-overs/{made.json()['roll_over_id']}"
    clock.set_office_day(AUTUMN_DAY)
    apply(client, city, 20, school, "2008-autumn", enrolment={"grade": 1})
    county = city.bearer("county_officer@370811")
    refused = client.post(f"{path}/undo", json=REASON, headers=county)
    assert (refused.json()["count"], refused.json()["numbers"]) == (1, [])


def claimed(school: str, student: str, period: str) -> str:
    """A counted allocation of that school which claims the student."""
    return f"""
WITH made AS (
    INSERT INTO school_allocation (id, number, programme, period, school_id, county_id,
        policy_version_id, as_of, roll, head_count, asked, asks, state, counted_by, counted_at)
    SELECT gen_random_uuid(), 'SA-{period}', 'head-money', '{period}', s.id, s.county_id,
        (SELECT id FROM policy_version LIMIT 1), '2008-09-10', 1, 1, 0, '{{}}', 'counted',
        gen_random_uuid(), now()
    FROM school s WHERE s.code = '{school}' RETURNING *)
INSERT INTO school_allocation_claim (student_id, programme, period, allocation_id, school_id,
    county_id)
SELECT {student}, programme, period, id, school_id, county_id FROM made"""


def recognised(school: str, student: str, year: str) -> str:
    return f"""
INSERT INTO recognition (id, student_id, school_id, county_id, school_year, level, groups, basis,
    valid_from, decided_by, because, made_at)
SELECT gen_random_uuid(), {student}, s.id, s.county_id, '{year}', 1, '{{}}', 'register',
    '2008-09-10', gen_random_uuid(), '低保', now()
FROM school s WHERE s.code = '{school}'"""


def handed_in(school: str, student: str, year: str) -> str:
    return f"""
INSERT INTO recognition_form (id, student_id, school_id, county_id, school_year, submission_no,
    state, student_name, grade, disaster, accident, weak_labour, authorised_kinds, needed,
    filled_by, fillers, filled_at, version)
SELECT gen_random_uuid(), {student}, s.id, s.county_id, '{year}', 1, 'draft', '赵芳', 2, false,
    false, false, '{{}}', '{{}}', gen_random_uuid(), '{{}}', now(), 1
FROM school s WHERE s.code = '{school}'"""


def confirmed(school: str, student: str, term: str) -> str:
    del student
    return f"""
INSERT INTO enrolment_confirmation (id, school_id, county_id, term, students, absences, made_by,
    made_at)
SELECT gen_random_uuid(), s.id, s.county_id, '{term}', 1, 0, gen_random_uuid(), clock_timestamp()
FROM school s WHERE s.code = '{school}'"""


@pytest.mark.parametrize(
    ("stands", "when", "before", "kind"),
    [
        (claimed, "2008-autumn", "2008-spring", "allocated"),
        (claimed, "2008-2009", "2007-2008", "allocated"),
        (recognised, "2008-2009", "2007-2008", "recognised"),
        (handed_in, "2008-2009", "2007-2008", "recognised"),
        (confirmed, "2008-autumn", "2008-spring", "confirmed"),
    ],
)
def test_what_the_new_year_has_counted_or_confirmed_holds_the_turn(
    session: Session, city: City, stands: Any, when: str, before: str, kind: str
) -> None:
    clock.set_office_day(SUMMER_DAY)
    school = city.schools[TOWN_JUNIOR]
    [who] = make_students(session, school)
    by = city.actor("county_officer@370811")
    db.enter(session, by)
    part = Part(school.county_id, school.id)
    made = rolling.roll_over(session, year_turn.turn_of("2007-2008"), part, by=by).made
    assert made is not None
    session.execute(text(stands(TOWN_JUNIOR, f"'{who}'", before)))
    rehearsal = session.begin_nested()
    held = rolling.hold(session, made.id, by=by)
    assert year_turn.undo(session, held, because="年级有误", by=by).removed
    rehearsal.rollback()
    session.execute(text(stands(TOWN_JUNIOR, f"'{who}'", when)))
    held = rolling.hold(session, made.id, by=by)
    with pytest.raises(RollOverStoodOn) as refused:
        year_turn.undo(session, held, because="年级有误", by=by)
    assert [fault.code for fault in refused.value.faults] == [kind]


def test_a_county_turns_no_school_of_another(client: TestClient, city: City) -> None:
    clock.set_office_day(SUMMER_DAY)
    answer = turn(client, city, PRIMARY, "county_officer@370826", dry_run=True)
    assert answer.status_code == 404
    clerk = turn(client, city, PRIMARY, f"school_clerk@{PRIMARY}", dry_run=True)
    assert clerk.status_code == 403


def test_whose_grade_is_unclear_is_listed_for_the_office(client: TestClient, city: City) -> None:
    apply(client, city, 30, PRIMARY, enrolment={"grade": 4})
    with scoped_session(SYSTEM) as session:
        session.execute(text("UPDATE enrolment SET grade = NULL WHERE student_id IN "
                             "(SELECT id FROM student WHERE name = '赵芳30')"))  # fmt: skip
    asked = {"from_year": "2007-2008"}
    listed = client.get(
        f"{API}/roll-overs/unclear", params=asked, headers=city.bearer("county_officer@370811")
    )
    assert [(each["name"], each["grade"]) for each in listed.json()["items"]] == [("赵芳30", None)]
    other = client.get(
        f"{API}/roll-overs/unclear", params=asked, headers=city.bearer("county_officer@370826")
    )
    assert other.json()["items"] == []
    wrong = client.get(
        f"{API}/roll-overs/unclear", params={"from_year": "2007-2009"},
        headers=city.bearer("city_officer"),
    )  # fmt: skip
    assert wrong.status_code == 422


def test_a_new_roll_admits_graduates_and_says_what_became_of_each(
    client: TestClient, city: City
) -> None:
    apply(client, city, 40, PRIMARY, enrolment={"grade": 6})
    apply(client, city, 41, PRIMARY, enrolment={"grade": 1})
    apply(client, city, 42, JUNIOR, enrolment={"grade": 1})
    clock.set_office_day(SUMMER_DAY)
    assert turn(client, city, PRIMARY, "city_officer").status_code == 201
    clock.set_office_day(AUTUMN_DAY)
    rows = [
        {"resident_id": resident_id(seed), "name": f"赵芳{seed}", "grade": 1}
        for seed in range(40, 44)
    ]
    body = {"school_year": "2008-2009", "rows": rows}
    clerk = city.bearer(f"school_clerk@{JUNIOR}")
    answer = client.post(f"{API}/admissions", json=body, headers=clerk)
    assert answer.status_code == 201, answer.text
    assert [row["became"] for row in answer.json()["rows"]] == [
        "admitted", "elsewhere", "here", "new",
    ]  # fmt: skip
    assert answer.json()["counts"] == {"admitted": 1, "new": 1, "here": 1, "elsewhere": 1}
    wrong = {**body, "rows": [*rows[:1], {**rows[1], "resident_id": "123"}]}
    refused = client.post(f"{API}/admissions", json=wrong, headers=clerk)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["where"] == "/rows/1/resident_id"


def test_a_school_carries_a_term_into_the_next_and_takes_the_list_home(
    client: TestClient, city: City, round_ids: dict[str, str]
) -> None:
    clerk, head = city.bearer(f"school_clerk@{PRIMARY}"), city.bearer(f"school_head@{PRIMARY}")
    clock.set_office_day(date(2007, 10, 8))
    for seed in (50, 51):
        made = apply(client, city, seed, PRIMARY, "2007-autumn", enrolment={"grade": 2})
        approve(made["number"])
    clock.set_office_day(SPRING_DAY)
    path = f"{API}/rounds/{round_ids['2008-spring']}/roll-forward"
    early = client.post(f"{path}/take", json={"continue": "all"}, headers=clerk)
    assert early.json()["type"] == "/problems/roll-forward.none"
    done = client.post(path, json={"from_period": "2007-autumn"}, headers=clerk)
    assert (done.status_code, done.json()["counts"]["continued"]) == (201, 2), done.text
    listed = client.get(path, params={"fate": "continued", "limit": 1}, headers=head)
    [line] = listed.json()["items"]
    assert 'rel="next"' in listed.headers["Link"]
    assert (line["resident_id"][4:-4].strip("*"), line["amount"]) == ("", "250.00")
    taken = client.post(
        f"{path}/take", json={"continue": "all", "except": [line["id"]]}, headers=clerk
    )
    assert (taken.status_code, taken.json()["counts"]) == (200, {"eligible": 1}), taken.text
    book = client.get(f"{path}/sheet", headers=clerk).content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert rows[0][:4] == ["学校标识码", "学校名称", "姓名", "居民身份证号"]
    assert {row[2] for row in rows[1:]} == {"赵芳50", "赵芳51"}
    assert all("*" in row[3] for row in rows[1:])
    assert sorted(row[12] for row in rows[1:]) == ["", taken.json()["results"][0]["number"]]
    stranger = city.bearer(f"school_clerk@{FAR}")
    assert client.get(path, headers=stranger).json()["items"] == []
    unknown = {"continue": [str(uuid4())]}
    refused = client.post(f"{path}/take", json=unknown, headers=clerk)
    assert refused.json()["type"] == "/problems/roll-forward.lines-wrong"
    officer = city.bearer("county_officer@370811")
    assert client.get(path, headers=officer).status_code == 422
    ours = {"school_id": str(city.schools[PRIMARY].id)}
    assert len(client.get(path, params=ours, headers=officer).json()["items"]) == 2
