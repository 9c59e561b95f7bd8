"""A family asks for a review of a rejection; another officer upholds or reopens, never approves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update
from sqlmodel import col

from app.applications.models import Application, ApplicationState, BatchState, ReportingBatch
from app.audit.models import AuditEvent, AuditRecord
from app.core import clock, db
from app.core.actor import SYSTEM
from tests.factories.cases import make_cases, make_round
from tests.factories.money import appropriate
from tests.factories.office import City

SCHOOL, WEISHAN = "2137000006", "2137000011"
CLERK, HEAD = f"school_clerk@{SCHOOL}", f"school_head@{SCHOOL}"
COUNTY, COUNTY_2, CITY, CITY_2 = (
    "county_officer@370811", "county_officer_2@370811", "city_officer", "city_officer_2",
)  # fmt: skip
REJECTED_ON = date(2008, 4, 7)
LAST_DAY = date(2008, 4, 21)  # ten working days later
ASKED = {"asked_by_name": "王芳", "relation": "母亲", "words": "去年家中失火，请再看一次"}


class Centre:
    """Schools and offices over HTTP, with cases of one period."""

    def __init__(self, city: City, client: TestClient, year: int) -> None:
        self.city, self.client, self.period = city, client, f"{year}-spring"
        self.year = year

    def case(self, step: str = "county", school: str = SCHOOL, **options: Any) -> str:
        with db.scoped_session(SYSTEM) as session:
            (made,) = make_cases(
                session, self.city.schools[school], 1, period=self.period, step=step, **options
            )
        return str(made)

    def rejected(self, who: str = COUNTY, step: str = "county") -> str:
        clock.set_office_day(REJECTED_ON)
        case = self.case(step)
        assert self.decide(who, "reject", case).status_code == 201
        return case

    def decide(self, who: str, verdict: str, case: str) -> Any:
        said = {"verdict": verdict, "reason": "不符合条件", "ids": [case]}
        return self.post(who, "/decisions", said)

    def ask(self, case: str, who: str = CLERK, **other: Any) -> Any:
        return self.post(who, f"/applications/{case}/reviews", ASKED | other)

    def finish(self, review: str, outcome: str, who: str = COUNTY_2) -> Any:
        said = {"outcome": outcome, "because": "已重新核对材料"}
        return self.post(who, f"/reviews/{review}/decide", said)

    def post(self, who: str, path: str, body: Any) -> Any:
        headers = {**self.city.bearer(who), "Accept-Language": "en"}
        return self.client.post(f"/api/v1{path}", json=body, headers=headers)

    def get(self, who: str, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.city.bearer(who))

    def state(self, case: str) -> str:
        with db.scoped_session(SYSTEM) as session:
            return session.get_one(Application, UUID(case)).state.value


@pytest.fixture
def centre(city: City, client: TestClient, request: pytest.FixtureRequest) -> Centre:
    asked = [item for item in request.session.items if item.path == request.node.path]
    return Centre(city, client, 1990 + asked.index(request.node))


def test_a_family_asks_within_ten_working_days_and_is_answered_in_three(centre: Centre) -> None:
    case = centre.rejected()
    clock.set_office_day(LAST_DAY)
    made = centre.ask(case)
    assert made.status_code == 201, made.text
    seen = made.json()
    assert (seen["state"], seen["asked_on"], seen["due_on"]) == ("open", "2008-04-21", "2008-04-24")
    assert (seen["asked_by_name"], seen["relation"]) == ("王芳", "母亲")
    assert not seen["overdue"]
    assert centre.get(CLERK, f"/applications/{case}/reviews").json() == [seen]
    clock.set_office_day(date(2008, 4, 25))
    assert centre.get(CLERK, f"/applications/{case}/reviews").json()[0]["overdue"]


def test_a_day_later_it_is_refused_and_says_until_when(centre: Centre) -> None:
    case = centre.rejected()
    clock.set_office_day(LAST_DAY + timedelta(days=1))
    late = centre.ask(case)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/review.too-late")
    assert late.json()["until"] == "2008-04-21"
    assert "2008-04-21" in late.json()["detail"]
    assert centre.get(CLERK, f"/applications/{case}/reviews").json() == []


def test_a_case_not_rejected_has_nothing_to_review(centre: Centre) -> None:
    refused = centre.ask(centre.case())
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/review.not-rejected")
    assert refused.json()["state"] == "in_review"


def test_a_decision_is_reviewed_once(centre: Centre) -> None:
    case = centre.rejected()
    review = centre.ask(case).json()["id"]
    again = centre.ask(case, HEAD)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/review.asked-already")
    assert again.json()["review_id"] == review
    assert centre.finish(review, "upheld").status_code == 200
    assert centre.ask(case).json()["state"] == "upheld"


def test_upheld_the_case_stays_rejected(centre: Centre) -> None:
    case = centre.rejected()
    review = centre.ask(case).json()["id"]
    done = centre.finish(review, "upheld")
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["decided_because"]) == ("upheld", "已重新核对材料")
    assert centre.state(case) == "rejected"
    twice = centre.finish(review, "changed")
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/review.decided")


def test_changed_it_goes_back_to_the_school_and_is_not_approved(centre: Centre) -> None:
    case = centre.rejected()
    with db.scoped_session(SYSTEM) as session:
        school = centre.city.schools[SCHOOL]
        batch = ReportingBatch(
            round_id=make_round(session, period=centre.period),
            school_id=school.id,
            county_id=school.county_id,
            state=BatchState.REPORTED,
            zero=True,
            panel=["校长"],
            filled_by=UUID(int=1),
            endorsed_by=UUID(int=2),
        )
        session.add(batch)
        key = batch.id
    done = centre.finish(centre.ask(case).json()["id"], "changed")
    assert (done.status_code, done.json()["state"]) == (200, "changed")
    with db.scoped_session(SYSTEM) as session:
        found = session.get_one(Application, UUID(case))
        assert (found.state, found.step, found.rejected_on) == (
            ApplicationState.RETURNED, None, None,
        )  # fmt: skip
        reopened = session.get_one(ReportingBatch, key)
        assert (reopened.state, reopened.endorsed_by) == (BatchState.FILLING, None)


def test_neither_who_rejected_nor_who_recorded_decides_the_review(centre: Centre) -> None:
    case = centre.rejected(COUNTY)
    review = centre.ask(case, COUNTY_2).json()["id"]
    for who in (COUNTY, COUNTY_2):
        refused = centre.finish(review, "changed", who)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/review.four-eyes")
    assert centre.state(case) == "rejected"
    assert centre.finish(review, "changed", CITY).status_code == 200


def test_who_handed_the_case_in_does_not_review_it(centre: Centre) -> None:
    clock.set_office_day(REJECTED_ON)
    case = centre.case(uploaded_by=centre.city.staff[COUNTY_2].id)
    assert centre.decide(COUNTY, "reject", case).status_code == 201
    review = centre.ask(case).json()["id"]
    assert centre.finish(review, "upheld", COUNTY_2).status_code == 403
    assert centre.finish(review, "upheld", CITY).status_code == 200


def test_what_the_city_rejected_the_county_does_not_change(centre: Centre) -> None:
    case = centre.rejected(CITY, "city")
    review = centre.ask(case).json()["id"]
    refused = centre.finish(review, "changed", COUNTY)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/review.not-your-step")
    assert centre.finish(review, "changed", CITY_2).status_code == 200


def test_a_newer_live_case_stands_in_the_way_of_asking_and_of_reopening(centre: Centre) -> None:
    case, other = centre.rejected(), centre.rejected()
    review = centre.ask(case).json()["id"]
    with db.scoped_session(SYSTEM) as session:
        students = [session.get_one(Application, UUID(each)).student_id for each in (case, other)]
        newer = make_cases(session, centre.city.schools[SCHOOL], 2, period=centre.period)
        for key, student in zip(newer, students, strict=True):
            session.execute(
                update(Application).where(col(Application.id) == key).values(student_id=student)
            )
    for refused in (centre.finish(review, "changed"), centre.ask(other)):
        assert (refused.status_code, refused.json()["type"]) == (
            409, "/problems/review.case-replaced",
        )  # fmt: skip
    assert (centre.state(case), centre.state(other)) == ("rejected", "rejected")
    assert centre.finish(review, "upheld").status_code == 200


def test_a_rejection_upon_an_objection_is_reviewed_but_its_award_does_not_come_back(
    centre: Centre,
) -> None:
    clock.set_office_day(date(2008, 3, 10))
    case = centre.case("city")
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 250_00, year=centre.year)
    assert centre.decide(CITY, "approve", case).status_code == 201
    said = {"programme": "boarding-subsidy", "period": centre.period}
    assert centre.post(CITY, "/announcements", said).status_code == 201
    objection = centre.post(COUNTY, "/objections", {"application_id": case, "words": "家里有车"})
    path = f"/objections/{objection.json()['id']}/settle"
    assert centre.post(CITY_2, path, {"verdict": "uphold", "because": "属实"}).status_code == 200
    made = centre.ask(case)
    assert made.status_code == 201, made.text
    review = made.json()["id"]
    assert centre.finish(review, "upheld", COUNTY).status_code == 403
    assert centre.finish(review, "upheld", CITY_2).status_code == 403
    assert centre.finish(review, "upheld", CITY).status_code == 403  # it approved the case


def test_a_case_once_awarded_is_not_opened_again(centre: Centre) -> None:
    case = centre.rejected()
    review = centre.ask(case).json()["id"]
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO award (id, application_id, student_id, school_id, county_id, "
                "programme, period, policy_version_id, amount_fen, state, decision_batch_id, "
                "made_at) SELECT a.id, a.id, a.student_id, a.school_id, a.county_id, "
                "a.programme, a.period, s.policy_version_id, 25000, 'cancelled', a.id, a.made_at "
                "FROM application a JOIN submission s ON s.application_id = a.id WHERE a.id = :id"
            ),
            {"id": UUID(case)},
        )
    refused = centre.finish(review, "changed")
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "/problems/review.award-cancelled",
    )
    assert centre.finish(review, "upheld").status_code == 200


def test_of_two_officers_at_once_one_decides_and_of_two_requests_one_is_kept(
    centre: Centre,
) -> None:
    case = centre.rejected()
    with ThreadPoolExecutor(2) as pool:
        asked = list(pool.map(lambda who: centre.ask(case, who), (CLERK, HEAD)))
        assert sorted(each.status_code for each in asked) == [201, 409]
        review = next(each.json()["id"] for each in asked if each.status_code == 201)
        done = list(pool.map(lambda who: centre.finish(review, "changed", who), (COUNTY_2, CITY)))
    assert sorted(each.status_code for each in done) == [200, 409]
    assert centre.state(case) == "returned"


def test_reviews_are_listed_within_scope_by_state(centre: Centre) -> None:
    case = centre.rejected()
    review = centre.ask(case).json()["id"]

    def listed(who: str, state: str) -> list[str]:
        found = centre.get(who, f"/reviews?state={state}&limit=200").json()["items"]
        return [each["id"] for each in found]

    assert review in listed(COUNTY, "open")
    assert review in listed(f"class_teacher@{SCHOOL}", "open")
    assert review not in listed(f"class_teacher@{WEISHAN}", "open")
    assert listed("county_officer@370826", "open") == []
    assert review not in listed(COUNTY, "upheld")


def test_another_county_finds_neither_the_case_nor_the_review(centre: Centre) -> None:
    case = centre.rejected()
    review = centre.ask(case).json()["id"]
    elsewhere = "county_officer@370826"
    assert centre.ask(case, elsewhere).status_code == 404
    assert centre.get(elsewhere, f"/applications/{case}/reviews").status_code == 404
    assert centre.finish(review, "changed", elsewhere).status_code == 404
    assert (
        centre.get(f"class_teacher@{WEISHAN}", f"/applications/{case}/reviews").status_code == 404
    )


def test_schools_record_and_officers_decide(centre: Centre) -> None:
    case = centre.rejected()
    assert centre.ask(case, f"class_teacher@{SCHOOL}").status_code == 403
    review = centre.ask(case, HEAD).json()["id"]
    for who in (CLERK, HEAD, "auditor", "finance_maker", "administrator"):
        assert centre.finish(review, "upheld", who).status_code == 403


def test_asking_and_deciding_are_in_the_audit(centre: Centre) -> None:
    case = centre.rejected()
    review = centre.ask(case).json()["id"]
    centre.finish(review, "changed")
    with db.scoped_session(SYSTEM) as session:
        noted = session.execute(
            select(col(AuditEvent.did))
            .join(AuditRecord, col(AuditRecord.event_id) == AuditEvent.id)
            .where(col(AuditRecord.record_id) == UUID(review))
            .order_by(col(AuditEvent.id))
        ).scalars()
        assert list(noted) == ["review.asked", "review.changed"]


@pytest.mark.parametrize(
    "wrong", [{"asked_by_name": " "}, {"relation": "x" * 21}, {"words": ""}, {"surprise": 1}]
)
def test_a_request_that_is_not_well_formed_is_refused(
    centre: Centre, wrong: dict[str, Any]
) -> None:
    assert centre.ask(centre.rejected(), **wrong).status_code == 422
