"""Forms that come in at the same moment are answered together, each as if it had come alone."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.main import create_app
from app.policy.service import load_catalogue
from tests.applications.cases import OPEN_DAY, PROGRAMME, SPRING, form, open_round, resident_id
from tests.factories.office import City

API = "/api/v1"
PRIMARY, OTHER_COUNTY = "2137000006", "2137000011"
CLERK = f"school_clerk@{PRIMARY}"

Sent = tuple[dict[str, str], dict[str, Any]]
"""The headers and the body of a request."""


@pytest.fixture(scope="module", autouse=True)
def _round(city: City) -> None:
    with scoped_session(SYSTEM) as opened:
        load_catalogue(opened, "jining-2008")
        open_round(opened, city.actor("city_officer"), PROGRAMME, SPRING)


@pytest.fixture(autouse=True)
def _open_day() -> None:
    clock.set_office_day(OPEN_DAY)


@pytest.fixture
def clerk(city: City) -> dict[str, str]:
    return city.bearer(CLERK)


@pytest.fixture
def begun() -> Iterator[list[str]]:
    """Every transaction that writes a case, by its statement."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        del connection, cursor, more
        if "INSERT INTO application " in statement:
            seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield seen
    event.remove(db.engine(), "before_cursor_execute", note)


def hand_in(*sent: Sent) -> list[httpx.Response]:
    """All at one moment, to a service of its own; the answers in order."""

    async def send() -> list[httpx.Response]:
        door = httpx.ASGITransport(create_app(serve_from_bound_engine=True))
        async with httpx.AsyncClient(transport=door, base_url="http://aid", timeout=60) as client:
            return await asyncio.gather(
                *(
                    client.post(f"{API}/applications", headers=headers, json=body)
                    for headers, body in sent
                )
            )

    return asyncio.run(send())


def keyed(who: dict[str, str], key: str = "") -> dict[str, str]:
    return who | {"Idempotency-Key": key or f"key-{uuid4().hex}"}


