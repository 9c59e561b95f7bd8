"""A released file in a city with money."""

from collections.abc import Callable
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from app.core import clock
from app.core.actor import Actor
from app.disbursement.models import PaymentFile
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.door import RURAL, Door

DAY = date(2008, 6, 2)

Send = Callable[..., PaymentFile]


@pytest.fixture(autouse=True)
def _june() -> None:
    clock.set_office_day(DAY)


@pytest.fixture
def maker(city: City) -> Actor:
    return city.actor("finance_maker")


@pytest.fixture
def door(client: TestClient, city: City) -> Door:
    return Door(client, city)


@pytest.fixture
def sent(session: Session, city: City, maker: Actor) -> Send:
    """Pays n students 250.00 each; answers the file that left, the first of several."""

    def send(n: int = 5, bank_format: str = "generic-pipe") -> PaymentFile:
        appropriate(session, n * 250_00)
        make_payees(session, city.schools[RURAL], n)
        asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format=bank_format)
        run = open_run(session, asked, by=maker)
        return release(session, run.id, by=city.actor("finance_checker")).files[0]

    return send
