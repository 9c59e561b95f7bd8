"""The 61 schools of the sample sheets in their twelve counties, made in four statements."""

import csv
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session

from app.applications.models import ApplicationRound
from app.auth.models import Organisation, OrganisationKind, Role, StaffMember
from app.core import clock, db, ids, settings
from app.core.actor import SYSTEM
from app.policy.service import load_catalogue
from app.registry.models import RunBy, School, SchoolArea, Stage
from tests.factories.office import NO_PASSWORD, City

SAMPLES = Path(__file__).parent.parent / "samples"
CITY_CODE = "370800"
_AREAS = {"农村": SchoolArea.RURAL, "县镇": SchoolArea.TOWN, "城市": SchoolArea.CITY}
ALWAYS_OPEN = (date(2008, 2, 20), date(2099, 12, 31))
ROUNDS = {
    ("boarding-subsidy", "2008-spring"): ALWAYS_OPEN,
    ("vocational-grant", "2007-2008"): ALWAYS_OPEN,
    ("boarding-subsidy", "2007-autumn"): (date(2007, 9, 1), date(2007, 10, 31)),
}


def sample_bytes(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def sample_csv(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def make_sample_city(session: Session) -> City:
    """Every school of schools.csv with its county, policy, rounds, and staff.

    Keys of `staff`: city_officer, county_officer@DIVISION, school_clerk@CODE, school_head@CODE.
    """
    db.enter(session, SYSTEM)
    load_catalogue(session, settings.get().catalogue)
    listed = sample_csv("schools.csv")
    divisions = sorted({each["区县代码"] for each in listed} - {CITY_CODE})
    centre = ids.new()
    counties = {code: ids.new() for code in divisions}
    schools = [_school(each, centre, counties) for each in listed]
    _add_offices(session, centre, counties, schools)
    _insert(session, School, schools)
    city = City(
        centre=centre,
        counties=counties,
        city_finance=centre,
        schools={school.code: school for school in schools},
    )
    _add_staff(session, city)
    _add_rounds(session, city.staff["city_officer"].id)
    session.flush()
    return city


def _school(listed: dict[str, str], centre: UUID, counties: dict[str, UUID]) -> School:
    city_run = listed["隶属"] == "市直"
    return School(
        id=ids.new(),
        county_id=centre if city_run else counties[listed["区县代码"]],
        code=listed["学校标识码"],
        name=listed["学校名称"],
        stage=Stage(listed["学段"]),
        school_area=_AREAS[listed["城乡"]],
        run_by=RunBy.CITY if city_run else RunBy.COUNTY,
        division_code=listed["区县代码"],
        made_at=clock.now(),
    )


def _add_offices(
    session: Session, centre: UUID, counties: dict[str, UUID], schools: list[School]
) -> None:
    def office(
        kind: OrganisationKind, office_id: UUID, code: str, name: str, parent: UUID | None
    ) -> Organisation:
        return Organisation(
            id=office_id, kind=kind, code=code, name=name, parent_id=parent, made_at=clock.now()
        )

    made = [office(OrganisationKind.CITY_CENTRE, centre, CITY_CODE, "济宁市学生资助管理中心", None)]
    made += [
        office(OrganisationKind.COUNTY_CENTRE, key, code, f"{code}资助中心", centre)
        for code, key in counties.items()
    ]
    made += [
        office(OrganisationKind.SCHOOL, each.id, each.code, each.name, each.county_id)
        for each in schools
    ]
    _insert(session, Organisation, made)


def _add_staff(session: Session, city: City) -> None:
    posts = [("city_officer", Role.CITY_OFFICER, city.centre)]
    posts += [
        (f"county_officer@{code}", Role.COUNTY_OFFICER, key) for code, key in city.counties.items()
    ]
    posts += [
        (f"{role.value}@{code}", role, school.id)
        for code, school in city.schools.items()
        for role in (Role.SCHOOL_CLERK, Role.SCHOOL_HEAD)
    ]
    for key, role, place in posts:
        city.staff[key] = StaffMember(
            username=key,
            name=key,
            password_hash=NO_PASSWORD,
            organisation_id=place,
            roles=[role.value],
            made_at=clock.now(),
        )
    _insert(session, StaffMember, list(city.staff.values()))


def _add_rounds(session: Session, opened_by: UUID) -> None:
    made = [
        ApplicationRound(
            programme=programme,
            period=period,
            opens_on=opens_on,
            closes_on=closes_on,
            opened_by=opened_by,
            opened_at=clock.now(),
        )
        for (programme, period), (opens_on, closes_on) in ROUNDS.items()
    ]
    _insert(session, ApplicationRound, made)


def _insert(session: Session, table: Any, rows: list[Any]) -> None:
    session.execute(insert(table), [row.model_dump() for row in rows])
