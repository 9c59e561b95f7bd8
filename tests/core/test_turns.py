"""More callers than connections wait for their turn; none is refused and none stands still."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.core import db, settings
from app.core.embedded import Cluster
from tests.factories.live import served
from tests.factories.office import City

CONNECTIONS, CALLERS, CALLS = 5, 40, 5


@pytest.fixture
def narrow(
    cluster: Cluster, database: str, city: City, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The service with five connections, and a person's token on it."""
    wide = db.engine()
    monkeypatch.setenv("AID_POOL_SIZE", str(CONNECTIONS))
    settings.get.cache_clear()
    engine = db.connect(cluster.serving_url(database), pool_size=CONNECTIONS)
    db.bind(engine)
    with served() as base_url:
        yield base_url
    engine.dispose()
    db.bind(wide)
    monkeypatch.undo()
    settings.get.cache_clear()


def test_forty_callers_share_five_connections_and_all_are_answered(narrow: str, city: City) -> None:
    headers = city.bearer("city_officer")

    def call(_: int) -> list[int]:
        with httpx.Client(base_url=narrow, headers=headers, timeout=60) as door:
            return [door.get("/api/v1/schools").status_code for _ in range(CALLS)]

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = Counter(code for codes in callers.map(call, range(CALLERS)) for code in codes)
    assert answers == {200: CALLERS * CALLS}
