"""A run's surroundings: a city, money on its fund lines, an office day in June 2008."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlmodel import Session

from app.core import clock
from app.disbursement.models import PayoutRun
from app.disbursement.service import RunAsked, open_run
from tests.factories.cases import BOARDERS
from tests.factories.office import City

RURAL = "2137000006"  # 任城区次丘镇中心小学
OTHER_COUNTY = "2137000011"  # 微山县马坡镇中心小学
DAY = date(2008, 6, 2)

Open = Callable[..., PayoutRun]


@pytest.fixture(autouse=True)
def _june() -> None:
    clock.set_office_day(DAY)


@pytest.fixture
def opened(session: Session, city: City) -> Open:
    """Opens a run as the city's maker."""

    def make(
        programme: str = BOARDERS,
        due_to: date = DAY,
        bank_format: str = "generic-pipe",
        **more: object,
    ) -> PayoutRun:
        asked = RunAsked(programme=programme, due_to=due_to, bank_format=bank_format, **more)
        return open_run(session, asked, by=city.actor("finance_maker"))

    return make
