"""A school's reporting batch: filled by one, endorsed by another, handed up; or zero."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlmodel import col

from app.applications.models import Application, ApplicationRound, Submission
from app.core import clock, db
from app.core.actor import SYSTEM
from tests.factories.cases import BOARDERS, make_cases, make_round
from tests.factories.office import City

SCHOOL, JUNIOR, WEISHAN, VOCATIONAL = "2137000006", "3137000008", "2137000011", "3637000010"
CLERK, HEAD, TEACHER = f"school_clerk@{SCHOOL}", f"school_head@{SCHOOL}", f"class_teacher@{SCHOOL}"
# Five working days: Monday 3 to Friday 7 March 2008.
FILLED = {
    "panel": ["王校长", "李老师", "赵家长"],
    "panel_met_on": "2008-02-28",
    "notice_from": "2008-03-03",
    "notice_to": "2008-03-07",
}
BATCHES = "/api/v1/batches"


class Reporting:
    """One round of the city over HTTP."""

    def __init__(self, city: City, client: TestClient, period: str) -> None:
        self.city, self.client, self.period = city, client, period
        with db.scoped_session(SYSTEM) as session:
            make_cases(session, city.schools[WEISHAN], 1, period=period, state="submitted")
            self.round_id = str(make_round(session, BOARDERS, period))

    def cases(self, n: int, state: str = "submitted", school: str = SCHOOL) -> list[UUID]:
        with db.scoped_session(SYSTEM) as session:
            return make_cases(
                session, self.city.schools[school], n, period=self.period, state=state
            )

    def change(self, ids: list[UUID], **values: Any) -> None:
        with db.scoped_session(SYSTEM) as session:
            session.execute(update(Application).where(col(Application.id).in_(ids)).values(values))

    def call(self, who: str, verb: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {**self.city.bearer(who), "Accept-Language": "en", **headers}
        return self.client.request(verb, path, json=body, headers=sent)

    def fill(self, who: str = CLERK, **other: Any) -> Any:
        return self.call(who, "POST", BATCHES, {"round_id": self.round_id, **FILLED, **other})

    def act(self, who: str, batch: str, verb: str) -> Any:
        return self.call(who, "POST", f"{BATCHES}/{batch}/{verb}")

    def states(self, ids: list[UUID]) -> list[tuple[str, str | None]]:
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(
                select(col(Application.state), col(Application.step))
                .where(col(Application.id).in_(ids))
                .order_by(col(Application.id))
            ).all()
        return [(state.value, step.value if step else None) for state, step in found]


@pytest.fixture
def reporting(city: City, client: TestClient, request: pytest.FixtureRequest) -> Reporting:
    clock.set_office_day(date(2008, 3, 10))
    # A round of its own for each test, from 2020-spring on.
    asked = [item for item in request.session.items if item.path == request.node.path]
    return Reporting(city, client, f"{2020 + asked.index(request.node)}-spring")


def test_clerk_fills_head_endorses_and_all_but_drafts_go_to_the_county(
    reporting: Reporting,
) -> None:
    good, bad, draft = reporting.cases(2), reporting.cases(1), reporting.cases(1, "draft")
    reporting.change(bad, eligible=False, amount_fen=None)
    reporting.change(draft, eligible=None, amount_fen=None)
    made = reporting.fill()
    assert made.status_code == 201, made.text
    batch = made.json()["id"]
    assert made.json()["cases"] == {
        "eligible": 2, "not_eligible": 1, "drafts": 1, "returned": 0, "handed_up": 0,
    }  # fmt: skip
    assert reporting.act(HEAD, batch, "report").status_code == 409
    assert reporting.act(HEAD, batch, "endorse").json()["state"] == "endorsed"
    done = reporting.act(CLERK, batch, "report")
    assert (done.status_code, done.json()["handed_up"]) == (200, 3)
    assert reporting.states(good + bad) == [("in_review", "county")] * 3
    assert reporting.states(draft) == [("draft", None)]
    assert reporting.act(CLERK, batch, "report").json()["type"] == "/problems/batch.moved"


def test_a_school_notice_of_four_working_days_is_refused_with_both_figures(
    reporting: Reporting,
) -> None:
    refused = reporting.fill(notice_from="2008-03-04", notice_to="2008-03-09")
    assert (refused.status_code, refused.json()["type"]) == (
        422,
        "/problems/batch.notice-too-short",
    )
    assert (refused.json()["working_days"], refused.json()["working_days_needed"]) == (4, 5)


def test_a_panel_of_two_and_a_meeting_in_the_future_are_both_listed(reporting: Reporting) -> None:
    refused = reporting.fill(panel=["王", "李"], panel_met_on="2008-03-11")
    assert refused.status_code == 422
    assert [each["code"] for each in refused.json()["errors"]] == [
        "panel_too_small", "panel_in_future",
    ]  # fmt: skip


def test_who_filled_does_not_endorse(reporting: Reporting) -> None:
    reporting.cases(1)
    school = str(reporting.city.schools[SCHOOL].id)
    batch = reporting.fill("county_officer@370811", school_id=school).json()["id"]
    refused = reporting.act("county_officer@370811", batch, "endorse")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/batch.four-eyes")
    assert reporting.act(CLERK, batch, "endorse").status_code == 403
    assert reporting.act("county_officer_2@370811", batch, "endorse").status_code == 200
    assert reporting.act("county_officer@370811", batch, "report").json()["handed_up"] == 1


def test_nobody_endorses_before_the_notice_is_over(reporting: Reporting) -> None:
    reporting.cases(1)
    batch = reporting.fill().json()["id"]
    clock.set_office_day(date(2008, 3, 6))
    refused = reporting.act(HEAD, batch, "endorse")
    assert (refused.status_code, refused.json()["notice_to"]) == (409, "2008-03-07")
    clock.set_office_day(date(2008, 3, 7))
    assert reporting.act(HEAD, batch, "endorse").status_code == 200


def test_a_change_needs_the_version_seen_and_undoes_the_endorsement(reporting: Reporting) -> None:
    reporting.cases(1)
    made = reporting.fill()
    path, seen = f"{BATCHES}/{made.json()['id']}", made.headers["ETag"]
    reporting.act(HEAD, made.json()["id"], "endorse")
    assert reporting.call(CLERK, "PUT", path, FILLED).status_code == 428
    assert reporting.call(CLERK, "PUT", path, FILLED, **{"If-Match": seen}).status_code == 412
    now = reporting.call(CLERK, "GET", path).headers["ETag"]
    changed = reporting.call(CLERK, "PUT", path, FILLED, **{"If-Match": now})
    assert (changed.status_code, changed.json()["state"]) == (200, "filling")
    assert changed.json()["endorsed_by"] is None


def test_what_came_in_after_the_endorsement_stays_until_it_is_endorsed_too(
    reporting: Reporting,
) -> None:
    first = reporting.cases(1)
    batch = reporting.fill().json()["id"]
    reporting.act(HEAD, batch, "endorse")
    later = reporting.cases(1)
    assert reporting.act(CLERK, batch, "report").json()["handed_up"] == 1
    assert reporting.states(first + later) == [("in_review", "county"), ("submitted", None)]
    path = f"{BATCHES}/{batch}"
    seen = reporting.call(CLERK, "GET", path).headers["ETag"]
    assert reporting.call(CLERK, "PUT", path, FILLED, **{"If-Match": seen}).status_code == 200
    reporting.act(HEAD, batch, "endorse")
    assert reporting.act(HEAD, batch, "report").json()["handed_up"] == 1
    assert reporting.states(later) == [("in_review", "county")]


def test_a_returned_case_handed_in_again_goes_up_with_the_next_report(
    reporting: Reporting,
) -> None:
    cases = reporting.cases(2)
    batch = reporting.fill().json()["id"]
    reporting.act(HEAD, batch, "endorse")
    reporting.act(HEAD, batch, "report")
    said = {"verdict": "return", "reason": "缺证明", "ids": [str(cases[0])]}
    back = reporting.call("county_officer@370811", "POST", "/api/v1/decisions", said)
    assert back.status_code == 201
    shown = reporting.call(CLERK, "GET", f"{BATCHES}/{batch}").json()
    assert (shown["state"], shown["cases"]["returned"]) == ("filling", 1)
    reporting.change([cases[0]], state="submitted", submission_no=2)
    with db.scoped_session(SYSTEM) as session:
        old = session.get_one(Submission, (cases[0], 1))
        session.add(Submission(**old.model_dump() | {"submission_no": 2}))
    assert reporting.act(HEAD, batch, "endorse").status_code == 200
    assert reporting.act(HEAD, batch, "report").json()["handed_up"] == 1
    other = reporting.call(
        "county_officer_2@370811", "POST", "/api/v1/decisions", said | {"verdict": "approve"}
    )
    assert other.status_code == 201


def test_zero_is_reported_only_where_nobody_applies(reporting: Reporting) -> None:
    said = {"round_id": reporting.round_id}
    cases = reporting.cases(1)
    refused = reporting.call(CLERK, "POST", f"{BATCHES}/zero", said)
    assert (refused.status_code, refused.json()["cases"]) == (409, 1)
    reporting.change(cases, state="withdrawn")
    done = reporting.call(CLERK, "POST", f"{BATCHES}/zero", said)
    assert (done.status_code, done.json()["state"], done.json()["zero"]) == (201, "reported", True)
    assert reporting.call(CLERK, "POST", f"{BATCHES}/zero", said).status_code == 409


def test_a_zero_report_made_by_mistake_opens_again_while_the_round_is_open(
    reporting: Reporting,
) -> None:
    said = {"round_id": reporting.round_id}
    batch = reporting.call(CLERK, "POST", f"{BATCHES}/zero", said).json()
    path, seen = f"{BATCHES}/{batch['id']}", {"If-Match": f'"{batch["version"]}"'}
    again = reporting.call(CLERK, "PUT", path, FILLED, **seen)
    assert (again.status_code, again.json()["state"], again.json()["zero"]) == (
        200,
        "filling",
        False,
    )
    assert reporting.act(HEAD, batch["id"], "endorse").json()["type"] == "/problems/batch.empty"
    assert len(reporting.cases(1)) == 1
    assert reporting.act(HEAD, batch["id"], "endorse").json()["state"] == "endorsed"


def test_a_zero_report_stays_once_the_round_is_closed(reporting: Reporting) -> None:
    said = {"round_id": reporting.round_id}
    batch = reporting.call(CLERK, "POST", f"{BATCHES}/zero", said).json()
    with db.scoped_session(SYSTEM) as session:
        round_ = session.get_one(ApplicationRound, UUID(reporting.round_id))
        clock.set_office_day(round_.closes_on + timedelta(days=1))
    seen = {"If-Match": f'"{batch["version"]}"'}
    late = reporting.call(CLERK, "PUT", f"{BATCHES}/{batch['id']}", FILLED, **seen)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/round.closed")


def test_the_board_says_who_has_not_reported_within_scope(reporting: Reporting) -> None:
    reporting.cases(1)
    reporting.fill()
    reporting.call(
        f"school_head@{JUNIOR}", "POST", f"{BATCHES}/zero", {"round_id": reporting.round_id}
    )
    path = f"/api/v1/rounds/{reporting.round_id}/reporting"
    seen = reporting.call("county_officer@370811", "GET", path).json()
    # The junior school in the city and the vocational ones cannot have a boarder's case.
    assert {each["code"]: each["state"] for each in seen["items"]} == {
        SCHOOL: "filling", JUNIOR: "zero",
    }  # fmt: skip
    assert seen["schools"] == {
        "not_reported": 0, "filling": 1, "endorsed": 0, "reported": 0, "zero": 1,
    }  # fmt: skip
    city = reporting.call("city_officer", "GET", path, None).json()
    assert city["schools"]["not_reported"] == 1
    late = reporting.call("city_officer", "GET", f"{path}?state=not_reported&limit=1").json()
    assert [each["code"] for each in late["items"]] == [WEISHAN]
    assert late["items"][0]["cases"]["eligible"] == 1


def test_another_schools_batch_is_not_found_and_not_listed(reporting: Reporting) -> None:
    reporting.cases(1)
    batch = reporting.fill().json()["id"]
    other = f"school_head@{WEISHAN}"
    for verb in ("endorse", "report"):
        assert reporting.act(other, batch, verb).status_code == 404
    assert reporting.call(other, "GET", f"{BATCHES}/{batch}").status_code == 404
    listed = reporting.call(other, "GET", f"{BATCHES}?round_id={reporting.round_id}").json()
    assert listed["items"] == []
    theirs = str(reporting.city.schools[WEISHAN].id)
    assert reporting.fill(school_id=theirs).status_code == 404
    assert reporting.fill("county_officer@370811").status_code == 422
    assert reporting.fill(TEACHER).status_code == 403
