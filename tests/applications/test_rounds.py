"""Rounds: opened once, closed on their day, late only by leave."""

from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from app.applications import queries, rounds
from app.applications.errors import (
    RoundClosed,
    RoundDatesWrong,
    RoundExists,
    RoundNotOpenYet,
    RoundUnknown,
    SchoolUnknown,
)
from app.applications.models import ApplicationRound
from app.applications.rounds import Days
from app.core import db
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.policy.errors import PeriodInvalid, PolicyVersionNotFound, ProgrammeNotFound
from app.policy.service import load_catalogue
from tests.applications.cases import DAYS, PROGRAMME, SPRING, open_round
from tests.factories.office import City

PRIMARY, OTHER = "2137000006", "2137000011"
FIRST, LAST = DAYS.opens_on, DAYS.closes_on
DAY = timedelta(days=1)


@pytest.fixture
def round_(session: Session, city: City) -> ApplicationRound:
    load_catalogue(session, "jining-2008")
    return open_round(session, city.actor("city_officer"), PROGRAMME, SPRING)


@pytest.mark.parametrize("day", [FIRST, LAST])
def test_the_first_and_the_last_day_are_open(
    session: Session, city: City, round_: ApplicationRound, day: date
) -> None:
    rounds.require_open(session, round_, [city.schools[PRIMARY].id], day=day)
    assert FIRST <= day <= LAST


def test_the_day_before_is_not_open_yet(
    session: Session, city: City, round_: ApplicationRound
) -> None:
    with pytest.raises(RoundNotOpenYet) as refused:
        rounds.require_open(session, round_, [city.schools[PRIMARY].id], day=FIRST - DAY)
    assert refused.value.facts == {"opens_on": "2008-03-01"}


def test_the_day_after_is_closed_with_the_date(
    session: Session, city: City, round_: ApplicationRound
) -> None:
    with pytest.raises(RoundClosed) as refused:
        rounds.require_open(session, round_, [city.schools[PRIMARY].id], day=LAST + DAY)
    assert refused.value.facts == {"closes_on": "2008-04-30"}


def test_leave_to_be_late_holds_for_its_school_until_its_day(
    session: Session, city: City, round_: ApplicationRound
) -> None:
    officer = city.actor("county_officer@370811")
    db.enter(session, officer)
    rounds.permit_late(
        session,
        round_.id,
        school_code=PRIMARY,
        until=LAST + 5 * DAY,
        because="水灾停课",
        by=officer,
    )
    db.enter(session, SYSTEM)
    mine, other = city.schools[PRIMARY].id, city.schools[OTHER].id
    rounds.require_open(session, round_, [mine], day=LAST + 5 * DAY)
    with pytest.raises(RoundClosed) as refused:
        rounds.require_open(session, round_, [mine, other], day=LAST + DAY)
    assert [fault.where for fault in refused.value.faults] == [str(other)]
    with pytest.raises(RoundClosed):
        rounds.require_open(session, round_, [mine], day=LAST + 6 * DAY)


def test_leave_is_only_for_schools_within_scope(
    session: Session, city: City, round_: ApplicationRound
) -> None:
    officer = city.actor("county_officer@370811")
    db.enter(session, officer)
    with pytest.raises(SchoolUnknown):
        rounds.permit_late(
            session, round_.id, school_code=OTHER, until=LAST + DAY, because="水灾停课", by=officer
        )


def test_leave_that_ends_before_the_close_is_refused(
    session: Session, city: City, round_: ApplicationRound
) -> None:
    with pytest.raises(RoundDatesWrong):
        rounds.permit_late(
            session, round_.id, school_code=PRIMARY, until=LAST, because="水灾停课",
            by=city.actor("city_officer"),
        )  # fmt: skip


def test_a_programme_has_one_round_a_period(
    session: Session, city: City, round_: ApplicationRound
) -> None:
    with pytest.raises(RoundExists):
        open_round(session, city.actor("city_officer"), round_.programme, round_.period)


@pytest.mark.parametrize(
    ("programme", "period", "refusal"),
    [
        ("lunch", SPRING, ProgrammeNotFound),
        (PROGRAMME, "2007-2008", PeriodInvalid),
        ("vocational-grant", "2006-2007", PolicyVersionNotFound),
    ],
)
def test_a_round_is_for_something_that_can_be_applied_for(
    session: Session, city: City, programme: str, period: str, refusal: type[Exception]
) -> None:
    load_catalogue(session, "jining-2008")
    with pytest.raises(refusal):
        open_round(session, city.actor("city_officer"), programme, period)


def test_a_round_cannot_close_before_it_opens(session: Session, city: City) -> None:
    load_catalogue(session, "jining-2008")
    with pytest.raises(RoundDatesWrong):
        rounds.open_round(
            session,
            programme=PROGRAMME,
            period=SPRING,
            days=Days(LAST, FIRST),
            by=city.actor("city_officer"),
        )


def test_a_period_without_a_round_is_a_typed_refusal(session: Session) -> None:
    with pytest.raises(RoundUnknown):
        queries.round_of(session, PROGRAMME, "2009-spring")


@pytest.fixture(scope="module")
def served(client: TestClient, city: City) -> TestClient:
    with scoped_session(SYSTEM) as opened:
        load_catalogue(opened, "jining-2008")
    return client


def test_a_round_is_opened_extended_and_read_over_http(served: TestClient, city: City) -> None:
    officer, clerk = city.bearer("city_officer"), city.bearer(f"school_clerk@{PRIMARY}")
    asked = {
        "programme": "vocational-grant", "period": "2007-autumn",
        "opens_on": "2007-09-01", "closes_on": "2007-10-31",
    }  # fmt: skip
    assert served.post("/api/v1/rounds", json=asked, headers=clerk).status_code == 403
    made = served.post("/api/v1/rounds", json=asked, headers=officer)
    assert (made.status_code, made.json()["period"]) == (201, "2007-2008")
    path = f"/api/v1/rounds/{made.json()['id']}"
    change = {"closes_on": "2007-11-15", "reason": "延期"}
    assert served.patch(path, json=change, headers=officer).status_code == 428
    stale = {**officer, "If-Match": '"7"'}
    assert served.patch(path, json=change, headers=stale).status_code == 412
    seen = {**officer, "If-Match": made.headers["ETag"]}
    changed = served.patch(path, json=change, headers=seen)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    listed = served.get("/api/v1/rounds?programme=vocational-grant", headers=clerk).json()
    assert [each["closes_on"] for each in listed["items"]] == ["2007-11-15"]


def test_an_unknown_round_is_not_found(served: TestClient, city: City) -> None:
    path = "/api/v1/rounds/019ab000-0000-7000-8000-000000000000"
    answer = served.get(path, headers=city.bearer("auditor"))
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/round.unknown")
