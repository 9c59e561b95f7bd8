"""Open cases under a new version: judged again on request only, and what flips is listed."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from app.applications import decisions, reassessing
from app.applications.models import Verdict
from app.applications.orders import Order
from app.core import clock, db
from app.core.actor import SYSTEM
from app.policy import drafting
from app.policy.service import load_catalogue
from tests.applications.cases import OPEN_DAY, PROGRAMME, SPRING, Office, bring, open_round, row_of
from tests.factories.office import City
from tests.policy_db.drafts import version

PRIMARY = "2137000006"


@pytest.fixture
def office(session: Session, city: City) -> Office:
    clock.set_office_day(OPEN_DAY)
    load_catalogue(session, "jining-2008")
    round_ = open_round(session, city.actor("city_officer"), PROGRAMME, SPRING)
    clerk = city.actor(f"school_clerk@{PRIMARY}")
    return Office(round_, clerk, city.schools[PRIMARY])


def publish(session: Session, city: City, **changed: Any) -> None:
    made = drafting.draft(
        session, PROGRAMME, version(**changed), because="调标", by=city.actor("city_officer")
    )
    drafting.approve(session, PROGRAMME, made.id, because="同意", by=city.actor("city_officer_2"))


def needier_only(least: int) -> dict[str, Any]:
    """The version for those of at least that hardship level, at 600 yuan."""
    whole = version()
    criteria = [each for each in whole["criterion"] if each["id"] != "hardship"]
    test = {"id": "hardship", "test": f"hardship >= {least}", "zh": "困难", "en": "in hardship"}
    return {
        "criterion": [*criteria, test],
        "example": [
            {"given": {**each["given"], "hardship": level}, "gives": {"eligible": level >= least}}
            for level in (0, 1, 2, 3)
            for each in whole["example"][:2]
        ],
    }


def reassess(session: Session, city: City, *, dry_run: bool = False) -> reassessing.Reassessed:
    by = city.actor("city_officer")
    db.enter(session, by)
    return reassessing.reassess(session, PROGRAMME, SPRING, by=by, dry_run=dry_run)


def cases(session: Session) -> list[tuple[object, ...]]:
    found = session.execute(
        text(
            "SELECT a.student_name, a.state, a.submission_no, a.eligible, a.amount_fen "
            "FROM application a JOIN submission s ON s.application_id = a.id "
            "AND s.submission_no = a.submission_no AND s.eligible IS NOT DISTINCT FROM a.eligible "
            "AND s.amount_fen IS NOT DISTINCT FROM a.amount_fen ORDER BY a.number"
        )
    )
    return [tuple(row) for row in found]


def test_a_new_version_touches_no_case_until_it_is_asked_for(
    session: Session, city: City, office: Office
) -> None:
    bring(session, office, row_of(office.school, 1), row_of(office.school, 2, hardship=0))
    publish(session, city)
    before = [
        ("赵芳1", "submitted", 1, True, 250_00),
        ("赵芳2", "submitted", 1, False, None),
    ]
    assert cases(session) == before
    tried = reassess(session, city, dry_run=True)
    assert (tried.cases, tried.alike, tried.left_alone) == (2, 1, 0)
    [flip] = tried.flips
    assert (flip.flip, flip.amount_fen_before, flip.amount_fen_after) == ("changes", 25000, 30000)
    assert cases(session) == before
    assert reassess(session, city).flips == tried.flips
    assert cases(session) == [
        ("赵芳1", "submitted", 2, True, 300_00),
        ("赵芳2", "submitted", 1, False, None),  # alike: as it was handed in and signed
    ]
    assert reassess(session, city).flips == ()


def test_who_gains_loses_or_must_be_asked_is_told_apart(
    session: Session, city: City, office: Office
) -> None:
    rows = [row_of(office.school, at, hardship=level) for at, level in enumerate((1, 2, None))]
    bring(session, office, *rows)
    publish(session, city, **needier_only(2))
    found = reassess(session, city)
    assert [(each.flip, each.failed) for each in found.flips] == [
        ("loses", ("hardship",)),
        ("changes", ()),
    ]
    # A draft that lacked a fact still lacks it.
    assert [row[1:] for row in cases(session)] == [
        ("submitted", 2, False, None),
        ("submitted", 2, True, 300_00),
        ("draft", 1, None, None),
    ]
    publish(session, city, **needier_only(1))
    assert [each.flip for each in reassess(session, city).flips] == ["gains"]


def test_a_case_an_officer_has_decided_keeps_its_version(
    session: Session, city: City, office: Office
) -> None:
    bring(session, office, row_of(office.school, 1), row_of(office.school, 2))
    session.execute(text("UPDATE application SET state = 'in_review', step = 'county'"))
    first = session.execute(text("SELECT id FROM application ORDER BY number LIMIT 1")).scalar_one()
    county = city.actor("county_officer@370811")
    db.enter(session, county)
    decisions.decide(
        session, Order(verdict=Verdict.APPROVE, reason="符合", ids=(first,)), by=county
    )
    publish(session, city)
    found = reassess(session, city)
    assert (found.cases, found.left_alone, len(found.flips)) == (2, 1, 1)
    assert [row[2:] for row in cases(session)] == [(1, True, 250_00), (2, True, 300_00)]


def at_the_door(client: TestClient, city: City, who: str, body: dict[str, Any]) -> Any:
    url = f"/api/v1/programmes/{PROGRAMME}/reassess"
    return client.post(url, json=body, headers=city.bearer(who))


def test_the_door_tries_then_writes_and_lists_who_flips(client: TestClient, city: City) -> None:
    clock.set_office_day(OPEN_DAY)
    clerk = city.actor(f"school_clerk@{PRIMARY}")
    with db.scoped_session(SYSTEM) as opened:
        load_catalogue(opened, "jining-2008")
        round_ = open_round(opened, city.actor("city_officer"), PROGRAMME, SPRING)
        made = Office(round_, clerk, city.schools[PRIMARY])
        bring(opened, made, *(row_of(made.school, at, hardship=at) for at in (1, 2)))
        publish(opened, city, **needier_only(2))
    tried = at_the_door(client, city, "city_officer", {"period": SPRING}).json()
    assert (tried["state"], tried["cases"], tried["alike"], tried["left_alone"]) == (
        "tried", 2, 0, 0,
    )  # fmt: skip
    assert [
        (each["flip"], each["amount_before"], each["amount_after"], each["failed"])
        for each in tried["flips"]
    ] == [("loses", "250.00", None, ["hardship"]), ("changes", "250.00", "300.00", [])]
    with db.scoped_session(SYSTEM) as opened:
        assert [row[2:] for row in cases(opened)] == [(1, True, 250_00)] * 2
    asked = {"period": SPRING, "dry_run": False}
    written = at_the_door(client, city, "city_officer", asked).json()
    assert written == {**tried, "state": "written"}
    with db.scoped_session(SYSTEM) as opened:
        assert [row[2:] for row in cases(opened)] == [(2, False, None), (2, True, 300_00)]
    again = at_the_door(client, city, "city_officer", asked).json()
    assert (again["cases"], again["flips"]) == (0, [])


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        ("county_officer@370811", {"period": SPRING}, 403),
        (f"school_head@{PRIMARY}", {"period": SPRING}, 403),
        ("city_officer", {"period": "2007-2008x"}, 422),
        ("city_officer", {"period": SPRING, "because": "?"}, 422),
    ],
)
def test_the_door_refuses_others_and_what_it_does_not_know(
    client: TestClient, city: City, who: str, body: dict[str, Any], status: int
) -> None:
    assert at_the_door(client, city, who, body).status_code == status
