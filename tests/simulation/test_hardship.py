"""Where a hardship level comes from."""

import polars as pl

from app.simulation.population import with_hardship

TOLD = pl.DataFrame({"student_id": ["a", "b", "c"], "told_hardship": ["1", "2", None]})


def test_a_level_that_was_recognised_goes_before_the_one_that_was_told() -> None:
    recognised = TOLD.with_columns(pl.Series("hardship", [3, None, None], dtype=pl.Int64))
    assert with_hardship(recognised).get_column("hardship").to_list() == [3, 2, None]


def test_without_a_recognition_the_level_is_the_one_told() -> None:
    assert with_hardship(TOLD).get_column("hardship").to_list() == [1, 2, None]


def test_a_level_that_no_version_asks_for_is_not_made_up() -> None:
    assert "hardship" not in with_hardship(TOLD.drop("told_hardship")).columns
