"""A resident id recorded wrong: the school proposes the right one, an officer confirms it."""

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text, update
from sqlmodel import col

from app.core import db, identity
from app.core.actor import SYSTEM
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.registry import numbers
from app.registry.models import Student
from tests.factories.office import City
from tests.registry.rows import resident_id
from tests.registry.test_students import A, B, acts, register, sent

API = "/api/v1"
DOOR = f"{API}/students/resident-id-corrections"
FAR = "2137000011"
CLERK, HEAD, OFFICER = f"school_clerk@{A}", f"school_head@{A}", "county_officer@370811"
SEEDS = count(1)

Wanted = tuple[str, str]
"""A student's id and the number that is to be right."""


def fresh() -> str:
    return resident_id(next(SEEDS))


def child(client: TestClient, city: City, who: str = CLERK, **given: Any) -> str:
    return str(register(client, city, sent(next(SEEDS), **given), who)["id"])


def scan(client: TestClient, city: City, who: str = CLERK) -> str:
    made = client.post(
        f"{API}/documents", files={"file": ("户口簿.pdf", b"%PDF-1.4 hukou")},
        headers=city.bearer(who),
    )  # fmt: skip
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def propose(
    client: TestClient, city: City, *wanted: Wanted, who: str = CLERK, proof: str | None = None
) -> Any:
    document = proof or scan(client, city, who)
    rows = [
        {"student_id": student, "resident_id": number, "document_id": document}
        for student, number in wanted
    ]
    body = {"corrections": rows, "reason": "录成了弟弟的号码"}
    return client.post(DOOR, json=body, headers=city.bearer(who))


def settle(client: TestClient, city: City, verb: str, *made: str, who: str = OFFICER) -> Any:
    reason = {"reason": "户口簿不清"} if verb == "refuse" else {}
    body = {"ids": list(made), **reason}
    return client.post(f"{DOOR}/{verb}", json=body, headers=city.bearer(who))


def proposed(client: TestClient, city: City, student: str, number: str, who: str = CLERK) -> str:
    made = propose(client, city, (student, number), who=who)
    assert made.status_code == 201, made.text
    return str(made.json()[0]["id"])


def listed(client: TestClient, city: City, who: str = OFFICER, **query: Any) -> dict[str, Any]:
    found = client.get(DOOR, params={"limit": 200, **query}, headers=city.bearer(who))
    assert found.status_code == 200, found.text
    return {row["id"]: row for row in found.json()["items"]}


def found_by(client: TestClient, city: City, number: str) -> list[str]:
    found = client.get(
        f"{API}/students", params={"resident_id": number}, headers=city.bearer(OFFICER)
    )
    return [row["id"] for row in found.json()["items"]]


def shown(client: TestClient, city: City, student: str, who: str = OFFICER) -> Any:
    return client.get(f"{API}/students/{student}", headers=city.bearer(who)).json()


def codes(answer: Any) -> list[str]:
    return [fault["code"].removeprefix("resident_id_correction.") for fault in
            answer.json()["errors"]]  # fmt: skip


def stored() -> int:
    with db.scoped_session(SYSTEM) as session:
        asked = text("SELECT count(*) FROM resident_id_correction")
        return int(session.execute(asked).scalar_one())


def admit(client: TestClient, city: City, number: str, name: str) -> Any:
    body = {
        "school_year": "2007-2008",
        "rows": [{"resident_id": number, "name": name, "grade": 1}],
    }
    made = client.post(f"{API}/admissions", json=body, headers=city.bearer(CLERK))
    assert made.status_code == 201, made.text
    return made.json()["rows"][0]


def test_a_number_is_right_once_an_officer_has_confirmed_it(client: TestClient, city: City) -> None:
    wrong, right = fresh(), fresh()
    before = register(client, city, {**sent(1), "resident_id": wrong, "name": "钱多"})
    made = propose(client, city, (before["id"], right))
    [proposal] = made.json()
    assert (made.status_code, proposal["state"]) == (201, "proposed")
    assert proposal["resident_id"] == identity.mask_id(right)
    assert proposal["old_resident_id"] == identity.mask_id(wrong)
    assert shown(client, city, before["id"]) == before
    assert settle(client, city, "confirm", proposal["id"]).json() == {"count": 1}
    after = shown(client, city, before["id"])
    assert after == {
        **before,
        "resident_id": identity.mask_id(right),
        "birth_on": proposal["birth_on"],
        "sex": identity.sex_of(right),
        "version": before["version"] + 1,
    }
    assert (after["identity"], after["birth_on"]) == (
        "documented", identity.birth_date_of(right).isoformat(),
    )  # fmt: skip
    [row] = listed(client, city, CLERK, state="confirmed").values()
    assert (row["id"], row["settled_by"]) == (proposal["id"], str(city.staff[OFFICER].id))


