"""The owner of the database, who could change what nobody may."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.core.embedded import Cluster


@pytest.fixture
def owner(cluster: Cluster, database: str) -> Iterator[Session]:
    """A transaction that may do what no service may, undone after the test."""
    engine = db.connect(cluster.owner_url(database), pool_size=1)
    with Session(engine) as opened:
        db.enter(opened, SYSTEM)
        yield opened
        opened.rollback()
    engine.dispose()