def statuses(answers: Sequence[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def stored(*seeds: int) -> int:
    """How many of the students are registered."""
    with scoped_session(SYSTEM) as session:
        names = [f"赵芳{seed}" for seed in seeds]
        found = session.execute(
            text("SELECT count(*) FROM student WHERE name = ANY(:names)"), {"names": names}
        )
        return int(found.scalar_one())


def test_twenty_forms_take_few_transactions_and_each_has_its_own_case(clerk, begun) -> None:
    answers = hand_in(*((keyed(clerk), form(seed)) for seed in range(20)))
    assert statuses(answers) == [201] * 20
    assert len(begun) < 5
    told = [answer.json() for answer in answers]
    assert {(each["index"], each["outcome"], each["amount"]) for each in told} == {
        (0, "eligible", "250.00")
    }
    with scoped_session(SYSTEM) as session:
        rows = session.execute(
            text("SELECT id::text, number, student_name FROM application WHERE id = ANY(:ids)"),
            {"ids": [each["application_id"] for each in told]},
        )
        by_id = {row[0]: (row[1], row[2]) for row in rows}
    assert [by_id[each["application_id"]] for each in told] == [
        (each["number"], f"赵芳{seed}") for seed, each in enumerate(told)
    ]


def test_the_name_of_each_answer_leads_to_the_event_of_its_case(clerk) -> None:
    answers = hand_in(*((clerk, form(seed)) for seed in range(30, 40)))
    with scoped_session(SYSTEM) as session:
        for answer in answers:
            [did] = session.execute(
                text(
                    "SELECT e.did FROM audit_event e JOIN audit_record r ON r.event_id = e.id "
                    "WHERE e.request_id = :name AND r.record_id = :case AND NOT e.refused"
                ),
                {
                    "name": answer.headers["Aid-Request-Id"],
                    "case": answer.json()["application_id"],
                },
            ).scalars()
            assert did == "application.taken_in"


def test_a_wrong_form_is_refused_alone_and_keeps_no_other_from_coming_in(clerk) -> None:
    bad = form(51, student={"name": "赵芳51", "resident_id": resident_id(51)[:-1] + "?"})
    key = keyed(clerk)
    answers = hand_in((keyed(clerk), form(50)), (key, bad), (keyed(clerk), form(52)))
    assert statuses(answers) == [201, 422, 201]
    assert answers[1].json()["type"] == "/problems/application.fields-wrong"
    assert stored(50, 51, 52) == 2
    assert statuses(hand_in((key, form(51)))) == [201]  # the refusal has freed the key


def test_a_case_that_is_there_otherwise_leaves_the_student_as_it_was(clerk) -> None:
    [first] = hand_in((clerk, form(60)))
    other = form(60, hardship=3, enrolment={"grade": 2, "class_name": "9"})
    answers = hand_in((clerk, form(61)), (clerk, other), (clerk, form(62)))
    assert statuses(answers) == [201, 409, 201]
    assert answers[1].json()["number"] == first.json()["number"]
    with scoped_session(SYSTEM) as session:
        grades = session.execute(
            text(
                "SELECT e.grade FROM enrolment e JOIN student s ON s.id = e.student_id "
                "WHERE s.name = '赵芳60'"
            )
        ).scalars()
        assert list(grades) == [1]


def test_one_student_brought_twice_at_one_moment_has_one_case(clerk) -> None:
    answers = hand_in((keyed(clerk), form(70)), (keyed(clerk), form(71)), (keyed(clerk), form(70)))
    assert statuses(answers)[1] == 201
    assert sorted([answers[0].status_code, answers[2].status_code]) == [200, 201]
    assert answers[0].json()["number"] == answers[2].json()["number"]
    assert stored(70) == 1


def test_one_key_at_one_moment_has_one_effect_and_one_answer(clerk) -> None:
    key = keyed(clerk)
    answers = hand_in((key, form(80)), (keyed(clerk), form(81)), (key, form(80)))
    assert statuses(answers) == [201] * 3
    assert answers[0].content == answers[2].content
    replays = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert (replays[1], sorted(map(str, (replays[0], replays[2])))) == (None, ["None", "true"])


def test_a_key_that_answered_another_body_is_refused_and_the_rest_comes_in(clerk) -> None:
    key = keyed(clerk)
    assert statuses(hand_in((key, form(90)))) == [201]
    answers = hand_in((keyed(clerk), form(91)), (key, form(92)), (key, form(90)))
    assert statuses(answers) == [201, 409, 201]
    assert answers[1].json()["type"] == "/problems/idempotency.key-reused"
    assert stored(91, 92) == 1


def test_each_clerk_hands_in_at_the_own_school(city: City, clerk) -> None:
    other = city.bearer(f"school_clerk@{OTHER_COUNTY}")
    answers = hand_in(*((who, form(seed)) for seed, who in enumerate([clerk, other] * 4, 100)))
    assert statuses(answers) == [201] * 8
    with scoped_session(SYSTEM) as session:
        found = session.execute(
            text(
                "SELECT c.code FROM application a JOIN school c ON c.id = a.school_id "
                "WHERE a.id = ANY(:ids) ORDER BY a.student_name"
            ),
            {"ids": [answer.json()["application_id"] for answer in answers]},
        ).scalars()
        assert list(found) == [PRIMARY, OTHER_COUNTY] * 4


def test_a_schools_system_hands_in_where_it_was_let_in_and_nowhere_else(
    client: TestClient, city: City
) -> None:
    vendor = client.post(
        f"{API}/clients", json={"name": "校务通"}, headers=city.bearer("administrator")
    ).json()
    client.post(
        f"{API}/client-grants",
        json={"client_id": vendor["client_id"]},
        headers=city.bearer(f"school_head@{PRIMARY}"),
    )
    asked = {"grant_type": "client_credentials"} | {
        name: vendor[name] for name in ("client_id", "client_secret")
    }
    token = client.post(f"{API}/token", data=asked).json()["access_token"]
    system = {"Authorization": f"Bearer {token}"}
    answers = hand_in(
        *((system | {"Aid-School": PRIMARY}, form(seed)) for seed in range(120, 124)),
        *((system | {"Aid-School": OTHER_COUNTY}, form(seed)) for seed in range(124, 126)),
        (system, form(126)),
    )
    assert statuses(answers) == [201] * 4 + [403] * 3
    assert {answer.json()["type"] for answer in answers[4:]} == {
        "/problems/auth.school-not-granted",
        "/problems/auth.school-not-named",
    }
    assert stored(124, 125, 126) == 0


def test_a_round_that_is_closed_refuses_every_one(clerk) -> None:
    clock.set_office_day(OPEN_DAY.replace(month=7))
    answers = hand_in(*((keyed(clerk), form(seed)) for seed in range(130, 133)))
    assert statuses(answers) == [409] * 3
    assert {answer.json()["type"] for answer in answers} == {"/problems/round.closed"}
    assert stored(130, 131, 132) == 0


def test_who_may_not_hand_in_is_refused_before_anything_is_asked(city: City, begun) -> None:
    assert statuses(hand_in((city.bearer("auditor"), form(140)))) == [403]
    assert begun == []
