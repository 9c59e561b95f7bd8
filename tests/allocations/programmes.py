"""Programmes paid to schools, published for a test beside the real ones."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session

from app.core import clock, ids
from app.policy import queries
from app.policy.catalogue import CATALOGUES, sealed
from app.policy.models import PolicyVersion
from app.policy.service import load_catalogue

NAME = "jining-2008"
FUNDS, WAIVER, UNPRICED = "head-money", "book-waiver", "tuition-waiver"
YEAR, AUTUMN, SPRING = "2007-2008", "2007-autumn", "2008-spring"

_HEAD = """
code = "{code}"
prefix = "{prefix}"
name = {{ zh = "{code}", en = "{code}" }}
kind = "{kind}"
payee = "school"
period = "{period}"
instalments = "term"
on_transfer = "{on_transfer}"

[approval]
county_school = ["county"]
city_school = ["city"]

[notice]
school_working_days = 5
centre_working_days = 5

[[version]]
effective_from = "2007-autumn"
source = "made up for a test"

[[version.criterion]]
id = "stage"
test = "stage IN ('primary', 'junior')"
zh = "义务教育阶段"
en = "compulsory education"
"""
_PRICES = """
[[version.amount]]
when = "stage = 'primary'"
yuan = "{primary}"

[[version.amount]]
when = "stage = 'junior'"
yuan = "{junior}"

[[version.funding]]
source = "province"
basis_points = 6000

[[version.funding]]
source = "county"
basis_points = 4000

[[version.example]]
given = {{ stage = "primary"{more} }}
gives = {{ eligible = true, year = "{primary}" }}
"""
_POOR = """
[[version.criterion]]
id = "hardship"
test = "hardship >= 1"
zh = "家庭经济困难"
en = "in hardship"
"""


def _funds(on_transfer: str) -> str:
    head = _HEAD.format(
        code=FUNDS,
        prefix="HM",
        kind="school_allocation",
        period="school_year",
        on_transfer=on_transfer,
    )
    return head + _PRICES.format(primary="295.00", junior="445.00", more="")


def _waiver(code: str, prefix: str) -> str:
    head = _HEAD.format(
        code=code, prefix=prefix, kind="waiver", period="term", on_transfer="old_school"
    )
    return head + _POOR + _PRICES.format(primary="90.00", junior="180.00", more=", hardship = 1")


def publish(session: Session, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Head money of 295 and 445 yuan a school year, a book waiver, and one without a rate."""
    put_in_force(monkeypatch, root)
    load_catalogue(session, NAME)
    _unprice(session)


def put_in_force(
    monkeypatch: pytest.MonkeyPatch, root: Path, on_transfer: str = "old_school"
) -> None:
    """The catalogue in force is the real programmes and these."""
    home = root / NAME
    home.mkdir(parents=True)
    for name in ("calendar", "boarding-subsidy", "vocational-grant"):
        (home / f"{name}.toml").write_text(
            (CATALOGUES / NAME / f"{name}.toml").read_text("utf-8"), "utf-8"
        )
    (home / f"{FUNDS}.toml").write_text(_funds(on_transfer), "utf-8")
    (home / f"{WAIVER}.toml").write_text(_waiver(WAIVER, "BW"), "utf-8")
    (home / f"{UNPRICED}.toml").write_text(_waiver(UNPRICED, "TW"), "utf-8")
    monkeypatch.setattr(queries, "CATALOGUES", root)
    queries.catalogue.cache_clear()


def _unprice(session: Session) -> None:
    """A later revision of the waiver whose amount is not known."""
    [version] = queries.programme(UNPRICED).versions
    unpriced = sealed(replace(version, revision=2, amounts=(), examples=()))
    session.add(
        PolicyVersion(
            id=ids.new(),
            catalogue=NAME,
            programme=UNPRICED,
            effective_from=unpriced.effective_from,
            revision=2,
            body=unpriced.body.decode(),
            sha256=bytes.fromhex(unpriced.sha256),
            loaded_at=clock.now(),
        )
    )
    session.flush()
