"""A list is read whatever its columns' order; a bad row is set aside with its reason."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from itertools import permutations

import polars as pl
import pytest
from xlsxwriter import Workbook as Writer

from app.registers.reading import chunks
from app.sheets.errors import SheetExtension, SheetHeader
from tests.factories.sample_city import sample_bytes
from tests.registers.people import HEADER, number, row, sheet
from tests.sheets.build import xlsx

AS_OF = date(2008, 6, 30)


def read(data: bytes, name: str = "低保.csv", **more: int) -> tuple[list[tuple], list[tuple]]:
    """The people and the refused rows, of all chunks."""
    parts = list(chunks(data, name, as_of=AS_OF, **more))
    people = pl.concat([part.people for part in parts])
    return people.rows(), [each[1:] for part in parts for each in part.refused.rows()]


def test_the_sample_list_is_read_whole() -> None:
    data = sample_bytes("dibao-register-2008.csv")
    with io.StringIO(data.decode("gb18030")) as text:
        expected = list(csv.DictReader(text))
    people, refused = read(data, "dibao-register-2008.csv")
    assert refused == []
    assert len(people) == len(expected) == 726
    assert [(p[0], p[1], p[2], p[3].isoformat()) for p in people] == [
        (e["身份证号码"], e["成员姓名"], e["与户主关系"], e["享受起始日期"]) for e in expected
    ]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
def test_the_columns_may_stand_in_any_order(order: Sequence[int]) -> None:
    header = ["姓名", "公民身份号码", "与户主关系", "认定日期"]
    cells = ["王芳", number(1), "子女", "2007年7月1日"]
    data = sheet(
        ",".join(cells[place] for place in order), header=",".join(header[place] for place in order)
    )
    assert read(data) == ([(number(1), "王芳", "子女", date(2007, 7, 1), None)], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_utf8_and_gb18030_are_told_apart(encoding: str) -> None:
    data = sheet(row(1, name="䶮㛃")).decode("gb18030").encode(encoding)
    assert read(data)[0][0][1] == "䶮㛃"


def test_a_workbook_with_titles_above_its_header_is_read() -> None:
    data = xlsx(
        [
            ["济宁市残疾人名册"],
            ["截止 2008 年 6 月"],
            [],
            ["序号", "证件号码", "残疾人姓名", "发证日期", "终止日期"],
            [1, number(1), "王 芳", "2006/1/5", "2009-01-05"],
            ["合计", "", "1"],
        ]
    )
    people, refused = read(data, "残疾.xlsx")
    assert people == [(number(1), "王芳", None, date(2006, 1, 5), date(2009, 1, 5))]
    assert refused == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (row(""), "id_missing"),
        (row("37081119990909001"), "id_format"),
        (row("370811199913090016"), "id_format"),
        (row(number(1)[:-1] + ("0" if number(1)[-1] != "0" else "1")), "id_checksum"),
        (row("3.70811E+17"), "id_scientific"),
        (row(1, name=""), "name_missing"),
        (row(1, since="去年"), "date_unclear"),
        (row(1, name="王\x07芳"), "control_character"),
    ],
)
def test_a_bad_row_is_set_aside_and_the_good_ones_are_taken(line: str, code: str) -> None:
    people, refused = read(sheet(row(5), line, row(6)))
    assert [each[0] for each in people] == [number(5), number(6)]
    assert refused == [(3, code)]


def test_an_end_before_the_beginning_is_refused_and_one_on_the_same_day_is_not() -> None:
    header = "姓名,身份证号,起始日期,终止日期"
    people, refused = read(
        sheet(
            f"王芳,{number(1)},2008-01-02,2008-01-01",
            f"王芳,{number(2)},2008-01-02,2008-01-02",
            header=header,
        )
    )
    assert refused == [(2, "dates_reversed")]
    assert [each[0] for each in people] == [number(2)]


def test_a_number_kept_as_a_number_is_refused_even_if_its_check_digit_fits() -> None:
    data = xlsx([["姓名", "身份证号"], ["王芳", int(number(1000)[:17] + "0")], ["王芳", number(1)]])
    people, refused = read(data, "a.xlsx")
    assert refused == [(2, "id_scientific")]
    assert len(people) == 1


def test_a_formula_refuses_its_row_alone_and_one_nobody_reads_refuses_nothing() -> None:
    out = io.BytesIO()
    with Writer(out) as writer:
        page = writer.add_worksheet("表")
        page.write_row(0, 0, ["序号", "姓名", "身份证号"])
        page.write_row(1, 0, ["=ROW()-1", "王芳", number(1)])
        page.write_row(2, 0, [2, '="王"', number(2)])
    data = out.getvalue()
    people, refused = read(data, "a.xlsx")
    assert [each[0] for each in people] == [number(1)]
    assert refused == [(3, "formula")]


def test_one_without_a_beginning_is_there_since_the_lists_day() -> None:
    people, _ = read(sheet(f"王芳,{number(1)}", header="姓名,身份证号"))
    assert people == [(number(1), "王芳", None, AS_OF, None)]


def test_fifteen_digits_are_the_same_person_as_eighteen() -> None:
    short = number(1)[:6] + number(1)[8:17]
    assert read(sheet(row(short)))[0][0][0] == number(1)


def test_the_chunks_of_a_list_read_the_same_as_the_whole() -> None:
    lines = [row("x") if place % 4 == 0 else row(place) for place in range(25)]
    data = sheet("", *lines[:10], HEADER, *lines[10:])  # a blank line, and the header once more
    whole = read(data)
    assert len(whole[0]) == 18
    assert whole[1][:2] == [(3, "id_format"), (7, "id_format")]
    assert [read(data, size=size) for size in (2, 3, 7, 26, 27, 28)] == [whole] * 6


def test_a_list_without_a_column_of_ids_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(SheetHeader) as refused:
        read(sheet("王芳,子女", header="姓名,与户主关系"))
    assert refused.value.facts["missing"] == ["身份证号码"]


def test_a_list_named_otherwise_than_it_is_is_refused() -> None:
    with pytest.raises(SheetExtension):
        read(sheet(row(1)), "a.xlsx")
