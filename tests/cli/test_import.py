"""`aid import`: a sheet through the door of a running service."""

import re
from collections.abc import Iterator

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from app.auth import passwords
from app.auth.models import StaffMember
from app.cli import app
from app.core import db
from tests.cli.conftest import one_line
from tests.factories.live import served
from tests.factories.sample_city import SAMPLES, make_sample_city

PASSWORD = "Zizhu-2008-cli"
OFFICER = "city.officer"


@pytest.fixture(scope="module")
def officer(database: str) -> Iterator[str]:
    """The sample city with an officer who has a password, behind a running service."""
    with Session(db.engine(), expire_on_commit=False) as session, session.begin():
        city = make_sample_city(session)
        session.add(
            StaffMember(
                username=OFFICER,
                name="市级人员",
                password_hash=passwords.hashed(PASSWORD),
                organisation_id=city.centre,
                roles=["city_officer"],
                made_at=city.staff["city_officer"].made_at,
            )
        )
    with served() as url:
        yield url


def test_import_hands_a_sheet_in_and_counts_its_rows(officer: str) -> None:
    sheet = SAMPLES / "2007-autumn-vocational-gb18030.csv"
    arguments = ["import", str(sheet), "--programme", "vocational-grant", "--period", "2007-2008",
                 "--username", OFFICER, "--url", officer]  # fmt: skip
    told = {"PASSWORD": PASSWORD}
    tried = CliRunner().invoke(app, [*arguments, "--dry-run", "--accept-good"], env=told)
    assert tried.exit_code == 0, tried.output
    done = CliRunner().invoke(app, [*arguments, "--accept-good"], env=told)
    assert done.exit_code == 0, done.output
    counts = dict(re.findall(r"^ +([a-z_]+)  (\w+)$", done.stdout, re.MULTILINE))
    assert counts.pop("state") == "done"
    assert counts == {"eligible": "392", "ineligible": "208"}


def test_import_with_a_wrong_password_says_so(officer: str) -> None:
    sheet = SAMPLES / "2007-autumn-vocational-gb18030.csv"
    arguments = ["import", str(sheet), "--programme", "vocational-grant", "--period", "2007-2008",
                 "--username", OFFICER, "--url", officer]  # fmt: skip
    done = CliRunner().invoke(app, arguments, env={"PASSWORD": "wrong"})
    assert done.exit_code == 1
    assert one_line(done.stderr)


def test_a_departments_list_is_handed_in_and_matched(officer: str) -> None:
    arguments = ["registers", "load", str(SAMPLES / "dibao-register-2008.csv"), "--kind",
                 "minimum_living", "--issued-by", "济宁市民政局", "--as-of", "2008-06-30",
                 "--username", OFFICER, "--url", officer]  # fmt: skip
    told = {"PASSWORD": PASSWORD}
    unfounded = CliRunner().invoke(app, arguments, env=told)
    assert unfounded.exit_code == 1
    assert one_line(unfounded.stderr)
    done = CliRunner().invoke(app, [*arguments, "--basis-said", "教财〔2018〕16号"], env=told)
    assert done.exit_code == 0, done.output
    shown = dict(re.findall(r"^ +([a-z_]+)  (\w+)$", done.stdout, re.MULTILINE))
    assert (shown["rows_kept"], shown["rows_refused"], shown["state"]) == ("726", "0", "done")
    again = CliRunner().invoke(app, [*arguments, "--basis-said", "教财〔2018〕16号"], env=told)
    assert again.exit_code == 1
