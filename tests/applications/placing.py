"""A city whose catalogue has programmes with places: given, shared by head count, and in tiers."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update
from sqlmodel import col

from app.applications import batches, decisions
from app.applications.batches import Filling
from app.applications.models import (
    Application,
    Submission,
    Verdict,
)
from app.applications.orders import Decided, Order
from app.applications.place_models import PlaceEntry
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.policy import queries
from app.policy.catalogue import CATALOGUES
from app.policy.service import load_catalogue
from app.registry.models import Enrolment, School
from tests.factories.cases import make_cases, make_round
from tests.factories.office import City

SCHOOL, OTHER, WEISHAN = "2137000006", "3137000008", "2137000011"
CLERK, HEAD = f"school_clerk@{SCHOOL}", f"school_head@{SCHOOL}"
COUNTY, CENTRE = "county_officer@370811", "city_officer"
MERIT, GRANT, SHARE = "test-scholarship", "test-grant", "test-share"

_COMMON = """
payee = "student"
{period}

[approval]
county_school = ["county", "city"]
city_school = ["city"]

[notice]
school_working_days = 5
centre_working_days = 5

[[version]]
effective_from = "2007-autumn"
source = "made up"
"""
_YEAR = 'period = "school_year"\ninstalments = "month"'
_FUNDING = """
[[version.funding]]
source = "county"
basis_points = 10000
"""
_MERIT = f"""
code = "{MERIT}"
prefix = "TS"
name = {{ zh = "奖学金", en = "Scholarship" }}
kind = "scholarship"
{_COMMON.format(period=_YEAR)}
ranking = ["merit_rank asc"]

[[version.criterion]]
id = "ranked"
test = "merit_rank >= 1"
zh = "学校推荐"
en = "recommended"

[[version.amount]]
yuan = "8000.00"

[[version.quota]]
of = "given"
{_FUNDING}
[[version.example]]
given = {{ merit_rank = 1 }}
gives = {{ eligible = true, year = "8000.00" }}
"""
_GRANT = f"""
code = "{GRANT}"
prefix = "TG"
name = {{ zh = "助学金", en = "Grant" }}
kind = "grant"
{_COMMON.format(period=_YEAR)}
ranking = ["hardship desc", "income_per_head_fen asc"]

[version.tiers]
average = "2000.00"
least = "1000.00"
most = "3000.00"

[[version.criterion]]
id = "hardship"
test = "hardship >= 1"
zh = "家庭经济困难"
en = "in hardship"

[[version.amount]]
when = "tier = 3"
yuan = "3000.00"

[[version.amount]]
when = "tier = 2"
yuan = "2000.00"

[[version.amount]]
when = "tier = 1"
yuan = "1000.00"
{_FUNDING}
[[version.example]]
given = {{ hardship = 3, tier = 3 }}
gives = {{ eligible = true, year = "3000.00" }}
"""
_SHARE = f"""
code = "{SHARE}"
prefix = "TR"
name = {{ zh = "生活补助", en = "Subsidy" }}
kind = "grant"
{_COMMON.format(period=_YEAR)}
ranking = ["hardship desc"]

[[version.criterion]]
id = "hardship"
test = "hardship >= 1"
zh = "家庭经济困难"
en = "in hardship"

[[version.amount]]
yuan = "500.00"

[[version.quota]]
of = "roll"
bound = "ceiling"
basis_points = 3000
rounding = "half_up"

