"""What cannot be read as the school wrote it is refused with its reason, before it costs much."""

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from xlsxwriter import Workbook as Writer

from app.core.errors import Invalid
from app.sheets.errors import (
    SheetBomb,
    SheetBroken,
    SheetEmpty,
    SheetEncoding,
    SheetEncrypted,
    SheetExtension,
    SheetFormula,
    SheetHeader,
    SheetTooLarge,
    SheetWrongType,
)
from app.sheets.limits import Limits
from app.sheets.tables import Column, find_table, find_tables
from app.sheets.workbook import open_workbook
from tests.sheets.build import COLUMNS, opened, xlsx

SHEET = "xl/worksheets/sheet1.xml"
GOOD = xlsx([["姓名", "身份证号"], ["赵芳", "370811199208225872"]])


def repacked(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def in_sheet(old: bytes, new: bytes) -> bytes:
    def change(name: str, body: bytes) -> bytes:
        return body.replace(old, new) if name == SHEET else body

    return repacked(GOOD, change)


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"", "a.xlsx", SheetEmpty),
        (b"\xef\xbb\xbf\r\n,,\r\n", "a.csv", SheetEmpty),
        (b"%PDF-1.7 not a sheet", "a.csv", SheetWrongType),
        (b"<html><table><tr><td>1</td></tr></table>", "a.xls", SheetWrongType),
        (b"\0\1\2\3", "a.csv", SheetWrongType),
        (GOOD, "a.exe", SheetWrongType),
        (GOOD, "a", SheetWrongType),
        (zipped(**{"word/document.xml": b"<a/>"}), "a.xlsx", SheetWrongType),
        (GOOD, "a.xls", SheetExtension),
        (GOOD, "a.csv", SheetExtension),
        ("姓名\n赵芳".encode(), "a.xlsx", SheetExtension),
        (GOOD[:400], "a.xlsx", SheetBroken),
        (b"PK\3\4 nothing more", "a.xlsx", SheetBroken),
        (bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600, "a.xls", SheetBroken),
        (
            "EncryptedPackage".encode("utf-16-le").join(
                [bytes.fromhex("D0CF11E0A1B11AE1"), b"\0" * 99]
            ),
            "a.xlsx",
            SheetEncrypted,
        ),
        (b'\xd0\xd5,"\xc3\xfb\n1,2', "a.csv", SheetBroken),
        ("姓名,身份证号".encode("utf-16"), "a.csv", SheetWrongType),
    ],
)
def test_a_file_that_is_no_sheet_is_refused(data: bytes, name: str, kind: type[Invalid]) -> None:
    with pytest.raises(kind) as refusal:
        open_workbook(data, name)
    assert refusal.value.status == 422
    assert refusal.value.zh
    assert refusal.value.en


def test_a_zip_bomb_is_refused_from_its_index() -> None:
    bomb = zipped(**{"xl/workbook.xml": b"<workbook/>", SHEET: b" " * (30 * 2**20)})
    assert len(bomb) < 100_000
    with pytest.raises(SheetBomb):
        open_workbook(bomb, "a.xlsx")


def test_one_part_too_many_is_refused() -> None:
    parts = {f"xl/{number}.bin": b"x" for number in range(999)}
    with pytest.raises(SheetBomb):
        open_workbook(zipped(**{"xl/workbook.xml": b"<w/>", "xl/a": b"", **parts}), "a.xlsx")


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    honest = zipped(**{"xl/workbook.xml": b"<workbook/>", "xl/big.bin": b" " * (5 * 2**20)})
    lying = honest.replace(struct.pack("<I", 5 * 2**20), struct.pack("<I", 1000))
    assert lying != honest
    with pytest.raises((SheetBroken, SheetBomb)):
        open_workbook(lying, "a.xlsx")


