"""Publishes the catalogue: each version goes once into the append-only table."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core import clock, db, ids, settings
from app.core.actor import SYSTEM
from app.policy import queries
from app.policy.catalogue import Catalogue, Version
from app.policy.errors import PolicyVersionChanged
from app.policy.models import PolicyVersion


def load_catalogue(session: Session, name: str) -> int:
    """Stores the versions that are not there yet; answers how many were new.

    Raises CatalogueInvalid for a broken catalogue and PolicyVersionChanged, in one line, when a
    version that is there already reads otherwise now: what was decided by it must stay as it was.
    """
    catalogue = queries.catalogue(name)
    offered = {
        (code, version.effective_from, version.revision): version
        for code, programme in catalogue.programmes.items()
        for version in programme.versions
    }
    added = _add(session, catalogue, list(offered.values()))
    _refuse_changed(session, name, offered)
    return added


def publish_catalogue() -> None:
    """Stores the catalogue that the settings choose, at start-up."""
    with db.scoped_session(SYSTEM) as session:
        load_catalogue(session, settings.get().catalogue)


def _add(session: Session, catalogue: Catalogue, versions: list[Version]) -> int:
    rows = [
        {
            "id": ids.new(),
            "catalogue": catalogue.name,
            "programme": version.programme,
            "effective_from": version.effective_from,
            "revision": version.revision,
            "body": version.body.decode(),
            "sha256": bytes.fromhex(version.sha256),
            "loaded_at": clock.now(),
        }
        for version in versions
    ]
    # Two processes may start at once: the second finds the first one's rows.
    statement = insert(PolicyVersion).on_conflict_do_nothing().returning(col(PolicyVersion.id))
    return len(session.execute(statement.values(rows)).all()) if rows else 0


def _refuse_changed(
    session: Session, name: str, offered: dict[tuple[str, str | None, int], Version]
) -> None:
    stored = session.execute(
        select(
            col(PolicyVersion.programme),
            col(PolicyVersion.effective_from),
            col(PolicyVersion.revision),
            col(PolicyVersion.sha256),
        ).where(col(PolicyVersion.catalogue) == name)
    ).all()
    changed = [
        f"{programme} {effective_from or 'start'} revision {revision}"
        for programme, effective_from, revision, sha256 in stored
        if (now := offered.get((programme, effective_from, revision))) is not None
        and bytes(sha256).hex() != now.sha256
    ]
    if changed:
        listed = ", ".join(sorted(changed))
        raise PolicyVersionChanged(
            f"政策目录 {name} 中已公布的版本被改动：{listed}；请恢复原文，新标准另加一个版本",
            f"the catalogue {name} changes what is published: {listed}; restore the text and add "
            "the new figures as a new version or revision",
            facts={"catalogue": name, "changed": sorted(changed)},
        )
