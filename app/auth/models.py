"""Organisations, the people and systems that act for them, and their log-ins.

These tables are outside row security: only auth reaches them.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    enum_column,
    moment_column,
    one_of,
    texts_column,
)


class OrganisationKind(StrEnum):
    """What sort of office it is."""

    CITY_CENTRE = "city_centre"
    COUNTY_CENTRE = "county_centre"
    SCHOOL = "school"
    CITY_FINANCE = "city_finance"
    COUNTY_FINANCE = "county_finance"


class Role(StrEnum):
    """What a person does in an organisation."""

    CLASS_TEACHER = "class_teacher"
    SCHOOL_CLERK = "school_clerk"
    SCHOOL_HEAD = "school_head"
    COUNTY_OFFICER = "county_officer"
    CITY_OFFICER = "city_officer"
    FINANCE_MAKER = "finance_maker"
    FINANCE_CHECKER = "finance_checker"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SCHOOL_SYSTEM = "school_system"  # an API client acting for a school


class Organisation(SQLModel, table=True):
    """An office in the tree: city centre → county centres → schools; finance offices beside."""

    __table_args__ = (one_of("kind", OrganisationKind),)
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    kind: OrganisationKind = enum_column(OrganisationKind)
    code: str = Field(max_length=20, unique=True)
    name: str = Field(max_length=120)
    parent_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    made_at: datetime = moment_column()


class StaffMember(SQLModel, table=True):
    """A person who works with the service, in one organisation, with one or more roles."""

    __tablename__ = "staff_member"
    __table_args__ = (CheckConstraint("cardinality(roles) > 0", name="has_a_role"),)
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    username: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=64)
    password_hash: str = Field(max_length=200)
    former_hashes: list[str] = texts_column(default_factory=list)  # the last few, newest first
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    roles: list[str] = texts_column()
    grade: int | None = None
    class_name: str | None = Field(default=None, max_length=40)
    active: bool = True
    made_at: datetime = moment_column()
    made_by: UUID | None = None


class ApiClient(SQLModel, table=True):
    """A vendor's or school's system; acts for the schools whose heads granted it."""

    __tablename__ = "api_client"
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    client_id: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=120)
    secret_hash: str = Field(max_length=200)
    active: bool = True
    made_at: datetime = moment_column()


class ClientGrant(SQLModel, table=True):
    """A head's leave for one client to act for one school; revoked, never deleted."""

    __tablename__ = "client_grant"
    __table_args__ = (
        Index(
            "uq_client_grant_live",
            "client_id",
            "school_id",
            unique=True,
            postgresql_where="revoked_at IS NULL",
        ),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    client_id: UUID = Field(foreign_key="api_client.id")
    school_id: UUID = Field(foreign_key="organisation.id", index=True)
    granted_by: UUID = Field(foreign_key="staff_member.id")
    granted_at: datetime = moment_column()
    revoked_by: UUID | None = Field(default=None, foreign_key="staff_member.id")
    revoked_at: datetime | None = moment_column(default=None, nullable=True)


class LoginGuard(SQLModel, table=True):
    """Failures in a row for one name (known or not), and until when it is locked."""

    __tablename__ = "login_guard"
    name_index: bytes = bytes_column(primary_key=True)
    failures: int
    locked_until: datetime | None = moment_column(default=None, nullable=True)
    last_at: datetime = moment_column()


class RefreshToken(SQLModel, table=True):
    """One refresh token of a family; using it twice revokes the whole family."""

    __tablename__ = "refresh_token"
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    family_id: UUID = Field(index=True)
    staff_id: UUID = Field(foreign_key="staff_member.id", index=True)
    token_sha256: bytes = bytes_column(unique=True)
    made_at: datetime = moment_column()
    expires_at: datetime = moment_column()
    used_at: datetime | None = moment_column(default=None, nullable=True)
    revoked_at: datetime | None = moment_column(default=None, nullable=True)
