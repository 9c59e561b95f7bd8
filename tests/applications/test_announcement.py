"""The centre's notice: what it shows, objections to it, and what is confirmed after it."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlmodel import col

from app.applications.models import Application
from app.awards.models import Award
from app.core import clock, db
from app.core.actor import SYSTEM
from app.notices import service as notices
from app.notices.models import NoticeLine
from tests.factories.cases import BOARDERS, make_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City

SCHOOL, WEISHAN = "2137000006", "2137000011"
EACH = 250_00
MONDAY, LAST, AFTER = date(2008, 3, 10), date(2008, 3, 17), date(2008, 3, 18)


class Centre:
    """The centre over HTTP, with approved cases of one period."""

    def __init__(self, city: City, client: TestClient, year: int) -> None:
        self.city, self.client, self.year = city, client, year
        self.period = f"{year}-spring"
        with db.scoped_session(SYSTEM) as session:
            appropriate(session, 3 * EACH, year=year)
            made = make_cases(session, city.schools[SCHOOL], 3, EACH, period=self.period)
        self.cases = [str(each) for each in made]
        said = {"verdict": "approve", "reason": "seen", "ids": self.cases}
        assert self.post("city_officer", "/decisions", said).status_code == 201

    def post(self, who: str, path: str, body: Any = None) -> Any:
        return self.client.post(f"/api/v1{path}", json=body, headers=self.city.bearer(who))

    def get(self, path: str, who: str | None = None) -> Any:
        headers = self.city.bearer(who) if who else {}
        return self.client.get(f"/api/v1{path}", headers=headers)

    def announce(self, **other: Any) -> Any:
        said = {"programme": BOARDERS, "period": self.period, **other}
        return self.post("city_officer", "/announcements", said)

    def object_to(self, case: str, who: str = "county_officer@370811") -> Any:
        said = {"application_id": case, "words": "家里有车"}
        return self.post(who, "/objections", said)

    def settle(self, objection: str, verdict: str, who: str = "city_officer_2") -> Any:
        return self.post(
            who, f"/objections/{objection}/settle", {"verdict": verdict, "because": "已核实"}
        )

    def states(self) -> list[str]:
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(
                select(col(Application.state))
                .where(col(Application.id).in_([UUID(each) for each in self.cases]))
                .order_by(col(Application.id))
            ).scalars()
            return [each.value for each in found]

    def awards(self) -> list[str]:
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(
                select(col(Award.state))
                .where(col(Award.period) == self.period)
                .order_by(col(Award.application_id))
            ).scalars()
            return [each.value for each in found]

    def money(self) -> dict[str, int]:
        with db.scoped_session(SYSTEM) as session:
            return balances(session, line_code(year=self.year))


@pytest.fixture
def centre(city: City, client: TestClient, request: pytest.FixtureRequest) -> Centre:
    clock.set_office_day(MONDAY)
    asked = [item for item in request.session.items if item.path == request.node.path]
    # Fiscal years up to that of the office day, so that the money is committed at once.
    return Centre(city, client, 1990 + asked.index(request.node))


def test_a_notice_shows_name_school_grade_and_class_and_nothing_else(centre: Centre) -> None:
    made = centre.announce()
    assert made.status_code == 201, made.text
    seen = made.json()
    assert (seen["shown_from"], seen["shown_to"]) == ("2008-03-10", "2008-03-17")
    assert (seen["working_days"], seen["holidays_known"], seen["line_count"]) == (5, True, 3)
    assert centre.states() == ["announced"] * 3
    shown = centre.get(f"/public/notices/{seen['number']}")
    assert shown.status_code == 200
    lines = shown.json()["items"]
    assert len(lines) == 3
    assert all(set(line) == {"name", "school", "grade", "class_name"} for line in lines)
    assert lines[0]["school"] == "任城区次丘镇中心小学"
    assert set(NoticeLine.model_fields) == {
        "id", "notice_id", "subject_id", "line_no", "school_id", "county_id",
        "name", "school_name", "grade", "class_name",
    }  # fmt: skip


def test_pages_of_a_notice_hold_every_line_once(centre: Centre) -> None:
    number = centre.announce().json()["number"]
    first = centre.get(f"/public/notices/{number}?limit=2").json()
    rest = centre.get(f"/public/notices/{number}?limit=2&cursor={first['next']}").json()
    names = [line["name"] for line in first["items"] + rest["items"]]
    assert (len(names), len(set(names)), rest["next"]) == (3, 3, None)
    own = centre.get(f"/notices/{number}", f"school_head@{SCHOOL}").json()
    assert len(own["items"]) == 3
    assert centre.get(f"/notices/{number}", f"school_head@{WEISHAN}").json()["items"] == []


def test_fewer_days_than_the_programme_asks_are_refused_with_both_figures(centre: Centre) -> None:
    refused = centre.announce(working_days=4)
    assert refused.status_code == 422
    assert (refused.json()["working_days"], refused.json()["working_days_needed"]) == (4, 5)
    assert centre.announce(working_days=6).json()["shown_to"] == "2008-03-18"


def test_named_cases_that_are_not_approved_refuse_the_notice(centre: Centre) -> None:
    assert centre.announce(ids=centre.cases[:1]).json()["line_count"] == 1
    refused = centre.announce(ids=centre.cases)
    assert (refused.status_code, refused.json()["errors"][0]["state"]) == (409, "announced")
    assert centre.announce().json()["line_count"] == 2
    assert centre.announce().status_code == 409


def test_a_notice_past_its_last_day_is_gone_before_and_after_the_job(centre: Centre) -> None:
    number = centre.announce().json()["number"]
    path = f"/public/notices/{number}"
    clock.set_office_day(LAST)
    assert centre.get(path).status_code == 200
    clock.set_office_day(AFTER)
    assert centre.get(path).status_code == 404
    with db.scoped_session(SYSTEM) as session:
        assert notices.take_down_due(session, AFTER, by=SYSTEM) >= 1
    with db.scoped_session(SYSTEM) as session:
        assert notices.take_down_due(session, AFTER, by=SYSTEM) == 0
        subjects = [UUID(each) for each in centre.cases]
        kept = select(NoticeLine.id).where(col(NoticeLine.subject_id).in_(subjects))
        assert not session.execute(kept).all()
    assert centre.get(path).status_code == 404


def test_confirmation_comes_after_the_last_day_and_grants_the_awards_once(centre: Centre) -> None:
    notice = centre.announce().json()["id"]
    path = f"/announcements/{notice}/confirm"
    clock.set_office_day(LAST)
    early = centre.post("city_officer", path)
    assert (early.status_code, early.json()["shown_to"]) == (409, "2008-03-17")
    clock.set_office_day(AFTER)
    with db.scoped_session(SYSTEM) as session:
        notices.take_down_due(session, AFTER, by=SYSTEM)
    done = centre.post("city_officer", path)
    assert done.json() == {"confirmed": 3, "held_back": []}
    assert (centre.states(), centre.awards()) == (["confirmed"] * 3, ["granted"] * 3)
    assert centre.post("city_officer", path).json() == {"confirmed": 0, "held_back": []}


def test_an_open_objection_holds_its_case_back_until_it_is_dismissed(centre: Centre) -> None:
    notice = centre.announce().json()["id"]
    objection = centre.object_to(centre.cases[1]).json()["id"]
    clock.set_office_day(AFTER)
    done = centre.post("city_officer", f"/announcements/{notice}/confirm").json()
    assert (done["confirmed"], len(done["held_back"])) == (2, 1)
    assert centre.states() == ["confirmed", "announced", "confirmed"]
    assert centre.settle(objection, "dismiss").json()["state"] == "dismissed"
    assert centre.settle(objection, "uphold").status_code == 409
    again = centre.post("city_officer", f"/announcements/{notice}/confirm").json()
    assert again == {"confirmed": 1, "held_back": []}


def test_an_objection_upheld_rejects_the_case_and_releases_its_money(centre: Centre) -> None:
    number = centre.announce().json()["number"]
    assert centre.money()["committed"] == 3 * EACH
    objection = centre.object_to(centre.cases[0]).json()["id"]
    twin = centre.object_to(centre.cases[0]).json()["id"]
    settled = centre.settle(objection, "uphold")
    assert (settled.status_code, settled.json()["state"]) == (200, "upheld")
    assert centre.settle(twin, "dismiss").status_code == 409
    assert centre.states() == ["rejected", "announced", "announced"]
    assert centre.awards()[0] == "cancelled"
    assert (centre.money()["committed"], centre.money()["available"]) == (2 * EACH, EACH)
    assert len(centre.get(f"/public/notices/{number}").json()["items"]) == 2


def test_who_decided_the_case_does_not_settle_the_objection(centre: Centre) -> None:
    centre.announce()
    objection = centre.object_to(centre.cases[0]).json()["id"]
    refused = centre.settle(objection, "dismiss", "city_officer")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/objection.four-eyes")
    assert centre.settle(objection, "dismiss", "county_officer@370811").status_code == 403


def test_only_a_case_in_an_open_notice_can_be_objected_to(centre: Centre) -> None:
    assert centre.object_to(centre.cases[0]).status_code == 409
    centre.announce()
    assert centre.object_to(centre.cases[0], "county_officer@370826").status_code == 404
    clock.set_office_day(AFTER)
    late = centre.object_to(centre.cases[0])
    assert (late.status_code, late.json()["type"]) == (409, "/problems/notice.over")


def test_only_the_city_announces(centre: Centre) -> None:
    said = {"programme": BOARDERS, "period": centre.period}
    for who in ("county_officer@370811", "finance_maker", f"school_head@{SCHOOL}"):
        assert centre.post(who, "/announcements", said).status_code == 403
