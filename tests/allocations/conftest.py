"""A city with programmes paid to schools, in March 2008."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session

from app.allocations import counting
from app.allocations.counting import Counted
from app.core import clock, db
from app.core.actor import SYSTEM
from app.policy import queries
from tests.allocations.programmes import FUNDS, YEAR, publish
from tests.factories.office import City

TODAY = date(2008, 3, 20)
DAY = date(2008, 3, 10)

Count = Callable[..., Counted]


@pytest.fixture(autouse=True)
def _march() -> None:
    clock.set_office_day(TODAY)


@pytest.fixture
def _catalogue() -> Iterator[None]:
    yield
    queries.catalogue.cache_clear()


@pytest.fixture
def published(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _catalogue: None
) -> Session:
    publish(session, monkeypatch, tmp_path)
    return session


@pytest.fixture
def count(published: Session, city: City) -> Count:
    """Counts head money as 任城区's officer, then sees the whole city again."""

    def make(
        programme: str = FUNDS, period: str = YEAR, *, who: str = "county_officer@370811",
        **more: object,
    ) -> Counted:  # fmt: skip
        by = city.actor(who)
        db.enter(published, by)
        done = counting.count(published, programme, period, by=by, **{"as_of": DAY, **more})
        db.enter(published, SYSTEM)
        return done

    return make
