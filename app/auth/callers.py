"""Who a caller is and how far they see: from their post to a token, from a token to an Actor."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.auth import tokens
from app.auth.errors import NotLoggedIn, SchoolNotGranted, SchoolNotNamed
from app.auth.models import (
    ApiClient,
    ClientGrant,
    Organisation,
    OrganisationKind,
    Role,
    StaffMember,
)
from app.core.actor import Actor, ActorKind, Scope

SCHOOL_CODE = re.compile(r"[0-9]{10}", re.ASCII)
CITY_OFFICES = {OrganisationKind.CITY_CENTRE, OrganisationKind.CITY_FINANCE}


@dataclass(frozen=True)
class Place:
    """How far somebody sees from an office: the scope and the ids it needs."""

    scope: Scope
    school_id: UUID | None = None
    county_id: UUID | None = None


def place_of(organisation: Organisation, roles: Sequence[str]) -> Place:
    """How far the holder of these roles sees from this organisation.

    A school's parent is the centre that runs it; so is a county finance office's.
    """
    if set(roles) <= {Role.ADMINISTRATOR}:
        return Place(Scope.NONE)
    if organisation.kind in CITY_OFFICES:
        return Place(Scope.CITY)
    if organisation.kind is OrganisationKind.SCHOOL:
        return Place(Scope.SCHOOL, school_id=organisation.id, county_id=organisation.parent_id)
    if organisation.kind is OrganisationKind.COUNTY_CENTRE:
        return Place(Scope.COUNTY, county_id=organisation.id)
    return Place(Scope.COUNTY, county_id=organisation.parent_id)


def of_staff(session: Session, staff: StaffMember) -> Actor:
    """The person as an actor, without a token. One query, for the organisation."""
    organisation = session.get_one(Organisation, staff.organisation_id)
    place = place_of(organisation, staff.roles)
    return Actor(
        id=staff.id,
        kind=ActorKind.PERSON,
        name=staff.name,
        scope=place.scope,
        organisation_id=organisation.id,
        school_id=place.school_id,
        county_id=place.county_id,
        roles=frozenset(staff.roles),
        grade=staff.grade,
        class_name=staff.class_name,
    )


def of_client(client: ApiClient) -> Actor:
    """A school's system as an actor that sees nothing until it names a school."""
    return Actor(
        id=client.id,
        kind=ActorKind.CLIENT,
        name=client.name,
        scope=Scope.NONE,
        roles=frozenset({Role.SCHOOL_SYSTEM.value}),
    )


def token_for(session: Session, staff: StaffMember) -> str:
    """An access token of 15 minutes for a person. One query, for the organisation."""
    return token_of(of_staff(session, staff))


def token_of(actor: Actor) -> str:
    """An access token of 15 minutes that says all of an actor."""
    claims: dict[str, object] = {
        "name": actor.name,
        "scope": actor.scope.value,
        "roles": sorted(actor.roles),
        "grade": actor.grade,
        "class_name": actor.class_name,
    }
    for name in ("organisation_id", "school_id", "county_id"):
        there = getattr(actor, name)
        claims[name] = None if there is None else str(there)
    return tokens.issue(actor.id, actor.kind, claims)


def known_as(claims: tokens.Claims) -> Actor:
    """The bearer of a token, by what it says: a school's system is at no school yet."""
    return Actor(
        id=claims.sub,
        kind=claims.kind,
        name=claims.name,
        scope=claims.scope,
        organisation_id=claims.organisation_id,
        school_id=claims.school_id,
        county_id=claims.county_id,
        roles=frozenset(role.value for role in claims.roles),
        grade=claims.grade,
        class_name=claims.class_name,
    )


def at_school(session: Session, claims: tokens.Claims, school_code: str | None) -> Actor:
    """A school's system at the school it names.

    Raises SchoolNotNamed, SchoolNotGranted, or NotLoggedIn where the system is not active any more.
    """
    if school_code is None or not SCHOOL_CODE.fullmatch(school_code):
        raise SchoolNotNamed
    live = (
        select(col(Organisation.id), col(Organisation.parent_id), col(ClientGrant.id))
        .select_from(ApiClient)
        .outerjoin(
            Organisation,
            (col(Organisation.code) == school_code)
            & (col(Organisation.kind) == OrganisationKind.SCHOOL),
        )
        .outerjoin(
            ClientGrant,
            (col(ClientGrant.client_id) == ApiClient.id)
            & (col(ClientGrant.school_id) == Organisation.id)
            & col(ClientGrant.revoked_at).is_(None),
        )
        .where(col(ApiClient.id) == claims.sub, col(ApiClient.active))
    )
    found = session.execute(live).one_or_none()
    if found is None:
        raise NotLoggedIn
    school_id, county_id, grant_id = found
    if grant_id is None:
        raise SchoolNotGranted
    return Actor(
        id=claims.sub,
        kind=ActorKind.CLIENT,
        name=claims.name,
        scope=Scope.SCHOOL,
        organisation_id=school_id,
        school_id=school_id,
        county_id=county_id,
        roles=frozenset({Role.SCHOOL_SYSTEM.value}),
    )
