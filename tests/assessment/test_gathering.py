"""Facts: from the register of schools and from the school, with source and day."""

from datetime import date

import orjson
import polars as pl
import pytest
from stdnum.cn.ric import calc_check_digit

from app.assessment.facts import (
    Gathered,
    Snapshot,
    Source,
    age_at,
    gather,
    values_of,
    with_listed,
    with_recognised,
)
from app.policy.explanation import source_label
from app.registers.queries import KNOWN_SCHEMA
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


def snapshots(gathered: Gathered) -> list[Snapshot]:
    return [orjson.loads(each) for each in gathered.snapshots]


def test_the_school_owns_its_facts_whatever_the_row_says() -> None:
    frame = rows(
        {"row": 1, "school_id": "s2", "stage": "primary", "grade": 2},
        {"row": 2, "school_id": "s1", "grade": 6, "boards": False},
    )
    gathered = gather(frame, SCHOOLS, told_by=Source.SHEET, as_of=date(2008, 4, 20))
    assert [values_of(each) for each in snapshots(gathered)] == [
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
    [snapshot] = snapshots(gathered)
    assert snapshot["stage"]["source"] == "school_register"
    assert snapshot["hardship"] == {"value": 0, "source": "school_form", "as_of": "2008-04-20"}


def test_an_unknown_fact_is_not_in_the_snapshot_and_null_in_the_frame() -> None:
    frame = rows({"row": 1, "school_id": "s1", "grade": 1})
    gathered = gather(frame, SCHOOLS, told_by=Source.FORM, as_of=date(2008, 4, 20))
    assert "boards" not in snapshots(gathered)[0]
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


@pytest.mark.parametrize("source", list(Source))
def test_every_source_is_named_in_both_languages(source: Source) -> None:
    words = source_label(source.value)
    assert words.zh != source.value != words.en


def listed(**said: object) -> pl.DataFrame:
    """One student on lists of 31 March 2008."""
    row = {"student_id": "x", **said, **{f"{name}_on": date(2008, 3, 31) for name in said}}
    return pl.DataFrame([row], schema=KNOWN_SCHEMA)


def test_a_trainee_of_the_list_is_one_and_a_group_fills_only_what_is_unknown() -> None:
    frame = rows(
        {"row": 1, "school_id": "s1", "special_group": "none", "state_funded_trainee": False},
        {"row": 2, "school_id": "s1", "state_funded_trainee": False},
    ).with_columns(pl.Series("student_id", ["x", "y"]))
    told = with_listed(frame, listed(special_group="orphan", state_funded_trainee=True))
    gathered = gather(told, SCHOOLS, told_by=Source.SHEET, as_of=date(2008, 4, 20))
    first, second = snapshots(gathered)
    assert first["state_funded_trainee"] == {
        "value": True, "source": "register", "as_of": "2008-03-31",
    }  # fmt: skip
    assert first["special_group"] == {
        "value": "none", "source": "school_sheet", "as_of": "2008-04-20",
    }  # fmt: skip
    assert second["state_funded_trainee"]["source"] == "school_sheet"
    assert "special_group" not in second


def test_a_list_does_not_take_the_name_of_recognition_from_what_that_told() -> None:
    frame = rows({"row": 1, "school_id": "s1"}).with_columns(pl.Series("student_id", ["x"]))
    recognised = pl.DataFrame(
        {"student_id": ["x"], "hardship": [2], "special_group": ["orphan"],
         "valid_from": [date(2007, 10, 8)], "basis": ["form"]}
    )  # fmt: skip
    known = with_recognised(frame, recognised)
    told = with_listed(known, listed(special_group="minimum_living"))
    [seen] = snapshots(gather(told, SCHOOLS, told_by=Source.SHEET, as_of=date(2008, 4, 20)))
    told_by = {"source": "recognition", "as_of": "2007-10-08"}
    assert seen["special_group"] == {"value": "orphan", **told_by}
    assert seen["hardship"] == {"value": 2, **told_by}


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (date(2013, 9, 1), 6),  # the birthday itself
        (date(2013, 9, 2), 5),
        (date(2013, 12, 31), 5),
        (date(2014, 1, 1), 5),
        (date(2014, 2, 28), 5),
        (date(2016, 9, 1), 3),
        (date(2016, 9, 2), 2),
    ],
)
def test_the_age_is_that_of_the_first_day_of_the_period(born: date, age: int) -> None:
    number = f"370681{born:%Y%m%d}002"
    frame = rows(
        {"row": 1, "school_id": "s1", "birth_on": born},
        {"row": 2, "school_id": "s1", "resident_id": number + calc_check_digit(number + "0")},
    )
    told = {"told_by": Source.FORM, "as_of": date(2019, 9, 20)}
    gathered = gather(frame, SCHOOLS, age_on=date(2019, 9, 1), **told)
    assert gathered.facts.get_column("age").to_list() == [age, age]


def test_the_age_is_not_kept_where_the_policy_does_not_ask_for_it() -> None:
    frame = rows({"row": 1, "school_id": "s1", "birth_on": date(2013, 9, 2)})
    gathered = gather(frame, SCHOOLS, told_by=Source.FORM, as_of=date(2019, 9, 20))
    assert "age" not in snapshots(gathered)[0]
