"""Corrections of resident ids: what meets, who moves away, what is hidden, what it costs."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, col, select

from app.core import clock, db
from app.core.actor import SYSTEM, Actor
from app.core.embedded import Cluster
from app.registry import intake
from app.registry.id_correction_errors import CorrectionsImpossible, CorrectionsMoved
from app.registry.id_correction_models import ResidentIdCorrection
from app.registry.models import Student
from app.registry.service_id_corrections import Corrected, confirm_corrections, propose_corrections
from tests.factories.id_corrections import store_scan
from tests.factories.office import City
from tests.registers.conftest import statements
from tests.registry.rows import frame_of, resident_id, row_of
from tests.registry.test_resident_id_corrections import (
    API,
    CLERK,
    DOOR,
    FAR,
    OFFICER,
    A,
    child,
    codes,
    found_by,
    fresh,
    listed,
    propose,
    proposed,
    settle,
    shown,
)

FAR_CLERK, FAR_OFFICER = f"school_clerk@{FAR}", "county_officer@370826"


def corrected(session: Session, student: str, number: str) -> Corrected:
    proof = store_scan(session, session.get_one(Student, UUID(student)))
    return Corrected(student_id=UUID(student), resident_id=number, document_id=proof)


def move_to_far(client: TestClient, city: City, student: str) -> None:
    told = client.post(
        f"{API}/students/{student}/reveal", json={"fields": ["resident_id"], "reason": "核对"},
        headers=city.bearer(OFFICER),
    ).json()["values"]  # fmt: skip
    body = {
        **told, "name": shown(client, city, student)["name"], "school_year": "2007-2008",
        "grade": 1, "reason": "随父母迁居",
    }  # fmt: skip
    asked = client.post(f"{API}/transfers", json=body, headers=city.bearer(FAR_CLERK))
    done = client.post(
        f"{API}/transfers/{asked.json()['id']}/confirm", headers=city.bearer(OFFICER)
    )
    assert done.json()["state"] == "confirmed", done.text


def test_a_child_who_moved_away_is_corrected_by_the_school_that_has_it(
    client: TestClient, city: City
) -> None:
    one, number = child(client, city), fresh()
    old = proposed(client, city, one, number)
    move_to_far(client, city, one)
    for who in (OFFICER, "city_officer"):
        late = settle(client, city, "confirm", old, who=who)
        assert (late.status_code, codes(late)) == (409, ["left"])
    new = proposed(client, city, one, number, who=FAR_CLERK)
    assert listed(client, city)[old]["state"] == "replaced"
    assert settle(client, city, "confirm", new, who=FAR_OFFICER).status_code == 200
    assert shown(client, city, one, FAR_OFFICER)["version"] == 3


def test_the_proposal_of_the_school_before_may_be_refused(client: TestClient, city: City) -> None:
    one = child(client, city)
    old = proposed(client, city, one, fresh())
    move_to_far(client, city, one)
    assert settle(client, city, "refuse", old).json() == {"count": 1}


def test_of_two_proposals_of_one_number_at_once_one_is_made(client: TestClient, city: City) -> None:
    number = fresh()
    mine, theirs = child(client, city), child(client, city, FAR_CLERK)
    answers: list[CorrectionsImpossible] = []

    def ask(student: str, by: Actor, session: Session) -> None:
        wanted = corrected(session, student, number)
        propose_corrections(session, [wanted], because="录错", by=by)

    def late() -> None:
        by = city.actor(FAR_CLERK)
        with db.scoped_session(by) as session, pytest.raises(CorrectionsImpossible) as refused:
            ask(theirs, by, session)
        answers.append(refused.value)

    by = city.actor(CLERK)
    with db.scoped_session(by) as session:
        ask(mine, by, session)
        other = threading.Thread(target=late)
        other.start()
        time.sleep(0.5)  # it has looked, found nothing, and waits for this one
        assert other.is_alive()
    other.join()
    [refused] = answers
    assert [each.code for each in refused.faults] == ["resident_id_correction.registered"]
    assert [each.where for each in refused.faults] == [theirs]


def test_of_many_who_confirm_at_once_one_does(client: TestClient, city: City) -> None:
    one, number = child(client, city), fresh()
    made = UUID(proposed(client, city, one, number))
    by = city.actor(OFFICER)

    def try_it(_: int) -> str:
        try:
            with db.scoped_session(by) as session:
                confirm_corrections(session, [made], by=by)
        except CorrectionsMoved as moved:
            return moved.code
        return "confirmed"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(try_it, range(8)))
    assert answers == ["confirmed"] + ["resident_id_correction.moved"] * 7
    assert (found_by(client, city, number), shown(client, city, one)["version"]) == ([one], 2)


def test_two_hundred_at_once_ask_no_more_of_the_database_than_two(
    session: Session, city: City
) -> None:
    asked = []
    proposer, officer = city.actor("city_officer"), city.actor("city_officer_2")
    for first, many in ((400_000, 2), (500_000, 200)):
        rows = [
            row_of(city.schools[A], resident_id=resident_id(first + each), name=f"童{each}")
            for each in range(many)
        ]
        made = intake.register(
            session, frame_of(*rows), school_year="2007-2008", entered_on=date(2007, 9, 1),
            by=SYSTEM,
        )  # fmt: skip
        wanted = [
            corrected(session, student, resident_id(600_000 + first + place))
            for place, student in enumerate(made["student_id"])
        ]
        with statements(session) as seen:
            waiting = propose_corrections(session, wanted, because="错位一行", by=proposer)
            confirm_corrections(session, [one.id for one in waiting], by=officer)
        asked.append(len(seen))
    assert asked[0] == asked[1] <= 24


def test_the_number_lies_nowhere_in_the_clear(
    client: TestClient, city: City, cluster: Cluster, database: str,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    one, right, refused = child(client, city), fresh(), fresh()
    proof = client.post(
        f"{API}/documents", files={"file": ("户口簿.pdf", b"%PDF-1.4 2")},
        headers=city.bearer(CLERK),
    ).json()["id"]  # fmt: skip
    settle(client, city, "refuse", proposed(client, city, one, refused))
    row = {"student_id": one, "resident_id": right, "document_id": proof}
    keyed = city.bearer(CLERK) | {"Idempotency-Key": "correct-1"}
    body = {"corrections": [row], "reason": "录错"}
    made = client.post(DOOR, json=body, headers=keyed)
    assert client.post(DOOR, json=body, headers=keyed).text == made.text
    assert settle(client, city, "confirm", made.json()[0]["id"]).status_code == 200
    propose(client, city, (child(client, city), right))  # refused, and that is in the trail
    seen = made.text + str(listed(client, city))
    logged = capfd.readouterr()
    for number in (right, refused):
        assert number not in seen + logged.out + logged.err
        with cluster.superuser(database) as asked:
            assert tables_with(asked, number) == []


def tables_with(asked: psycopg.Connection[Any], number: str) -> list[str]:
    """The tables of which a row has the number, as text or as bytes."""
    tables = asked.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert len(tables) > 60
    looked = "SELECT EXISTS (SELECT FROM {} t WHERE t::text LIKE ANY(%s))"
    forms = [f"%{number}%", f"%{number.encode().hex()}%"]
    return [name for (name,) in tables if asked.execute(looked.format(name), [forms]).fetchone()[0]]


def test_other_schools_see_no_proposal_and_settle_none(client: TestClient, city: City) -> None:
    made = proposed(client, city, child(client, city), fresh())
    for who in (FAR_CLERK, FAR_OFFICER):
        assert made not in listed(client, city, who)
        with db.scoped_session(city.actor(who)) as session:
            found = session.exec(select(col(ResidentIdCorrection.id))).all()
            assert UUID(made) not in found
    for verb in ("confirm", "refuse"):
        hidden = settle(client, city, verb, made, who=FAR_OFFICER)
        assert (hidden.status_code, codes(hidden)) == (404, ["not-found"])
    assert made in listed(client, city, "auditor")


def test_what_was_proposed_is_not_rewritten(client: TestClient, city: City) -> None:
    made = proposed(client, city, child(client, city), fresh())
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        db.scoped_session(SYSTEM) as session,
    ):
        session.execute(
            text("UPDATE resident_id_correction SET resident_id_index = '' WHERE id = :id"),
            {"id": made},
        )


def test_a_city_run_schools_correction_is_the_citys(client: TestClient, city: City) -> None:
    clock.set_office_day(date(2008, 3, 10))
    own = "school_clerk@3637000060"
    one = child(client, city, own)
    made = proposed(client, city, one, fresh(), who=own)
    assert settle(client, city, "confirm", made, who=OFFICER).status_code == 404
    assert settle(client, city, "confirm", made, who="city_officer").json() == {"count": 1}
