"""The benchmark of the registry: both sides end with the same rows, and the roll is a real one."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core import embedded
from app.core.embedded import Cluster
from benchmarks import registry, registry_roll
from benchmarks.measuring import Measure
from benchmarks.registry import BARE, OURS, SEED, TENTH, WRITTEN

ROWS = 6_000


@pytest.fixture(scope="module")
def measures(cluster: Cluster) -> Iterator[list[Measure]]:
    home = Path(tempfile.mkdtemp(prefix="aid-roll-", dir="/tmp"))
    registry.seed(cluster, ROWS, home)
    yield registry.measure(cluster, ROWS, home)
    for name in (TENTH, OURS, BARE, SEED):
        embedded.drop_database(cluster, name)
    shutil.rmtree(home)


def counted(cluster: Cluster, name: str, table: str) -> object:
    with cluster.superuser(name) as connection:
        asked = f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t"
        return connection.execute(asked).fetchone()


@pytest.mark.parametrize("table", WRITTEN)
def test_the_floor_has_the_rows_that_the_service_wrote(
    cluster: Cluster, measures: list[Measure], table: str
) -> None:
    assert measures
    ours = counted(cluster, OURS, table)
    assert ours
    assert ours == counted(cluster, BARE, table)


def test_every_pupil_but_the_wrong_ones_is_registered_enrolled_and_audited(
    cluster: Cluster, measures: list[Measure]
) -> None:
    assert measures
    wrong = ROWS // registry_roll.WRONG_EVERY
    with cluster.superuser(OURS) as connection:
        for table, rows in (
            ("student", ROWS - wrong), ("enrolment", ROWS - wrong), ("roll_refusal", wrong)
        ):  # fmt: skip
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,)
        noted = "SELECT count(*) FROM audit_record r JOIN student s ON s.id = r.record_id"
        assert connection.execute(noted).fetchone() == (ROWS - wrong,)
        spread = "SELECT count(DISTINCT school_id), count(DISTINCT county_id) FROM student"
        assert connection.execute(spread).fetchone() == (registry_roll.schools_of(ROWS), 13)


def test_the_roll_is_the_same_each_time(measures: list[Measure], tmp_path: Path) -> None:
    assert measures
    for name in ("a", "b"):
        registry_roll.write(500, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_roll_is_held_against_its_floor_its_tenth_and_its_memory(
    measures: list[Measure],
) -> None:
    assert [each.rows for each in measures] == [ROWS // 10, ROWS, ROWS]
    assert [each.bound for each in measures] == [None, None, None]
    assert registry.CITY > ROWS
    assert all(each.peak_mb_max == 800 for each in measures)
    assert all(0 < each.peak_mb < 500 for each in measures)
    assert measures[1].ratio is not None
