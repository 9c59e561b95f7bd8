"""`aid simulate` as an operator runs it."""

import io
from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.core.embedded import Cluster
from app.policy.catalogue import CATALOGUES
from app.policy.service import load_catalogue
from app.simulation import desk
from app.simulation.errors import SimulationInvalid
from tests.cli.conftest import Aid, one_line, run
from tests.factories.cases import BOARDERS, SPRING
from tests.factories.office import City
from tests.simulation.pupils import enrol, tell


@pytest.fixture
def aid(cluster: Cluster, database: str, city: City) -> Aid:
    """`aid` over a city with three boarders in hardship."""
    with scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        pupils = enrol(session, city.schools["2137000006"], 3)
        tell(session, pupils, {"hardship": 1})

    def call(*arguments: str, **given: str) -> object:
        served = {"MODE": "test", "DATABASE_URL": cluster.serving_url(database)}
        return run(*arguments, **{**served, **given})

    return call


def shipped_file(tmp_path: Path) -> Path:
    """The version of 2008-spring as a file of its own, a hundred yuan dearer."""
    file = CATALOGUES / "jining-2008" / f"{BOARDERS}.toml"
    whole = "[[version]]" + file.read_text("utf-8").split("[[version]]")[2]
    dearer = whole.replace("500.00", "600.00").replace("250.00", "300.00")
    made = tmp_path / "version.toml"
    made.write_text(dearer, "utf-8")
    return made


def test_the_table_and_the_workbook_say_the_same(aid: Aid, tmp_path: Path) -> None:
    book = tmp_path / "out.xlsx"
    file = f"{BOARDERS}={shipped_file(tmp_path)}"
    done = aid(
        "simulate", "--period", SPRING, "--file", file, "--xlsx", str(book), "--names",
        "--as-of", "2008-04-01",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "3 students of 2007-2008 on 2008-04-01" in done.stdout
    assert "1500.00" in done.stdout
    assert "1800.00" in done.stdout
    assert "entitled" in done.stdout
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.read_bytes()))
    assert len(sheets.get_sheet_by_name("名单").to_python()) == 1 + 3


def test_what_cannot_be_reckoned_ends_with_one_line(aid: Aid) -> None:
    refused = aid("simulate", "--period", SPRING, "--catalogue", "../jining-2008")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert one_line(refused.stderr), refused.stderr
    assert "no catalogue ../jining-2008" in refused.stderr


@pytest.mark.parametrize(
    ("drafts", "files", "word"),
    [
        pytest.param((), (BOARDERS,), "CODE=FILE", id="no file"),
        pytest.param((), ("=version.toml",), "CODE=FILE", id="no programme"),
        pytest.param((), (f"{BOARDERS}=/nothing.toml",), "cannot be read", id="not there"),
        pytest.param((f"{BOARDERS}=7",), (), "no id", id="no id"),
    ],
)
def test_an_option_that_names_nothing_is_explained(
    drafts: tuple[str, ...], files: tuple[str, ...], word: str
) -> None:
    with pytest.raises(SimulationInvalid, match=word):
        desk.changes_of(drafts, files)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("effective_from = ", "cannot be read"),
        ("[[version]]\n[[version]]", "one"),
        (b"\xff", "read"),
    ],
)
def test_a_file_holds_one_version(tmp_path: Path, text: str | bytes, word: str) -> None:
    file = tmp_path / "version.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SimulationInvalid, match=word):
        desk.changes_of((), (f"{BOARDERS}={file}",))


def test_a_version_is_its_table_with_or_without_the_heading(tmp_path: Path) -> None:
    whole, bare = tmp_path / "whole.toml", tmp_path / "bare.toml"
    bare.write_text('source = "a"\n', "utf-8")
    whole.write_text('[[version]]\nsource = "a"\n', "utf-8")
    found = desk.changes_of((), (f"a={whole}", f"b={bare}"))
    assert [each.version for each in found] == [{"source": "a"}] * 2


def test_a_day_is_written_as_a_day() -> None:
    assert desk.day_of("2008-04-30") == date(2008, 4, 30)
    assert desk.day_of(None) is None
    with pytest.raises(SimulationInvalid, match="2008-04-30"):
        desk.day_of("yesterday")