[[version.quota]]
of = "boarders"
bound = "floor"
basis_points = 5000
rounding = "up"
{_FUNDING}
[[version.example]]
given = {{ hardship = 1 }}
gives = {{ eligible = true, year = "500.00" }}
"""


@contextmanager
def catalogue_with_places(home: Path) -> Iterator[None]:
    """The catalogue in force has three more programmes while this lasts."""
    root = home / "jining-2008"
    shutil.copytree(CATALOGUES / "jining-2008", root)
    for code, text in ((MERIT, _MERIT), (GRANT, _GRANT), (SHARE, _SHARE)):
        (root / f"{code}.toml").write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queries, "CATALOGUES", home)
        queries.catalogue.cache_clear()
        yield
    queries.catalogue.cache_clear()


@dataclass
class Desk:
    """One programme and period of the city, over HTTP."""

    city: City
    client: TestClient
    programme: str
    period: str

    def __post_init__(self) -> None:
        clock.set_office_day(date(2008, 3, 10))
        with db.scoped_session(SYSTEM) as session:
            load_catalogue(session, "jining-2008")
            self.round_id = make_round(session, self.programme, self.period)

    def school(self, code: str = SCHOOL) -> School:
        return self.city.schools[code]

    def call(self, who: str, verb: str, path: str, body: Any = None) -> Any:
        sent = {**self.city.bearer(who), "Accept-Language": "en"}
        return self.client.request(verb, f"/api/v1{path}", json=body, headers=sent)

    def cases(
        self,
        *facts: dict[str, Any],
        fen: int = 8000_00,
        code: str = SCHOOL,
        **values: Any,
    ) -> list[UUID]:
        """A case for each set of facts, with the school, in the order in which they came.

        The facts stand in a second submission, for none is ever changed.
        """
        judged = {"eligible": True, "amount_fen": fen, "missing": [], **values}
        with db.scoped_session(SYSTEM) as session:
            made = make_cases(
                session,
                self.school(code),
                len(facts),
                fen,
                programme=self.programme,
                period=self.period,
                state="submitted",
            )
            row = session.execute(
                select(Submission).where(col(Submission.application_id) == made[0])
            ).scalar_one()
            same = row.model_dump() | {"submission_no": 2, **judged}
            session.execute(
                insert(Submission),
                [
                    {**same, "application_id": case, "facts": _told(said)}
                    for case, said in zip(made, facts, strict=True)
                ],
            )
            state = "submitted" if judged["eligible"] is not None else "draft"
            session.execute(
                update(Application)
                .where(col(Application.id).in_(made))
                .values(submission_no=2, reported_at=None, state=state, **judged)
            )
        return made

    def drafts(self, *facts: dict[str, Any]) -> list[UUID]:
        """Cases that lack nothing but their tier."""
        return self.cases(*facts, eligible=None, amount_fen=None, missing=["tier"])

    def enrol(self, roll: int, boarders: int, code: str = SCHOOL) -> None:
        """Students on the roll of the school in the period's school year."""
        school = self.school(code)
        with db.scoped_session(SYSTEM) as session:
            made = make_cases(
                session, school, roll, programme="boarding-subsidy", period="2008-spring",
                state="withdrawn",
            )  # fmt: skip
            students = session.execute(
                select(col(Application.student_id)).where(col(Application.id).in_(made))
            ).scalars()
            session.execute(
                insert(Enrolment),
                [
                    {
                        "id": ids.new(),
                        "student_id": student,
                        "school_id": school.id,
                        "county_id": school.county_id,
                        "school_year": self.period,
                        "stage": school.stage,
                        "boards": place < boarders,
                        "entered_on": date(2007, 9, 1),
                        "made_at": clock.now(),
                        "made_by": ids.new(),
                        "version": 1,
                    }
                    for place, student in enumerate(students)
                ],
            )

    def give(self, places: int, *, amount: str | None = None, code: str = SCHOOL) -> Any:
        """The city centre gives a school its places."""
        seen = self.call(CENTRE, "GET", f"/programmes/{self.programme}/quotas?period={self.period}")
        figures = {name: seen.json()[name] for name in ("schools", "places", "amount")}
        quota = {"school": code, "places": places, "amount": amount}
        said = {"period": self.period, "why": "年度名额", "expect": figures, "quotas": [quota]}
        return self.call(CENTRE, "PUT", f"/programmes/{self.programme}/quotas", said)

    def batch(self, code: str = SCHOOL) -> UUID:
        """The school's batch, filled in anew or for the first time, its notice over."""
        filling = Filling(
            panel=("王校长", "李老师", "赵家长"), panel_met_on=date(2008, 2, 28),
            notice_from=date(2008, 3, 3), notice_to=date(2008, 3, 7),
        )  # fmt: skip
        clerk = self.city.actor(f"school_clerk@{code}")
        with db.scoped_session(clerk) as session:
            found = self.call(f"school_clerk@{code}", "GET", f"/batches?round_id={self.round_id}")
            listed = found.json()["items"]
            if listed:
                batch = UUID(listed[0]["id"])
                batches.change(session, batch, filling, seen=listed[0]["version"], by=clerk)
                return batch
            made = batches.fill(session, filling, round_id=self.round_id, school_id=None, by=clerk)
            return made.id

    def endorse(self, batch: UUID, code: str = SCHOOL) -> Any:
        return self.call(f"school_head@{code}", "POST", f"/batches/{batch}/endorse")

    def report(self, batch: UUID, code: str = SCHOOL) -> Any:
        return self.call(f"school_clerk@{code}", "POST", f"/batches/{batch}/report")

    def hand_up(self, code: str = SCHOOL) -> Any:
        """Filled, endorsed and handed up; the reply of the last."""
        batch = self.batch(code)
        endorsed = self.endorse(batch, code)
        return self.report(batch, code) if endorsed.status_code == 200 else endorsed

    def decide(self, who: str, cases: list[UUID], verdict: Verdict) -> Decided:
        by = self.city.actor(who)
        order = Order(verdict=verdict, reason="审核", ids=tuple(cases))
        with db.scoped_session(by) as session:
            return decisions.decide(session, order, by=by)

    def states(self, cases: list[UUID]) -> list[str]:
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(
                select(col(Application.id), col(Application.state)).where(
                    col(Application.id).in_(cases)
                )
            ).all()
        of = dict(map(tuple, found))
        return [of[case].value for case in cases]

    def entries(self, cases: list[UUID]) -> list[tuple[int, str] | None]:
        """Rank and state of each case's last entry of the waiting list."""
        with db.scoped_session(SYSTEM) as session:
            found = session.execute(
                select(PlaceEntry)
                .where(col(PlaceEntry.application_id).in_(cases))
                .order_by(col(PlaceEntry.id))
            ).scalars()
            last = {each.application_id: (each.rank, each.state.value) for each in found}
        return [last.get(case) for case in cases]

    def places(self, batch: UUID) -> Any:
        return self.call(CLERK, "GET", f"/batches/{batch}").json()["places"]


def _told(said: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"value": value, "source": "school_form", "as_of": "2008-03-01"}
        for name, value in said.items()
    }
