from hashlib import sha256

import pytest

from app.bank.catalogue import find_format
from app.bank.errors import LinesUnfit
from app.bank.payment_file import (
    check_lines,
    read_payment_file,
    split_into_files,
    write_payment_file,
)
from tests.bank.lines import RARE_NAMES, make_line, make_lines


@pytest.mark.parametrize(
    ("lines", "sizes", "below"),
    [
        (1, (1,), True),
        (4, (4,), True),
        (5, (5,), False),
        (1000, (1000,), False),
        (1001, (501, 500), False),
        (1003, (502, 501), False),
        (2001, (667, 667, 667), False),
    ],
)
def test_lines_are_balanced_over_as_few_files_as_the_bank_allows(pipe, lines, sizes, below):
    assert split_into_files(lines, pipe) == (sizes, below)


def test_no_split_of_more_than_one_file_falls_below_the_minimum(pipe):
    tight = pipe.model_copy(update={"rows": pipe.rows.model_copy(update={"min": 5, "max": 9})})
    for lines in range(5, 300):
        sizes = split_into_files(lines, tight).sizes
        assert sum(sizes) == lines
        assert min(sizes) >= 5
        assert max(sizes) <= 9


def test_nothing_cannot_be_split(pipe):
    with pytest.raises(ValueError, match="nothing to split"):
        split_into_files(0, pipe)


def test_the_file_is_the_banks_layout_byte_for_byte(pipe):
    file = write_payment_file(pipe, [make_line(1), make_line(2, name="张䶮", resident_id="")])
    assert file.content == (
        "1|张三|6217000010001234563|312.50|11010519491231002X|\r\n"
        "2|张䶮|6217000010001234563|312.50||\r\n"
    ).encode("gb18030")
    assert file.sha256 == sha256(file.content).digest()
    assert (file.totals.count, file.totals.sum_fen) == (2, 625_00)


def test_the_same_lines_give_the_same_bytes(pipe):
    assert write_payment_file(pipe, make_lines(1000)) == write_payment_file(pipe, make_lines(1000))


def test_a_format_with_a_header_writes_it_first(pipe):
    headed = pipe.model_copy(update={"header": True})
    content = write_payment_file(headed, [make_line()]).content.decode("gb18030")
    assert content.startswith("序号|姓名|帐号|金额|身份证|\r\n1|")


@pytest.mark.parametrize("name", RARE_NAMES)
def test_a_rare_name_passes_and_is_written(pipe, name):
    line = make_line(name=name)
    assert check_lines(pipe, [line]) == []
    assert name in write_payment_file(pipe, [line]).content.decode("gb18030")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": ""}, "name_empty"),
        ({"name": "张 三"}, "name_space"),
        ({"name": "张　三"}, "name_space"),
        ({"name": "张三\r\n"}, "name_space"),
        ({"name": "张\u200b三"}, "name_invisible"),
        ({"name": "张\x00三"}, "name_invisible"),
        ({"name": "张|三"}, "name_delimiter"),
        ({"name": "=张三"}, "name_leading"),
        ({"name": "＠张三"}, "name_leading"),
        ({"name": "张\ud800"}, "name_unencodable"),
        ({"name": "张" * 31}, "name_too_long"),
        ({"account": "6217 0000"}, "account_format"),
        ({"account": "1234567"}, "account_format"),
        ({"account": "６２１７００００１０００"}, "account_format"),
        ({"amount_fen": 0}, "amount_range"),
        ({"amount_fen": 10**15}, "amount_range"),
        ({"resident_id": "1101"}, "resident_id_format"),
        ({"seq": 2}, "seq_order"),
    ],
)
def test_a_line_the_bank_would_refuse_is_a_fault(pipe, changes, code):
    assert [fault.code for fault in check_lines(pipe, [make_line(**changes)])] == [code]


