"""What the door takes in and gives out."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.audit.models import AuditEvent
from app.auth import rules
from app.auth.models import (
    ApiClient,
    ClientGrant,
    Organisation,
    OrganisationKind,
    Role,
    StaffMember,
)
from app.core.actor import Actor, ActorKind, Scope
from app.core.asked import Asked, Flag
from app.core.days import Day

GRADE_MAX = 12

Name = Annotated[str, Field(min_length=1, max_length=120)]
PersonName = Annotated[str, Field(min_length=1, max_length=64)]
Password = Annotated[str, Field(min_length=1, max_length=512)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
Grade = Annotated[int, Field(strict=True, ge=1, le=GRADE_MAX)]
ClassName = Annotated[str, Field(min_length=1, max_length=40)]


class TokenOut(BaseModel):
    """A pair of tokens by RFC 6749; a client has no refresh token."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str | None


class MeOut(BaseModel):
    """Who the caller is and how far they see."""

    id: UUID
    kind: ActorKind
    name: str
    scope: Scope
    organisation_id: UUID | None
    school_id: UUID | None
    county_id: UUID | None
    roles: list[str]
    grade: int | None
    class_name: str | None

    @classmethod
    def of(cls, actor: Actor) -> "MeOut":
        """The caller, shown."""
        return cls(**{**vars(actor), "roles": sorted(actor.roles)})


class PasswordChange(Asked):
    """The own password: the old one once more, and the new."""

    old_password: Password
    new_password: Password


class OrganisationIn(Asked):
    """A county centre or a finance office; schools are made in the registry."""

    kind: OrganisationKind
    code: Annotated[str, Field(min_length=2, max_length=20)]
    name: Name
    parent_id: UUID


class OrganisationOut(BaseModel):
    """An office in the tree."""

    id: UUID
    kind: OrganisationKind
    code: str
    name: str
    parent_id: UUID | None
    made_at: datetime

    @classmethod
    def of(cls, row: Organisation) -> "OrganisationOut":
        """The office, shown."""
        return cls(**row.model_dump())


class StaffIn(Asked):
    """A person to be let in; grade and class name for a class teacher alone."""

    username: Annotated[str, Field(pattern=rules.USERNAME, max_length=64)]
    name: PersonName
    password: Password
    organisation_id: UUID
    roles: Roles
    grade: Grade | None = None
    class_name: ClassName | None = None


class StaffPatch(Asked):
    """What to change of a person; what is left out stays. Roles bring grade and class along."""

    name: PersonName | None = None
    active: Flag | None = None
    password: Password | None = None
    roles: Roles | None = None
    grade: Grade | None = None
    class_name: ClassName | None = None


class StaffOut(BaseModel):
    """A person who works with the service."""

    id: UUID
    username: str
    name: str
    organisation_id: UUID
    roles: list[str]
    grade: int | None
    class_name: str | None
    active: bool
    made_at: datetime

    @classmethod
    def of(cls, row: StaffMember) -> "StaffOut":
        """The person, shown without the passwords' hashes."""
        return cls(**row.model_dump(exclude={"password_hash", "former_hashes", "made_by"}))


class ClientIn(Asked):
    """A vendor's or school's system."""

    name: Name


class ClientPatch(Asked):
    """Switches a client on or off."""

    active: Flag


class ClientOut(BaseModel):
    """A system that may act for schools."""

    id: UUID
    client_id: str
    name: str
    active: bool
    made_at: datetime

    @classmethod
    def of(cls, row: ApiClient) -> "ClientOut":
        """The client, shown without its secret."""
        return cls(**row.model_dump(exclude={"secret_hash"}))


class ClientSecretOut(BaseModel):
    """A client with its secret, which is shown this once."""

    id: UUID
    client_id: str
    name: str
    client_secret: str


class GrantIn(Asked):
    """The client that may act for the head's school."""

    client_id: Annotated[str, Field(min_length=1, max_length=64)]


class GrantOut(BaseModel):
    """A head's leave for a client; live while `revoked_at` is null."""

    id: UUID
    client_id: str
    client_name: str
    school_id: UUID
    granted_by: UUID
    granted_at: datetime
    revoked_by: UUID | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, grant: ClientGrant, client: ApiClient) -> "GrantOut":
        """The grant, shown with its client's public id and name."""
        shown = grant.model_dump(exclude={"client_id"})
        return cls(**shown, client_id=client.client_id, client_name=client.name)


class OfficeDayIn(Asked):
    """The day to take for today; null goes back to the calendar's."""

    day: Day | None


class OfficeDayOut(BaseModel):
    """The civil day at the office, and whether it is set rather than the calendar's."""

    day: date
    is_set: bool


class EventOut(BaseModel):
    """One act or refusal in the audit trail."""

    id: UUID
    at: datetime
    office_day: date
    actor_kind: ActorKind
    actor_id: UUID
    actor_name: str
    organisation_id: UUID | None
    did: str
    because: str
    request_id: str
    refused: bool
    detail: dict[str, Any]
    record_count: int

    @classmethod
    def of(cls, row: AuditEvent, record_count: int) -> "EventOut":
        """The event, shown with how many records it touched."""
        return cls(**row.model_dump(), record_count=record_count)
