"""A list that no law orders names only whose family has signed for lists of its kind."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient

from app.core import db
from app.core.actor import SYSTEM
from tests.factories.office import City
from tests.recognition.school import ANSWERS, SCHOOL, Caller
from tests.registers.people import make_pupils, row, sheet

OFFICER = "city_officer"


def leave(*kinds: str) -> dict[str, Any]:
    return {"signer": "赵强", "relation": "父亲", "signed_on": "2007-09-05", "scope": kinds}


def pupils(city: City, *places: int) -> list[str]:
    with db.scoped_session(SYSTEM) as session:
        return [str(each) for each in make_pupils(session, city.schools[SCHOOL], places)]


def load(client: TestClient, city: City, kind: str, *places: int) -> Any:
    said = {
        "kind": kind, "issued_by": "济宁市民政局", "as_of": "2007-08-31", "basis": "authorisation",
    }  # fmt: skip
    data = sheet(*(row(place) for place in places))
    reply = client.post(
        "/api/v1/registers", data=said, files={"file": ("a.csv", data)},
        headers=city.bearer(OFFICER),
    )  # fmt: skip
    assert reply.status_code == 201, reply.text
    return reply.json()


def named(school: Caller, register: dict[str, Any]) -> set[str]:
    found = school.get(f"/registers/{register['id']}/matches", OFFICER).json()["items"]
    return {each["student_id"] for each in found}


def test_who_signed_for_one_kind_is_named_by_lists_of_that_kind_alone(
    city: City, client: TestClient, school: Caller
) -> None:
    living, disabled, unsigned, no_form = pupils(city, 201, 202, 203, 204)
    school.form(living, authorisation=leave("minimum_living"))
    school.form(disabled, authorisation=leave("disabled", "orphan"))
    school.form(unsigned)
    assert no_form
    places = (201, 202, 203, 204)
    assert named(school, load(client, city, "minimum_living", *places)) == {living}
    assert named(school, load(client, city, "disabled", *places)) == {disabled}
    assert named(school, load(client, city, "orphan", *places)) == {disabled}
    assert named(school, load(client, city, "hardship_worker", *places)) == set()


def test_who_signs_later_is_added_when_the_list_is_matched_again(
    city: City, client: TestClient, school: Caller
) -> None:
    first, later = pupils(city, 211, 212)
    school.form(first, authorisation=leave("minimum_living"))
    form = school.show(school.form(later, authorisation=leave("disabled")))
    register = load(client, city, "minimum_living", 211, 212)
    assert named(school, register) == {first}
    path = f"/registers/{register['id']}/match"
    assert school.post(OFFICER, path).json()["added"] == 0
    _sign(school, UUID(form["id"]), "disabled", "minimum_living")
    again = school.post(OFFICER, path).json()
    assert (again["added"], again["matched"]) == (1, 2)
    assert named(school, register) == {first, later}


def _sign(school: Caller, form: UUID, *kinds: str) -> None:
    said = {**ANSWERS, "authorisation": leave(*kinds)}
    done = school.put(f"school_clerk@{SCHOOL}", f"/recognitions/forms/{form}", said)
    assert done.status_code == 200, done.text


def test_the_form_knows_the_kinds_of_lists_and_no_others(city: City, school: Caller) -> None:
    [pupil] = pupils(city, 221)
    refused = school.hand_in(pupil, authorisation=leave("disability"))
    assert refused.status_code == 422


def test_a_worker_of_its_own_knows_the_signatures_and_the_work() -> None:
    asked = (
        "import app.cli; from app.core import jobs; from app.registers import permission; "
        "print(len(permission._sources), *sorted(jobs._tasks))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=Path(__file__).parents[2], capture_output=True,
        text=True, check=True, timeout=60,
    )  # fmt: skip
    sources, *tasks = done.stdout.split()
    assert sources == "1"
    assert {
        "registers.match_again",
        "registers.run",
        "imports.run",
        "notices.take_down",
        "worklist.remind",
        "auth.forget",
    } <= set(tasks)
