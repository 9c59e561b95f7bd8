"""One committed chain a module, and the owner's hand to break it with."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from tests.factories.chain import Chain, make_chain
from tests.factories.office import City


@pytest.fixture(scope="module")
def chain(city: City) -> Chain:
    with Session(db.engine(), expire_on_commit=False) as opened, opened.begin():
        return make_chain(opened, city)


@pytest.fixture
def owner(cluster: Cluster, database: str) -> Iterator[Session]:
    """A transaction that may do what no service may, undone after the test."""
    engine = db.connect(cluster.owner_url(database), pool_size=1)
    with Session(engine) as opened:
        db.enter(opened, SYSTEM)
        yield opened
        opened.rollback()
    engine.dispose()
