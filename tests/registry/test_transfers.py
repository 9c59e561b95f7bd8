"""A student moves between schools, and schools say who is still there."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, col, select

from app.core import clock, db
from app.registry import intake
from app.registry.errors import TransferSettled
from app.registry.models import Student
from app.registry.service_transfers import confirm_transfer
from tests.factories.office import City
from tests.registry.rows import card, frame_of, presence_of, resident_id, row_of

API = "/api/v1"
OLD, NEW, FAR = "2137000006", "3137000008", "2137000011"
REASON = {"reason": "家长申请"}


def register(client: TestClient, city: City, seed: int, code: str = OLD, **given: Any) -> str:
    body = {
        "school_year": "2007-2008", "name": f"转学{seed}", "grade": 6, "entered_on": "2007-09-01",
        "resident_id": resident_id(seed), **given,
    }  # fmt: skip
    made = client.post(f"{API}/students", json=body, headers=city.bearer(f"school_clerk@{code}"))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def ask(
    client: TestClient, city: City, seed: int, who: str = f"school_clerk@{NEW}", **given: Any
) -> Any:
    body = {
        "resident_id": resident_id(seed), "name": f"转学{seed}", "school_year": "2007-2008",
        "grade": 7, "class_name": "3", "reason": "随父母迁居", **given,
    }  # fmt: skip
    return client.post(f"{API}/transfers", json=body, headers=city.bearer(who))


def settle(client: TestClient, city: City, transfer: Any, verb: str, who: str) -> Any:
    path = f"{API}/transfers/{transfer.json()['id']}/{verb}"
    return client.post(path, json=None if verb == "confirm" else REASON, headers=city.bearer(who))


def test_the_old_schools_head_lets_the_student_go(client: TestClient, city: City) -> None:
    clock.set_office_day(date(2008, 3, 10))
    account = {"kind": "card", "number": card(1), "holder_name": "转学1"}
    student = register(client, city, 1, account=account, household={"members": 3})
    transfer = ask(client, city, 1)
    assert (transfer.status_code, transfer.json()["state"]) == (201, "requested")
    new, old = city.bearer(f"school_head@{NEW}"), city.bearer(f"school_head@{OLD}")
    assert client.get(f"{API}/students/{student}", headers=new).status_code == 404
    done = settle(client, city, transfer, "confirm", f"school_head@{OLD}")
    assert done.json()["state"] == "confirmed", done.text
    assert client.get(f"{API}/students/{student}", headers=old).status_code == 404
    path = f"{API}/students/{student}"
    assert client.get(path, headers=new).json()["school_id"] == str(city.schools[NEW].id)
    [here] = client.get(f"{path}/enrolments", headers=new).json()
    assert (here["grade"], here["stage"], here["left_on"]) == (7, "junior", None)
    assert client.get(f"{path}/households/2007-2008", headers=new).json()["members"] == 3
    [moved] = client.get(f"{path}/accounts", headers=new).json()
    assert moved["school_id"] == str(city.schools[NEW].id)
    history = client.get(f"{path}/enrolments", headers=city.bearer("county_officer@370811")).json()
    assert [(one["school_id"], one["left_on"]) for one in history] == [
        (str(city.schools[NEW].id), None),
        (str(city.schools[OLD].id), "2008-03-10"),
    ]


def test_a_transfer_across_counties_is_confirmed_by_the_old_county(
    client: TestClient, city: City
) -> None:
    student = register(client, city, 2)
    transfer = ask(client, city, 2, who=f"school_head@{FAR}")
    for wrong in (f"school_head@{FAR}", "county_officer@370826"):
        refused = settle(client, city, transfer, "confirm", wrong)
        assert (refused.status_code, refused.json()["type"]) == (
            403,
            "/problems/transfer.not-yours",
        )
    done = settle(client, city, transfer, "confirm", "county_officer@370811")
    assert done.status_code == 200
    seen = client.get(f"{API}/students/{student}", headers=city.bearer("county_officer@370826"))
    assert seen.status_code == 200
    gone = client.get(f"{API}/students/{student}", headers=city.bearer("county_officer@370811"))
    assert gone.status_code == 404
    again = settle(client, city, transfer, "confirm", "city_officer")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/transfer.settled")


def test_of_many_who_confirm_one_transfer_at_once_one_does(client: TestClient, city: City) -> None:
    student = register(client, city, 7)
    transfer = UUID(ask(client, city, 7).json()["id"])
    by = city.actor(f"school_head@{OLD}")

    def try_it(_: int) -> str:
        try:
            with db.scoped_session(by) as session:
                confirm_transfer(session, transfer, by=by)
        except TransferSettled as settled:
            return settled.code
        return "confirmed"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(try_it, range(8)))
    assert sorted(answers) == ["confirmed"] + ["transfer.settled"] * 7
    new = city.bearer(f"school_head@{NEW}")
    assert len(client.get(f"{API}/students/{student}/enrolments", headers=new).json()) == 1


def test_a_refused_transfer_leaves_the_student_and_another_may_be_asked(
    client: TestClient, city: City
) -> None:
    student = register(client, city, 3)
    transfer = ask(client, city, 3)
    twice = ask(client, city, 3, who=f"school_clerk@{FAR}")
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/transfer.open")
    assert settle(client, city, transfer, "refuse", f"school_head@{OLD}").status_code == 200
    old = city.bearer(f"school_head@{OLD}")
    assert client.get(f"{API}/students/{student}", headers=old).status_code == 200
    assert ask(client, city, 3, who=f"school_clerk@{FAR}").status_code == 201


def test_only_the_asking_school_withdraws(client: TestClient, city: City) -> None:
    register(client, city, 4)
    transfer = ask(client, city, 4)
    assert settle(client, city, transfer, "withdraw", f"school_head@{OLD}").status_code == 403
    assert settle(client, city, transfer, "withdraw", f"school_head@{NEW}").status_code == 200
    late = settle(client, city, transfer, "confirm", f"school_head@{OLD}")
    assert late.status_code == 409


def test_a_student_is_found_elsewhere_only_where_name_and_id_both_fit(
    client: TestClient, city: City
) -> None:
    register(client, city, 5)
    other_name = ask(client, city, 5, name="别人")
    nobody = ask(client, city, 999)
    assert other_name.status_code == nobody.status_code == 404
    assert other_name.json() == nobody.json()
    here = ask(client, city, 5, who=f"school_clerk@{OLD}")
    assert (here.status_code, here.json()["type"]) == (409, "/problems/student.here")


def test_both_schools_see_the_transfer_and_a_third_does_not(client: TestClient, city: City) -> None:
    register(client, city, 6)
    transfer = ask(client, city, 6)
    for who, sees in ((f"school_head@{OLD}", True), (f"school_clerk@{NEW}", True),
                      (f"school_head@{FAR}", False), (f"class_teacher@{OLD}", False),
                      ("county_officer@370826", False), ("city_officer", True)):  # fmt: skip
        found = client.get(f"{API}/transfers?limit=200", headers=city.bearer(who)).json()["items"]
        assert (transfer.json()["id"] in [one["id"] for one in found]) is sees, who
    far = settle(client, city, transfer, "confirm", f"school_head@{FAR}")
    assert far.status_code == 404


# Enrolment confirmations: each test's school is its own, for a confirmation counts the school.

CITY_RUN, THIRD = "3637000060", "3137000009"


def presence(city: City, *students: str) -> list[str]:
    actor = city.actor("city_officer")
    with db.scoped_session(actor) as session:
        return presence_of(session, [UUID(each) for each in students], "2008-spring")


def test_a_school_marks_only_who_is_not_there(client: TestClient, city: City) -> None:
    me = city.bearer(f"school_clerk@{CITY_RUN}")
    stays, left, ill = (register(client, city, seed, CITY_RUN) for seed in (11, 12, 13))
    last_year = register(client, city, 14, CITY_RUN, school_year="2006-2007")
    assert presence(city, stays, last_year) == ["unconfirmed", "absent"]
    draft = client.get(
        f"{API}/enrolment-confirmations/draft", params={"term": "2008-spring"}, headers=me
    ).json()
    assert (draft["students"], draft["school_year"]) == (3, "2007-2008")
    assert {one["student_id"] for one in draft["page"]["items"]} == {stays, left, ill}
    absences = [
        {"student_id": left, "kind": "left", "since": "2008-02-20"},
        {"student_id": ill, "kind": "suspended", "since": "2008-02-25", "remark": "休学治病"},
    ]
    body = {"term": "2008-spring", "absences": absences}
    made = client.post(f"{API}/enrolment-confirmations", json=body, headers=me)
    assert (made.status_code, made.json()["students"], made.json()["absences"]) == (201, 3, 2)
    assert presence(city, stays, left, ill) == ["present", "absent", "absent"]
    [enrolment] = client.get(f"{API}/students/{left}/enrolments", headers=me).json()
    assert enrolment["left_on"] == "2008-02-20"
    late = register(client, city, 15, CITY_RUN)
    # The latest word counts: who was ill is back, and the newcomer is known.
    again = {"term": "2008-spring", "absences": []}
    second = client.post(f"{API}/enrolment-confirmations", json=again, headers=me)
    assert second.json()["students"] == 3
    assert presence(city, stays, left, ill, late) == ["present", "absent", "present", "present"]


def test_a_wrong_absence_refuses_the_whole_confirmation(client: TestClient, city: City) -> None:
    other = register(client, city, 21, OLD)
    own = register(client, city, 22, THIRD)
    me = city.bearer(f"school_head@{THIRD}")
    one = {"student_id": own, "kind": "absent", "since": "2008-02-20"}
    body = {"term": "2008-spring", "absences": [one, one, {**one, "student_id": other}]}
    refused = client.post(f"{API}/enrolment-confirmations", json=body, headers=me)
    assert refused.status_code == 409
    assert {(fault["code"], fault["where"]) for fault in refused.json()["errors"]} == {
        ("enrolment.none-open", other),
        ("absence.twice", own),
    }
    assert presence(city, own) == ["unconfirmed"]
    early = {"term": "2008-spring", "absences": [{**one, "kind": "died", "since": "2007-08-01"}]}
    assert client.post(f"{API}/enrolment-confirmations", json=early, headers=me).status_code == 409
    listed = client.get(f"{API}/enrolment-confirmations", headers=me).json()
    assert listed["items"] == []


@pytest.mark.parametrize("term", ["2008-summer", "2008", "", "08-spring", "2008-spring\n"])
def test_a_term_is_a_year_and_spring_or_autumn(client: TestClient, city: City, term: str) -> None:
    me = city.bearer(f"school_head@{THIRD}")
    asked = client.get(f"{API}/enrolment-confirmations/draft", params={"term": term}, headers=me)
    assert asked.status_code == 422


def test_presence_of_a_thousand_students_is_one_statement(session: Session, city: City) -> None:
    by = city.actor("city_officer")
    rows = [row_of(city.schools[FAR], resident_id=resident_id(80_000 + n)) for n in range(1000)]
    db.enter(session, by)
    intake.register(
        session, frame_of(*rows), school_year="2007-2008", entered_on=date(2007, 9, 1), by=by
    )
    ids = session.exec(select(Student.id).where(col(Student.school_id) == city.schools[FAR].id))
    found = presence_of(session, ids.all(), "2008-spring")
    assert len(found) >= 1000
    assert set(found) == {"unconfirmed"}