def test_afterwards_the_child_is_found_by_the_new_number_and_not_by_the_old(
    client: TestClient, city: City
) -> None:
    wrong, right = fresh(), fresh()
    one = register(client, city, {**sent(1), "resident_id": wrong, "name": "钱多"})["id"]
    settle(client, city, "confirm", proposed(client, city, one, right))
    assert (found_by(client, city, right), found_by(client, city, wrong)) == ([one], [])
    asked = {"fields": ["resident_id"], "reason": "核对"}
    path = f"{API}/students/{one}/reveal"
    told = client.post(path, json=asked, headers=city.bearer(OFFICER)).json()
    assert told["values"] == {"resident_id": right}
    again = admit(client, city, right, "钱多")
    assert (again["became"], again["student_id"]) == ("here", one)
    brother = admit(client, city, wrong, "钱少")
    assert (brother["became"], brother["student_id"] == one) == ("new", False)


def test_fifteen_digits_are_lengthened(client: TestClient, city: City) -> None:
    one, number = child(client, city), fresh()
    short = number[:6] + number[8:17]
    settle(client, city, "confirm", proposed(client, city, one, short))
    assert found_by(client, city, number) == [one]


def test_two_numbers_that_were_exchanged_are_put_right_together(
    client: TestClient, city: City
) -> None:
    first, second = fresh(), fresh()
    one, other = (
        register(client, city, {**sent(1), "resident_id": number})["id"]
        for number in (second, first)
    )
    made = [each["id"] for each in propose(client, city, (one, first), (other, second)).json()]
    for alone in made:
        late = settle(client, city, "confirm", alone)
        assert (late.status_code, codes(late)) == (409, ["registered"])
    assert settle(client, city, "confirm", *made).json() == {"count": 2}
    assert found_by(client, city, first) == [one]
    assert found_by(client, city, second) == [other]


@pytest.mark.parametrize("verb", ["confirm", "refuse"])
def test_nobody_settles_what_they_proposed(client: TestClient, city: City, verb: str) -> None:
    one = child(client, city)
    made = proposed(client, city, one, fresh(), who=OFFICER)
    own = settle(client, city, verb, made)
    assert (own.status_code, own.json()["type"]) == (403, "/problems/resident_id_correction.own")
    assert settle(client, city, verb, made, who=HEAD).status_code == 403
    assert listed(client, city, CLERK)[made]["state"] == "proposed"
    other = settle(client, city, verb, made, who="county_officer_2@370811")
    assert other.json() == {"count": 1}


def test_a_refused_correction_leaves_the_number(client: TestClient, city: City) -> None:
    one = child(client, city)
    before, number = shown(client, city, one), fresh()
    made = proposed(client, city, one, number)
    assert settle(client, city, "refuse", made).json() == {"count": 1}
    row = listed(client, city, CLERK)[made]
    assert (row["state"], row["settled_because"]) == ("refused", "户口簿不清")
    assert shown(client, city, one) == before
    late = settle(client, city, "confirm", made)
    assert (late.status_code, codes(late)) == (409, ["moved"])
    assert settle(client, city, "confirm", proposed(client, city, one, number)).status_code == 200


def test_a_second_proposal_replaces_the_one_that_waits(client: TestClient, city: City) -> None:
    one, number = child(client, city), fresh()
    first = proposed(client, city, one, fresh())
    second = proposed(client, city, one, number, who=HEAD)
    assert listed(client, city)[first]["state"] == "replaced"
    late = settle(client, city, "confirm", first, second)
    assert [(each["where"], each["state"]) for each in late.json()["errors"]] == [
        (first, "replaced")
    ]
    assert settle(client, city, "confirm", second).status_code == 200
    assert found_by(client, city, number) == [one]


Asks = Callable[[TestClient, City], Any]


def the_same(client: TestClient, city: City) -> Any:
    number = fresh()
    one = register(client, city, {**sent(1), "resident_id": number})["id"]
    return propose(client, city, (one, number))


def anothers(client: TestClient, city: City) -> Any:
    number = fresh()
    body = {**sent(1), "resident_id": number, "name": "微山小明"}
    other = register(client, city, body, f"school_clerk@{FAR}")
    answer = propose(client, city, (child(client, city), number))
    assert other["id"] not in answer.text
    assert city.schools[FAR].name not in answer.text
    assert "微山小明" not in answer.text
    return answer


def waits_elsewhere(client: TestClient, city: City) -> Any:
    number, far = fresh(), f"school_clerk@{FAR}"
    proposed(client, city, child(client, city, far), number, who=far)
    return propose(client, city, (child(client, city), number))


