"""Facts: from the register of schools and from the school, with source and day."""

from datetime import date

import polars as pl
import pytest

from app.assessment.facts import Source, age_at, gather, values_of
from app.registry.intake import INTAKE_SCHEMA
from app.registry.queries import SCHOOLS_SCHEMA

SCHOOLS = pl.DataFrame(
    [
        ("s1", "2137000006", "小学", "primary", "rural", "county", "c", "370811"),
        ("s2", "3637000060", "技师学院", "vocational", "city", "city", "z", "370811"),
    ],
    schema=SCHOOLS_SCHEMA,
    orient="row",
)


def rows(*given: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(
        [{name: row.get(name) for name in INTAKE_SCHEMA} for row in given], schema=INTAKE_SCHEMA
    )


def test_the_school_owns_its_facts_whatever_the_row_says() -> None:
    frame = rows(
        {"row": 1, "school_id": "s2", "stage": "primary", "grade": 2},
        {"row": 2, "school_id": "s1", "grade": 6, "boards": False},
    )
    gathered = gather(frame, SCHOOLS, told_by=Source.SHEET, as_of=date(2008, 4, 20))
    assert [values_of(each) for each in gathered.snapshots] == [
        {
            "stage": "vocational", "school_area": "city", "school_run_by": "city", "year": 2,
            "grade": 2,
        },
        {
            "stage": "primary", "school_area": "rural", "school_run_by": "county", "boards": False,
            "year": 6, "grade": 6,
        },
    ]  # fmt: skip


def test_each_fact_says_its_source_and_its_day() -> None:
    frame = rows({"row": 1, "school_id": "s1", "grade": 1, "hardship": 0})
    gathered = gather(frame, SCHOOLS, told_by=Source.FORM, as_of=date(2008, 4, 20))
    [snapshot] = gathered.snapshots
    assert snapshot["stage"]["source"] == "school_register"
    assert snapshot["hardship"] == {"value": 0, "source": "school_form", "as_of": "2008-04-20"}


def test_an_unknown_fact_is_not_in_the_snapshot_and_null_in_the_frame() -> None:
    frame = rows({"row": 1, "school_id": "s1", "grade": 1})
    gathered = gather(frame, SCHOOLS, told_by=Source.FORM, as_of=date(2008, 4, 20))
    assert "boards" not in gathered.snapshots[0]
    assert gathered.facts.item(0, "boards") is None


@pytest.mark.parametrize(
    ("born", "years"),
    [
        pytest.param(date(1998, 2, 20), 10, id="on the birthday"),
        pytest.param(date(1998, 2, 21), 9, id="the day before it"),
        pytest.param(date(1998, 12, 31), 9, id="late in the year"),
        pytest.param(date(1998, 1, 1), 10, id="early in the year"),
        pytest.param(date(2008, 2, 21), None, id="not born yet"),
        pytest.param(None, None, id="not known"),
    ],
)
def test_an_age_is_counted_by_the_birthday(born: date | None, years: int | None) -> None:
    frame = pl.DataFrame({"born": [born]}, schema={"born": pl.Date})
    assert frame.select(age_at(pl.col("born"), date(2008, 2, 20))).item() == years
