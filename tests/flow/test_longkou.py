"""A published result to the fen: Longkou's autumn of 2019, from its students to the form."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, col, select

from app.applications import checks, intake
from app.applications.models import ApplicationRound
from app.core import clock, db, settings
from app.policy.service import load_catalogue
from app.registry.models import Stage
from app.registry.queries import schools_in_scope
from app.reports import verification
from tests.factories.longkou import (
    COUNTY,
    IN_GROUP_1_ONE_IN,
    OWN_RATES,
    RESULT,
    SOURCE,
    TERM,
    YEAR,
    Published,
    make_longkou,
    own_rate,
    students,
)
from tests.factories.office import City
from tests.reconciliation.bank import answer, lines_of

COLLEGE = next(each for each in RESULT if each.stage is Stage.UNDERGRADUATE)
MONTHS = 5  # of the autumn, of ten

pytestmark = pytest.mark.slow


@dataclass
class Office:
    """Longkou's people at the door; every answer is looked at."""

    http: TestClient
    city: City

    def post(self, who: str, path: str, body: Any = None, **more: Any) -> Any:
        return self._done(
            self.http.post(f"/api/v1{path}", json=body, headers=self._as(who), **more)
        )

    def get(self, who: str, path: str, **asked: Any) -> Any:
        return self._done(self.http.get(f"/api/v1{path}", params=asked, headers=self._as(who)))

    def content(self, file: dict[str, Any]) -> bytes:
        path = f"/api/v1/files/{file['id']}/content"
        return self.http.get(path, headers=self._as("finance_maker")).content

    def hand_in(self, file: dict[str, Any], content: bytes) -> Any:
        return self._done(
            self.http.post(
                "/api/v1/return-files",
                data={"payment_file": file["number"], "kind": "reply"},
                files={"file": ("reply.txt", content)},
                headers=self._as("finance_maker"),
            )
        )

    def _as(self, who: str) -> dict[str, str]:
        return self.city.bearer(who)

    def _done(self, reply: Any) -> Any:
        assert reply.is_success, reply.text
        return reply.json()


@pytest.fixture(scope="module")
def national() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as outside:
        outside.setenv("AID_CATALOGUE", "national")
        settings.get.cache_clear()
        yield
    settings.get.cache_clear()


@pytest.fixture(scope="module")
def city(national: None, database: str) -> City:
    del national, database
    with Session(db.engine(), expire_on_commit=False) as opened, opened.begin():
        load_catalogue(opened, settings.get().catalogue)
        return make_longkou(opened)


@pytest.fixture(scope="module")
def office(city: City, client: TestClient) -> Iterator[Office]:
    """The centre after the term: everybody applied, was approved and was paid."""
    made = Office(client, city)
    publish_own_rates(made)
    appropriate(made, date(2019, 9, 10), 2019)
    for each in RESULT:
        apply_for(made, each)
        hand_up(made, each)
    decide(made)
    announce(made)
    pay(made)
    yield made
    clock.set_office_day(None)


def publish_own_rates(office: Office) -> None:
    clock.set_office_day(date(2019, 9, 2))
    for programme in OWN_RATES:
        path, because = f"/programmes/{programme}", {"because": SOURCE}
        drafted = {**because, "version": own_rate(programme)}
        draft = office.post("city_officer", f"{path}/versions", drafted)
        office.post("city_officer_2", f"{path}/drafts/{draft['id']}/approve", because)


def appropriate(office: Office, on: date, year: int) -> None:
    """The year's money to the fen: half of the senior grant is the centre's in Beijing."""
    clock.set_office_day(on)
    shares = {"senior-grant": {"central": 2, "local": 2}}
    lines = [
        {
            "fiscal_year": year,
            "programme": each.programme,
            "source": source,
            "holder_code": COUNTY,
            "amount": f"{each.people * yuan_of(each, year) // parts}.00",
        }
        for each in RESULT
        for source, parts in shares.get(each.programme, {"county": 1}).items()
        if yuan_of(each, year)
    ]
    body = {"document_number": f"龙财教指〔{year}〕示例1号", "dated_on": on.isoformat(),
            "kind": "this", "lines": lines}  # fmt: skip
    office.post("finance_maker", "/appropriations", body)


def yuan_of(each: Published, year: int) -> int:
    """What one student has in a calendar year: of ten months four fall in the first."""
    if each is not COLLEGE:
        return each.yuan if year == 2019 else 0
    return 4 * 300 if year == 2019 else 6 * 300


def apply_for(office: Office, each: Published) -> None:
    """Everybody of a stage, taken in as one sheet of its school."""
    clock.set_office_day(date(2019, 9, 20))
    days = {"opens_on": "2019-09-01", "closes_on": "2019-09-30"}
    body = {"programme": each.programme, "period": each.period, **days}
    round_id = office.post("city_officer", "/rounds", body)["id"]
    clerk = office.city.actor(f"school_clerk@{each.school}")
    with db.scoped_session(clerk) as session:
        round_ = session.exec(
            select(ApplicationRound).where(col(ApplicationRound.id) == round_id)
        ).one()
        frame = students(office.city.schools[each.school], each)
        placed = checks.at_schools(frame, schools_in_scope(session, clerk))
        assert checks.check(placed).is_empty()
        taken = intake.take_in(session, placed, round_=round_, by=clerk)
    assert taken["outcome"].unique().to_list() == ["eligible"]
    head = f"school_head@{each.school}"
    expect = {"count": each.people}
    office.post(head, "/accounts/confirm", {"filter": {}, "expect": expect})


