"""Officers decide: by ids or frozen filter, along the path, with four eyes."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update
from sqlmodel import Session, col

from app.applications import decisions
from app.applications.models import Application, Submission, Verdict
from app.applications.orders import Order
from app.core import db
from app.core.actor import SYSTEM
from app.registry.models import School
from tests.factories.cases import BOARDERS, make_cases
from tests.factories.money import appropriate
from tests.factories.office import City

SCHOOL, JUNIOR, WEISHAN = "2137000006", "3137000008", "2137000011"
EACH = 250_00
DECISIONS = "/api/v1/decisions"


class Office:
    """The city over HTTP, with cases made straight into the database."""

    def __init__(self, city: City, client: TestClient) -> None:
        self.city = city
        self.client = client

    def cases(self, n: int, period: str, *, school: str = SCHOOL, **options: Any) -> list[str]:
        with db.scoped_session(SYSTEM) as session:
            made = make_cases(session, self.city.schools[school], n, EACH, period=period, **options)
        return [str(each) for each in made]

    def money(self, n: int, year: int) -> None:
        with db.scoped_session(SYSTEM) as session:
            appropriate(session, n * EACH, year=year)

    def post(self, who: str, path: str, body: dict[str, Any]) -> Any:
        return self.client.post(
            path, json=body, headers={**self.city.bearer(who), "Accept-Language": "en"}
        )

    def decide(self, who: str, verdict: str = "approve", **body: Any) -> Any:
        return self.post(who, DECISIONS, {"verdict": verdict, "reason": "seen", **body})

    def preview(self, who: str, period: str, verdict: str = "approve", **narrow: Any) -> Any:
        asked = {"programme": BOARDERS, "period": period, **narrow}
        return self.post(who, f"{DECISIONS}/preview", {"verdict": verdict, "filter": asked}).json()

    def standing(self, case: str) -> tuple[str, str | None]:
        with db.scoped_session(SYSTEM) as session:
            found = session.get_one(Application, UUID(case))
            return found.state.value, found.step.value if found.step else None

    def change(self, ids: list[str], **values: Any) -> None:
        with db.scoped_session(SYSTEM) as session:
            session.execute(
                update(Application)
                .where(col(Application.id).in_([UUID(each) for each in ids]))
                .values(**values)
            )


@pytest.fixture
def office(city: City, client: TestClient) -> Office:
    return Office(city, client)


def test_a_case_goes_from_county_to_city_and_the_last_approval_promises_it(office: Office) -> None:
    cases = office.cases(2, "2008-spring", step="county")
    office.money(2, 2008)
    first = office.decide("county_officer@370811", ids=cases)
    assert first.status_code == 201, first.text
    assert (first.json()["step"], first.json()["amount"]) == ("county", "500.00")
    assert office.standing(cases[0]) == ("in_review", "city")
    assert office.decide("city_officer", ids=cases).status_code == 201
    assert office.standing(cases[0]) == ("approved", None)


def test_a_county_officer_cannot_decide_at_the_citys_step_or_another_countys_case(
    office: Office,
) -> None:
    ours = office.cases(1, "2009-spring", step="city")
    theirs = office.cases(1, "2009-spring", school=WEISHAN, step="county")
    moved = office.decide("county_officer@370811", ids=ours)
    assert (moved.status_code, moved.json()["type"]) == (409, "/problems/application.moved")
    assert moved.json()["errors"][0]["step"] == "city"
    hidden = office.decide("county_officer@370811", ids=theirs)
    assert hidden.status_code == 404
    assert office.preview("county_officer@370811", "2009-spring")["count"] == 0


def test_one_person_never_decides_a_case_twice(office: Office) -> None:
    cases = office.cases(1, "2010-spring", step="county")
    assert office.decide("county_officer@370811", "return", ids=cases).status_code == 201
    office.change(cases, state="in_review", step="county")
    again = office.decide("county_officer@370811", ids=cases)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (403, "four_eyes")
    assert office.preview("county_officer@370811", "2010-spring")["own"] == 1
    other = office.preview("county_officer_2@370811", "2010-spring")
    assert (other["own"], other["count"]) == (0, 1)


def test_a_case_handed_in_again_may_be_decided_by_who_returned_it(office: Office) -> None:
    cases = office.cases(1, "2021-spring", step="county")
    assert office.decide("county_officer@370811", "return", ids=cases).status_code == 201
    with db.scoped_session(SYSTEM) as session:
        first = session.get_one(Submission, (UUID(cases[0]), 1))
        session.add(Submission(**first.model_dump() | {"submission_no": 2}))
    office.change(cases, state="in_review", step="county", submission_no=2)
    assert office.decide("county_officer@370811", ids=cases).status_code == 201
    assert office.standing(cases[0]) == ("in_review", "city")


def test_who_uploaded_a_case_does_not_decide_it_and_a_filter_leaves_it_out(
    office: Office,
) -> None:
    mine = office.city.staff["city_officer"].id
    own = office.cases(1, "2011-spring", uploaded_by=mine)
    others = office.cases(2, "2011-spring")
    office.money(3, 2011)
    refused = office.decide("city_officer", ids=own + others)
    assert refused.status_code == 403
    assert len(refused.json()["errors"]) == 1
    seen = office.preview("city_officer", "2011-spring")
    assert (seen["count"], seen["own"]) == (2, 1)
    done = office.decide(
        "city_officer",
        filter={"programme": BOARDERS, "period": "2011-spring"},
        expect={"count": 2, "amount": "500.00"},
    )
    assert (done.status_code, done.json()["own"]) == (201, 1)
    assert office.standing(own[0]) == ("in_review", "city")


def test_who_handed_a_case_in_again_does_not_decide_it(office: Office) -> None:
    cases = office.cases(1, "2020-spring")
    with db.scoped_session(SYSTEM) as session:
        first = session.get_one(Submission, (UUID(cases[0]), 1))
        again = {"submission_no": 2, "made_by": office.city.staff["city_officer"].id}
        session.add(Submission(**first.model_dump() | again))
    office.change(cases, submission_no=2)
    refused = office.decide("city_officer", "reject", ids=cases)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "four_eyes")
    assert office.decide("city_officer_2", "reject", ids=cases).status_code == 201


def test_a_filter_that_takes_in_other_cases_than_shown_is_refused_with_both_figures(
    office: Office,
) -> None:
    office.cases(3, "2012-spring")
    asked = {"programme": BOARDERS, "period": "2012-spring"}
    refused = office.decide("city_officer", filter=asked, expect={"count": 2, "amount": "500.00"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decision.set-changed")
    assert refused.json()["expected"] == {"count": 2, "amount": "500.00"}
    assert refused.json()["found"] == {"count": 3, "amount": "750.00"}
    without = office.decide("city_officer", filter=asked)
    assert without.status_code == 422


def test_a_case_that_fails_a_criterion_can_only_be_rejected(office: Office) -> None:
    good, bad = office.cases(1, "2013-spring"), office.cases(1, "2013-spring")
    office.change(bad, eligible=False, amount_fen=None, failed=["hardship"])
    refused = office.decide("city_officer", ids=good + bad)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decision.not-eligible")
    assert refused.json()["errors"][0]["failed"] == ["hardship"]
    seen = office.preview("city_officer", "2013-spring")
    assert (seen["count"], seen["not_eligible"]) == (1, 1)
    assert office.preview("city_officer", "2013-spring", "reject")["count"] == 2
    assert office.decide("city_officer", "reject", ids=bad).status_code == 201
    assert office.standing(bad[0]) == ("rejected", None)


def test_moved_cases_refuse_the_whole_set_unless_they_are_skipped(office: Office) -> None:
    cases = office.cases(3, "2014-spring", step="county")
    office.change(cases[:1], state="withdrawn", step=None)
    refused = office.decide("county_officer@370811", ids=cases)
    assert refused.status_code == 409
    assert [each["state"] for each in refused.json()["errors"]] == ["withdrawn"]
    assert office.standing(cases[1]) == ("in_review", "county")
    done = office.decide("county_officer@370811", ids=cases, skip_moved=True)
    assert (done.json()["count"], done.json()["moved"]) == (2, 1)


def test_as_far_as_money_goes_takes_the_hardest_first_and_leaves_the_rest_waiting(
    office: Office,
) -> None:
    mild, severe = office.cases(2, "2015-spring"), office.cases(1, "2015-spring", hardship=3)
    office.money(2, 2015)
    refused = office.decide("city_officer", ids=mild + severe)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/budget.exhausted")
    done = office.decide("city_officer", ids=mild + severe, as_far_as_money_goes=True)
    assert (done.json()["count"], done.json()["without_money"]) == (2, 1)
    assert office.standing(severe[0]) == ("approved", None)
    assert office.standing(mild[0]) == ("approved", None)
    assert office.standing(mild[1]) == ("in_review", "city")
    again = office.decide("city_officer_2", ids=mild[1:], as_far_as_money_goes=True)
    assert again.status_code == 409


def test_a_decision_keeps_its_filter_sum_and_members(office: Office) -> None:
    office.cases(2, "2016-spring", step="county")
    office.cases(1, "2016-spring", school=WEISHAN, step="city")
    done = office.decide(
        "county_officer@370811",
        filter={"programme": BOARDERS, "period": "2016-spring", "hardship": 1},
        expect={"count": 2, "amount": "500.00"},
    ).json()
    path = f"/api/v1/decision-batches/{done['decision_batch_id']}"
    seen = office.client.get(path, headers=office.city.bearer("county_officer@370811"))
    kept = {"programme": BOARDERS, "period": "2016-spring", "hardship": 1}
    assert (seen.json()["filter"], seen.json()["count"]) == (kept, 2)
    assert [each["amount"] for each in seen.json()["members"]] == ["250.00", "250.00"]
    elsewhere = office.client.get(path, headers=office.city.bearer("county_officer@370826"))
    assert elsewhere.status_code == 404
    case = seen.json()["members"][0]["application_id"]
    said = office.client.get(
        f"/api/v1/applications/{case}/decisions", headers=office.city.bearer("city_officer")
    )
    assert [(each["step"], each["verdict"]) for each in said.json()] == [("county", "approve")]


def test_a_city_run_school_is_decided_by_the_city_alone(office: Office) -> None:
    with db.scoped_session(SYSTEM) as session:
        school = session.execute(select(School).where(col(School.run_by) == "city")).scalar_one()
        case = make_cases(session, school, 1, period="2017-spring")
        appropriate(session, 250_00, "370800", year=2017)
    assert office.decide("city_officer", ids=[str(case[0])]).status_code == 201
    assert office.standing(str(case[0])) == ("approved", None)


def test_schools_and_finance_do_not_decide(office: Office) -> None:
    cases = office.cases(1, "2018-spring")
    for who in (f"school_head@{SCHOOL}", "finance_maker", "auditor", "administrator"):
        assert office.decide(who, ids=cases).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"ids": []},
        {},
        {"ids": ["0" * 32], "skip_moved": 1},
        {"ids": ["0" * 32], "surprise": True},
        {"ids": ["0" * 32], "expect": {"count": 1, "amount": "1.00"}},
        {"filter": {"programme": BOARDERS, "period": "2008-spring", "grade": True}},
    ],
)
def test_a_decision_that_is_not_well_formed_is_refused(
    office: Office, wrong: dict[str, Any]
) -> None:
    assert office.decide("city_officer", **wrong).status_code == 422


def test_ten_cases_take_as_many_statements_as_five_hundred(session: Session, city: City) -> None:
    school = city.schools[SCHOOL]
    by = city.actor("city_officer")
    appropriate(session, 510 * EACH, year=2019)

    def statements(n: int) -> int:
        cases = make_cases(session, school, n, EACH, period="2019-spring")
        seen: list[str] = []

        def note(*given: Any) -> None:
            seen.append(given[2])

        connection = session.connection()
        event.listen(connection, "before_cursor_execute", note)
        order = Order(verdict=Verdict.APPROVE, reason="seen", ids=tuple(cases))
        assert decisions.decide(session, order, by=by).totals.count == n
        event.remove(connection, "before_cursor_execute", note)
        return len(seen)

    assert statements(10) == statements(500)
