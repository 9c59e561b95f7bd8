"""A city with the samples' schools, and one call that uploads a sheet."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import text
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from tests.factories.office import City
from tests.factories.sample_city import make_sample_city

Send = Callable[..., Response]
BOARDERS = {"programme": "boarding-subsidy", "period": "2008-spring"}
VOCATIONAL = {"programme": "vocational-grant", "period": "2007-autumn"}
COUNTY = "county_officer@370811"
HEADER = ("学校标识码", "姓名", "居民身份证号", "年级", "班级", "是否寄宿", "困难等级", "银行卡号")
RURAL = "2137000006"


@pytest.fixture(scope="module")
def city(database: str) -> City:
    with Session(db.engine(), expire_on_commit=False) as opened, opened.begin():
        return make_sample_city(opened)


@pytest.fixture
def send(client: TestClient, city: City) -> Send:
    """Uploads bytes as a person: `send(data, "a.xlsx", who, **form)`."""

    def upload(data: bytes, name: str, who: str = COUNTY, **form: Any) -> Response:
        fields = {"kind": "applications", **BOARDERS, **form}
        shown = {key: str(value).lower() if value in {True, False} else value
                 for key, value in fields.items()}  # fmt: skip
        return client.post(
            "/api/v1/imports",
            data=shown,
            files={"file": (name, data)},
            headers=city.bearer(who) | {"Accept-Language": "en"},
        )

    return upload


@pytest.fixture
def rows_of(client: TestClient, city: City) -> Callable[..., list[dict[str, Any]]]:
    """Every row of an import, page after page."""

    def read(made: dict[str, Any], who: str = COUNTY, **asked: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": 200, **asked} | ({"cursor": cursor} if cursor else {})
            reply = client.get(
                f"/api/v1/imports/{made['id']}/rows", params=query, headers=city.bearer(who)
            )
            assert reply.status_code == 200, reply.text
            rows += reply.json()["items"]
            cursor = reply.json()["next"]
        return rows

    return read


def stored(*tables: str) -> dict[str, int]:
    """How many rows the tables hold, in city scope."""
    with db.scoped_session(SYSTEM) as session:
        return {
            table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in tables
        }


@pytest.fixture
def nothing_stored(city: City) -> Iterator[None]:
    """The test leaves the registry, the cases, the imports and the documents as they were."""
    tables = ("student", "application", "sheet_import", "import_row", "document")
    before = stored(*tables)
    yield
    assert stored(*tables) == before
