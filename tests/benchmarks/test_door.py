"""The benchmarks over HTTP: both sides are asked what they are timed for, and do it."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.core import embedded
from app.core.embedded import Cluster
from benchmarks import door, door_load, door_serving, evening
from benchmarks.door_serving import BARE, OURS
from benchmarks.measuring import Measure

STUDENTS = 8_000
PART = 1_000
TURNS = 1 + door.TURNS


@pytest.fixture(scope="module")
def made(cluster: Cluster) -> Iterator[Cluster]:
    door_serving.seed(cluster, STUDENTS)
    yield cluster
    for name in (OURS, BARE):
        embedded.drop_database(cluster, name)


@pytest.fixture(scope="module")
def port(made: Cluster) -> Iterator[int]:
    with door_serving.ours(made) as listening:
        yield listening


@pytest.fixture(scope="module")
def measures(made: Cluster, port: int) -> list[Measure]:
    with door_serving.bare(made) as to:
        return door.measures(port, to, STUDENTS, part=PART)


def counted(cluster: Cluster, name: str, table: str) -> int:
    with cluster.superuser(name) as connection:
        found: Any = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found[0])


def test_every_case_and_every_row_handed_in_is_there(
    made: Cluster, measures: list[Measure]
) -> None:
    assert measures
    cases = STUDENTS // 10
    new = 3 * door.MANY * TURNS  # one by one, many of a school, many of many schools
    assert counted(made, OURS, "application") == cases + new
    assert counted(made, OURS, "student") == STUDENTS + new
    noted = "audit_event e JOIN audit_record r ON r.event_id = e.id"
    assert counted(made, OURS, f"{noted} WHERE did = 'application.taken_in'") == new
    assert counted(made, OURS, "kept_reply WHERE status = 201") == new
    assert counted(made, BARE, "bare_case") == cases + new


def test_requests_and_their_slowest_are_held_against_the_floor(measures: list[Measure]) -> None:
    assert [each.bound for each in measures] == [None, None, 2, 4, None, 2.5, *[None] * 3]
    assert [each.rows for each in measures] == [
        *[door.MANY, 1] * 2, door.MANY, *[door.MANY, 1] * 2,
    ]  # fmt: skip
    assert all(each.ratio for each in measures)


def test_an_evening_takes_every_workbook_in_and_the_officers_go_on(
    made: Cluster, port: int, measures: list[Measure]
) -> None:
    assert measures
    before = counted(made, OURS, "application")
    workbook, reads, _ = evening.measures(port, STUDENTS, rows=60, each=1, quiet=3)
    taken = 60 * (evening.SCHOOLS + evening.ALONE)
    assert counted(made, OURS, "application") == before + taken
    assert counted(made, OURS, "sheet_import WHERE state = 'done'") == taken // 60
    assert counted(made, OURS, "decision") > evening.OFFICERS
    assert (workbook.bound, reads.bound) == (20, 3)


def test_a_refusal_is_no_answer_to_be_counted(port: int, made: Cluster) -> None:
    assert made
    asked = [door_load.get(f"{door_serving.API}/applications")]
    with door_serving.asker() as asker, pytest.raises(door_load.RequestFailed, match="401"):
        asker.submit(door_load.fire, port, 1, asked).result()


def test_of_a_hundred_answers_ninety_nine_are_within_the_percentile() -> None:
    seconds = [float(each) for each in range(1, 101)]
    assert door_load.percentile(seconds, 99) == 99
    assert door_load.percentile(seconds, 95) == 95
    assert door_load.percentile([7.0], 99) == 7
