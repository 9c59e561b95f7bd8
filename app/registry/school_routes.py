"""Schools."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.auth.guards import may
from app.auth.permissions import Act
from app.core import etags
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.etags import IfMatch
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry import queries, service_schools
from app.registry.models import Stage
from app.registry.schemas import (
    BeginsWith,
    SchoolChangeIn,
    SchoolIn,
    SchoolOut,
    SchoolsIn,
    SchoolsOut,
)
from app.registry.service_schools import NewSchool

router = APIRouter(route_class=AidRoute, tags=["schools"])


@router.post("/schools", status_code=201)
def create_school(
    session: DbSession, asked: SchoolIn, by: Annotated[Actor, may(Act.SCHOOL_MANAGE)]
) -> SchoolOut:
    """Registers a school with its organisation."""
    [made] = service_schools.create_schools(session, [NewSchool(**dict(asked))], by=by)
    return SchoolOut.of(made)


@router.post("/schools/batch", status_code=201)
def create_schools(
    session: DbSession, asked: SchoolsIn, by: Annotated[Actor, may(Act.SCHOOL_MANAGE)]
) -> SchoolsOut:
    """Registers up to a thousand schools, all or none."""
    wanted = [NewSchool(**dict(one)) for one in asked.schools]
    made = service_schools.create_schools(session, wanted, by=by)
    return SchoolsOut(schools=[SchoolOut.of(one) for one in made])


@router.get("/schools")
def list_schools(
    session: DbSession,
    by: Annotated[Actor, may(Act.SCHOOL_READ)],
    asked: Paging,
    county: UUID | None = None,
    stage: Stage | None = None,
    name: Annotated[BeginsWith | None, Query()] = None,
) -> Page[SchoolOut]:
    """The schools in sight; `name` is how it begins."""
    sought = queries.SchoolsSought(county_id=county, stage=stage, name=name)
    found = queries.schools(session, by, asked, sought)
    return page_of(found, asked, key=lambda school: school.id, show=SchoolOut.of)


@router.get("/schools/{school_id}")
def read_school(
    response: Response,
    session: DbSession,
    school_id: UUID,
    by: Annotated[Actor, may(Act.SCHOOL_READ)],
) -> SchoolOut:
    """One school."""
    found = queries.school(session, school_id, by)
    etags.tag(response, found.version)
    return SchoolOut.of(found)


@router.patch("/schools/{school_id}")
def change_school(
    response: Response,
    session: DbSession,
    school_id: UUID,
    asked: SchoolChangeIn,
    by: Annotated[Actor, may(Act.SCHOOL_MANAGE)],
    seen: IfMatch,
) -> SchoolOut:
    """Changes a school; what is left out stays."""
    change = asked.model_dump(exclude_none=True)
    changed = service_schools.change_school(session, school_id, change, seen=seen, by=by)
    etags.tag(response, changed.version)
    return SchoolOut.of(changed)
