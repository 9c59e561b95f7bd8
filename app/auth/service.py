"""Offices and the people and systems that act for them: who is made, changed, let in and out."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.audit import service as audit
from app.auth import logins, passwords, queries, rules
from app.auth.errors import (
    AlreadyGranted,
    NoSuchClient,
    NoSuchGrant,
    NoSuchStaff,
    NotOneself,
    OrganisationCodeTaken,
    OrganisationsWrong,
    PasswordWeak,
    RolesDoNotFit,
    UsernameTaken,
)
from app.auth.models import (
    ApiClient,
    ClientGrant,
    Organisation,
    OrganisationKind,
    Role,
    StaffMember,
)
from app.core import clock, ids, settings
from app.core.actor import SYSTEM, Actor

CITY_CODE = "370800"  # the division code of Jining


@dataclass(frozen=True, kw_only=True)
class NewOrganisation:
    """An office to be made; a school's code is its ten digits."""

    kind: OrganisationKind
    code: str
    name: str
    parent_id: UUID | None
    id: UUID = field(default_factory=ids.new)


@dataclass(frozen=True, kw_only=True)
class NewStaff:
    """A person to be let in; grade and class name for a class teacher alone."""

    username: str
    name: str
    password: str
    organisation_id: UUID
    roles: Collection[Role]
    grade: int | None = None
    class_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class StaffChange:
    """What to change of a person; None leaves it. `roles` brings its grade and class with it."""

    active: bool | None = None
    name: str | None = None
    password: str | None = None
    roles: Collection[Role] | None = None
    grade: int | None = None
    class_name: str | None = None


def create_organisations(
    session: Session, wanted: Sequence[NewOrganisation], *, by: Actor
) -> list[Organisation]:
    """The offices, made all or none. Raises OrganisationsWrong, OrganisationCodeTaken."""
    parents: Mapping[UUID, OrganisationKind] = queries.kinds_of(
        session, {new.parent_id for new in wanted if new.parent_id is not None}
    )
    faults = [
        fault
        for new in wanted
        for fault in rules.faults_of_organisation(
            new.kind, new.code, parent=None if new.parent_id is None else parents.get(new.parent_id)
        )
    ]
    if faults:
        raise OrganisationsWrong(faults)
    codes = [new.code for new in wanted]
    taken = queries.codes_taken(session, codes) | {code for code in codes if codes.count(code) > 1}
    if taken:
        raise OrganisationCodeTaken(sorted(taken))
    made = [
        Organisation(
            id=new.id,
            kind=new.kind,
            code=new.code,
            name=new.name,
            parent_id=new.parent_id,
            made_at=clock.now(),
        )
        for new in wanted
    ]
    session.add_all(made)
    session.flush()  # what the caller writes next points at them
    audit.note(session, by=by, did="organisation.created", records=[new.id for new in wanted])
    return made


def create_organisation(session: Session, new: NewOrganisation, *, by: Actor) -> Organisation:
    """One office, as `create_organisations`."""
    return create_organisations(session, [new], by=by)[0]


def create_first_administrator(
    session: Session, *, username: str, name: str, password: str
) -> StaffMember:
    """An administrator from the command line, and the city centre where it is not there yet.

    Raises PasswordWeak, UsernameTaken.
    """
    centre = session.scalars(
        select(Organisation).where(col(Organisation.kind) == OrganisationKind.CITY_CENTRE)
    ).one_or_none()
    if centre is None:
        centre = create_organisation(
            session,
            NewOrganisation(
                kind=OrganisationKind.CITY_CENTRE,
                code=CITY_CODE,
                name=settings.get().centre_name,
                parent_id=None,
            ),
            by=SYSTEM,
        )
    new = NewStaff(
        username=username,
        name=name,
        password=password,
        organisation_id=centre.id,
        roles=[Role.ADMINISTRATOR],
    )
    return create_staff(session, new, by=SYSTEM)


def create_staff(session: Session, new: NewStaff, *, by: Actor) -> StaffMember:
    """A person who can log in.

    Raises NoSuchOrganisation, RolesDoNotFit, PasswordWeak, UsernameTaken.
    """
    kind = queries.organisation_kind(session, new.organisation_id)
    faults = rules.faults_of_post(new.roles, kind, grade=new.grade, class_name=new.class_name)
    if faults:
        raise RolesDoNotFit(faults)
    username = rules.login_name(new.username)
    weak = passwords.faults_of(new.password, username)
    if weak:
        raise PasswordWeak(weak)
    if queries.username_is_taken(session, username):
        raise UsernameTaken(username)
    made = StaffMember(
        username=username,
        name=new.name,
        password_hash=passwords.hashed(new.password),
        organisation_id=new.organisation_id,
        roles=sorted({role.value for role in new.roles}),
        grade=new.grade,
        class_name=new.class_name,
        made_at=clock.now(),
        made_by=by.id,
    )
    session.add(made)
    session.flush()  # a name taken meanwhile is found here
    audit.note(session, by=by, did="staff.created", records=[made.id], detail={"roles": made.roles})
    return made


