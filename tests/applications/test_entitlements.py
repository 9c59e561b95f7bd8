"""A pupil transfers in mid-term: the programme says who pays the rest, and both schools know."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update
from sqlmodel import col

from app.applications.models import Application
from app.awards import service as awards
from app.awards.models import Award, Instalment
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.ledger import service as ledger
from app.policy import queries as policy
from app.reports.invariants import INVARIANTS
from tests.factories.cases import SCHOOL_YEAR, SPRING, VOCATIONAL, as_cases, make_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import confirm_enrolment
from tests.registry.rows import card, resident_id

API = "/api/v1"
OLD, NEAR, FAR = "2137000006", "3137000008", "2137000011"
MARCH = date(2008, 3, 20)
EACH = 150_00


@pytest.fixture(autouse=True)
def _in_march() -> None:
    clock.set_office_day(MARCH)


@pytest.fixture
def new_school_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue in which the vocational grant goes with the student."""
    sound = policy.catalogue("jining-2008")
    moving = replace(sound.programmes[VOCATIONAL], on_transfer="new_school")
    other = replace(sound, programmes={**sound.programmes, VOCATIONAL: moving})
    monkeypatch.setattr(policy, "catalogue", lambda _: other)


class Pupil:
    """A student of the old school with the year's grant: seven parts due by March, ten in all."""

    def __init__(self, client: TestClient, city: City, seed: int) -> None:
        self.client, self.city, self.seed = client, city, seed
        body = {
            "school_year": SCHOOL_YEAR, "name": f"转学{seed}", "grade": 1,
            "entered_on": "2007-09-01", "resident_id": resident_id(seed),
            "account": {"kind": "card", "number": card(seed), "holder_name": f"转学{seed}"},
        }  # fmt: skip
        made = client.post(f"{API}/students", json=body, headers=city.bearer(f"school_clerk@{OLD}"))
        assert made.status_code == 201, made.text
        self.id = UUID(made.json()["id"])
        with db.scoped_session(SYSTEM) as session:
            for year in (2007, 2008):
                appropriate(session, 10 * EACH, year=year, programme=VOCATIONAL)
            [self.case] = make_cases(
                session, city.schools[OLD], 1, 10 * EACH, programme=VOCATIONAL,
                period=SCHOOL_YEAR, state="confirmed",
            )  # fmt: skip
            session.execute(
                update(Application)
                .where(col(Application.id) == self.case)
                .values(student_id=self.id)
            )
            self.number = session.get_one(Application, self.case).number

    def award(self) -> None:
        with db.scoped_session(SYSTEM) as session:
            awards.promise(
                session, as_cases([self.case]), programme=VOCATIONAL, period=SCHOOL_YEAR,
                batch=ids.new(), by=SYSTEM,
            )  # fmt: skip
            awards.grant(
                session, select(col(Application.id)).where(col(Application.id) == self.case), SYSTEM
            )

    def transfer(self, to: str, settler: str = f"school_head@{OLD}") -> Any:
        body = {
            "resident_id": resident_id(self.seed), "name": f"转学{self.seed}",
            "school_year": SCHOOL_YEAR, "grade": 1, "reason": "随父母迁居",
        }  # fmt: skip
        asked = self.client.post(
            f"{API}/transfers", json=body, headers=self.city.bearer(f"school_clerk@{to}")
        )
        assert asked.status_code == 201, asked.text
        path = f"{API}/transfers/{asked.json()['id']}"
        before = self.client.get(path, headers=self.city.bearer(f"school_clerk@{to}"))
        assert before.json()["entitlements"] == []
        done = self.client.post(f"{path}/confirm", headers=self.city.bearer(settler))
        assert done.status_code == 200, done.text
        for who in (f"school_clerk@{to}", f"school_head@{OLD}"):
            told = self.client.get(path, headers=self.city.bearer(who))
            assert told.json() == done.json()
        return done.json()["entitlements"]

    def instalments(self, school: str) -> list[tuple[str, str]]:
        """Due day and state of those of a school, in order."""
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(
                select(col(Instalment.due_on), col(Instalment.state))
                .join(Award, col(Award.id) == Instalment.award_id)
                .where(
                    col(Award.application_id) == self.case,
                    col(Instalment.school_id) == self.city.schools[school].id,
                )
                .order_by(col(Instalment.seq))
            )
            return [(day.isoformat(), state.value) for day, state in found]


def sound() -> None:
    """The books balance, and nothing between the records is off."""
    with db.scoped_session(SYSTEM) as session:
        assert ledger.verify(session) == []
        for each in INVARIANTS:
            if each.code in {"award-sum-off", "shares-off", "moved-off", "appropriation-off"}:
                assert session.execute(text(each.sql)).all() == [], each.code


def free_fen(holder: str) -> int:
    with db.scoped_session(SYSTEM) as session:
        return balances(session, line_code(holder, programme=VOCATIONAL)).get("available", 0)


def test_where_the_old_school_pays_nothing_moves_and_both_are_told(
    client: TestClient, city: City
) -> None:
    pupil = Pupil(client, city, 101)
    pupil.award()
    before = pupil.instalments(OLD)
    [told] = pupil.transfer(FAR)
    assert (told["number"], told["pays_the_rest"]) == (pupil.number, "old_school")
    assert (told["amount"], told["paid"], told["rest"]) == ("1500.00", "0.00", "1500.00")
    assert "1500.00" in told["words"]["zh"]
    assert pupil.number in told["words"]["en"]
    assert pupil.instalments(OLD) == before
    assert pupil.instalments(FAR) == []
    sound()


