"""The real catalogue, and a small sound one that tests break one line at a time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.policy.catalogue import CATALOGUES, Catalogue
from app.policy.checker import load_catalogue

SOUND = """
code = "lunch"
prefix = "LN"
name = { zh = "午餐补助", en = "Lunch" }
kind = "grant"
payee = "student"
period = "term"
instalments = "term"

[approval]
county_school = ["county", "city"]
city_school = ["city"]

[notice]
school_working_days = 5
centre_working_days = 5

[[version]]
effective_from = "2008-spring"
source = "made up"

[[version.criterion]]
id = "hardship"
test = "hardship >= 1"
zh = "家庭经济困难"
en = "in hardship"

[[version.amount]]
when = "hardship >= 1"
yuan = "500.00"

[[version.funding]]
source = "county"
basis_points = 10000

[[version.example]]
given = { hardship = 1 }
gives = { eligible = true, year = "500.00", instalments = ["250.00"] }
"""

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the sound catalogue with one text replaced by another, and more files beside it."""

    def _write(old: str = "", new: str = "", **files: str) -> Path:
        assert old in SOUND
        root = tmp_path / "made-up"
        root.mkdir()
        calendar = (CATALOGUES / "jining-2008" / "calendar.toml").read_text("utf-8")
        (root / "calendar.toml").write_text(files.pop("calendar", calendar), "utf-8")
        (root / "lunch.toml").write_text(SOUND.replace(old, new, 1) if old else SOUND, "utf-8")
        for name, text in files.items():
            (root / f"{name}.toml").write_text(text, "utf-8")
        return root

    return _write
