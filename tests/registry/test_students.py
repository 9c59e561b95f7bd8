"""Students over HTTP: registered, masked, corrected, revealed, confirmed, gone."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from app.audit.models import AuditEvent, AuditRecord
from app.core import clock, db
from app.core.actor import SYSTEM
from tests.factories.office import City
from tests.registry.rows import card, resident_id

API = "/api/v1"
A, B, FAR = "2137000006", "3137000008", "2137000011"


def sent(seed: int | None, **given: Any) -> dict[str, Any]:
    """A registration; no seed, no resident id."""
    number = {} if seed is None else {"resident_id": resident_id(seed)}
    return {"school_year": "2007-2008", "name": f"学生{seed}", "grade": 1, **number, **given}


def register(client: TestClient, city: City, body: dict[str, Any], who: str = "") -> dict[str, Any]:
    me = city.bearer(who or f"school_clerk@{A}")
    made = client.post(f"{API}/students", json=body, headers=me)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def acts(student_id: str) -> list[AuditEvent]:
    with db.scoped_session(SYSTEM) as session:
        query = (
            select(AuditEvent)
            .join(AuditRecord, col(AuditRecord.event_id) == col(AuditEvent.id))
            .where(AuditRecord.record_id == UUID(student_id))
            .order_by(col(AuditEvent.at))
        )
        return list(session.exec(query))


def test_numbers_are_masked_in_every_answer(client: TestClient, city: City) -> None:
    number, guardian = resident_id(1), resident_id(2)
    made = register(client, city, sent(1, guardian_resident_id=guardian, telephone="13812345678"))
    assert made["resident_id"] == f"{number[:4]}**********{number[-4:]}"
    assert made["guardian_resident_id"].endswith(guardian[-4:])
    assert made["telephone"] == "*******5678"
    me = city.bearer(f"school_clerk@{A}")
    for path in (f"/students/{made['id']}", "/students"):
        answer = client.get(API + path, headers=me).text
        assert number not in answer
        assert guardian not in answer
        assert "13812345678" not in answer


def test_fifteen_digits_become_eighteen_and_are_found_by_either(
    client: TestClient, city: City
) -> None:
    number = resident_id(100)
    short = number[:6] + number[8:17]
    made = register(client, city, sent(None, name="旧证", resident_id=short))
    assert made["identity"] == "documented"
    assert made["resident_id"][-4:] == number[-4:]
    me = city.bearer(f"school_clerk@{A}")
    for sought in (short, number):
        found = client.get(f"{API}/students", params={"resident_id": sought}, headers=me)
        assert [one["id"] for one in found.json()["items"]] == [made["id"]]


def test_every_wrong_field_is_named_and_nothing_is_saved(client: TestClient, city: City) -> None:
    number = resident_id(3)
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    body = sent(
        None,
        name="错误",
        resident_id=wrong,
        account={"kind": "card", "number": "6228480000000000001", "holder": "guardian",
                 "holder_name": "某"},
    )  # fmt: skip
    me = city.bearer(f"school_clerk@{A}")
    refused = client.post(f"{API}/students", json=body, headers=me)
    assert refused.status_code == 422
    named = {(one["code"], one["where"]) for one in refused.json()["errors"]}
    assert ("id_checksum", "/resident_id") in named
    assert ("card_luhn", "/account/number") in named
    assert ("guardian_account_unexplained", "/account/relation") in named
    assert wrong not in refused.text
    found = client.get(f"{API}/students", params={"name": "错误"}, headers=me)
    assert found.json()["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"grade": "1"},
        {"grade": True},
        {"grade": 13},
        {"boards": 1},
        {"school_year": "2007-2009"},
        {"nickname": "x"},
        {"sex": "m"},
        {"name": "a\x00b"},
        {"name": "换\n行"},
        {"telephone": "=1+1"},
        {"guardian_name": "长" * 81},
    ],
)
def test_what_is_not_in_the_schema_is_refused(
    client: TestClient, city: City, wrong: dict[str, Any]
) -> None:
    me = city.bearer(f"school_clerk@{A}")
    refused = client.post(f"{API}/students", json=sent(4, **wrong), headers=me)
    assert refused.status_code == 422
    assert refused.headers["content-type"].startswith("application/problem+json")


def test_rare_names_are_kept_as_they_are(client: TestClient, city: City) -> None:
    for seed, name in ((5, "䶮㛃"), (6, "𬭎"), (7, "阿依古丽·买买提")):
        made = register(client, city, sent(seed, name=name))
        found = client.get(
            f"{API}/students", params={"name": name}, headers=city.bearer(f"school_head@{A}")
        )
        assert [one["id"] for one in found.json()["items"]] == [made["id"]]


def test_who_is_at_another_school_is_a_conflict_and_who_is_here_too(
    client: TestClient, city: City
) -> None:
    made = register(client, city, sent(8))
    other = client.post(f"{API}/students", json=sent(8), headers=city.bearer(f"school_head@{B}"))
    assert (other.status_code, other.json()["type"]) == (409, "/problems/student_elsewhere")
    assert made["id"] not in other.text
    here = client.post(f"{API}/students", json=sent(8), headers=city.bearer(f"school_head@{A}"))
    assert (here.status_code, here.json()["student_id"]) == (409, made["id"])


def test_another_schools_student_is_not_found_by_id_filter_or_act(
    client: TestClient, city: City
) -> None:
    made = register(client, city, sent(9))
    me = {**city.bearer(f"school_head@{FAR}"), "If-Match": '"1"'}
    one = f"{API}/students/{made['id']}"
    assert client.get(one, headers=me).status_code == 404
    assert client.get(f"{one}/enrolments", headers=me).status_code == 404
    assert client.get(f"{one}/accounts", headers=me).status_code == 404
    assert client.get(f"{one}/households/2007-2008", headers=me).status_code == 404
    assert client.patch(one, json={"name": "x"}, headers=me).status_code == 404
    assert client.put(f"{one}/households/2007-2008", json={}, headers=me).status_code == 404
    for sought in ({"name": "学生9"}, {"resident_id": resident_id(9)},
                   {"school": str(city.schools[A].id)}):  # fmt: skip
        found = client.get(f"{API}/students", params=sought, headers=me)
        assert found.json()["items"] == []
    reveal = {"fields": ["resident_id"], "reason": "核对"}
    assert client.post(f"{one}/reveal", json=reveal, headers=me).status_code == 404
    gone = {"ids": [made["id"]], "left_on": "2008-03-01", "reason": "离校"}
    assert client.post(f"{API}/students/leave", json=gone, headers=me).status_code == 404


def test_a_class_teacher_sees_the_own_class_alone(client: TestClient, city: City) -> None:
    mine = register(client, city, sent(10, name="班内", class_name="1"))
    register(client, city, sent(11, name="班外", class_name="2"))
    me = city.bearer(f"class_teacher@{A}")
    seen = client.get(f"{API}/students?limit=200", headers=me).json()["items"]
    assert mine["id"] in [one["id"] for one in seen]
    assert "班外" not in [one["name"] for one in seen]


def test_a_class_teacher_no_longer_sees_who_has_moved_up(client: TestClient, city: City) -> None:
    made = register(client, city, sent(12, class_name="1", school_year="2006-2007"))
    me, clerk = city.bearer(f"class_teacher@{A}"), city.bearer(f"school_clerk@{A}")
    assert client.get(f"{API}/students/{made['id']}", headers=me).status_code == 200
    path = f"{API}/students/{made['id']}/enrolments"
    up = {"school_year": "2007-2008", "grade": 2, "class_name": "1"}
    assert client.post(path, json=up, headers=clerk).status_code == 201
    assert client.get(f"{API}/students/{made['id']}", headers=me).status_code == 404
    again = client.post(path, json=up, headers=clerk)
    assert again.json()["type"] == "/problems/enrolment.open"


def test_a_correction_is_audited_by_field_names_only(client: TestClient, city: City) -> None:
    made = register(client, city, sent(13))
    me = city.bearer(f"school_clerk@{A}")
    path = f"{API}/students/{made['id']}"
    changed = client.patch(
        path,
        json={"name": "改名", "telephone": "13700001111"},
        headers={**me, "If-Match": '"1"'},
    )
    assert (changed.status_code, changed.json()["name"]) == (200, "改名")
    assert changed.headers["ETag"] == '"2"'
    last = acts(made["id"])[-1]
    assert last.did == "student.changed"
    assert sorted(last.detail["fields"]) == ["name", "telephone"]
    assert "13700001111" not in str(last.detail)
    assert client.patch(path, json={"name": "再"}, headers=me).status_code == 428
    stale = client.patch(path, json={"name": "再"}, headers={**me, "If-Match": '"1"'})
    assert stale.status_code == 412


def test_a_resident_id_decides_birth_date_and_sex(client: TestClient, city: City) -> None:
    made = register(client, city, sent(14))
    refused = client.patch(
        f"{API}/students/{made['id']}",
        json={"birth_on": "1980-01-01"},
        headers={**city.bearer(f"school_clerk@{A}"), "If-Match": '"1"'},
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "id_contradicted"


def test_a_provisional_student_becomes_documented_by_a_resident_id_nobody_has(
    client: TestClient, city: City
) -> None:
    register(client, city, sent(15), who=f"school_clerk@{B}")
    made = register(client, city, sent(None, name="待补", birth_on="1999-01-01"))
    assert (made["identity"], made["resident_id"]) == ("provisional", None)
    path, me = f"{API}/students/{made['id']}", city.bearer(f"school_clerk@{A}")
    taken = client.patch(
        path, json={"resident_id": resident_id(15)}, headers={**me, "If-Match": '"1"'}
    )
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/student_elsewhere")
    done = client.patch(
        path, json={"resident_id": resident_id(16)}, headers={**me, "If-Match": '"1"'}
    )
    assert (done.status_code, done.json()["identity"]) == (200, "documented")
    again = client.patch(
        path, json={"resident_id": resident_id(17)}, headers={**me, "If-Match": '"2"'}
    )
    assert again.json()["type"] == "/problems/student.resident-id-stands"


def test_an_officer_confirms_a_provisional_student_whose_facts_are_known(
    client: TestClient, city: City
) -> None:
    bare = register(client, city, sent(None, name="待确认甲"))
    whole = register(
        client, city,
        sent(None, name="待确认乙", birth_on="1999-02-02", guardian_resident_id=resident_id(18)),
    )  # fmt: skip
    both = {"ids": [bare["id"], whole["id"]], "reason": "入户核实"}
    school = city.bearer(f"school_head@{A}")
    officer = city.bearer("county_officer@370811")
    path = f"{API}/students/confirm-identity"
    assert client.post(path, json=both, headers=school).status_code == 403
    refused = client.post(path, json=both, headers=officer)
    assert refused.status_code == 409
    assert {(one["where"], one["fact"]) for one in refused.json()["errors"]} == {
        (bare["id"], "birth_on"),
        (bare["id"], "guardian_resident_id"),
    }
    one = {**both, "ids": [whole["id"]]}
    assert client.post(path, json=one, headers=officer).json() == {"count": 1}
    seen = client.get(f"{API}/students/{whole['id']}", headers=school)
    assert seen.json()["identity"] == "confirmed"
    assert client.post(path, json=one, headers=officer).status_code == 409
    # Whose name changes after that must be confirmed anew.
    changed = client.patch(
        f"{API}/students/{whole['id']}",
        json={"name": "另一人"},
        headers={**school, "If-Match": seen.headers["ETag"]},
    )
    assert changed.json()["identity"] == "provisional"


def test_a_number_is_revealed_with_a_reason_and_that_is_kept(
    client: TestClient, city: City
) -> None:
    account = {"kind": "card", "number": card(19), "holder_name": "学生19"}
    made = register(client, city, sent(19, account=account))
    path = f"{API}/students/{made['id']}/reveal"
    asked = {"fields": ["resident_id", "telephone", "account_number"], "reason": "银行退回核对"}
    shown = client.post(path, json=asked, headers=city.bearer(f"school_head@{A}"))
    assert shown.json()["values"] == {
        "resident_id": resident_id(19), "telephone": None, "account_number": card(19),
    }  # fmt: skip
    assert shown.headers["Cache-Control"] == "no-store"
    last = acts(made["id"])[-1]
    assert (last.did, last.because) == ("student.revealed", "银行退回核对")
    assert resident_id(19) not in str(last.detail)


def test_a_refused_reveal_is_kept_too(client: TestClient, city: City) -> None:
    made = register(client, city, sent(20))
    who = f"class_teacher@{A}"
    refused = client.post(
        f"{API}/students/{made['id']}/reveal",
        json={"fields": ["resident_id"], "reason": "好奇"},
        headers=city.bearer(who),
    )
    assert refused.status_code == 403
    with db.scoped_session(SYSTEM) as session:
        kept = session.exec(
            select(AuditEvent).where(
                AuditEvent.actor_id == city.staff[who].id, AuditEvent.did == "student.reveal"
            )
        ).one()
    assert kept.refused


def test_who_left_has_a_closed_enrolment_in_the_history(client: TestClient, city: City) -> None:
    made = register(client, city, sent(21, entered_on="2007-09-01"))
    me = city.bearer(f"school_clerk@{A}")
    gone = {"ids": [made["id"]], "left_on": "2007-08-31", "reason": "随父母外出"}
    early = client.post(f"{API}/students/leave", json=gone, headers=me)
    assert early.json()["errors"][0]["code"] == "enrolment.left-before-entered"
    gone["left_on"] = "2008-03-10"
    assert client.post(f"{API}/students/leave", json=gone, headers=me).json() == {"count": 1}
    again = client.post(f"{API}/students/leave", json=gone, headers=me)
    assert again.json()["errors"][0]["code"] == "enrolment.none-open"
    [enrolment] = client.get(f"{API}/students/{made['id']}/enrolments", headers=me).json()
    assert (enrolment["left_on"], enrolment["left_because"]) == ("2008-03-10", "随父母外出")


def test_nobody_leaves_on_a_day_to_come(client: TestClient, city: City) -> None:
    clock.set_office_day(date(2008, 3, 10))
    made = register(client, city, sent(25, entered_on="2007-09-01"))
    gone = {"ids": [made["id"]], "left_on": "2008-03-11", "reason": "将离校"}
    me = city.bearer(f"school_clerk@{A}")
    refused = client.post(f"{API}/students/leave", json=gone, headers=me)
    assert refused.json()["errors"][0]["code"] == "enrolment.left-in-future"
    gone["left_on"] = "2008-03-10"
    assert client.post(f"{API}/students/leave", json=gone, headers=me).status_code == 200


def test_a_filter_with_a_control_character_is_refused(client: TestClient, city: City) -> None:
    me = city.bearer(f"school_clerk@{A}")
    for path in ("students?name=a%00", "students?class_name=%00", "schools?name=%00"):
        assert client.get(f"{API}/{path}", headers=me).status_code == 422


def test_an_enrolment_is_corrected_against_its_version(client: TestClient, city: City) -> None:
    made = register(client, city, sent(22))
    me = city.bearer(f"school_clerk@{A}")
    [enrolment] = client.get(f"{API}/students/{made['id']}/enrolments", headers=me).json()
    path = f"{API}/enrolments/{enrolment['id']}"
    assert client.patch(path, json={"grade": 2}, headers=me).status_code == 428
    done = client.patch(path, json={"grade": 2, "boards": True}, headers={**me, "If-Match": '"1"'})
    assert (done.json()["grade"], done.json()["boards"], done.json()["version"]) == (2, True, 2)
    far = {**city.bearer(f"school_clerk@{FAR}"), "If-Match": '"2"'}
    assert client.patch(path, json={"grade": 3}, headers=far).status_code == 404
    gone = {"ids": [made["id"]], "left_on": enrolment["entered_on"], "reason": "转出外省"}
    assert client.post(f"{API}/students/leave", json=gone, headers=me).status_code == 200
    closed = client.patch(path, json={"grade": 3}, headers={**me, "If-Match": '"3"'})
    assert closed.json()["type"] == "/problems/enrolment.closed"


def test_a_household_is_written_whole_for_a_school_year(client: TestClient, city: City) -> None:
    made = register(client, city, sent(23, household={"hukou": "rural", "members": 5}))
    me = city.bearer(f"school_clerk@{A}")
    path = f"{API}/students/{made['id']}/households"
    written = client.put(
        f"{path}/2007-2008", json={"members": 4, "income_per_head": "1234.50"}, headers=me
    )
    assert written.json()["income_per_head"] == "1234.50"
    seen = client.get(f"{path}/2007-2008", headers=me).json()
    assert (seen["hukou"], seen["members"], seen["version"]) == (None, 4, 2)
    assert client.get(f"{path}/2008-2009", headers=me).status_code == 404
    assert client.get(f"{path}/2008-2010", headers=me).status_code == 422
    for wrong in ({"income_per_head": 12}, {"income_per_head": "-1.00"}, {"members": 0}):
        assert client.put(f"{path}/2007-2008", json=wrong, headers=me).status_code == 422


def test_an_office_names_the_school_and_only_one_of_its_own(client: TestClient, city: City) -> None:
    me = city.bearer("county_officer@370811")
    unsaid = client.post(f"{API}/students", json=sent(24), headers=me)
    assert unsaid.json()["type"] == "/problems/school.not-said"
    far = sent(24, school_id=str(city.schools[FAR].id))
    assert client.post(f"{API}/students", json=far, headers=me).status_code == 404
    own = sent(24, school_id=str(city.schools[A].id))
    assert client.post(f"{API}/students", json=own, headers=me).status_code == 201
