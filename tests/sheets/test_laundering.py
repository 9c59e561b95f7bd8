"""Each launderer at its thresholds: what a school types, and what it becomes."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sheets import launder
from app.sheets.annotate import guard, write_csv, write_sheet
from app.sheets.launder import CellFault
from app.sheets.tables import find_table
from app.sheets.workbook import open_workbook
from tests.sheets.build import COLUMNS

EXCEL_DAY = datetime(2008, 4, 20)  # noqa: DTZ001  cells of Excel know no zone


def code(value: object) -> str:
    assert isinstance(value, CellFault)
    assert value.zh
    assert value.en
    return value.code


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("钟\u3000燕", "钟燕"),
        (" 赵 小 芳 ", "赵小芳"),
        ("欧 阳 小 芳", "欧阳小芳"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽 ・ 买买提", "阿依古丽·买买提"),
        ("济宁市  第一中学（北校区）", "济宁市 第一中学（北校区）"),
        ("䶮㛃𬭎", "䶮㛃𬭎"),
        ("﨑", "﨑"),
        ("'＝1", "＝1"),
        ("１．１班", "1．1班"),
        ("1.1班", "1.1班"),
        (3.0, "3"),
        (13786468978.0, "13786468978"),
        (1.1, "1.1"),
        (EXCEL_DAY, "2008-04-20"),
        ("", None),
        (" \u3000\u200b", None),
    ],
)
def test_text(cell: object, value: object) -> None:
    assert launder.text(cell) == value


@pytest.mark.parametrize("cell", ["赵\x07芳", "\x00", "a\x7f"])
def test_control_characters_are_faults(cell: str) -> None:
    for clean in (launder.text, launder.identity, launder.card):
        assert code(clean(cell)) == "control_character"


@pytest.mark.parametrize(
    "cell",
    [
        "37081120011025921x",
        "３７０８１１２００１１０２５９２１Ｘ",
        " 370811 20011025 921X\u3000",
        "'37081120011025921X",
        "’37081120011025921ｘ\u200b",
        "\t37081120011025921X\n",
    ],
)
def test_ids_lose_their_padding(cell: str) -> None:
    assert launder.identity(cell) == "37081120011025921X"


@pytest.mark.parametrize(
    "cell", [3.7e17, 370811199811078720, 1, 0.0, "3.70811E+17", "3.70811e17", "３.7Ｅ+17", True]
)
def test_a_number_is_no_id_and_no_card_whatever_its_value(cell: object) -> None:
    assert code(launder.identity(cell)) == "id_scientific"
    assert code(launder.card(cell)) == "card_scientific"


def test_hyphens_hide_no_number_in_a_card() -> None:
    assert code(launder.card("6E-21-7")) == "card_scientific"
    assert launder.card("6217-0000-1111-2222") == "6217000011112222"


def test_cards_lose_spaces_and_hyphens() -> None:
    assert launder.card("6228 4851-7764　6383 696") == "6228485177646383696"
    assert launder.card("") is None


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        (4100.0, 410_000),
        (-100.0, -10_000),
        ("4,100", 410_000),
        ("-100", -10_000),
        ("'-100", -10_000),
        ("－100.5", -10_050),
        ("¥4,100.05元", 410_005),
        (0.1 + 0.2, 30),
        ("4100.000", 410_000),
        (0, 0),
        ("", None),
    ],
)
def test_money(cell: object, fen: object) -> None:
    assert launder.money(cell) == fen


@pytest.mark.parametrize("cell", ["41,00", "4100.005", "约4000", "4千", "1e5", True, "--1", 0.001])
def test_money_that_is_no_amount_is_a_fault(cell: object) -> None:
    assert code(launder.money(cell)) == "money_format"


@given(st.integers(-(10**12), 10**12))
def test_money_written_as_yuan_comes_back_as_fen(fen: int) -> None:
    sign = "-" if fen < 0 else ""
    assert launder.money(f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}") == fen


@pytest.mark.parametrize(
    ("cell", "value"), [(2.0, 2), ("２", 2), ("二", 2), ("4人", 4), ("3.0", 3), ("", None)]
)
def test_integers(cell: object, value: object) -> None:
    assert launder.integer(cell) == value


@pytest.mark.parametrize("cell", [2.5, "两三", "四五", "2.5", True])
def test_what_is_no_integer_is_a_fault(cell: object) -> None:
    assert code(launder.integer(cell)) == "integer_format"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *((cell, True) for cell in ("√", "✓", "是", "Ｙ", "有", 1.0, True)),
        *((cell, False) for cell in ("×", "✗", "否", "N", "无", 0, False)),
        *((cell, None) for cell in ("", "\u3000")),
    ],
)
def test_yes_and_no(cell: object, value: object) -> None:
    assert launder.yes_no(cell) is value


@pytest.mark.parametrize("cell", ["偶尔", "2", "?", "是否"])
def test_what_is_neither_yes_nor_no_is_unclear(cell: str) -> None:
    assert code(launder.yes_no(cell)) == "yes_no_unclear"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *[("一年级", 1), ("二", 2), (3.0, 3), ("３", 3), ("13", 13), ("小学六年级", 6)],
        *[("七年级", 7), ("初一", 7), ("初二", 8), ("初中三年级", 9), ("初中九年级", 9)],
        *[("高一", 10), ("职二", 11), ("十二", 12), ("", None)],
    ],
)
def test_grades(cell: object, value: object) -> None:
    assert launder.grade(cell) == value


@pytest.mark.parametrize("cell", ["初四", "2008级", "大班", "123", "-1", "毕业"])
def test_what_is_no_grade_is_unclear(cell: object) -> None:
    assert code(launder.grade(cell)) == "grade_unclear"


@pytest.mark.parametrize(
    "cell",
    [
        *["2008-4-20", "2008年4月20日", "20080420", 20080420.0, "2008/04/20", "2008.4.20"],
        *[EXCEL_DAY.replace(hour=8), date(2008, 4, 20), "２００８－０４－２０"],
    ],
)
def test_dates(cell: object) -> None:
    assert launder.day(cell) == date(2008, 4, 20)


@pytest.mark.parametrize("cell", ["2008-2-30", 39558.0, "四月", "1899-12-31", "2101-01-01"])
def test_what_is_no_date_is_unclear(cell: object) -> None:
    assert code(launder.day(cell)) == "date_unclear"


CELLS = st.one_of(st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.dates())


@given(CELLS)
def test_no_cell_breaks_a_launderer_and_no_control_character_comes_out(cell: object) -> None:
    for clean in launder.LAUNDERERS.values():
        value = clean(cell)
        if isinstance(value, str):
            assert value
            assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in value)
            assert clean(value) == value


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_what_a_spreadsheet_would_run_is_guarded(start: str) -> None:
    assert guard(f"{start}cmd") == f"'{start}cmd"
    assert write_csv(["a"], [[f"{start}cmd"]]).endswith(f'"\'{start}cmd"\r\n'.encode())


@pytest.mark.parametrize(
    "name", ["=1+1", "-赵", "+赵", "@赵", "＝赵", "－赵", '赵,"芳"', "赵 芳芳芳 x"]
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_download_uploaded_unchanged_reads_the_same(name: str, kind: str) -> None:
    write = write_csv if kind == "csv" else write_sheet
    columns = ["姓名", "身份证号", "家庭人均年收入（元）", "是否寄宿"]
    row = [name, "370811199208225872", "-100.00", True]
    book = open_workbook(write(columns, [row]), f"a.{kind}")
    read = find_table(book.sheets[0], COLUMNS).frame.row(0, named=True)
    assert read["name"] == name
    assert read["resident_id"] == row[1]
    assert read["income"] == -10_000
    assert read["boards"] is True
