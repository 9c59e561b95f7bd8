"""What is read of offices, people, clients and grants, each within the caller's sight."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Row, any_, exists, false, literal, or_, select, true
from sqlmodel import Session, col

from app.auth.errors import NoSuchOrganisation
from app.auth.models import (
    ApiClient,
    ClientGrant,
    Organisation,
    OrganisationKind,
    Role,
    StaffMember,
)
from app.core.actor import Actor, Scope
from app.core.paging import PageAsked


@dataclass(frozen=True, kw_only=True)
class StaffFilter:
    """Which people to list."""

    organisation_id: UUID | None = None
    role: Role | None = None
    active: bool | None = None


def organisations(
    session: Session,
    asked: PageAsked,
    *,
    by: Actor,
    kind: OrganisationKind | None = None,
    code: str | None = None,
) -> Sequence[Organisation]:
    """One page of the offices in the caller's own part of the tree, oldest first."""
    wanted = select(Organisation).where(_in_sight(by))
    if kind is not None:
        wanted = wanted.where(col(Organisation.kind) == kind)
    if code is not None:
        wanted = wanted.where(col(Organisation.code) == code)
    return session.scalars(asked.cut(wanted, col(Organisation.id))).all()


def organisation(session: Session, organisation_id: UUID, *, by: Actor) -> Organisation:
    """One office in sight. Raises NoSuchOrganisation."""
    found = session.scalars(
        select(Organisation).where(col(Organisation.id) == organisation_id, _in_sight(by))
    ).one_or_none()
    if found is None:
        raise NoSuchOrganisation
    return found


def _in_sight(by: Actor) -> ColumnElement[bool]:
    # An administrator sees no case at all, but the whole tree, to put people into it.
    if by.scope is Scope.CITY or Role.ADMINISTRATOR in by.roles:
        return true()
    if by.scope is Scope.COUNTY:
        own = col(Organisation.id) == by.county_id
        return or_(own, col(Organisation.parent_id) == by.county_id)
    if by.scope is Scope.SCHOOL:
        return col(Organisation.id) == by.school_id
    return false()


def organisation_kind(session: Session, organisation_id: UUID) -> OrganisationKind:
    """What sort of office it is. Raises NoSuchOrganisation."""
    found = kinds_of(session, {organisation_id})
    if organisation_id not in found:
        raise NoSuchOrganisation
    return found[organisation_id]


def kinds_of(session: Session, wanted: Collection[UUID]) -> dict[UUID, OrganisationKind]:
    """What sort of office each of them is; those not there are left out."""
    rows = session.execute(
        select(col(Organisation.id), col(Organisation.kind)).where(col(Organisation.id).in_(wanted))
    )
    return {row.id: row.kind for row in rows}


def codes_taken(session: Session, codes: Collection[str]) -> set[str]:
    """Those of the codes that some office has."""
    return set(
        session.scalars(select(col(Organisation.code)).where(col(Organisation.code).in_(codes)))
    )


def username_is_taken(session: Session, username: str) -> bool:
    """Whether somebody, active or not, has the username."""
    return session.scalars(select(exists().where(col(StaffMember.username) == username))).one()


def staff(session: Session, asked: PageAsked, *, wanted: StaffFilter) -> Sequence[StaffMember]:
    """One page of the people who work with the service, oldest first."""
    chosen = select(StaffMember)
    if wanted.organisation_id is not None:
        chosen = chosen.where(col(StaffMember.organisation_id) == wanted.organisation_id)
    if wanted.role is not None:
        chosen = chosen.where(literal(wanted.role.value) == any_(col(StaffMember.roles)))
    if wanted.active is not None:
        chosen = chosen.where(col(StaffMember.active).is_(wanted.active))
    return session.scalars(asked.cut(chosen, col(StaffMember.id))).all()


def clients(session: Session, asked: PageAsked) -> Sequence[ApiClient]:
    """One page of the API clients, oldest first."""
    wanted = asked.cut(select(ApiClient), col(ApiClient.id))
    return session.scalars(wanted).all()


def is_granted(session: Session, client_id: UUID, school_id: UUID) -> bool:
    """Whether the client may act for the school now."""
    live = exists().where(
        col(ClientGrant.client_id) == client_id,
        col(ClientGrant.school_id) == school_id,
        col(ClientGrant.revoked_at).is_(None),
    )
    return session.scalars(select(live)).one()


def grants(
    session: Session, asked: PageAsked, *, by: Actor
) -> Sequence[Row[ClientGrant, ApiClient]]:
    """One page of the head's own school's grants with their clients, live and revoked."""
    wanted = (
        select(ClientGrant, ApiClient)
        .join(ApiClient, col(ApiClient.id) == col(ClientGrant.client_id))
        .where(col(ClientGrant.school_id) == by.school_id)
    )
    return session.execute(asked.cut(wanted, col(ClientGrant.id))).all()
