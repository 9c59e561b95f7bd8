"""Reads published policy. Versions are append-only, so a parsed one is kept for good."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.core import settings
from app.core.paging import PageAsked
from app.policy import catalogue as nouns
from app.policy import checker
from app.policy.calendar import normalise_period
from app.policy.catalogue import CATALOGUES, Catalogue, Programme, Version, version_from_body
from app.policy.models import DraftState, PolicyDraft, PolicyVersion

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
    versions = {each.version: each for each in published(session, programme_code)}
    return versions[nouns.version_for(tuple(versions), wanted.code, period)]


def published(session: Session, programme_code: str) -> list[LoadedVersion]:
    """Every published version of a programme, the earliest first. Raises ProgrammeNotFound."""
    wanted = programme(programme_code)
    stored = session.execute(
        select(col(PolicyVersion.id), col(PolicyVersion.body)).where(
            col(PolicyVersion.catalogue) == wanted.catalogue,
            col(PolicyVersion.programme) == wanted.code,
        )
    )
    loaded = [LoadedVersion(key, wanted, _parse(key, body)) for key, body in stored]
    return sorted(loaded, key=lambda each: (each.version.order, each.version.revision))


def amended(session: Session, programme_code: str) -> Programme:
    """The programme with every published version, officers' own too. Raises ProgrammeNotFound."""
    versions = tuple(each.version for each in published(session, programme_code))
    return replace(programme(programme_code), versions=versions)


def drafts(
    session: Session, programme_code: str, page: PageAsked, *, state: DraftState | None
) -> list[PolicyDraft]:
    """A programme's drafts, the newest first. Raises ProgrammeNotFound."""
    wanted = programme(programme_code)
    asked = select(PolicyDraft).where(
        col(PolicyDraft.catalogue) == wanted.catalogue, col(PolicyDraft.programme) == wanted.code
    )
    if state is not None:
        asked = asked.where(col(PolicyDraft.state) == state)
    asked = page.cut(asked, col(PolicyDraft.id), newest_first=True)
    return list(session.execute(asked).scalars())


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
