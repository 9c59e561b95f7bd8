"""A small city to test in: offices, schools, and a person of each role."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import Session

from app.auth import callers
from app.auth.models import Organisation, OrganisationKind, Role, StaffMember
from app.core import clock, db, ids
from app.core.actor import SYSTEM, Actor
from app.registry.models import RunBy, School, SchoolArea, Stage

NO_PASSWORD = "!"  # nobody logs in with it: tokens are minted

SCHOOLS = (
    ("2137000006", "任城区次丘镇中心小学", Stage.PRIMARY, "370811", SchoolArea.RURAL),
    ("3137000008", "任城区长沟镇中学", Stage.JUNIOR, "370811", SchoolArea.RURAL),
    ("3137000009", "任城区实验初级中学", Stage.JUNIOR, "370811", SchoolArea.CITY),
    ("3637000010", "任城区职业中等专业学校", Stage.VOCATIONAL, "370811", SchoolArea.TOWN),
    ("2137000011", "微山县马坡镇中心小学", Stage.PRIMARY, "370826", SchoolArea.RURAL),
)
CITY_SCHOOL = ("3637000060", "济宁市技师学院", Stage.VOCATIONAL, "370811", SchoolArea.CITY)


@dataclass
class City:
    """The offices, schools by code, and staff by `role` or `role@place code`."""

    centre: UUID
    counties: dict[str, UUID]
    city_finance: UUID
    schools: dict[str, School]
    staff: dict[str, StaffMember] = field(default_factory=dict)

    def actor(self, who: str) -> Actor:
        """The caller for a person, as a token would make it."""
        with Session(db.engine()) as session:
            return callers.of_staff(session, self.staff[who])

    def bearer(self, who: str) -> dict[str, str]:
        """The Authorization header of a person, minted without a password."""
        with Session(db.engine()) as session:
            return {"Authorization": f"Bearer {callers.token_for(session, self.staff[who])}"}


def make_city(session: Session) -> City:
    """Two counties with their schools and one city-run school; a person of each role.

    Keys of `staff`: city_officer, city_officer_2, auditor, administrator, finance_maker,
    finance_checker (city finance), county_officer@370811, county_officer@370826,
    finance_maker@370811, finance_checker@370811, and for every school code
    school_clerk@CODE, school_head@CODE, class_teacher@CODE (grade 1, class "1").
    """
    db.enter(session, SYSTEM)
    centre = add_office(
        session, OrganisationKind.CITY_CENTRE, "370800", "济宁市学生资助管理中心", None
    )
    counties = {
        code: add_office(session, OrganisationKind.COUNTY_CENTRE, code, f"{name}资助中心", centre)
        for code, name in (("370811", "任城区"), ("370826", "微山县"))
    }
    finance = add_office(session, OrganisationKind.CITY_FINANCE, "370800-F", "济宁市财政局", centre)
    county_finance = add_office(
        session,
        OrganisationKind.COUNTY_FINANCE,
        "370811-F",
        "任城区财政局",
        counties["370811"],
    )
    city = City(centre=centre, counties=counties, city_finance=finance, schools={})
    for code, name, stage, division, area in (*SCHOOLS, CITY_SCHOOL):
        run_by = RunBy.CITY if code == CITY_SCHOOL[0] else RunBy.COUNTY
        county = centre if run_by is RunBy.CITY else counties[division]
        city.schools[code] = add_school(
            session, code, name, stage=stage, area=area, county=county, run_by=run_by,
            division=division,
        )  # fmt: skip
    offices = (
        ("city_officer", Role.CITY_OFFICER, centre),
        ("city_officer_2", Role.CITY_OFFICER, centre),
        ("auditor", Role.AUDITOR, centre),
        ("administrator", Role.ADMINISTRATOR, centre),
        ("finance_maker", Role.FINANCE_MAKER, finance),
        ("finance_checker", Role.FINANCE_CHECKER, finance),
        ("finance_maker@370811", Role.FINANCE_MAKER, county_finance),
        ("finance_checker@370811", Role.FINANCE_CHECKER, county_finance),
        ("county_officer@370811", Role.COUNTY_OFFICER, counties["370811"]),
        ("county_officer_2@370811", Role.COUNTY_OFFICER, counties["370811"]),
        ("county_officer@370826", Role.COUNTY_OFFICER, counties["370826"]),
    )
    for key, role, place in offices:
        city.staff[key] = add_staff(session, key, role, place)
    for code, school in city.schools.items():
        for role in (Role.SCHOOL_CLERK, Role.SCHOOL_HEAD, Role.CLASS_TEACHER):
            key = f"{role.value}@{code}"
            city.staff[key] = add_staff(session, key, role, school.id)
    session.flush()
    return city


def add_office(
    session: Session, kind: OrganisationKind, code: str, name: str, parent: UUID | None
) -> UUID:
    made = Organisation(
        kind=kind, code=code, name=name, parent_id=parent, made_at=clock.now(), id=ids.new()
    )
    session.add(made)
    session.flush()
    return made.id


def add_school(
    session: Session,
    code: str,
    name: str,
    *,
    stage: Stage,
    area: SchoolArea,
    county: UUID,
    run_by: RunBy,
    division: str,
) -> School:
    place = add_office(session, OrganisationKind.SCHOOL, code, name, county)
    made = School(
        id=place,
        county_id=county,
        code=code,
        name=name,
        stage=stage,
        school_area=area,
        run_by=run_by,
        division_code=division,
        made_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made


def add_staff(session: Session, username: str, role: Role, place: UUID) -> StaffMember:
    teaches = role is Role.CLASS_TEACHER
    made = StaffMember(
        username=username,
        name=username,
        password_hash=NO_PASSWORD,
        organisation_id=place,
        roles=[role.value],
        grade=1 if teaches else None,
        class_name="1" if teaches else None,
        made_at=clock.now(),
    )
    session.add(made)
    return made
