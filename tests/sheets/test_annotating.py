"""An annotated sheet keeps addresses and marks, whatever the upload held."""

import re
from io import BytesIO
from zipfile import ZipFile

import pytest

from app.sheets.annotate import RowNote, annotate, write_sheet
from app.sheets.tables import Tables, find_tables
from app.sheets.workbook import Sheet, Workbook, column_letter, column_place, open_workbook
from tests.sheets.build import COLUMNS, opened

ROWS = [["某校"], [], ["姓名", "身份证号", "备注"], ["赵芳", 370811920822587, ""], ["孔志", "2"]]


def test_the_reason_stands_in_a_last_column_at_the_same_row() -> None:
    book = opened(ROWS)
    tables = find_tables(book, COLUMNS)
    notes = {("表", 4): RowNote("证件号码有误", "bad", ("B", "C")), ("表", 5): RowNote("已收")}
    again = open_workbook(annotate(book, tables, notes), "a.xlsx")
    rows = [list(row) for row in again.sheets[0].rows]
    assert [row[3] for row in rows] == ["", "", "处理结果", "证件号码有误", "已收"]
    assert rows[3][:2] == ["赵芳", "3.70811920822587E+14"]
    assert [fault.code for fault in find_tables(again, COLUMNS).faults] == ["id_scientific"]


def test_names_of_sheets_that_excel_refuses_are_made_fit() -> None:
    long = "一" * 40
    sheets = tuple(Sheet(name, [["a"]]) for name in ("a/b", "A:b", long, "'", "History"))
    book = Workbook("x.xlsx", "xlsx", sheets)
    again = open_workbook(annotate(book, Tables((), ()), {}), "a.xlsx")
    names = [sheet.name for sheet in again.sheets]
    assert names == ["a_b", "Sheet-2", "一" * 31, "Sheet-4", "Sheet-5"]


def test_hidden_sheets_stay_hidden_and_numbers_that_are_none_stay_words() -> None:
    odd = [["姓名", "身份证号"], ["赵芳", float("nan")], ["孔志", float("-inf")]]
    book = Workbook("x.xlsx", "xlsx", (Sheet("藏", odd, hidden=True), Sheet("表", [["a"]])))
    again = open_workbook(annotate(book, find_tables(book, COLUMNS), {}), "a.xlsx")
    assert [sheet.hidden for sheet in again.sheets] == [True, False]
    assert [list(row)[1] for row in again.sheets[0].rows][1:] == ["nan", "'-inf"]


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("<r><t>粗</t></r>", "<r><t>粗</t></r>"),
        ("_x0041_", "_x0041_"),
        ("甲\x01乙", "甲\x01乙"),
        (" 前后\u3000", " 前后\u3000"),
        ('"引号"', '"引号"'),
        ("上\n下", "上\n下"),
        ("=1+1", "'=1+1"),
        ("＠甲", "'＠甲"),
        ("-5", "'-5"),
        ("长" * 40_000, "长" * 32_767),
    ],
)
def test_a_text_comes_back_as_it_was_and_is_no_formula(told: str, read: str) -> None:
    again = open_workbook(write_sheet(["列", "空", "后"], [[told, None, "x"]]), "a.xlsx")
    assert [list(row) for row in again.sheets[0].rows] == [["列", "空", "后"], [read, "", "x"]]


def test_a_blank_cell_that_is_wrong_is_marked() -> None:
    book = opened([["姓名", "身份证号", "备注"], ["赵芳"]])
    notes = {("表", 2): RowNote("缺少证件号码", "bad", ("B",))}
    data = annotate(book, find_tables(book, COLUMNS), notes)
    page = ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    assert re.search(r'<c r="B2" s="[0-9]+"/>', page)
    assert '<c r="C2"' not in page


def test_column_letters() -> None:
    letters = ["A", "Z", "AA", "IV", "AAA"]
    places = [1, 26, 27, 256, 703]
    assert [column_letter(place) for place in places] == letters
    assert [column_place(each) for each in letters] == places
