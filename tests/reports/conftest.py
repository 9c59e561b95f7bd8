"""One committed chain a module, and the owner's hand to break it with."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import Session

from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from tests.factories.chain import Chain, make_chain
from tests.factories.office import City
from tests.factories.paid import Paid, pay


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


@pytest.fixture(scope="module")
def paid_city(city: City) -> None:
    """Twelve students paid in two counties, some of them half yuan, some in January."""
    spring = [
        Paid("2137000006", 1, 250_00, "orphan"),
        Paid("3137000008", 1, 375_00),
        Paid("3137000008", 1, 375_50),
        Paid("2137000011", 5, 312_50, "minimum_living"),
    ]
    autumn = [Paid("2137000011", 4, 150_00)]
    clock.set_office_day(date(2008, 6, 2))
    with Session(db.engine(), expire_on_commit=False) as opened, opened.begin():
        db.enter(opened, SYSTEM)
        pay(opened, city, "boarding-subsidy", "2008-spring", spring, on=date(2008, 6, 2))
        made = pay(opened, city, "boarding-subsidy", "2007-autumn", autumn, on=date(2008, 1, 10))
        assert len(made) == 4
    clock.set_office_day(None)
