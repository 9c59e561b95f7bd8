"""The `aid` command: what it says, where it says it, and the status it ends with."""

import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import Session
from typer.testing import CliRunner

from app.cli import app
from app.core import db, embedded
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.policy.catalogue import CATALOGUES
from app.policy.service import publish_catalogue
from tests.cli.conftest import Aid, one_line, run
from tests.factories.live import served

PASSWORD = "Zizhu-2008-cli"


def test_the_shipped_policy_is_sound_and_counted() -> None:
    done = CliRunner().invoke(app, ["policy", "check"])
    assert done.exit_code == 0, done.output
    said = re.fullmatch(
        r"(\d+) catalogue\(s\), (\d+) programme\(s\), (\d+) version\(s\), (\d+) example\(s\): "
        r"all right\n",
        done.output,
    )
    assert said is not None, done.output
    catalogues, programmes, versions, examples = map(int, said.groups())
    assert catalogues >= 2
    assert examples >= 5 * versions
    assert versions > programmes >= 24


@pytest.mark.parametrize(
    ("broken", "by"),
    [
        ("boarding-subsidy.toml", ("[", "[[[")),
        ("calendar.toml", ("=", "= =")),
        ("vocational-grant.toml", ("amount", "amuont")),
    ],
)
def test_a_broken_policy_file_is_named(tmp_path: Path, broken: str, by: tuple[str, str]) -> None:
    catalogue = tmp_path / "mine"
    shutil.copytree(CATALOGUES / "jining-2008", catalogue)
    file = catalogue / broken
    file.write_text(file.read_text("utf-8").replace(*by, 1), "utf-8")
    done = CliRunner().invoke(app, ["policy", "check", str(tmp_path)])
    assert done.exit_code == 1
    assert broken in done.output
    assert "fault(s)" in done.output


def test_every_fault_of_every_catalogue_is_listed_with_its_place(tmp_path: Path) -> None:
    for name in ("jining-2008", "national"):
        shutil.copytree(CATALOGUES / name, tmp_path / name)
    for place, old, new in (
        ("jining-2008/senior-grant.toml", '"500.00"', '"500.001"'),
        ("national/day-pupil-subsidy.toml", "NOT boards", "NOT bords"),
    ):
        file = tmp_path / place
        file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    done = CliRunner().invoke(app, ["policy", "check", str(tmp_path)])
    assert done.exit_code == 1
    assert "jining-2008/senior-grant.toml, version 2007-autumn amount 1" in done.output
    where = "national/day-pupil-subsidy.toml, version 2019-autumn criterion day_pupil"
    assert where in done.output


def test_an_untouched_copy_of_the_policy_is_sound(tmp_path: Path) -> None:
    shutil.copytree(CATALOGUES / "jining-2008", tmp_path / "mine")
    assert CliRunner().invoke(app, ["policy", "check", str(tmp_path)]).exit_code == 0


def test_an_empty_database_verifies_clean(aid: Aid) -> None:
    done = aid("verify")
    assert (done.returncode, done.stdout) == (0, "clean\n"), done.stderr


def test_a_fault_in_the_books_is_found_and_named(aid: Aid, cluster: Cluster, database: str) -> None:
    publish_catalogue()
    engine = db.connect(cluster.owner_url(database), pool_size=1)
    alter = text("UPDATE policy_version SET body = body || :more WHERE programme = :one")
    told = {"more": "\n# altered", "one": "boarding-subsidy"}
    with Session(engine) as owner, owner.begin():
        db.enter(owner, SYSTEM)
        altered = owner.execute(alter, told).rowcount
    engine.dispose()
    done = aid("verify")
    assert done.returncode == 1
    assert done.stdout.count("policy-digest-off boarding-subsidy") == altered > 0
    assert done.stdout.endswith(f"{altered} finding(s)\n")


@pytest.fixture
def bare(cluster: Cluster) -> Iterator[str]:
    """A database with nothing in it."""
    name = f"aid_{uuid4().hex[:12]}"
    embedded.ensure_database(cluster, name)
    yield name
    embedded.drop_database(cluster, name)


def test_migrate_brings_an_empty_database_up_to_date(cluster: Cluster, bare: str) -> None:
    urls = {
        "DATABASE_URL": cluster.serving_url(bare),
        "OWNER_DATABASE_URL": cluster.owner_url(bare),
    }
    before = run("verify", MODE="test", DATABASE_URL=urls["DATABASE_URL"])
    assert before.returncode == 1
    assert "aid migrate" in before.stderr
    for _ in range(2):
        done = run("migrate", MODE="test", **urls)
        assert done.returncode == 0, done.stderr
        assert "newest revision" in done.stderr
    assert run("verify", MODE="test", DATABASE_URL=urls["DATABASE_URL"]).stdout == "clean\n"


def test_migrate_without_the_owner_says_what_it_needs(aid: Aid) -> None:
    done = aid("migrate")
    assert done.returncode == 1
    assert one_line(done.stderr)
    assert "AID_OWNER_DATABASE_URL" in done.stderr


def test_create_admin_makes_somebody_who_can_log_in(aid: Aid) -> None:
    who = ("--username", "admin", "--name", "管理员", "--password", PASSWORD)
    done = aid("create-admin", *who)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    again = aid("create-admin", *who)
    assert again.returncode == 1
    assert one_line(again.stderr)
    weak = aid("create-admin", "--username", "other", "--name", "甲", "--password", "short")
    assert weak.returncode == 1
    assert one_line(weak.stderr)
    with served() as url:
        form = {"grant_type": "password", "username": "admin", "password": PASSWORD}
        reply = httpx.post(f"{url}/api/v1/token", data=form)
    assert reply.status_code == 200
    assert reply.json()["token_type"] == "bearer"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"CATALOG": "national"}, "AID_CATALOG"),
        ({"MODE": "production"}, "AID_SECRET"),
        ({"DATABASE_URL": "postgresql://aid:aid@127.0.0.1:1/aid"}, "cannot be reached"),
        ({"DATABASE_URL": "owner"}, "row security would not bind it"),
        ({"DATABASE_URL": "no url at all"}, "AID_DATABASE_URL"),
        ({"DATABASE_URL": "mysql://aid@127.0.0.1/aid"}, "AID_DATABASE_URL"),
        ({"CATALOGUE": "atlantis"}, "atlantis"),
        ({"SEAL_KEY_FILE": "/no/such/key.pem"}, "/no/such/key.pem"),
    ],
    ids=[
        "unknown",
        "default-secret",
        "unreachable",
        "owner",
        "no-url",
        "other-kind",
        "catalogue",
        "seal-key",
    ],
)
def test_serve_with_bad_settings_ends_with_one_line(
    aid: Aid, cluster: Cluster, database: str, given: dict[str, str], says: str
) -> None:
    if given.get("DATABASE_URL") == "owner":
        given = {"DATABASE_URL": cluster.owner_url(database)}
    done = aid("serve", "--port", str(free_port()), WORKER="false", **given)
    assert done.returncode == 1
    assert done.stdout == ""
    assert one_line(done.stderr), done.stderr
    assert says in done.stderr
