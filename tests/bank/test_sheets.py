"""A reply in a workbook: text cells of one sheet, and nothing that only looks like them."""

import io

import pytest
from xlsxwriter import Workbook

from app.bank import sheet
from app.bank.catalogue import find_format
from app.bank.errors import ReturnFileBroken, ReturnFileTooLarge
from app.bank.layout import titles
from app.bank.return_file import BankAnswer, read_return_file, write_return_file
from app.sheets.errors import SheetEmpty, SheetExtension
from tests.bank.lines import make_lines

XLSX = find_format("generic-xlsx")
TITLES = titles(XLSX.returned.columns)
GOOD = ["1", "王芳", "6217000010001234563", "312.50", "成功", ""]


def book(*rows: list[object], more: bool = False) -> bytes:
    out = io.BytesIO()
    with Workbook(out) as writer:
        page = writer.add_worksheet()
        for at, row in enumerate([TITLES, *rows]):
            for place, cell in enumerate(row):
                write = page.write_string if isinstance(cell, str) else page.write
                if isinstance(cell, str) and cell.startswith("="):
                    write = page.write_formula
                write(at, place, cell)
        if more:
            writer.add_worksheet().write_string(0, 0, "又一张")
    return out.getvalue()


def faults_of(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(ReturnFileBroken) as refused:
        read_return_file(XLSX, data)
    return [(fault.code, fault.where) for fault in refused.value.faults]


def test_a_workbook_of_text_is_read() -> None:
    [line] = read_return_file(XLSX, book(GOOD)).lines
    assert (line.line_no, line.account, line.amount_fen, line.outcome) == (
        2, "6217000010001234563", 312_50, "paid",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "code", "cell"),
    [
        (["1", "王芳", 6217000010001234563, "312.50", "成功", ""], "cell_not_text", "C2"),
        (["1", "王芳", "6217000010001234563", 312, "成功", ""], "cell_not_text", "D2"),
        (["1", "王芳", "6217000010001234563", "=312", "成功", ""], "cell_formula", "D2"),
    ],
)
def test_a_number_or_a_formula_is_refused_at_its_cell(row, code, cell) -> None:
    assert (code, cell) in faults_of(book(row))


def test_a_second_sheet_with_anything_in_it_is_refused() -> None:
    assert faults_of(book(GOOD, more=True))[0][0] == "sheets_several"


def test_a_cell_beyond_the_columns_is_refused() -> None:
    assert faults_of(book([*GOOD, "批注"])) == [("columns", "line 2")]


def test_other_titles_are_refused() -> None:
    data = sheet.write([["序号", "户名"], GOOD])
    assert faults_of(data) == [("header_differs", "line 1")]


@pytest.mark.parametrize("data", [b"1|x|", "序号,姓名\n".encode()])
def test_text_is_no_workbook(data) -> None:
    with pytest.raises(SheetExtension):
        read_return_file(XLSX, data)


def test_an_empty_workbook_is_refused() -> None:
    with pytest.raises(SheetEmpty):
        read_return_file(XLSX, sheet.write([]))


def test_a_line_too_many_is_refused() -> None:
    small = XLSX.returned.model_copy(update={"rows_max": 3})
    fmt = XLSX.model_copy(update={"returned": small})
    answers = [BankAnswer(line, "成功") for line in make_lines(4)]
    assert len(read_return_file(fmt, write_return_file(fmt, answers[:3])).lines) == 3
    with pytest.raises(ReturnFileTooLarge):
        read_return_file(fmt, write_return_file(fmt, answers))
