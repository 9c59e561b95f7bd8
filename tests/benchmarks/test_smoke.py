"""The benchmark measures what the service does, and says so when a bound is not kept."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, text

from app.policy.catalogue import Version
from app.policy.checker import load_catalogue
from app.policy.engine import assess, criterion_column, outcomes
from app.policy.facts import FACTS
from app.policy.frames import coded, frame_of
from benchmarks import child, policy, storing
from benchmarks.measuring import PEAK_MB_MAX, Measure, alternately, report
from benchmarks.rule import FACTS_READ, six_criteria
from benchmarks.students import student_ids, students

STUDENTS = 2_000
ALONE = 60


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return students(STUDENTS, unknown_percent=5)


@pytest.fixture(scope="module")
def six() -> Version:
    return six_criteria()


def test_the_students_are_the_same_each_time_and_their_ids_differ(frame: pl.DataFrame) -> None:
    assert frame.equals(students(STUDENTS, unknown_percent=5))
    assert student_ids(STUDENTS).n_unique() == STUDENTS
    assert all(frame.get_column(name).null_count() for name in FACTS)
    assert not any(column.null_count() for column in students(STUDENTS))


def test_many_at_once_come_out_as_one_by_one(frame: pl.DataFrame, six: Version) -> None:
    versions = [policy.latest(each) for each in load_catalogue().programmes.values()]
    for version in [six, *versions]:
        together = assess(frame, version)
        alone = [assess(frame_of([case]), version) for case in frame.head(ALONE).to_dicts()]
        assert together.head(ALONE).equals(pl.concat(alone))
        assert outcomes(frame, version).equals(together.drop("failed", "unknown", "cautions"))
        assert assess(coded(frame), version).equals(together)


def test_the_rule_tries_every_criterion_and_every_amount(six: Version) -> None:
    result = assess(students(STUDENTS * 10), six)
    for criterion in six.criteria:
        assert result.get_column(criterion_column(criterion.id)).n_unique() == 2
    assert set(result.get_column("year_fen").to_list()) == {None, 1000_00, 2000_00, 3000_00}
    assert {fact for fact in FACTS if fact in FACTS_READ} == set(FACTS_READ)


def test_every_programme_of_every_catalogue_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    measures = policy.main(STUDENTS)
    programmes = load_catalogue().programmes
    assert measures[0].rows == STUDENTS * len(programmes)
    told = capsys.readouterr().out
    assert all(f"{code} from " in told for code in programmes)


@pytest.fixture
def table() -> Iterator[Engine]:
    with storing.server() as engine:
        yield engine


def test_what_is_stored_is_what_was_assessed(
    table: Engine, frame: pl.DataFrame, six: Version
) -> None:
    result = assess(frame, six)
    for _ in range(2):  # the second empties the table first
        storing.copy(table, storing.csv_of(student_ids(STUDENTS), result, six))
    with table.connect() as connection:
        stored = connection.execute(
            text(
                "SELECT outcomes, failed, missing, eligible, amount_fen FROM outcome "
                "ORDER BY student_id"
            )
        ).all()
    met = [criterion_column(criterion.id) for criterion in six.criteria]
    wanted = result.select(pl.concat_list(met), "failed", "unknown", "eligible", "amount_fen")
    assert [tuple(row) for row in stored] == wanted.rows()


KEPT = Measure("kept", 10, 1.0, "floor", 0.5, 2)


def verdict(*measures: Measure, broken: tuple[str, ...] = ()) -> int:
    place = Path(tempfile.mkdtemp())
    status = report(measures, place / "var" / "bench.json", broken=broken)
    written = json.loads((place / "var" / "bench.json").read_text("utf-8"))
    assert [each["ok"] for each in written["measures"]] == [each.ok for each in measures]
    shutil.rmtree(place)
    return status


def test_a_ratio_on_its_bound_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(KEPT) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("KEPT: 1 bounds")


@pytest.mark.parametrize(
    "over",
    [
        replace(KEPT, seconds=1.01),
        replace(KEPT, floor_seconds=None),
        replace(KEPT, peak_mb=PEAK_MB_MAX + 1),
        replace(KEPT, peak_mb=601, peak_mb_max=600),
    ],
)
def test_what_is_over_a_bound_ends_with_status_one(
    over: Measure, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict(KEPT, replace(over, name="slow one")) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("NOT KEPT: slow one (")


def test_a_part_that_fails_and_no_part_at_all_end_with_status_one() -> None:
    assert verdict(KEPT, broken=("storing",)) == 1
    assert verdict() == 1


def test_both_sides_run_in_turns() -> None:
    order: list[str] = []
    alternately(lambda: order.append("a"), lambda: order.append("b"), turns=2, each=2)
    assert order == ["a", "b", *"aabb", *"aabb"]


def test_a_part_runs_in_a_process_of_its_own_and_a_failure_is_seen() -> None:
    found = child.measured("benchmarks.policy", STUDENTS)
    assert found is not None
    assert found[0].peak_mb > 0
    assert child.measured("benchmarks.no_such_part", STUDENTS) is None