def test_formulas_are_refused_with_their_addresses_but_not_in_a_totals_row() -> None:
    out = io.BytesIO()
    with Writer(out) as writer:
        page = writer.add_worksheet("一年级")
        page.write_row(0, 0, ["姓名", "身份证号", "收入"])
        page.write_formula("C2", "=1+1", None, 2)
        page.write_row("A3", ["孔志", "2"])
        page.write_formula("C3", "=SUM(C2:C2)", None, 2)
        page.write_row("A4", ["合计", ""])
        page.write_formula("C4", "=SUM(C2:C3)", None, 4)
        page.write("A2", "赵芳")
    book = open_workbook(out.getvalue(), "a.xlsx")
    with pytest.raises(SheetFormula) as refusal:
        find_tables(book, COLUMNS)
    with pytest.raises(SheetFormula):
        find_table(book.sheets[0], COLUMNS)
    assert refusal.value.facts == {"cells": ["一年级!C2", "一年级!C3"], "count": 2}
    assert "一年级!C2" in refusal.value.zh


def test_a_list_of_choices_is_no_formula() -> None:
    out = io.BytesIO()
    with Writer(out) as writer:
        page = writer.add_worksheet()
        page.write_row(0, 0, ["姓名", "身份证号"])
        page.data_validation("C2", {"validate": "list", "source": "=$E$1:$E$4"})
        page.conditional_format("A2", {"type": "formula", "criteria": "=$A$2>1"})
    sheet = open_workbook(out.getvalue(), "a.xlsx").sheets[0]
    assert sheet.rows
    assert not sheet.formulas


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "b">]><worksheet'),
        (b'r="A2"', b'r="A9"'),
        (b"</sheetData>", b""),
        (b'<row r="2"', b'<row r="two"'),
    ],
)
def test_xml_that_no_spreadsheet_writes_is_refused(old: bytes, new: bytes) -> None:
    assert open_workbook(in_sheet(b"", b""), "a.xlsx")
    with pytest.raises(SheetBroken):
        open_workbook(in_sheet(old, new), "a.xlsx")


def test_a_far_corner_is_refused_before_memory_is_taken() -> None:
    far = b'<row r="999999"><c r="IV999999"><v>1</v></c></row></sheetData>'
    with pytest.raises(SheetTooLarge):
        open_workbook(in_sheet(b"</sheetData>", far), "a.xlsx")


def test_hidden_rows_and_sheets_are_reported() -> None:
    out = io.BytesIO()
    with Writer(out) as writer:
        writer.add_worksheet("看得见").write_row(0, 0, ["姓名", "身份证号"])
        page = writer.add_worksheet("藏起来")
        for at, row in enumerate([["姓名", "身份证号"], ["赵芳", "1"], ["孔志", "2"]]):
            page.write_row(at, 0, row)
        page.set_row(2, options={"hidden": True})
        page.hide()
    tables = find_tables(open_workbook(out.getvalue(), "a.xlsx"), COLUMNS)
    assert [(table.hidden, table.hidden_rows) for table in tables.tables] == [
        (False, ()),
        (True, (3,)),
    ]


def test_the_row_limit_is_a_threshold() -> None:
    limits = Limits(max_rows=3)
    for data, name in ((b"a,b\n1,2\n3,4\n", "a.csv"), (xlsx([["a"]] * 3), "a.xlsx")):
        assert len(open_workbook(data, name, limits=limits).sheets[0].rows) == 3
    for data, name in ((b"a,b\n1,2\n3,4\n5,6\n", "a.csv"), (xlsx([["a"]] * 4), "a.xlsx")):
        with pytest.raises(SheetTooLarge):
            open_workbook(data, name, limits=limits)


def test_a_million_and_one_rows_are_refused() -> None:
    with pytest.raises(SheetTooLarge):
        open_workbook(b"a\n" * 1_000_001, "a.csv")


