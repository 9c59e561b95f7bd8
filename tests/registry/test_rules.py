"""What holds of students, without a database."""

from datetime import date

import polars as pl
import pytest

from app.core import identity
from app.core.errors import Fault
from app.registry import rules
from tests.registry.rows import resident_id


@pytest.mark.parametrize(
    ("term", "year"),
    [("2008-spring", "2007-2008"), ("2007-autumn", "2007-2008"), ("2000-spring", "1999-2000")],
)
def test_a_term_lies_in_its_school_year(term: str, year: str) -> None:
    assert rules.school_year_of_term(term) == year


@pytest.mark.parametrize("term", ["2008", "2008-summer", "2007-2008", "２００８-spring"])
def test_what_is_no_term_has_no_school_year(term: str) -> None:
    with pytest.raises(ValueError, match="no term"):
        rules.school_year_of_term(term)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("2007-2008", True), ("2007-2009", False), ("2008-2007", False), ("2007/2008", False)],
)
def test_a_school_year_is_two_years_in_a_row(text: str, *, is_one: bool) -> None:
    assert rules.is_school_year(text) is is_one


def test_a_wrong_resident_id_becomes_a_fault_that_does_not_repeat_it() -> None:
    faults: list[Fault] = []
    assert rules.checked_resident_id("123", "/resident_id", faults) is None
    assert [(fault.code, fault.where) for fault in faults] == [("id_format", "/resident_id")]
    assert "123" not in faults[0].zh + faults[0].en


def test_birth_date_and_sex_may_repeat_the_resident_id_and_not_contradict_it() -> None:
    number = resident_id(1)
    said = {"birth_on": identity.birth_date_of(number), "sex": identity.sex_of(number)}
    assert rules.against_the_id(number, said) == []
    wrong = {"birth_on": date(1980, 1, 1), "sex": "male" if said["sex"] == "female" else "female"}
    assert [one.where for one in rules.against_the_id(number, wrong)] == ["/birth_on", "/sex"]
    assert rules.against_the_id(None, wrong) == []


@pytest.mark.parametrize(
    ("left_on", "code"),
    [
        (date(2007, 8, 31), "enrolment.left-before-entered"),
        (date(2007, 9, 1), None),
        (date(2008, 3, 10), None),
        (date(2008, 3, 11), "enrolment.left-in-future"),
    ],
)
def test_a_student_leaves_between_entering_and_today(left_on: date, code: str | None) -> None:
    fault = rules.leaving_fault(
        "x", entered_on=date(2007, 9, 1), left_on=left_on, today=date(2008, 3, 10)
    )
    assert (fault.code if fault else None) == code


def test_a_column_says_of_birth_date_and_sex_what_each_id_says() -> None:
    numbers = [resident_id(seed) for seed in range(0, 60_000, 997)]
    frame = pl.DataFrame({"id": [*numbers, None]}).select(
        born=identity.birth_on_expr(pl.col("id")), sex=identity.sex_expr(pl.col("id"))
    )
    assert frame["born"].to_list() == [*map(identity.birth_date_of, numbers), None]
    assert frame["sex"].to_list() == [*map(identity.sex_of, numbers), None]
