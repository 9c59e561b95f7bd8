"""A Monday in September 2007."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.core import clock, db
from tests.factories.office import City
from tests.recognition.school import MONDAY, Caller


@pytest.fixture
def school(city: City, client: TestClient) -> Caller:
    clock.set_office_day(MONDAY)
    return Caller(city, client)


@pytest.fixture
def statements(database: str) -> Iterator[list[str]]:
    """Every statement sent while the test runs."""
    del database
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield sent
    event.remove(db.engine(), "before_cursor_execute", note)