def change_staff(
    session: Session, staff_id: UUID, change: StaffChange, *, by: Actor
) -> StaffMember:
    """Changes a person; being switched off, other roles or a new password end every session.

    Raises NoSuchStaff, NotOneself, RolesDoNotFit, PasswordWeak.
    """
    staff = session.get(StaffMember, staff_id, with_for_update=True)
    if staff is None:
        raise NoSuchStaff
    if staff_id == by.id and (change.active is False or change.roles is not None):
        raise NotOneself
    if change.roles is not None:
        _change_post(session, staff, change, roles=change.roles)
    if change.password is not None:
        logins.set_password(staff, change.password, where="/body/password")
        logins.free_name(session, staff.username)
    staff.name = staff.name if change.name is None else change.name
    staff.active = staff.active if change.active is None else change.active
    if not staff.active or change.roles is not None or change.password is not None:
        logins.end_sessions(session, staff_id)
    changed = [name for name, value in vars(change).items() if value is not None]
    audit.note(
        session,
        by=by,
        did="staff.changed",
        records=[staff_id],
        detail={"changed": changed, "roles": staff.roles, "active": staff.active},
    )
    return staff


def _change_post(
    session: Session, staff: StaffMember, change: StaffChange, *, roles: Collection[Role]
) -> None:
    kind = queries.organisation_kind(session, staff.organisation_id)
    faults = rules.faults_of_post(roles, kind, grade=change.grade, class_name=change.class_name)
    if faults:
        raise RolesDoNotFit(faults)
    staff.roles = sorted({role.value for role in roles})
    staff.grade, staff.class_name = change.grade, change.class_name


def create_client(session: Session, name: str, *, by: Actor) -> tuple[ApiClient, str]:
    """A system that may act for schools, and its secret, which is told this once."""
    secret = logins.new_secret()
    made = ApiClient(
        client_id=f"aid-{secrets.token_hex(8)}",
        name=name,
        secret_hash=logins.hash_of_secret(secret),
        made_at=clock.now(),
    )
    session.add(made)
    audit.note(session, by=by, did="client.created", records=[made.id])
    return made, secret


def renew_secret(session: Session, client: UUID, *, by: Actor) -> tuple[ApiClient, str]:
    """A new secret for a client; the old one ends. Raises NoSuchClient."""
    found = session.get(ApiClient, client, with_for_update=True)
    if found is None:
        raise NoSuchClient
    secret = logins.new_secret()
    found.secret_hash = logins.hash_of_secret(secret)
    audit.note(session, by=by, did="client.secret-renewed", records=[client])
    return found, secret


def switch_client(session: Session, client: UUID, *, active: bool, by: Actor) -> ApiClient:
    """Switches a client on or off; its tokens stop at once. Raises NoSuchClient."""
    found = session.get(ApiClient, client, with_for_update=True)
    if found is None:
        raise NoSuchClient
    found.active = active
    audit.note(session, by=by, did="client.switched", records=[client], detail={"active": active})
    return found


def grant_client(session: Session, client_id: str, *, by: Actor) -> tuple[ClientGrant, ApiClient]:
    """The head's leave for a client to act for the head's school.

    Raises NoSuchClient, AlreadyGranted.
    """
    found = session.scalars(
        select(ApiClient).where(col(ApiClient.client_id) == client_id, col(ApiClient.active))
    ).one_or_none()
    if found is None or by.school_id is None:
        raise NoSuchClient
    if queries.is_granted(session, found.id, by.school_id):
        raise AlreadyGranted
    made = ClientGrant(
        client_id=found.id, school_id=by.school_id, granted_by=by.id, granted_at=clock.now()
    )
    session.add(made)
    session.flush()  # a twin of this grant is found here
    audit.note(session, by=by, did="client.granted", records=[made.id, found.id])
    return made, found


def revoke_grant(session: Session, grant_id: UUID, *, by: Actor) -> None:
    """Ends a grant of the head's own school, at once. Raises NoSuchGrant."""
    found = session.scalars(
        select(ClientGrant)
        .where(
            col(ClientGrant.id) == grant_id,
            col(ClientGrant.school_id) == by.school_id,
            col(ClientGrant.revoked_at).is_(None),
        )
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NoSuchGrant
    found.revoked_at, found.revoked_by = clock.now(), by.id
    audit.note(session, by=by, did="client.grant-revoked", records=[found.id, found.client_id])
