"""Reads published policy. Versions are append-only, so a parsed one is kept for good."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.core import settings
from app.policy import catalogue as nouns
from app.policy import checker
from app.policy.calendar import normalise_period
from app.policy.catalogue import CATALOGUES, Catalogue, Programme, Version, version_from_body
from app.policy.models import PolicyVersion

_parsed: dict[UUID, Version] = {}


@dataclass(frozen=True)
class LoadedVersion:
    """A published version with the id that applications refer to, and its programme."""

    id: UUID
    programme: Programme
    version: Version


@lru_cache(maxsize=8)
def catalogue(name: str) -> Catalogue:
    """The catalogue of that name, checked whole. Raises CatalogueInvalid with every fault."""
    return checker.load_catalogue(CATALOGUES / name)


def in_force() -> Catalogue:
    """The catalogue that the settings choose."""
    return catalogue(settings.get().catalogue)


def programme(code: str) -> Programme:
    """A programme of the catalogue in force. Raises ProgrammeNotFound."""
    return in_force().programme(code)


def version_for(session: Session, programme_code: str, period: str) -> LoadedVersion:
    """The published version that decides applications for a period.

    Raises ProgrammeNotFound, PeriodInvalid (also for a term where a school year is applied for),
    or PolicyVersionNotFound when nothing was in force.
    """
    wanted = programme(programme_code)
    period = normalise_period(wanted, period)
    table = PolicyVersion
    stored = session.execute(
        select(col(table.id), col(table.body)).where(
            col(table.catalogue) == wanted.catalogue, col(table.programme) == wanted.code
        )
    ).all()
    versions = {_parse(key, body): key for key, body in stored}
    chosen = nouns.version_for(tuple(versions), wanted.code, period)
    return LoadedVersion(versions[chosen], wanted, chosen)


def version_by_id(session: Session, ids: Iterable[UUID]) -> dict[UUID, LoadedVersion]:
    """Published versions by id; asks the database only for those not seen before.

    An id that is not there is left out. Raises ProgrammeNotFound when a version's programme is
    not in the catalogue in force.
    """
    wanted = set(ids)
    unseen = [key for key in wanted if key not in _parsed]
    if unseen:
        found = session.execute(
            select(col(PolicyVersion.id), col(PolicyVersion.body)).where(
                col(PolicyVersion.id).in_(unseen)
            )
        )
        for key, body in found:
            _parse(key, body)
    return {
        key: LoadedVersion(key, programme(version.programme), version)
        for key in wanted
        if (version := _parsed.get(key)) is not None
    }


def _parse(key: UUID, body: str) -> Version:
    if key not in _parsed:
        _parsed[key] = version_from_body(body.encode())
    return _parsed[key]
