"""The benchmark of intake: both sides hold the same rows, and the sheets are what schools send."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from app.core import embedded
from app.core.embedded import Cluster
from benchmarks import intake, intake_city, intake_floor
from benchmarks.intake import BATCHES, SEED, SHEETS
from benchmarks.measuring import PEAK_MB_MAX, Measure

STUDENTS = 2_000
NOBODY = sql.Literal(intake_city.MAKER)
APPLICATIONS = STUDENTS // intake.SHARE


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="aid-intake-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def measures(cluster: Cluster, home: Path) -> Iterator[list[Measure]]:
    intake.seed(cluster, STUDENTS, home)
    yield intake.measures(cluster, APPLICATIONS, home)
    for name in (*SHEETS, *BATCHES, SEED):
        embedded.drop_database(cluster, name)


def rows_of(cluster: Cluster, name: str, table: str) -> list[Any]:
    """The rows of a table that were not there before the round, without numbers of their own."""
    with cluster.superuser(name) as connection:
        columns = intake_floor.columns(connection, table)
        made_by = {"made_by", "uploaded_by", "stored_by", "actor_id"}
        since = [
            sql.SQL("{} <> {}").format(column, NOBODY)
            for column in columns
            if column.as_string(connection).strip('"') in made_by
        ]
        told = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
            sql.SQL(", ").join(columns),
            sql.Identifier(table),
            sql.SQL(" AND ").join([sql.SQL("true"), *since]),
            sql.SQL(", ").join(columns[:5]),
        )
        return connection.execute(told).fetchall()


@pytest.mark.parametrize("names", [SHEETS, BATCHES], ids=["sheets", "batches"])
def test_the_floor_writes_the_rows_that_the_service_writes(
    cluster: Cluster, measures: list[Measure], names: tuple[str, str]
) -> None:
    assert measures
    for table in intake_floor.TABLES:
        ours, bare = (rows_of(cluster, name, table) for name in names)
        assert ours == bare, table
        assert ours or names == BATCHES, table


def test_of_the_rows_some_are_wrong_some_lack_a_fact_and_most_are_eligible(
    cluster: Cluster, measures: list[Measure]
) -> None:
    assert measures
    with cluster.superuser(SHEETS[0]) as connection:
        found = connection.execute("SELECT outcome, kinds FROM import_row").fetchall()
        new = connection.execute(
            "SELECT count(*) FROM student WHERE made_by <> %s", [intake_city.MAKER]
        ).fetchone()
    assert len(found) == APPLICATIONS
    outcomes = Counter(outcome for outcome, _ in found)
    assert outcomes["eligible"] > APPLICATIONS * 0.8
    assert outcomes["incomplete"] >= 2
    assert outcomes["ineligible"] >= 2
    kinds = {kind for _, each in found for kind in each}
    assert kinds == {"id_checksum", "id_duplicate", "card_luhn", "student_elsewhere"}
    assert new is not None
    assert APPLICATIONS * 0.2 < new[0] < APPLICATIONS * 0.3


def test_each_way_in_is_held_against_its_floor_and_the_whole_against_its_tenth(
    measures: list[Measure],
) -> None:
    tenth, sheets, growth, batches = measures
    assert [each.rows for each in measures] == [APPLICATIONS // 10, *[APPLICATIONS] * 3]
    assert [each.bound for each in measures] == [None] * 4  # of so few
    assert growth.floor_seconds == tenth.seconds
    assert growth.seconds == sheets.seconds
    assert growth.peak_mb_max == PEAK_MB_MAX
    assert all(each.ratio is not None for each in measures)
    assert all(0 < each.peak_mb < 400 for each in (sheets, batches))


def test_every_tenth_has_the_same_sheets_and_the_full_size_those_of_a_city() -> None:
    made = intake_city.parts(100_000)
    sizes = [each.count for each in made]
    assert sum(sizes) == 100_000
    assert (min(sizes), max(sizes)) == (50, 5_000)
    first = intake_city.first_tenth(made)
    assert sizes == sizes[:first] * 10
    assert {each.large for each in made} == {True, False}
