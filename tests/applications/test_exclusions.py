"""Deciding across programmes: who is left out, what a head and an officer are warned of."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlmodel import Session, col

from app.applications.models import Application, ReportingBatch
from app.awards import service as awards
from app.core import clock, db, ids, settings
from app.core.actor import SYSTEM
from app.policy import queries as policy
from app.policy.catalogue import Caution, sealed
from app.policy.models import PolicyVersion
from app.policy.service import load_catalogue
from tests.factories.cases import SCHOOL_YEAR, as_cases, make_cases, make_round
from tests.factories.money import appropriate
from tests.factories.office import City

SCHOOL, WEISHAN = "2137000006", "2137000011"
NATIONAL, ENCOURAGING, BOARDERS = (
    "national-scholarship",
    "encouragement-scholarship",
    "boarding-subsidy",
)
API = "/api/v1"


class Office:
    """The city over HTTP, with cases made straight into the database."""

    def __init__(self, city: City, client: TestClient) -> None:
        self.city = city
        self.client = client

    def cases(
        self, n: int, programme: str, period: str = SCHOOL_YEAR, *, of: list[str] | None = None,
        school: str = SCHOOL, **options: Any,
    ) -> list[str]:  # fmt: skip
        """n cases; `of` other cases' students where given."""
        with db.scoped_session(SYSTEM) as session:
            made = make_cases(
                session, self.city.schools[school], n, 100_00, programme=programme,
                period=period, **options,
            )  # fmt: skip
            for one, other in zip(made, of or [], strict=False):
                student = session.get_one(Application, UUID(other)).student_id
                session.execute(
                    update(Application).where(col(Application.id) == one).values(student_id=student)
                )
        return [str(each) for each in made]

    def money(self, programme: str, year: int, holder: str = "370811") -> None:
        with db.scoped_session(SYSTEM) as session:
            appropriate(session, 100_000_00, holder, year=year, programme=programme)

    def post(self, path: str, body: dict[str, Any], who: str = "city_officer") -> Any:
        headers = {**self.city.bearer(who), "Accept-Language": "en"}
        return self.client.post(f"{API}{path}", json=body, headers=headers)

    def get(self, path: str, who: str = "city_officer") -> Any:
        answer = self.client.get(f"{API}{path}", headers=self.city.bearer(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def decide(self, **body: Any) -> Any:
        return self.post("/decisions", {"verdict": "approve", "reason": "seen", **body})

    def preview(self, programme: str, period: str, verdict: str = "approve") -> Any:
        asked = {"programme": programme, "period": period}
        return self.post("/decisions/preview", {"verdict": verdict, "filter": asked}).json()

    def award(self, cases: list[str], programme: str, period: str) -> None:
        """As after the last approval."""
        with db.scoped_session(SYSTEM) as session:
            ids_ = [UUID(each) for each in cases]
            awards.promise(
                session, as_cases(ids_), programme=programme, period=period, batch=ids.new(),
                by=SYSTEM,
            )  # fmt: skip
            session.execute(
                update(Application)
                .where(col(Application.id).in_(ids_))
                .values(state="approved", step=None)
            )

    def number(self, case: str) -> str:
        with db.scoped_session(SYSTEM) as session:
            return session.get_one(Application, UUID(case)).number


@pytest.fixture
def office(city: City, client: TestClient) -> Office:
    return Office(city, client)


def test_a_filter_leaves_out_and_counts_who_has_an_exclusive_award(office: Office) -> None:
    office.money(NATIONAL, 2008)
    office.money(ENCOURAGING, 2008)
    have = office.cases(1, NATIONAL, "2008-2009")
    want = office.cases(3, ENCOURAGING, "2008-2009", of=have)
    office.award(have, NATIONAL, "2008-2009")
    named = office.decide(ids=want)
    assert (named.status_code, named.json()["type"]) == (409, "/problems/award.exclusive")
    [fault] = named.json()["errors"]
    assert (fault["where"], fault["programme"]) == (office.number(want[0]), NATIONAL)
    seen = office.preview(ENCOURAGING, "2008-2009")
    assert (seen["count"], seen["exclusive"], seen["amount"]) == (2, 1, "200.00")
    assert office.preview(ENCOURAGING, "2008-2009", "reject")["count"] == 3
    done = office.decide(
        filter={"programme": ENCOURAGING, "period": "2008-2009"},
        expect={"count": 2, "amount": "200.00"},
    )
    assert (done.status_code, done.json()["exclusive"]) == (201, 1), done.text
    beside = office.get(f"/applications/{want[0]}")["warnings"]
    assert [(each["code"], each["programme"]) for each in beside] == [("exclusive_award", NATIONAL)]


def test_a_case_of_an_exclusive_programme_is_a_warning_and_another_schools_has_no_number(
    office: Office,
) -> None:
    have = office.cases(2, NATIONAL)
    same = office.cases(1, ENCOURAGING, of=have[:1])
    far = office.cases(1, ENCOURAGING, of=have[1:], school=WEISHAN)
    next_year = office.cases(1, ENCOURAGING, "2009-2010", of=have[:1])
    [here] = office.get(f"/applications/{same[0]}")["warnings"]
    assert (here["code"], here["number"]) == ("exclusive_application", office.number(have[0]))
    [there] = office.get(f"/applications/{far[0]}", f"school_head@{WEISHAN}")["warnings"]
    assert (there["programme"], there["number"]) == (NATIONAL, None)
    assert office.get(f"/applications/{next_year[0]}")["warnings"] == []
    assert office.preview(ENCOURAGING, SCHOOL_YEAR)["exclusive"] == 0


def test_a_case_without_an_amount_is_refused_cleanly(office: Office) -> None:
    cases = office.cases(2, "donated-aid")
    with db.scoped_session(SYSTEM) as session:
        one = update(Application).where(col(Application.id) == UUID(cases[0]))
        session.execute(one.values(amount_fen=None))
    refused = office.decide(ids=cases)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/amount.not-set")
    assert [each["where"] for each in refused.json()["errors"]] == [office.number(cases[0])]
    seen = office.preview("donated-aid", SCHOOL_YEAR)
    assert (seen["count"], seen["no_amount"], seen["not_eligible"]) == (1, 1, 0)
    back = office.post("/decisions", {"verdict": "return", "reason": "not known", "ids": cases[:1]})
    assert back.status_code == 201


def caution(session: Session, period: str) -> None:
    """Another revision of the boarders' version that warns of first-graders."""
    load_catalogue(session, settings.get().catalogue)
    version = policy.version_for(session, BOARDERS, period).version
    small = Caution(
        "small", "grade = 1", "一年级学生，请核实是否住宿", "in the first grade: does it board?"
    )
    newer = sealed(replace(version, revision=version.revision + 1, cautions=(small,)))
    session.add(
        PolicyVersion(
            catalogue="jining-2008", programme=BOARDERS, effective_from=newer.effective_from,
            revision=newer.revision, body=newer.body.decode(),
            sha256=bytes.fromhex(newer.sha256), loaded_at=clock.now(),
        )
    )  # fmt: skip


def test_cautions_are_shown_on_the_case_and_counted_before_endorsing_and_deciding(
    office: Office,
) -> None:
    with db.scoped_session(SYSTEM) as session:
        caution(session, "2012-spring")
    first = {"facts": {"grade": 1, "boards": True}}
    sixth = {"facts": {"grade": 6, "boards": True}}
    up = office.cases(2, BOARDERS, "2012-spring", **first)
    office.cases(1, BOARDERS, "2012-spring", **sixth)
    assert office.get(f"/applications/{up[0]}")["cautions"] == ["small"]
    seen = office.preview(BOARDERS, "2012-spring")
    assert (seen["count"], seen["cautioned"]) == (3, 2)
    office.cases(3, BOARDERS, "2012-spring", state="submitted", **first)
    office.cases(1, BOARDERS, "2012-spring", state="submitted", **sixth)
    with db.scoped_session(SYSTEM) as session:
        school = office.city.schools[SCHOOL]
        batch = ReportingBatch(
            round_id=make_round(session, BOARDERS, "2012-spring"), school_id=school.id,
            county_id=school.county_id, state="filling", panel=[],
            filled_by=ids.new(),
        )  # fmt: skip
        session.add(batch)
        batch_id = batch.id
    shown = office.get(f"/batches/{batch_id}", f"school_head@{SCHOOL}")
    assert [(each["id"], each["count"]) for each in shown["cautions"]] == [("small", 3)]
    assert shown["exclusive"] == 0


def test_a_batch_says_how_many_of_its_students_applied_for_something_exclusive(
    office: Office,
) -> None:
    have = office.cases(2, NATIONAL, "2013-2014")
    office.cases(3, ENCOURAGING, "2013-2014", of=have, state="submitted")
    with db.scoped_session(SYSTEM) as session:
        school = office.city.schools[SCHOOL]
        batch = ReportingBatch(
            round_id=make_round(session, ENCOURAGING, "2013-2014"), school_id=school.id,
            county_id=school.county_id, state="filling", panel=[],
            filled_by=ids.new(),
        )  # fmt: skip
        session.add(batch)
        batch_id = batch.id
    assert office.get(f"/batches/{batch_id}", f"school_head@{SCHOOL}")["exclusive"] == 2


@pytest.mark.parametrize("programme", ["fee-waiver", "public-funds"])
def test_no_round_opens_for_what_schools_receive(office: Office, programme: str) -> None:
    body = {
        "programme": programme, "period": "2008-spring", "opens_on": "2008-03-01",
        "closes_on": "2008-04-30",
    }  # fmt: skip
    refused = office.post("/rounds", body)
    assert refused.status_code == 422
    assert refused.json()["type"] == "/problems/programme.paid-to-schools"
