"""The three sample workbooks are read whole, at the sheet's own addresses."""

import csv

import polars as pl
import pytest

from app.sheets.annotate import RowNote, annotate
from app.sheets.tables import Tables, find_tables
from app.sheets.workbook import open_workbook
from tests.sheets.build import COLUMNS, SAMPLES, sample

BOARDERS = "2008-spring-boarders-rencheng.xlsx"
CLASSES = "2008-spring-class-sheets.xls"
VOCATIONAL = "2007-autumn-vocational-gb18030.csv"


def read(name: str) -> Tables:
    return find_tables(sample(name), COLUMNS)


def expected(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        (BOARDERS, "2008-spring-boarders-rencheng.expected.csv"),
        (CLASSES, "2008-spring-class-sheets.expected.csv"),
        (VOCATIONAL, "2007-autumn-vocational.expected.csv"),
    ],
)
def test_rows_are_those_of_the_expected_answers_in_order(name: str, answers: str) -> None:
    frame = read(name).frame
    wanted = expected(answers)
    assert frame["row"].to_list() == [int(one["row"]) for one in wanted]
    # Where the name is missing the answers name the holder of the account instead.
    nameless = [one["detail"] == "name_missing" for one in wanted]
    assert frame["name"].is_null().to_list() == nameless
    shown = frame.select(pl.coalesce("name", "holder"))["name"].to_list()
    assert shown == [one["name"] for one in wanted]
    if "sheet" in wanted[0]:
        assert frame["sheet"].to_list() == [one["sheet"] for one in wanted]


def test_boarders_faults_are_just_the_cells_no_laundering_can_save() -> None:
    tables = read(BOARDERS)
    found = {(fault.address, fault.code) for fault in tables.faults}
    assert found == {
        ("I58", "boards_unclear"),
        ("R163", "card_scientific"),
        ("F258", "id_scientific"),
        ("R359", "card_scientific"),
        ("I451", "boards_unclear"),
        ("R543", "card_scientific"),
    }
    assert tables.frame["resident_id"].drop_nulls().str.contains("^[0-9]{17}[0-9X]$").all()
    assert tables.frame["account"].drop_nulls().str.contains("^[0-9]{19}$").all()


def test_boarders_titles_blanks_and_totals_are_passed_over() -> None:
    table = read(BOARDERS).tables[0]
    assert table.header_row == 3
    assert "2008年春季学期" in table.titles[0]
    assert "填报日期:2008年4月20日" in [title.replace("：", ":") for title in table.titles]
    passed = [(one.row, one.why) for one in table.passed_over]
    assert passed == [(199, "blank"), (389, "blank"), (550, "blank"), (607, "totals")]


def test_boarders_values_are_typed() -> None:
    first = read(BOARDERS).frame.row(0, named=True)
    assert first["income"] == 410_000
    assert first["boards"] is True
    assert first["grade"] == 2
    assert first["household"] == 5
    assert first["seq"] == "1"


def test_merged_classes_are_filled_down_and_the_school_stands_in_a_title() -> None:
    tables = read(CLASSES)
    assert [table.sheet for table in tables.tables] == ["一年级", "二年级", "三年级", "四年级"]
    first = tables.tables[0]
    assert "学校：任城区次丘镇中心小学" in first.titles
    counts = first.frame.group_by("class_name", maintain_order=True).len().rows()
    assert counts == [("1.1班", 10), ("1.2班", 7)]
    assert tables.frame["resident_id"].null_count() == 4
    assert tables.faults == ()
    assert "K" in first.unused_columns


def test_the_vocational_sheet_is_clean() -> None:
    tables = read(VOCATIONAL)
    assert tables.frame.height == 600
    assert tables.faults == ()
    assert tables.frame["income"].null_count() == 0


@pytest.mark.parametrize("name", [BOARDERS, CLASSES, VOCATIONAL])
def test_an_annotated_sheet_reads_the_same(name: str) -> None:
    book = sample(name)
    before = find_tables(book, COLUMNS)
    letters = before.tables[0].letters
    notes = {
        (sheet, row): RowNote("=看一看", "bad", (letters["resident_id"], letters["account"]))
        for sheet, row in before.frame.select("sheet", "row").rows()
    }
    again = open_workbook(annotate(book, before, notes), "annotated.xlsx")
    after = find_tables(again, COLUMNS)
    drop = ["sheet"] if name == VOCATIONAL else []
    assert after.frame.drop(drop).equals(before.frame.drop(drop))
    assert [(one.address, one.code) for one in after.faults] == [
        (one.address, one.code) for one in before.faults
    ]
    cells = [cell for sheet in again.sheets for row in sheet.rows for cell in row]
    assert all(isinstance(cell, str) for cell in cells)
    twice = annotate(again, after, {})
    assert find_tables(open_workbook(twice, "a.xlsx"), COLUMNS).frame.equals(after.frame)


def test_a_rounded_number_is_given_back_as_one() -> None:
    book = sample(BOARDERS)
    again = open_workbook(annotate(book, find_tables(book, COLUMNS), {}), "a.xlsx")
    assert again.sheets[0].rows[257][5] == "3.708111998110787E+17"


def test_every_cell_of_the_csv_is_there() -> None:
    text = (SAMPLES / VOCATIONAL).read_bytes().decode("gb18030")
    assert [list(row) for row in sample(VOCATIONAL).sheets[0].rows] == list(
        csv.reader(text.splitlines())
    )
    assert read(VOCATIONAL).frame.schema["boards"] == pl.Boolean()
