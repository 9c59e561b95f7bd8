"""One PostgreSQL for the run, migrated once; a database of its own for each test module."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

os.environ.setdefault("AID_MODE", "test")
# Most tests of sheets are about what becomes of the rows, and have no worker.
os.environ.setdefault("AID_IMPORT_ROWS_AT_ONCE", "2000")

from app.core import clock, db, embedded, migrating
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.main import create_app
from tests.factories.office import City, make_city

TEMPLATE = "aid_template"

# A busy machine is no fault of the rule under test.
hypothesis.settings.register_profile("aid", deadline=None)
hypothesis.settings.load_profile("aid")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that needs no durability, gone after the run."""
    home = Path(tempfile.mkdtemp(prefix="aid-test-", dir="/tmp"))  # a short path, for the socket
    home.chmod(0o755)
    started = embedded.start(home, durable=False)
    embedded.ensure_database(started, TEMPLATE)
    migrating.upgrade(started.owner_url(TEMPLATE), started.serving_url(TEMPLATE))
    yield started
    started.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> Iterator[str]:
    """The name of a fresh, migrated database that this process serves from as the serving role."""
    name = f"aid_{uuid4().hex[:12]}"
    embedded.ensure_database(cluster, name, template=TEMPLATE)
    engine = db.connect(cluster.serving_url(name), pool_size=40)
    db.bind(engine)
    yield name
    engine.dispose()
    db.bind(None)
    embedded.drop_database(cluster, name)


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    """A transaction as the serving role in city scope, undone after the test."""
    del database
    with db.engine().connect() as connection:
        outer = connection.begin()
        with Session(
            bind=connection,
            join_transaction_mode="create_savepoint",
            expire_on_commit=False,
        ) as opened:
            db.enter(opened, SYSTEM)
            yield opened
        outer.rollback()


@pytest.fixture(autouse=True)
def _calendar_day() -> Iterator[None]:
    yield
    clock.set_office_day(None)


@pytest.fixture(scope="module")
def city(database: str) -> City:
    """A small city, committed, for the tests of one module."""
    del database
    with Session(db.engine(), expire_on_commit=False) as opened, opened.begin():
        return make_city(opened)


@pytest.fixture(scope="module")
def client(database: str) -> Iterator[TestClient]:
    """The service over HTTP on the module's database; each request commits for real."""
    del database
    with TestClient(create_app(serve_from_bound_engine=True), raise_server_exceptions=True) as made:
        yield made
