"""Moves, numbers and row checks, without a database."""

from typing import Any

import polars as pl
import pytest

from app.applications import checks, rules
from app.applications.models import ApplicationState as State
from app.registry.intake import INTAKE_SCHEMA
from app.registry.queries import SCHOOLS_SCHEMA
from tests.applications.cases import card, resident_id

SCHOOLS = pl.DataFrame(
    [
        (stage, "0", stage, stage, "rural", "county", "c", "370811")
        for stage in ("primary", "junior", "senior", "vocational")
    ],
    schema=SCHOOLS_SCHEMA,
    orient="row",
)


def faults(*rows: dict[str, Any]) -> list[tuple[int, str, str]]:
    whole = [
        {name: row.get(name) for name in INTAKE_SCHEMA}
        | {
            "row": place,
            "school_id": row.get("school_id", "primary"),
            "name": row.get("name", "王"),
        }
        | {"grade": row.get("grade", 1)}
        for place, row in enumerate(rows, 1)
    ]
    frame = checks.at_schools(pl.DataFrame(whole, schema=INTAKE_SCHEMA), SCHOOLS)
    return [(row, code, column) for row, code, column, *_ in checks.check(frame).iter_rows()]


def test_a_sound_row_has_no_fault() -> None:
    assert faults({"resident_id": resident_id(1), "account_number": card(1), "hardship": 3}) == []


@pytest.mark.parametrize(
    ("school", "grade", "good"),
    [
        ("primary", 1, True), ("primary", 6, True), ("primary", 0, False), ("primary", 7, False),
        ("junior", 4, True), ("junior", 7, True), ("junior", 9, True), ("junior", 5, False),
        ("junior", 10, False), ("senior", 3, True), ("senior", 4, False), ("senior", 12, True),
        ("vocational", 4, True), ("vocational", 5, False), ("vocational", 10, True),
        ("vocational", 13, False),
    ],
)  # fmt: skip
def test_each_stage_has_its_grades(school: str, grade: int, good: bool) -> None:
    found = faults({"school_id": school, "grade": grade})
    assert found == ([] if good else [(1, "grade_range", "grade")])


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"name": None}, ("name_missing", "name")),
        ({"name": " "}, ("name_missing", "name")),
        ({"name": "=SUM(A1)"}, ("name_unfit", "name")),
        ({"holder_name": "张|三"}, ("name_unfit", "holder_name")),
        ({"resident_id": "37081119920822587"}, ("id_format", "resident_id")),
        ({"resident_id": "370811199213225872"}, ("id_format", "resident_id")),
        ({"guardian_resident_id": "370811199208225871"}, ("id_checksum", "guardian_resident_id")),
        ({"account_number": "6228489282480527932"}, ("card_luhn", "account_number")),
        ({"account_number": "62284892824"}, ("card_format", "account_number")),
        (
            {"account_kind": "passbook", "account_number": "90"},
            ("passbook_format", "account_number"),
        ),
        ({"hardship": 4}, ("level_unknown", "hardship")),
        ({"hardship": -1}, ("level_unknown", "hardship")),
        ({"income_per_head_fen": -1}, ("income_negative", "income_per_head_fen")),
        ({"special_group": "贫困"}, ("special_group_unknown", "special_group")),
        ({"hukou": "农业"}, ("hukou_unknown", "hukou")),
        ({"household_size": 0}, ("household_size_range", "household_size")),
        ({"household_size": 31}, ("household_size_range", "household_size")),
        ({"class_name": "一" * 41}, ("text_too_long", "class_name")),
        ({"holder": "uncle"}, ("value_unknown", "holder")),
        ({"school_id": "elsewhere"}, ("school_unknown", "school_id")),
    ],
)
def test_one_fault_is_found_by_its_column(row: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(row) == [(1, *fault)]


def test_a_missing_grade_is_said_so() -> None:
    assert faults({"grade": None}) == [(1, "grade_missing", "grade")]


def test_the_thresholds_themselves_pass() -> None:
    assert faults(
        {"income_per_head_fen": 0, "household_size": 1, "hardship": 0, "class_name": "一" * 40},
        {"household_size": 30, "account_kind": "passbook", "account_number": "903730642279193",
         "name": "李"},
    ) == []  # fmt: skip


def test_of_two_rows_with_one_id_the_later_is_at_fault() -> None:
    number = resident_id(7)
    rows = [{"resident_id": number}, {"resident_id": resident_id(8)},
            {"resident_id": number, "school_id": "junior"}]  # fmt: skip
    assert faults(*rows) == [(3, "id_duplicate", "resident_id")]


def test_an_old_fifteen_digit_id_is_the_same_person() -> None:
    assert faults({"resident_id": "110105491231002"}, {"resident_id": "11010519491231002X"}) == [
        (2, "id_duplicate", "resident_id")
    ]


def test_namesakes_without_an_id_are_told_apart_by_class_or_guardian() -> None:
    assert faults(
        {"class_name": "1"}, {"class_name": "2"}, {"class_name": "1"},
        {"class_name": "1", "guardian_resident_id": resident_id(9)},
    ) == [(3, "id_duplicate", "name")]  # fmt: skip


def test_what_is_over_moves_again_only_by_a_review_or_a_false_statement() -> None:
    assert {state for state in State if not rules.MOVES[state]} == {State.WITHDRAWN}
    assert rules.MOVES[State.REJECTED] == {State.RETURNED}
    # A false statement ends even a confirmed case.
    assert rules.MOVES[State.CONFIRMED] == {State.REJECTED}
    assert set(rules.MOVES) == set(State)


def test_only_a_case_in_review_is_approved() -> None:
    assert rules.states_before(State.APPROVED) == {State.IN_REVIEW}
    assert State.IN_REVIEW in rules.MOVES[State.IN_REVIEW]
    assert rules.states_before(State.WITHDRAWN) == rules.BEFORE_DECISION


@pytest.mark.parametrize(
    ("eligible", "state"),
    [(True, State.SUBMITTED), (False, State.SUBMITTED), (None, State.DRAFT)],
)
def test_only_an_unknown_outcome_is_a_draft(eligible: bool | None, state: State) -> None:
    assert rules.handed_in(eligible=eligible) is state


@pytest.mark.parametrize(
    ("period", "series"),
    [("2008-spring", "BS-2008S"), ("2007-autumn", "BS-2007A"), ("2007-2008", "BS-2007Y")],
)
def test_a_number_says_programme_and_period(period: str, series: str) -> None:
    assert rules.number_series("BS", period) == series
    assert rules.application_number(series, 1234) == f"{series}-0001234"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([375_00], "375.00"),
        ([150_00] * 10, "1500.00 a year, 10 x 150.00"),
        ([750_01, 750_00], "1500.01 a year, 750.01 + 750.00"),
    ],
)
def test_a_sum_is_said_with_its_payments(parts: list[int], words: str) -> None:
    assert rules.sum_in_words(parts) == words
