"""Registers schools and keeps them up to date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.audit import service as audit
from app.auth import service as organisations
from app.auth.models import Organisation, OrganisationKind
from app.auth.service import NewOrganisation
from app.core import clock, etags
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.registry import queries
from app.registry.errors import SchoolNotFound, SchoolsNotYours, SchoolsWrong
from app.registry.models import RunBy, School, SchoolArea, Stage


@dataclass(frozen=True, kw_only=True)
class NewSchool:
    """A school to be registered; its county is found by the division code."""

    code: str
    name: str
    stage: Stage
    school_area: SchoolArea
    run_by: RunBy
    division_code: str


def create_schools(session: Session, wanted: Sequence[NewSchool], *, by: Actor) -> list[School]:
    """Registers the schools with their organisations, all or none.

    Raises SchoolsWrong, SchoolsNotYours, and what auth raises where a code is taken.
    """
    centres = _centres(session, wanted)
    offices = [_office_of(new, centres) for new in wanted]
    _refuse_wrong(wanted, offices)
    _refuse_others(wanted, offices, by)
    places = [
        NewOrganisation(
            kind=OrganisationKind.SCHOOL, code=new.code, name=new.name, parent_id=office
        )
        for new, office in zip(wanted, offices, strict=True)
    ]
    made_places = organisations.create_organisations(session, places, by=by)
    made = [
        School(
            id=place.id,
            county_id=place.parent_id,
            code=new.code,
            name=new.name,
            stage=new.stage,
            school_area=new.school_area,
            run_by=new.run_by,
            division_code=new.division_code,
            made_at=clock.now(),
        )
        for new, place in zip(wanted, made_places, strict=True)
        if place.parent_id is not None
    ]
    session.add_all(made)
    session.flush()  # a code that was taken meanwhile is refused here, not at commit
    audit.note(session, by=by, did="school.created", records=[school.id for school in made])
    return made


def change_school(
    session: Session, school_id: UUID, change: Mapping[str, object], *, seen: int, by: Actor
) -> School:
    """Writes the fields given. Raises SchoolNotFound, VersionStale."""
    school = session.exec(
        select(School)
        .where(col(School.id) == school_id, queries.school_visible(by))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if school is None:
        raise SchoolNotFound
    etags.check(seen, school.version)
    for field, value in change.items():
        setattr(school, field, value)
    school.version += 1
    session.flush()  # the reply shows what is stored
    audit.note(
        session, by=by, did="school.changed", records=[school.id], detail={"fields": [*change]}
    )
    return school


def _centres(session: Session, wanted: Sequence[NewSchool]) -> dict[str, UUID]:
    """County centres by division code, and the city centre under the empty text."""
    codes = {new.division_code for new in wanted}
    found = session.exec(
        select(col(Organisation.id), col(Organisation.kind), col(Organisation.code)).where(
            (col(Organisation.kind) == OrganisationKind.CITY_CENTRE)
            | (col(Organisation.kind) == OrganisationKind.COUNTY_CENTRE)
            & col(Organisation.code).in_(codes)
        )
    )
    return {"" if kind is OrganisationKind.CITY_CENTRE else code: id_ for id_, kind, code in found}


def _office_of(new: NewSchool, centres: Mapping[str, UUID]) -> UUID | None:
    return centres.get("" if new.run_by is RunBy.CITY else new.division_code)


def _refuse_wrong(wanted: Sequence[NewSchool], offices: Sequence[UUID | None]) -> None:
    faults = [
        Fault(
            "school.division-unknown",
            f"没有区划代码为 {new.division_code} 的县级资助中心，请核对。",
            f"There is no county centre with the division code {new.division_code}; check it.",
            f"/schools/{place}/division_code",
        )
        for place, (new, office) in enumerate(zip(wanted, offices, strict=True))
        if office is None
    ]
    if faults:
        raise SchoolsWrong(faults)


def _refuse_others(wanted: Sequence[NewSchool], offices: Sequence[UUID | None], by: Actor) -> None:
    if by.scope is Scope.CITY:
        return
    faults = [
        Fault(
            "school.not-yours",
            f"{new.code} 不属于本县区举办的学校。",
            f"{new.code} is not a school that your county runs.",
            f"/schools/{place}",
        )
        for place, (new, office) in enumerate(zip(wanted, offices, strict=True))
        if new.run_by is RunBy.CITY or office != by.county_id
    ]
    if faults:
        raise SchoolsNotYours(faults)