def test_what_falls_due_after_the_day_moves_within_the_county_and_stays_committed(
    client: TestClient, city: City, new_school_pays: None
) -> None:
    pupil = Pupil(client, city, 102)
    pupil.award()
    free = free_fen("370811")
    [told] = pupil.transfer(NEAR)
    assert (told["pays_the_rest"], told["rest"]) == ("new_school", "1500.00")
    assert told["rest_at_new_school"] == "600.00"
    assert pupil.instalments(NEAR) == [
        ("2008-04-15", "committed"), ("2008-05-15", "committed"),
        ("2008-06-15", "committed"), ("2008-07-15", "committed"),
    ]  # fmt: skip
    stays = [state for _, state in pupil.instalments(OLD)]
    assert stays == ["committed"] * 6 + ["cancelled"] * 4
    assert free_fen("370811") == free
    sound()


def test_another_county_without_money_lets_them_wait_until_it_has_it(
    client: TestClient, city: City, new_school_pays: None
) -> None:
    pupil = Pupil(client, city, 103)
    pupil.award()
    free = free_fen("370811")
    pupil.transfer(FAR, "county_officer@370811")
    assert [state for _, state in pupil.instalments(FAR)] == ["awaiting_appropriation"] * 4
    assert free_fen("370811") == free + 4 * EACH
    with db.scoped_session(SYSTEM) as session:
        appropriate(session, 3 * EACH, "370826", programme=VOCATIONAL)
    assert [state for _, state in pupil.instalments(FAR)] == [
        "committed", "committed", "committed", "awaiting_appropriation",
    ]  # fmt: skip
    sound()
    with db.scoped_session(city.actor("county_officer@370811")) as session:
        awards.cancel(
            session, select(col(Application.id)).where(col(Application.id) == pupil.case),
            batch=ids.new(), by=city.actor("county_officer@370811"), because="a test",
        )  # fmt: skip
    assert {state for _, state in pupil.instalments(FAR)} == {"cancelled"}
    assert free_fen("370826") == 3 * EACH
    sound()


def test_a_case_awarded_after_its_student_moved_follows_them(
    client: TestClient, city: City, new_school_pays: None
) -> None:
    pupil = Pupil(client, city, 104)
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            update(Application)
            .where(col(Application.id) == pupil.case)
            .values(state="in_review", step="city")
        )
    [told] = pupil.transfer(NEAR)
    assert (told["amount"], told["state"]) == (None, "in_review")
    decided = client.post(
        f"{API}/decisions",
        json={"verdict": "approve", "reason": "seen", "ids": [str(pupil.case)]},
        headers=city.bearer("city_officer"),
    )
    assert decided.status_code == 201, decided.text
    assert [day for day, _ in pupil.instalments(NEAR)] == [
        "2008-04-15", "2008-05-15", "2008-06-15", "2008-07-15",
    ]  # fmt: skip
    sound()


def test_a_period_that_is_over_is_no_longer_told(client: TestClient, city: City) -> None:
    clock.set_office_day(date(2008, 7, 16))
    pupil = Pupil(client, city, 105)
    pupil.award()
    assert pupil.transfer(NEAR) == []


def test_the_new_schools_word_pays_a_transferred_pupil_at_the_old_schools_cost(
    client: TestClient, city: City
) -> None:
    pupil = Pupil(client, city, 106)
    pupil.award()
    pupil.transfer(FAR)
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            text("UPDATE bank_account SET state = 'confirmed' WHERE student_id = :student"),
            {"student": pupil.id},
        )

    def findings() -> set[str]:
        opened = client.post(
            f"{API}/runs",
            json={"programme": VOCATIONAL, "due_to": "2008-03-31", "bank_format": "generic-pipe"},
            headers=city.bearer("finance_maker@370811"),
        )
        assert opened.status_code == 201, opened.text
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(
                text("SELECT f.finding FROM payout_finding f JOIN payout p ON p.id = f.payout_id "
                     "WHERE p.student_id = :student AND p.run_id = :run"),
                {"student": pupil.id, "run": opened.json()["run"]["id"]},
            ).scalars()  # fmt: skip
            said = set(found)
        gone = client.post(
            f"{API}/runs/{opened.json()['run']['id']}/cancel",
            json={"because": "a test"}, headers=city.bearer("finance_maker@370811"),
        )  # fmt: skip
        assert gone.status_code == 200, gone.text
        return said

    with db.scoped_session(SYSTEM) as session:
        for term in ("2007-autumn", SPRING):
            confirm_enrolment(session, city.schools[OLD], term)
    assert findings() == {"enrolment_unconfirmed"}
    with db.scoped_session(SYSTEM) as session:
        for term in ("2007-autumn", SPRING):
            confirm_enrolment(session, city.schools[FAR], term)
    assert findings() == set()


def test_the_new_school_cannot_apply_again_and_is_told_the_number(
    client: TestClient, city: City
) -> None:
    clock.set_office_day(date(2008, 3, 20))
    pupil = Pupil(client, city, 107)
    pupil.award()
    pupil.transfer(FAR)
    body = {
        "programme": VOCATIONAL, "period": SCHOOL_YEAR,
        "student": {"name": "转学107", "resident_id": resident_id(107)},
        "enrolment": {"grade": 1, "class_name": "1", "boards": True}, "hardship": 1,
    }  # fmt: skip
    again = client.post(
        f"{API}/applications", json=body, headers=city.bearer(f"school_clerk@{FAR}")
    )
    assert (again.status_code, again.json()["type"]) == (
        409, "/problems/application.already-applied",
    ), again.text  # fmt: skip
    assert again.json()["number"] == pupil.number
    with db.scoped_session(SYSTEM) as session:
        mine = select(col(Application.id)).where(col(Application.student_id) == pupil.id)
        assert session.execute(mine).scalars().all() == [pupil.case]
