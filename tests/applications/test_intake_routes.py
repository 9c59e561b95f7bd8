"""Applications over HTTP: one, many, read, taken back, handed in again."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.policy.service import load_catalogue
from tests.applications.cases import (
    OPEN_DAY,
    PROGRAMME,
    SPRING,
    card,
    form,
    open_round,
    resident_id,
)
from tests.factories.office import City

PRIMARY, JUNIOR, OTHER_COUNTY = "2137000006", "3137000008", "2137000011"
URL = "/api/v1/applications"


@pytest.fixture(scope="module")
def served(client: TestClient, city: City) -> TestClient:
    with scoped_session(SYSTEM) as opened:
        load_catalogue(opened, "jining-2008")
        open_round(opened, city.actor("city_officer"), PROGRAMME, SPRING)
    return client


@pytest.fixture(autouse=True)
def _open_day() -> None:
    clock.set_office_day(OPEN_DAY)


@pytest.fixture
def clerk(city: City) -> dict[str, str]:
    return city.bearer(f"school_clerk@{PRIMARY}")


def apply(served: TestClient, who: dict[str, str], seed: int, **given: Any) -> dict[str, Any]:
    answer = served.post(URL, json=form(seed, **given), headers=who)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def move(number: str, state: str, step: str | None = None) -> None:
    with scoped_session(SYSTEM) as session:
        session.execute(
            text("UPDATE application SET state = :state, step = :step WHERE number = :number"),
            {"state": state, "step": step, "number": number},
        )


def test_one_application_comes_in_and_comes_back_unchanged(
    served: TestClient, clerk: dict[str, str]
) -> None:
    made = apply(
        served, clerk, 1, household={"hukou": "rural", "income_per_head": "4100.00"},
        account={"number": card(1)},
    )  # fmt: skip
    assert (made["outcome"], made["amount"]) == ("eligible", "250.00")
    again = served.post(
        URL,
        json=form(1, household={"hukou": "rural", "income_per_head": "4100.00"}),
        headers=clerk,
    )
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    assert again.json()["number"] == made["number"]
    other = served.post(URL, json=form(1, hardship=3), headers=clerk)
    assert other.status_code == 409
    assert other.json()["type"] == "/problems/application.already-applied"
    assert other.json()["number"] == made["number"]


def test_every_fault_of_a_form_is_named_by_its_field_and_nothing_is_stored(
    served: TestClient, clerk: dict[str, str]
) -> None:
    number = resident_id(2)
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    answer = served.post(
        URL,
        json=form(
            2,
            student={"name": " ", "resident_id": wrong},
            enrolment={"grade": 7},
            household={"income_per_head": "-1.00"},
            hardship=4,
            account={"number": card(2)[:-1] + ("0" if card(2)[-1] != "0" else "1")},
        ),
        headers=clerk,
    )
    assert answer.status_code == 422
    assert {(each["code"], each["where"]) for each in answer.json()["errors"]} == {
        ("name_missing", "/student/name"),
        ("id_checksum", "/student/resident_id"),
        ("grade_range", "/enrolment/grade"),
        ("income_negative", "/household/income_per_head"),
        ("level_unknown", "/hardship"),
        ("card_luhn", "/account/number"),
    }
    with scoped_session(SYSTEM) as session:
        assert not session.execute(
            text("SELECT count(*) FROM student WHERE name = '赵芳2'")
        ).scalar_one()


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"shoe_size": 38}, "extra_forbidden"),
        ({"hardship": True}, "int_type"),
        ({"enrolment": {"boards": 1}}, "bool_type"),
        ({"household": {"income_per_head": 4100}}, "value_error"),
        ({"student": {"name": "赵" * 81}}, "string_too_long"),
    ],
)
def test_what_is_no_form_is_refused(
    served: TestClient, clerk: dict[str, str], given: dict[str, Any], kind: str
) -> None:
    answer = served.post(URL, json=form(3, **given), headers=clerk)
    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["errors"]] == [kind]


def test_a_batch_answers_each_case_and_keeps_the_good_ones(
    served: TestClient, clerk: dict[str, str]
) -> None:
    cases = [
        form(10),
        form(11, enrolment={"grade": 9}),
        form(10),
        form(12, hardship=None),
        form(13, school_code=OTHER_COUNTY),
        form(14, student={"name": "阿依古丽·买买提"}),
    ]
    bare = [{k: v for k, v in each.items() if k not in {"programme", "period"}} for each in cases]
    answer = served.post(
        f"{URL}/batch", json={"programme": PROGRAMME, "period": SPRING, "cases": bare},
        headers=clerk,
    )  # fmt: skip
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(each["index"], each["outcome"], each["kinds"]) for each in results] == [
        (0, "eligible", []),
        (1, "error", ["grade_range"]),
        (2, "error", ["id_duplicate"]),
        (3, "incomplete", []),
        (4, "error", ["school_unknown"]),
        (5, "eligible", []),
    ]
    assert answer.json()["counts"] == {"eligible": 2, "error": 3, "incomplete": 1}
    assert [each["fact"] for each in results[3]["needed"]] == ["hardship"]
    with scoped_session(SYSTEM) as session:
        names = session.execute(
            text("SELECT name FROM student WHERE name IN ('赵芳11', '赵芳13', '阿依古丽·买买提')")
        ).scalars()
        assert list(names) == ["阿依古丽·买买提"]


def test_a_batch_of_faults_alone_stores_nothing(served: TestClient, clerk: dict[str, str]) -> None:
    case = {k: v for k, v in form(15).items() if k not in {"programme", "period"}}
    answer = served.post(
        f"{URL}/batch",
        json={"programme": PROGRAMME, "period": SPRING, "cases": [case | {"hardship": 9}]},
        headers=clerk,
    )
    assert answer.json()["counts"] == {"error": 1}


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_holds_one_to_a_thousand_cases(
    served: TestClient, clerk: dict[str, str], count: int
) -> None:
    case = {"student": {"name": "赵"}, "enrolment": {"grade": 1}}
    asked = {"programme": PROGRAMME, "period": SPRING, "cases": [case] * count}
    assert served.post(f"{URL}/batch", json=asked, headers=clerk).status_code == 422


def test_a_closed_round_refuses_with_its_date_and_a_missing_one_too(
    served: TestClient, clerk: dict[str, str]
) -> None:
    absent = served.post(URL, json=form(16, period="2009-spring"), headers=clerk)
    assert (absent.status_code, absent.json()["type"]) == (404, "/problems/round.unknown")
    clock.set_office_day(OPEN_DAY.replace(month=6))
    closed = served.post(URL, json=form(16), headers=clerk)
    assert (closed.status_code, closed.json()["type"]) == (409, "/problems/round.closed")
    assert closed.json()["closes_on"] == "2008-04-30"


def test_a_student_at_another_school_is_a_conflict(
    served: TestClient, city: City, clerk: dict[str, str]
) -> None:
    apply(served, clerk, 20)
    there = city.bearer(f"school_clerk@{OTHER_COUNTY}")
    answer = served.post(URL, json=form(20), headers=there)
    assert answer.status_code == 409
    assert answer.json()["kinds"] == ["student_elsewhere"]


def test_lists_hold_to_scope_filters_and_pages(
    served: TestClient, city: City, clerk: dict[str, str]
) -> None:
    officer = city.bearer("county_officer@370811")
    numbers = [apply(served, clerk, 30 + each, hardship=3)["number"] for each in range(3)]
    apply(served, officer, 33, hardship=3, school_code=JUNIOR, enrolment={"boards": False})
    first = served.get(f"{URL}?hardship=3&limit=2&school={PRIMARY}", headers=officer)
    assert [each["number"] for each in first.json()["items"]] == numbers[:2]
    follow = first.headers["Link"].split(">")[0].lstrip("<")
    assert [each["number"] for each in served.get(follow, headers=officer).json()["items"]] == (
        numbers[2:]
    )

    def count(query: str, who: dict[str, str]) -> int:
        return len(served.get(f"{URL}?hardship=3&{query}", headers=who).json()["items"])

    assert count("", clerk) == 3
    assert count("", officer) == 4
    assert count("eligible=false", officer) == 1
    assert count(f"name={'赵芳31'}", officer) == 1
    assert count(f"number={numbers[0]}", officer) == 1
    assert count("county=370811", city.bearer("auditor")) == 4
    assert count("county=370826", city.bearer("auditor")) == 0
    assert count("", city.bearer("county_officer@370826")) == 0
    assert count(f"school={PRIMARY}", city.bearer("county_officer@370826")) == 0
    assert count("state=submitted&class=1&grade=1", officer) == 4


def test_a_class_teacher_sees_the_own_class_alone(
    served: TestClient, city: City, clerk: dict[str, str]
) -> None:
    own = apply(served, clerk, 40)
    other = apply(served, clerk, 41, enrolment={"class_name": "2"})
    teacher = city.bearer(f"class_teacher@{PRIMARY}")
    listed = served.get(f"{URL}?limit=200", headers=teacher).json()["items"]
    assert own["number"] in {each["number"] for each in listed}
    assert {(each["grade"], each["class_name"]) for each in listed} == {(1, "1")}
    hidden = served.get(f"{URL}/{other['application_id']}", headers=teacher)
    assert hidden.status_code == 404
    assert served.post(URL, json=form(42), headers=teacher).status_code == 403


def test_a_case_is_shown_with_facts_reasons_and_decisions(
    served: TestClient, clerk: dict[str, str]
) -> None:
    made = apply(served, clerk, 50, enrolment={"boards": False})
    whole = served.get(f"{URL}/{made['application_id']}", headers=clerk).json()
    assert (whole["eligible"], whole["failed"], whole["decisions"]) == (False, ["boards"], [])
    boards = next(each for each in whole["facts"] if each["fact"] == "boards")
    assert (boards["value"], boards["source"], boards["as_of"]) == (
        False, "school_form", "2008-04-20",
    )  # fmt: skip
    outcomes = {each["id"]: each["outcome"] for each in whole["explanation"]["criteria"]}
    assert outcomes["boards"] == "not_met"
    explained = served.get(f"{URL}/{made['application_id']}/explanation", headers=clerk).json()
    assert explained == whole["explanation"]


def test_a_case_is_read_in_two_statements_and_another_scope_has_none(
    served: TestClient, city: City, clerk: dict[str, str]
) -> None:
    made = apply(served, clerk, 51)
    path = f"{URL}/{made['application_id']}"
    sent: list[str] = []

    def seen(*given: Any) -> None:
        sent.append(given[2])

    event.listen(Engine, "before_cursor_execute", seen)
    try:
        served.get(path, headers=clerk)
    finally:
        event.remove(Engine, "before_cursor_execute", seen)
    asked = [each for each in sent if not each.startswith("SET LOCAL")]
    assert len(asked) == 2, asked
    for who in (f"school_clerk@{JUNIOR}", "county_officer@370826"):
        assert served.get(path, headers=city.bearer(who)).status_code == 404


@pytest.mark.parametrize("state", ["draft", "submitted", "returned", "in_review"])
def test_a_case_is_taken_back_before_a_decision(
    served: TestClient, clerk: dict[str, str], state: str
) -> None:
    made = apply(served, clerk, 60 + len(state))
    move(made["number"], state, "county" if state == "in_review" else None)
    asked = {"ids": [made["application_id"]], "reason": "家长要求"}
    done = served.post(f"{URL}/withdraw", json=asked, headers=clerk)
    assert done.json() == {"withdrawn": [made["application_id"]], "skipped": 0}
    shown = served.get(f"{URL}/{made['application_id']}", headers=clerk).json()
    assert (shown["state"], shown["step"]) == ("withdrawn", None)


def test_a_draft_that_lacks_a_fact_is_taken_back_and_leaves_room_for_another(
    served: TestClient, clerk: dict[str, str]
) -> None:
    made = apply(served, clerk, 280, hardship=None)
    assert (made["outcome"], [each["fact"] for each in made["needed"]]) == (
        "incomplete", ["hardship"],
    )  # fmt: skip
    asked = {"ids": [made["application_id"]], "reason": "家长要求"}
    done = served.post(f"{URL}/withdraw", json=asked, headers=clerk)
    assert (done.status_code, done.json()) == (
        200, {"withdrawn": [made["application_id"]], "skipped": 0},
    )  # fmt: skip
    shown = served.get(f"{URL}/{made['application_id']}", headers=clerk).json()
    assert (shown["state"], shown["eligible"]) == ("withdrawn", None)
    assert apply(served, clerk, 280)["number"] != made["number"]


@pytest.mark.parametrize("state", ["submitted", "returned"])
def test_nothing_is_handed_in_while_a_fact_is_unknown(
    served: TestClient, clerk: dict[str, str], state: str
) -> None:
    made = apply(served, clerk, 281 + len(state), hardship=None)
    with pytest.raises(IntegrityError, match="draft_while_unknown"):
        move(made["number"], state)


def test_moved_cases_keep_the_whole_set_unless_they_are_skipped(
    served: TestClient, city: City, clerk: dict[str, str]
) -> None:
    free, moved, decided = (apply(served, clerk, seed) for seed in (80, 81, 82))
    move(moved["number"], "approved")
    move(decided["number"], "in_review", "city")
    officer = city.staff["county_officer@370811"].id
    with scoped_session(SYSTEM) as session:
        session.execute(
            text(
                "WITH b AS (INSERT INTO decision_batch (id, step, verdict, reason, case_count, "
                "amount_fen, left_out, decided_by, decided_at) VALUES (gen_random_uuid(), "
                "'county', 'approve', '符合条件', 1, 25000, 0, :officer, now()) RETURNING id) "
                "INSERT INTO decision (application_id, submission_no, step, school_id, county_id, "
                "verdict, reason, batch_id, decided_by, decided_at) SELECT a.id, a.submission_no, "
                "'county', a.school_id, a.county_id, 'approve', '符合条件', b.id, :officer, now() "
                "FROM application a, b WHERE a.number = :number"
            ),
            {"officer": officer, "number": decided["number"]},
        )
    ids = [each["application_id"] for each in (free, moved, decided)]
    asked: dict[str, Any] = {"ids": ids, "reason": "家长要求"}
    refused = served.post(f"{URL}/withdraw", json=asked, headers=clerk)
    assert refused.status_code == 409
    assert {each["where"] for each in refused.json()["errors"]} == {
        moved["number"], decided["number"],
    }  # fmt: skip
    done = served.post(f"{URL}/withdraw", json=asked | {"skip_moved": True}, headers=clerk)
    assert done.json() == {"withdrawn": [free["application_id"]], "skipped": 2}


def test_another_schools_case_cannot_be_taken_back(
    served: TestClient, city: City, clerk: dict[str, str]
) -> None:
    made = apply(served, clerk, 85)
    asked = {"ids": [made["application_id"]], "reason": "家长要求", "skip_moved": True}
    there = city.bearer(f"school_clerk@{JUNIOR}")
    assert served.post(f"{URL}/withdraw", json=asked, headers=there).status_code == 404


def test_a_draft_is_handed_in_again_with_the_missing_fact(
    served: TestClient, clerk: dict[str, str]
) -> None:
    made = apply(served, clerk, 90, hardship=None)
    path = f"{URL}/{made['application_id']}/submissions"
    case = {k: v for k, v in form(90).items() if k not in {"programme", "period"}}
    answer = served.post(path, json=case, headers=clerk)
    assert (answer.status_code, answer.json()["number"]) == (201, made["number"])
    assert answer.json()["outcome"] == "eligible"
    refused = served.post(path, json=case, headers=clerk)
    assert (refused.status_code, refused.json()["state"]) == (409, "submitted")


def test_a_returned_case_comes_back_after_the_close_even_with_the_same_facts(
    served: TestClient, clerk: dict[str, str]
) -> None:
    made = apply(served, clerk, 91)
    move(made["number"], "returned")
    clock.set_office_day(OPEN_DAY.replace(month=6))
    case = {k: v for k, v in form(91).items() if k not in {"programme", "period"}}
    answer = served.post(f"{URL}/{made['application_id']}/submissions", json=case, headers=clerk)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "eligible")
    shown = served.get(f"{URL}/{made['application_id']}", headers=clerk).json()
    assert (shown["state"], shown["submission_no"]) == ("submitted", 2)


def test_a_draft_does_not_come_in_after_the_close(
    served: TestClient, clerk: dict[str, str]
) -> None:
    made = apply(served, clerk, 92, hardship=None)
    clock.set_office_day(OPEN_DAY.replace(month=6))
    case = {k: v for k, v in form(92).items() if k not in {"programme", "period"}}
    answer = served.post(f"{URL}/{made['application_id']}/submissions", json=case, headers=clerk)
    assert answer.json()["type"] == "/problems/round.closed"


def test_the_form_of_another_student_is_refused_and_stores_nothing(
    served: TestClient, clerk: dict[str, str]
) -> None:
    made = apply(served, clerk, 93, hardship=None)
    case = {k: v for k, v in form(94).items() if k not in {"programme", "period"}}
    answer = served.post(f"{URL}/{made['application_id']}/submissions", json=case, headers=clerk)
    assert (answer.status_code, answer.json()["kinds"]) == (409, ["other_student"])
    with scoped_session(SYSTEM) as session:
        assert not session.execute(
            text("SELECT count(*) FROM student WHERE name = '赵芳94'")
        ).scalar_one()


def test_the_same_key_gets_the_first_answer(served: TestClient, clerk: dict[str, str]) -> None:
    keyed = {**clerk, "Idempotency-Key": "apply-once-0001"}
    first = served.post(URL, json=form(95), headers=keyed)
    second = served.post(URL, json=form(95), headers=keyed)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