@pytest.mark.parametrize(
    "changes",
    [{"name": "张" * 30}, {"account": "12345678"}, {"amount_fen": 1}, {"amount_fen": 10**15 - 1}],
)
def test_a_line_on_the_limit_passes(pipe, changes):
    assert check_lines(pipe, [make_line(**changes)]) == []


def test_a_name_of_four_byte_characters_is_counted_in_bytes(pipe):
    assert check_lines(pipe, [make_line(name="㛃" * 15)]) == []
    assert check_lines(pipe, [make_line(name="㛃" * 16)])[0].code == "name_too_long"


@pytest.mark.parametrize(
    ("charset", "name", "shown"),
    [
        ("gb2312", "王芳", True),
        ("gb2312", "阿依古丽·买买提", True),
        ("gb2312", "朱镕基", False),
        ("gbk", "朱镕基", True),
        ("gbk", "张䶮", False),
        ("gb18030", "张䶮", True),
    ],
)
def test_a_name_the_banks_programs_cannot_show_is_a_fault_whatever_the_file_can_carry(
    pipe, charset, name, shown
):
    rules = pipe.name_rules.model_copy(update={"charset": charset})
    strict = pipe.model_copy(update={"name_rules": rules})
    faults = check_lines(strict, [make_line(name=name), make_line(2, name=name)])
    assert [fault.code for fault in faults] == ([] if shown else ["name_charset"] * 2)
    if not shown:
        assert "镕" in faults[0].zh or "䶮" in faults[0].zh


def test_a_bank_that_needs_the_accounts_bank_refuses_a_line_without(pipe):
    needing = pipe.model_copy(update={"bank_name_required": True})
    assert check_lines(needing, [make_line()])[0].code == "bank_name_missing"
    assert check_lines(needing, [make_line(bank_name="农业银行")]) == []


def test_quotes_carry_what_a_bare_separator_cannot():
    csv = find_format("generic-csv")
    line = make_line(name='王"芳,', summary="补助")
    written = write_payment_file(csv, [line])
    assert '"王""芳,"' in written.content.decode("gb18030")
    assert read_payment_file(csv, written.content) == [line]
    bare = csv.model_copy(update={"quoting": "none"})
    assert check_lines(bare, [line])[0].code == "name_delimiter"


def test_a_cell_wider_than_its_column_is_a_fault():
    fixed = find_format("generic-fixed")
    assert check_lines(fixed, [make_line(amount_fen=10**15 - 1)]) == []
    narrow = fixed.payment.columns[4].model_copy(update={"width": 14})
    columns = [*fixed.payment.columns[:4], narrow, *fixed.payment.columns[5:]]
    layout = fixed.payment.model_copy(update={"columns": columns})
    tight = fixed.model_copy(update={"payment": layout})
    assert check_lines(tight, [make_line(amount_fen=10**15 - 1)])[0].code == "cell_too_wide"


def test_a_bank_that_needs_resident_ids_refuses_a_line_without(pipe):
    needing = pipe.model_copy(update={"resident_id_required": True})
    assert check_lines(needing, [make_line(resident_id="")])[0].code == "resident_id_format"


def test_a_thousand_and_one_lines_are_too_many_for_one_file(pipe):
    assert check_lines(pipe, make_lines(1000)) == []
    assert [fault.code for fault in check_lines(pipe, make_lines(1001))] == ["rows_too_many"]


def test_every_fault_is_listed_before_anything_is_written(pipe):
    lines = [make_line(1, name="张 三", amount_fen=0), make_line(2), make_line(3, name="=|")]
    with pytest.raises(LinesUnfit) as refused:
        write_payment_file(pipe, lines)
    assert [(fault.where, fault.code) for fault in refused.value.faults] == [
        ("line 1", "name_space"),
        ("line 1", "amount_range"),
        ("line 3", "name_delimiter"),
        ("line 3", "name_leading"),
    ]
    assert all(fault.zh and fault.en for fault in refused.value.faults)


def test_a_file_without_lines_is_refused(pipe):
    with pytest.raises(LinesUnfit):
        write_payment_file(pipe, [])
