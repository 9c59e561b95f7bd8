"""A city whose policy is published, on a day in its spring term."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session

from app.core import clock
from app.policy import catalogue as nouns
from app.policy import queries
from app.policy.service import load_catalogue

DAY = date(2008, 4, 1)


@pytest.fixture
def policy(session: Session) -> Session:
    """The session with the catalogue in force published."""
    clock.set_office_day(DAY)
    load_catalogue(session, "jining-2008")
    return session


@pytest.fixture
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of catalogues to add to, beside the shipped one."""
    shutil.copytree(nouns.CATALOGUES / "jining-2008", tmp_path / "jining-2008")
    monkeypatch.setattr(nouns, "CATALOGUES", tmp_path)
    monkeypatch.setattr(queries, "CATALOGUES", tmp_path)
    return tmp_path