def twice(client: TestClient, city: City) -> Any:
    number = fresh()
    return propose(
        client, city, (child(client, city), number), (child(client, city), number.lower())
    )


def one_student_twice(client: TestClient, city: City) -> Any:
    one = child(client, city)
    return propose(client, city, (one, fresh()), (one, fresh()))


def check_digit(client: TestClient, city: City) -> Any:
    number = fresh()
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    return propose(client, city, (child(client, city), wrong))


def not_in_scope(client: TestClient, city: City) -> Any:
    return propose(client, city, (child(client, city), fresh()), who=f"school_clerk@{B}")


def no_number_yet(client: TestClient, city: City) -> Any:
    born = {"birth_on": "2000-01-01", "name": f"无证{next(SEEDS)}"}
    one = register(client, city, sent(None, **born))["id"]
    return propose(client, city, (one, fresh()))


def no_proof(client: TestClient, city: City) -> Any:
    return propose(client, city, (child(client, city), fresh()), proof=str(uuid4()))


def another_schools_proof(client: TestClient, city: City) -> Any:
    proof = scan(client, city, f"school_clerk@{B}")
    return propose(client, city, (child(client, city), fresh()), who=OFFICER, proof=proof)


def proof_that_is_no_scan(client: TestClient, city: City) -> Any:
    school = city.schools[A]
    with db.scoped_session(SYSTEM) as session:
        sheet = documents.store(
            session, kind=DocumentKind.SHEET, name="表.csv", media_type="text/csv", data=b"x",
            by=SYSTEM, school_id=school.id, county_id=school.county_id,
        ).id  # fmt: skip
    return propose(client, city, (child(client, city), fresh()), proof=str(sheet))


def too_many(client: TestClient, city: City) -> Any:
    return propose(client, city, *((str(uuid4()), fresh()) for _ in range(201)))


def one_of_two(client: TestClient, city: City) -> Any:
    number = fresh()
    one = register(client, city, {**sent(1), "resident_id": number})["id"]
    return propose(client, city, (child(client, city), fresh()), (one, number))


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        (the_same, 409, "recorded"),
        (anothers, 409, "registered"),
        (waits_elsewhere, 409, "registered"),
        (twice, 422, "twice"),
        (one_student_twice, 422, "value_error"),
        (check_digit, 422, "id_checksum"),
        (not_in_scope, 404, "not-found"),
        (no_number_yet, 409, "none-recorded"),
        (no_proof, 404, "not-found"),
        (another_schools_proof, 404, "not-found"),
        (proof_that_is_no_scan, 404, "not-found"),
        (too_many, 422, "too_long"),
        (one_of_two, 409, "recorded"),
    ],
)
def test_what_is_refused_stores_nothing(
    client: TestClient, city: City, ask: Asks, status: int, code: str
) -> None:
    def waiting() -> set[str]:
        return set(listed(client, city, "city_officer", state="proposed"))

    before, counted = waiting(), stored()
    answer = ask(client, city)
    assert (answer.status_code, codes(answer)) == (status, [code])
    assert answer.json()["detail"]
    added = stored() - counted
    assert added == (1 if ask is waits_elsewhere else 0)  # the other school's own
    assert len(waiting() - before) == added


def test_a_number_registered_meanwhile_is_not_given_twice(client: TestClient, city: City) -> None:
    one, number = child(client, city), fresh()
    made = proposed(client, city, one, number)
    register(client, city, {**sent(1), "resident_id": number}, f"school_clerk@{FAR}")
    late = settle(client, city, "confirm", made)
    assert (late.status_code, codes(late)) == (409, ["registered"])
    assert listed(client, city)[made]["state"] == "proposed"


def test_a_number_that_changed_since_the_proposal_stops_it(client: TestClient, city: City) -> None:
    one, other = child(client, city), child(client, city)
    made = [proposed(client, city, each, fresh()) for each in (one, other)]
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            update(Student)
            .where(col(Student.id) == UUID(one))
            .values(resident_id_index=numbers.resident_index(fresh()))
        )
    late = settle(client, city, "confirm", *made)
    assert (late.status_code, codes(late)) == (409, ["overtaken"])
    assert [listed(client, city)[each]["state"] for each in made] == ["proposed"] * 2


def test_the_trail_names_the_students_and_no_number(client: TestClient, city: City) -> None:
    one = child(client, city)
    for verb in ("refuse", "confirm"):
        settle(client, city, verb, proposed(client, city, one, fresh()))
    kept = [each for each in acts(one) if "correction" in each.did]
    said = ("proposed", "refused", "proposed", "confirmed")
    assert [each.did for each in kept] == [f"student.resident_id_correction_{x}" for x in said]
    assert [each.detail or {} for each in kept] == [{}] * 4