def test_the_column_and_sheet_and_byte_limits_are_thresholds() -> None:
    assert open_workbook(xlsx([["a"] * 256]), "a.xlsx")
    for data, name in ((xlsx([["a"] * 257]), "a.xlsx"), (b"a," * 256 + b"a", "a.csv")):
        with pytest.raises(SheetTooLarge):
            open_workbook(data, name)
    with pytest.raises(SheetTooLarge):
        open_workbook(GOOD, "a.xlsx", limits=Limits(max_sheets=0))
    assert open_workbook(GOOD, "a.xlsx", limits=Limits(max_bytes=len(GOOD)))
    with pytest.raises(SheetTooLarge):
        open_workbook(GOOD, "a.xlsx", limits=Limits(max_bytes=len(GOOD) - 1))


def test_broken_encoding_says_where() -> None:
    with pytest.raises(SheetEncoding) as refusal:
        open_workbook("姓名\n赵".encode("gb18030") + b"\xff\xff\n", "a.csv")
    assert refusal.value.facts == {"line": 2, "byte": 8}
    with pytest.raises(SheetEncoding):
        open_workbook(b"\xef\xbb\xbfa\n\xff", "a.csv")
    with pytest.raises(SheetEncoding):
        open_workbook(b"\xff\xfea\xd5", "a.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rare_names_survive_every_encoding(encoding: str) -> None:
    names = ["䶮㛃", "𬭎", "阿依古丽·买买提", "﨑山"]
    lines = ["姓名,身份证号", *(f"{name},1" for name in names)]
    book = open_workbook("\n".join(lines).encode(encoding), "a.csv")
    assert find_table(book.sheets[0], COLUMNS).frame["name"].to_list() == names


def test_missing_required_columns_are_named_with_the_nearest_header() -> None:
    book = opened([["某校"], ["姓名", "班级", "年级"], ["赵芳", "1", "2"]])
    with pytest.raises(SheetHeader) as refusal:
        find_tables(book, COLUMNS)
    assert refusal.value.facts["missing"] == ["居民身份证号"]
    assert refusal.value.facts["header_row"] == 2
    assert "姓名、班级、年级" in refusal.value.zh


def test_a_column_named_twice_is_refused() -> None:
    with pytest.raises(SheetHeader):
        find_tables(opened([["姓名", "学生姓名", "身份证号"]]), COLUMNS)


def test_an_income_in_ten_thousands_is_refused() -> None:
    with pytest.raises(SheetHeader):
        find_tables(opened([["姓名", "身份证号", "家庭人均年收入（万元）"]]), COLUMNS)


def test_a_sheet_of_instructions_is_only_named() -> None:
    out = io.BytesIO()
    with Writer(out) as writer:
        writer.add_worksheet("填表说明").write(0, 0, "请认真填写")
        writer.add_worksheet("表").write_row(0, 0, ["姓名", "身份证号"])
    tables = find_tables(open_workbook(out.getvalue(), "a.xlsx"), COLUMNS)
    assert tables.without_table == ("填表说明",)
    with pytest.raises(SheetHeader):
        find_tables(opened([["请认真填写"]]), COLUMNS)


def test_repeated_headers_totals_and_footers_are_passed_over() -> None:
    head = ["姓名", "身份证号\n（18位）", "别的"]
    rows = [
        head,
        ["赵芳", "1"],
        ["本页小计", 1],
        head,
        ["孔志", "2"],
        ["", "合 计：", 2],
        ["填表人：张三"],
    ]
    table = find_table(opened(rows).sheets[0], COLUMNS)
    assert table.frame["row"].to_list() == [2, 5]
    assert [one.why for one in table.passed_over] == ["totals", "header", "totals", "footer"]
    assert table.unused_columns == {"C": "别的"}


def test_the_cell_limit_is_a_threshold_in_csv() -> None:
    assert open_workbook(b"a\n" + b"x" * 32_767, "a.csv")
    with pytest.raises(SheetTooLarge):
        open_workbook(b"a\n" + b"x" * 32_768, "a.csv")


def test_quoted_line_breaks_stay_in_one_row() -> None:
    book = open_workbook('姓名,"身份\n证号"\n赵芳,1\n'.encode(), "a.csv")
    table = find_table(book.sheets[0], [Column("id", ("身份证号",)), Column("n", ("姓名",))])
    assert table.frame["row"].to_list() == [2]
