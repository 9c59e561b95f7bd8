"""Longkou (Shandong) in the autumn of 2019: offices, three schools, its rates and its students.

The city has one county. How many students each stage had, and what one of them was paid for the
term, is the published result; who they are is made up.
"""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import polars as pl
from sqlmodel import Session

from app.auth.models import OrganisationKind, Role
from app.core import db
from app.core.actor import SYSTEM
from app.demo import people
from app.policy.catalogue import CATALOGUES
from app.registry.intake import INTAKE_SCHEMA
from app.registry.models import RunBy, School, SchoolArea, Stage
from tests.factories.office import City, add_office, add_school, add_staff

COUNTY = "370681"
TERM, YEAR = "2019-autumn", "2019-2020"
IN_GROUP_1_ONE_IN = 4  # every fourth student is on the minimum living allowance


@dataclass(frozen=True)
class Published:
    """What one stage was paid: so many people, each so many yuan for the term."""

    stage: Stage
    school: str
    programme: str
    period: str
    people: int
    yuan: int
    born_from: date  # a thousand days from here on somebody of this stage was born

    @property
    def amount(self) -> str:
        """What all were paid together."""
        return f"{self.people * self.yuan}.00"


RESULT = (
    Published(Stage.PRESCHOOL, "1137000101", "preschool-grant", TERM, 1564, 600, date(2013, 9, 2)),
    Published(Stage.SENIOR, "3437000102", "senior-grant", TERM, 865, 1000, date(2001, 9, 1)),
    Published(
        Stage.UNDERGRADUATE, "4137000103", "national-grant", YEAR, 2814, 1500, date(1998, 9, 1)
    ),
)
"""Source: Longkou 2019, one term, all stages: 5243 people and 6,024,400 yuan."""


def make_longkou(session: Session) -> City:
    """The offices, a school of each stage, and their people; `staff` by role, or `role@place`."""
    db.enter(session, SYSTEM)
    centre = add_office(
        session, OrganisationKind.CITY_CENTRE, "370600", "烟台市学生资助管理中心", None
    )
    county = add_office(
        session, OrganisationKind.COUNTY_CENTRE, COUNTY, "龙口市学生资助管理中心", centre
    )
    finance = add_office(session, OrganisationKind.CITY_FINANCE, "370600-F", "烟台市财政局", centre)
    city = City(centre=centre, counties={COUNTY: county}, city_finance=finance, schools={})
    posts = [
        ("city_officer", Role.CITY_OFFICER, centre),
        ("city_officer_2", Role.CITY_OFFICER, centre),
        ("auditor", Role.AUDITOR, centre),
        ("finance_maker", Role.FINANCE_MAKER, finance),
        ("finance_checker", Role.FINANCE_CHECKER, finance),
        (f"county_officer@{COUNTY}", Role.COUNTY_OFFICER, county),
    ]
    for each in RESULT:
        school = city.schools[each.school] = add_school(
            session, each.school, f"龙口市{each.stage.value}", stage=each.stage,
            area=SchoolArea.TOWN, county=county, run_by=RunBy.COUNTY, division=COUNTY,
        )  # fmt: skip
        posts += [
            (f"{role.value}@{each.school}", role, school.id)
            for role in (Role.SCHOOL_CLERK, Role.SCHOOL_HEAD)
        ]
    for key, role, place in posts:
        city.staff[key] = add_staff(session, key, role, place)
    session.flush()
    return city


def students(school: School, of: Published) -> pl.DataFrame:
    """An intake frame with everybody of the stage: their own resident id and their own card."""
    chance = Random(of.school)
    rows = [
        {
            "row": place + 1,
            "school_id": str(school.id),
            "resident_id": people.resident_id(
                COUNTY, of.born_from + timedelta(days=place % 1000), place
            ),
            "name": people.name(chance),
            "grade": 1,
            "class_name": str(place // 50 + 1),
            "hardship": place % 3 + 1,
            "special_group": None if place % IN_GROUP_1_ONE_IN else "minimum_living",
            "account_number": people.card_number(chance, "622848"),
            "bank_name": "农业银行",
        }
        for place in range(of.people)
    ]
    whole = [{name: row.get(name) for name in INTAKE_SCHEMA} for row in rows]
    return pl.DataFrame(whole, schema=INTAKE_SCHEMA)


SOURCE = "龙口市2019年公布的人均资助标准 / the stated per-head rate of Longkou 2019"
_CHILD = {"stage": "preschool", "age": 4, "hardship": 1}
_STUDENT = {"stage": "undergraduate", "hardship": 1}
OWN_RATES = {
    "preschool-grant": (
        "2020-spring",
        "1200.00",
        [
            (_CHILD, {"eligible": True, "year": "1200.00", "instalments": ["600.00"]}),
            (_CHILD | {"age": 3}, {"eligible": True, "year": "1200.00"}),
            (_CHILD | {"age": 5, "hardship": 3}, {"eligible": True, "year": "1200.00"}),
            (_CHILD | {"age": 2}, {"eligible": False, "failed": ["age"]}),
            (_CHILD | {"age": 6}, {"eligible": False, "failed": ["age"]}),
            (_CHILD | {"hardship": 0}, {"eligible": False, "failed": ["hardship"]}),
        ],
    ),
    "national-grant": (
        "2019-spring",
        "3000.00",
        [
            (_STUDENT, {"eligible": True, "year": "3000.00", "instalments": ["300.00"] * 10}),
            (_STUDENT | {"hardship": 3}, {"eligible": True, "year": "3000.00"}),
            (_STUDENT | {"hardship": 0}, {"eligible": False, "failed": ["hardship"]}),
            (_STUDENT | {"stage": "postgraduate"}, {"eligible": False, "failed": ["stage"]}),
            (
                _STUDENT | {"state_funded_trainee": True},
                {"eligible": False, "failed": ["not_state_funded"]},
            ),
        ],
    ),
}
"""Programme → the national version it is copied from, yuan a year, worked examples."""


def own_rate(programme: str) -> dict[str, Any]:
    """The `[[version]]` an officer drafts: the national one with Longkou's one rate for all."""
    copied_from, yuan, examples = OWN_RATES[programme]
    path = CATALOGUES / "national" / f"{programme}.toml"
    [version] = [
        each
        for each in tomllib.loads(path.read_text("utf-8"))["version"]
        if each["effective_from"] == copied_from
    ]
    version.pop("tiers")
    return version | {
        "effective_from": TERM,
        "source": SOURCE,
        "amount": [{"yuan": yuan}],
        "example": [{"given": given, "gives": gives} for given, gives in examples],
    }
