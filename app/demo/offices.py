"""Sets the city up through the door: offices, people, schools, money, the round."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from app.demo.city import COUNTIES, DemoSchool
from app.demo.door import Door, Json

PASSWORD = "Zizhu-2008-demo"  # noqa: S105 of people who do not exist
ADMIN = "admin"
PROGRAMME, PERIOD = "boarding-subsidy", "2008-spring"
BUDGET_YUAN = "400000.00"  # a county's, for the year
AT_ONCE = 4  # a password's hash takes the service a while; the door is not crowded by four

Each = TypeVar("Each")
Progress = Callable[[str, Iterable[Each], int], Iterable[Each]]


@dataclass
class Office:
    """The offices' ids and the people who are logged in, by user name."""

    base_url: str
    counties: dict[str, str] = field(default_factory=dict)
    people: dict[str, Door] = field(default_factory=dict)

    def door(self, username: str) -> Door:
        """The door as this person sees it; logs in at the first call."""
        if username not in self.people:
            self.people[username] = Door(self.base_url, username, PASSWORD)
        return self.people[username]

    def set_day(self, day: str) -> None:
        """Takes another day for today."""
        self.door(ADMIN).put("/office-day", {"day": day})

    def close(self) -> None:
        """Logs everybody out of the demo."""
        for door in self.people.values():
            door.close()


def set_up(office: Office, schools: list[DemoSchool], progress: Progress[None]) -> None:
    """Counties, finance offices, schools, and a person of each role."""
    admin = office.door(ADMIN)
    office.set_day("2008-03-03")
    [centre] = admin.all("/organisations", kind="city_centre")
    finance = _office(admin, "city_finance", "370800-F", "济宁市财政局", centre["id"])
    divisions = {school.division for school in schools}
    for code, name in COUNTIES:
        if code not in divisions:
            continue
        place = _office(admin, "county_centre", code, f"{name}学生资助管理中心", centre["id"])
        office.counties[code] = place
    posts = [
        ("city.officer", "city_officer", centre["id"]),
        ("city.officer2", "city_officer", centre["id"]),
        ("auditor", "auditor", centre["id"]),
        ("finance.maker", "finance_maker", finance),
        ("finance.checker", "finance_checker", finance),
    ]
    posts += [(f"officer.{code}", "county_officer", key) for code, key in office.counties.items()]
    _let_in(office, [_post(*post) for post in posts], "offices and their people", progress)
    officer = office.door("city.officer")
    answer = officer.post("/schools/batch", {"schools": [_school(school) for school in schools]})
    for school, stored in zip(schools, answer["schools"], strict=True):
        school.id = stored["id"]
    people = [
        _post(f"{role}.{school.code}", f"school_{role}", school.id)
        for school in schools
        for role in ("clerk", "head")
    ]
    people.append(
        {
            **_post(f"teacher.{schools[0].code}", "class_teacher", schools[0].id),
            "grade": 1,
            "class_name": "1",
        }
    )
    _let_in(office, people, "schools and their people", progress)


def _let_in(office: Office, people: list[Json], what: str, progress: Progress[None]) -> None:
    """Enters people and logs each in, some at once."""
    admin = office.door(ADMIN)

    def enter(person: Json) -> None:
        admin.post("/staff", person)
        office.door(person["username"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in progress(what, pool.map(enter, people), len(people)):
            continue


def appropriate(office: Office, document: str, day: str) -> Json:
    """The year's money for the boarders' subsidy, county by county, in one document."""
    office.set_day(day)
    lines = [
        {
            "fiscal_year": 2008,
            "programme": PROGRAMME,
            "source": "county",
            "holder_code": code,
            "amount": BUDGET_YUAN,
        }
        for code in office.counties
    ]
    body = {"document_number": document, "dated_on": day, "kind": "this", "lines": lines}
    return office.door("finance.maker").post("/appropriations", body)


def open_round(office: Office) -> Json:
    """The round of spring 2008."""
    days = {"opens_on": "2008-03-10", "closes_on": "2008-04-30"}
    body = {"programme": PROGRAMME, "period": PERIOD, **days}
    return office.door("city.officer").post("/rounds", body)


def _office(admin: Door, kind: str, code: str, name: str, parent: str) -> str:
    body = {"kind": kind, "code": code, "name": name, "parent_id": parent}
    return str(admin.post("/organisations", body)["id"])


def _post(username: str, role: str, organisation: str) -> Json:
    return {
        "username": username,
        "name": username.split(".", maxsplit=1)[0],
        "password": PASSWORD,
        "organisation_id": organisation,
        "roles": [role],
    }


def _school(school: DemoSchool) -> Json:
    return {
        "code": school.code,
        "name": school.name,
        "stage": school.stage,
        "school_area": school.area,
        "run_by": "county",
        "division_code": school.division,
    }