def hand_up(office: Office, each: Published) -> None:
    clock.set_office_day(date(2019, 10, 17))
    [round_] = [
        one
        for one in office.get("city_officer", "/rounds")["items"]
        if one["programme"] == each.programme
    ]
    clerk, head = f"school_clerk@{each.school}", f"school_head@{each.school}"
    panel = {
        "round_id": round_["id"],
        "panel": ["校长", "年级主任", "家长代表"],
        "panel_met_on": "2019-10-08",
        "notice_from": "2019-10-09",
        "notice_to": "2019-10-16",
    }
    batch = office.post(clerk, "/batches", panel)["id"]
    office.post(head, f"/batches/{batch}/endorse")
    handed_up = office.post(clerk, f"/batches/{batch}/report")["handed_up"]
    assert handed_up == each.people
    body = {"term": TERM, "absences": []}
    office.post(clerk, "/enrolment-confirmations", body)


def decide(office: Office) -> None:
    clock.set_office_day(date(2019, 10, 21))
    for each in RESULT:
        chosen = {"programme": each.programme, "period": each.period}
        for who in (f"county_officer@{COUNTY}", "city_officer"):
            asked = {"verdict": "approve", "filter": chosen}
            seen = office.post(who, "/decisions/preview", asked)
            assert seen["count"] == each.people
            expect = {"count": seen["count"], "amount": seen["amount"]}
            office.post(who, "/decisions", {**asked, "reason": "符合条件", "expect": expect})


def announce(office: Office) -> None:
    notices = []
    for each in RESULT:
        clock.set_office_day(date(2019, 10, 22))
        chosen = {"programme": each.programme, "period": each.period}
        notices.append(office.post("city_officer", "/announcements", chosen)["id"])
    clock.set_office_day(date(2019, 11, 4))
    confirmed = [
        office.post("city_officer", f"/announcements/{notice}/confirm")["confirmed"]
        for notice in notices
    ]
    assert confirmed == [each.people for each in RESULT]


def pay(office: Office) -> None:
    """Two grants in November; the college's in December and, with the new year's money, January."""
    for each in RESULT:
        day = date(2019, 12, 16) if each is COLLEGE else date(2019, 11, 15)
        run(office, each, day)
    appropriate(office, date(2020, 1, 6), 2020)
    run(office, COLLEGE, date(2020, 1, 15))


def run(office: Office, each: Published, day: date) -> None:
    clock.set_office_day(day)
    body = {
        "programme": each.programme,
        "due_to": day.isoformat(),
        "bank_format": "generic-pipe",
    }
    opened = office.post("finance_maker", "/runs", body)["run"]
    sent = office.post("finance_checker", f"/runs/{opened['id']}/release")
    assert (sent["payouts"], sent["left_behind_count"]) == (each.people, 0)
    for file in sent["files"]:
        done = office.hand_in(file, answer(lines_of(office.content(file))))
        assert [(one["outcome"], one["lines"]) for one in done["outcomes"]] == [
            ("paid", file["line_count"])
        ]


def test_the_autumn_of_2019_is_the_published_one_to_the_fen(office: Office) -> None:
    form = office.get("auditor", "/reports/statistics", school_year=YEAR)
    autumn = {row["stage"]: row["autumn"] for row in form["stage_totals"]}
    assert {stage: (of["people"], of["paid"]["yuan"]) for stage, of in autumn.items()} == {
        "preschool": (1564, "938400.00"),
        "senior": (865, "865000.00"),
        "undergraduate": (2814, "4221000.00"),
    }
    total = form["total"]["autumn"]
    assert (total["people"], total["paid"]["yuan"], total["paid"]["wan"]) == (
        5243, "6024400.00", "602.4400",
    )  # fmt: skip
    assert (form["total"]["spring"]["people"], form["total"]["spring"]["paid"]["yuan"]) == (
        0, "0.00",
    )  # fmt: skip
    assert form["checks"] == []


def test_everybody_is_in_one_of_the_two_groups(office: Office) -> None:
    form = office.get("auditor", "/reports/statistics", school_year=YEAR)
    autumn = {row["stage"]: row["autumn"] for row in form["stage_totals"]}
    for each in RESULT:
        first = -(-each.people // IN_GROUP_1_ONE_IN)
        groups = autumn[each.stage.value]
        assert groups["group1"]["people"] == first
        assert groups["group1"]["amount"]["yuan"] == f"{first * each.yuan}.00"
        assert groups["group2"]["people"] == each.people - first


def test_each_was_paid_at_the_stated_rate_and_at_no_other(office: Office) -> None:
    form = office.get("auditor", "/reports/statistics", school_year=YEAR)
    found = {
        each["stage"]: (each["rate"], each["people"], each["payments"]) for each in form["rates"]
    }
    assert len(form["rates"]) == len(RESULT)
    assert found == {
        "preschool": ("600.00", 1564, 1564),
        "senior": ("1000.00", 865, 865),
        "undergraduate": ("300.00", 2814, 2814 * MONTHS),
    }


def test_the_calendar_year_lacks_january_and_the_bridge_says_so(office: Office) -> None:
    form = office.get("auditor", "/reports/statistics", year=2019)
    assert form["total"]["autumn"]["paid"]["yuan"] == f"{6_024_400 - 2814 * 300}.00"
    assert form["total"]["autumn"]["people"] == 5243
    assert form["checks"] == []


def test_the_money_is_where_it_should_be_and_everything_agrees(office: Office) -> None:
    lines = office.get("auditor", "/fund-lines")["items"]
    assert {line["available"] for line in lines} == {"0.00"}
    assert {line["in_transit"] for line in lines} == {"0.00"}
    assert office.get("auditor", "/trial-balance")["difference"] == "0.00"
    verified = office.get("auditor", "/verification")
    assert (verified["checks"], verified["findings"]) == (len(verification.CHECKS), [])
