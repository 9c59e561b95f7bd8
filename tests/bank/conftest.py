import pytest

from app.bank.catalogue import find_format
from app.bank.layout import Format


@pytest.fixture(scope="session")
def pipe() -> Format:
    return find_format("generic-pipe")
