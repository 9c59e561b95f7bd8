"""What the tests of the door share: the rows of every table, and the owner's hand."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.models import metadata

AUDIT = {"audit_event", "audit_record"}
TABLES = sorted(set(metadata.tables) - AUDIT)

Counts = Callable[[], dict[str, int]]


@pytest.fixture(scope="module")
def owner(cluster: Cluster, database: str) -> Iterator[Engine]:
    """The owner's connections: no row is out of its sight."""
    engine = db.connect(cluster.owner_url(database), pool_size=2)
    yield engine
    engine.dispose()


@pytest.fixture
def counts(owner: Engine) -> Counts:
    """How many rows each table holds, the audit trail left out."""
    question = " UNION ALL ".join(f"SELECT '{each}', count(*) FROM {each}" for each in TABLES)

    def count() -> dict[str, int]:
        with Session(owner) as session:
            db.enter(session, SYSTEM)
            return dict(session.execute(text(question)).all())

    return count


@pytest.fixture
def nothing_stored(counts: Counts) -> Iterator[None]:
    """The test leaves every table but the audit trail as it was."""
    before = counts()
    yield
    assert counts() == before
