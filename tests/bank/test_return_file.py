import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bank import text
from app.bank.catalogue import find_format
from app.bank.errors import (
    ReturnFileBroken,
    ReturnFileEmpty,
    ReturnFileEncoding,
    ReturnFileTooLarge,
)
from app.bank.payment_file import PaymentLine, write_payment_file
from app.bank.return_file import BankAnswer, read_return_file, write_return_file
from app.bank.totals import check_totals
from tests.bank.lines import RARE_NAMES, make_line, make_lines

GOOD = "1|张三|6217000010001234563|312.50|11010519491231002X|成功||"


def read(pipe, *rows: str, kind="reply"):
    return read_return_file(pipe, "\r\n".join(rows).encode("gb18030"), kind=kind)


def faults_of(pipe, *rows: str, kind="reply"):
    with pytest.raises(ReturnFileBroken) as refused:
        read(pipe, *rows, kind=kind)
    return [(fault.where, fault.code) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("result", "reason", "outcome", "code"),
    [
        ("成功", "", "paid", None),
        ("失败", "账户不存在", "failed", "account_not_found"),
        ("失败", "户名不符", "failed", "name_differs"),
        ("失败", "账户冻结/状态异常", "failed", "account_abnormal"),
        ("失败", "超限", "failed", "over_limit"),
        ("失败", "系统异常", "unknown", "system_error"),
        ("失败", "超时", "unknown", "timeout"),
        ("失败", "从未见过", "unknown", "unlisted"),
        ("失败", "", "unknown", "unlisted"),
        ("成功", "户名不符", "unknown", "unlisted"),
        ("超时", "", "unknown", "timeout"),
        ("处理中", "", "unknown", "pending"),
        ("0130Z0100001", "", "unknown", "unlisted"),
        ("", "", "unknown", "unlisted"),
    ],
)
def test_the_banks_words_become_an_outcome(pipe, result, reason, outcome, code):
    answers = [BankAnswer(make_line(), result, reason)]
    line = read_return_file(pipe, write_return_file(pipe, answers)).lines[0]
    assert (line.outcome, line.reason_code) == (outcome, code)


def test_an_unlisted_word_is_kept_as_the_bank_wrote_it(pipe):
    content = write_return_file(pipe, [BankAnswer(make_line(), "9999", "另行通知" * 40)])
    text = read_return_file(pipe, content).lines[0].reason_text
    assert text.startswith("9999 另行通知")
    assert len(text) == 120


@pytest.mark.parametrize(
    ("reason", "code"), [("账户冻结", "account_abnormal"), ("", None), ("客户要求", None)]
)
def test_money_that_came_back_is_returned_whatever_the_reason(pipe, reason, code):
    content = write_return_file(pipe, [BankAnswer(make_line(7), "退汇", reason)])
    line = read_return_file(pipe, content, kind="reversal").lines[0]
    assert (line.seq, line.outcome, line.reason_code) == (7, "returned", code)
    assert line.reason_text == reason


def test_a_line_carries_what_the_bank_repeats(pipe):
    line = read(pipe, GOOD).lines[0]
    assert line == (
        *(1, 1, "张三", "6217000010001234563", 312_50, "11010519491231002X"),
        *("paid", None, "", ""),
    )


@pytest.mark.parametrize("name", RARE_NAMES)
def test_a_rare_name_comes_back_whole(pipe, name):
    content = write_return_file(pipe, [BankAnswer(make_line(name=name), "成功")])
    assert read_return_file(pipe, content).lines[0].name == name


def test_permuted_lines_have_the_totals_of_the_payment_file(pipe):
    lines = make_lines(1000)
    sent = write_payment_file(pipe, lines)
    answers = [BankAnswer(line, "成功") for line in reversed(lines)]
    received = read_return_file(pipe, write_return_file(pipe, answers))
    check_totals(sent.totals, received.totals)
    assert received.lines[0].seq == 1000
    assert received.lines[0].line_no == 1


@pytest.mark.parametrize("signature", [b"\xef\xbb\xbf", "\ufeff".encode("gb18030")])
def test_a_byte_order_mark_is_tolerated(pipe, signature):
    encoding = "utf-8" if signature == b"\xef\xbb\xbf" else "gb18030"
    content = signature + GOOD.encode(encoding)
    assert read_return_file(pipe, content).lines[0].name == "张三"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\r\n\r\n", "\n \n"])
def test_line_ends_of_either_kind_and_blank_last_lines_are_read(pipe, ending):
    assert len(read_return_file(pipe, (GOOD + ending).encode("gb18030")).lines) == 1


@pytest.mark.parametrize("content", [b"", b"\r\n", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(pipe, content):
    with pytest.raises(ReturnFileEmpty):
        read_return_file(pipe, content)


def test_a_bad_byte_is_named_by_offset_and_line(pipe):
    first = GOOD.encode("gb18030") + b"\r\n"
    with pytest.raises(ReturnFileEncoding) as refused:
        read_return_file(pipe, first + b"2|\xff\xff|")
    fault = refused.value.faults[0]
    assert fault.where == "line 2"
    assert fault.more == {"byte_offset": len(first) + 2}


@pytest.mark.parametrize("content", [b"1|\x00|", GOOD.encode("utf-16")])
def test_a_nul_byte_is_refused(pipe, content):
    with pytest.raises(ReturnFileEncoding):
        read_return_file(pipe, content)


def test_utf8_that_passes_for_gb18030_is_refused(pipe):
    # Each of these characters is three bytes in UTF-8; two together are good GB18030 as well.
    content = "1|测试|6217000010001234563|312.50||成功||".encode()
    assert "成功" not in content.decode("gb18030")
    with pytest.raises(ReturnFileEncoding) as refused:
        read_return_file(pipe, content)
    assert refused.value.faults[0].more == {"byte_offset": 2}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1|张三|6217000010001234563|312.50||成功|", "columns"),
        ("1|张三|6217000010001234563|312.50||成功|||", "columns"),
        ("1|张三|6217000010001234563|312.50||成功||x", "columns"),
        ("", "columns"),
        ("0|张三|6217000010001234563|312.50||成功||", "seq_format"),
        ("x|张三|6217000010001234563|312.50||成功||", "seq_format"),
        ("12345678|张三|6217000010001234563|312.50||成功||", "seq_format"),
        ("2|张三||312.50||成功||", "account_empty"),
        ("2|张三|6217000010001234563|312.5||成功||", "amount_format"),
        ("2|张三|6217000010001234563|0.00||成功||", "amount_format"),
        ("2|张三|6217000010001234563|-1.00||成功||", "amount_format"),
        ("2|张三|6217000010001234563|1,000.00||成功||", "amount_format"),
        ("2|张三|6217000010001234563|312.50||退汇||", "not_a_reply"),
        ("1|李四|6217000010001234563|312.50||成功||", "seq_twice"),
    ],
)
def test_a_wrong_line_refuses_the_whole_file(pipe, row, code):
    last = GOOD.replace("1|", "9|", 1)
    assert faults_of(pipe, GOOD, row, last) == [("line 2", code)]


def test_a_reply_handed_in_as_a_reversal_is_refused(pipe):
    assert faults_of(pipe, GOOD, kind="reversal") == [("line 1", "not_a_reversal")]


def test_all_faults_of_all_lines_are_listed_in_both_languages(pipe):
    with pytest.raises(ReturnFileBroken) as refused:
        read(pipe, "x|张三||1||成功||", "nonsense", GOOD)
    assert [fault.code for fault in refused.value.faults] == [
        "seq_format",
        "amount_format",
        "account_empty",
        "columns",
    ]
    assert all("行" in fault.zh and "Line" in fault.en for fault in refused.value.faults)


def test_a_thousand_lines_are_read_and_one_more_is_refused(pipe):
    answers = [BankAnswer(line, "成功") for line in make_lines(1001)]
    assert len(read_return_file(pipe, write_return_file(pipe, answers[:1000])).lines) == 1000
    with pytest.raises(ReturnFileTooLarge):
        read_return_file(pipe, write_return_file(pipe, answers))


def many(pipe, *, count: int = 10_003):
    """The format with room for so many lines, more than are read at a time, and a file of them."""
    returned = pipe.returned.model_copy(update={"rows_max": count})
    fmt = pipe.model_copy(update={"returned": returned})
    return fmt, write_return_file(fmt, [BankAnswer(line, "成功") for line in make_lines(count)])


def test_a_file_longer_than_is_read_at_a_time_loses_no_line(pipe):
    fmt, content = many(pipe)
    lines = read_return_file(fmt, content).lines
    assert [line.line_no for line in lines] == list(range(1, 10_004))
    sent = [(line.seq, line.account, line.amount_fen) for line in make_lines(10_003)]
    assert [(line.seq, line.account, line.amount_fen) for line in lines] == sent


def test_what_is_wrong_far_down_a_long_file_is_named_by_its_place(pipe):
    fmt, content = many(pipe)
    at = content.index("10002|张三".encode("gb18030")) + len("10002|")
    with pytest.raises(ReturnFileEncoding) as refused:
        read_return_file(fmt, content[:at] + b"\xff" + content[at + 1 :])
    assert refused.value.faults[0].where == "line 10002"
    assert refused.value.faults[0].more == {"byte_offset": at}
    twice = content.replace(b"\n10003|", b"\n00002|")
    with pytest.raises(ReturnFileBroken) as broken:
        read_return_file(fmt, twice)
    assert [(fault.where, fault.code) for fault in broken.value.faults] == [
        ("line 10003", "seq_twice")
    ]
    assert "on line 2 already" in broken.value.faults[0].en


def test_a_file_over_the_byte_limit_is_refused_unread(pipe, monkeypatch):
    content = GOOD.encode("gb18030")
    monkeypatch.setattr(text, "BYTES_MAX", len(content))
    assert len(read_return_file(pipe, content).lines) == 1
    with pytest.raises(ReturnFileTooLarge):
        read_return_file(pipe, content + b"\n")


def test_the_byte_limit_is_64_mib():
    assert text.BYTES_MAX == 64 * 1024 * 1024


def test_a_file_cut_off_inside_a_line_is_never_taken_for_a_whole_one(pipe):
    answers = [BankAnswer(line, "失败", "户名不符") for line in make_lines(3)]
    content = write_return_file(pipe, answers)
    last = content.rindex(b"\n", 0, len(content) - 1) + 1
    for cut in range(last + 1, len(content) - len(b"\r\n")):
        with pytest.raises((ReturnFileBroken, ReturnFileEncoding)):
            read_return_file(pipe, content[:cut])


def test_gb18030_that_passes_for_utf8_is_read(pipe):
    content = "1|通|6217000010001234563|312.50||E-17||".encode("gb18030")
    assert content.decode("utf-8")
    assert read_return_file(pipe, content).lines[0].reason_code == "unlisted"


def test_a_format_in_utf8_reads_utf8(pipe):
    utf8 = pipe.model_copy(update={"encoding": "utf-8"})
    content = write_return_file(utf8, [BankAnswer(make_line(), "E-17")])
    assert read_return_file(utf8, content).lines[0].name == "张三"


def test_a_format_with_a_header_reads_past_it_and_refuses_another(pipe):
    headed = pipe.model_copy(update={"header": True})
    content = write_return_file(headed, [BankAnswer(make_line(), "成功")])
    assert read_return_file(headed, content).lines[0].line_no == 2
    with pytest.raises(ReturnFileBroken) as refused:
        read_return_file(headed, GOOD.encode("gb18030"))
    assert refused.value.faults[0].code == "header_differs"


_NAMES = st.text(
    st.characters(codec="gb18030", categories=("Lo", "Lu", "Ll")), min_size=1, max_size=15
)
_LINES = st.lists(
    st.tuples(_NAMES, st.from_regex(r"[0-9]{8,32}", fullmatch=True), st.integers(1, 10**15 - 1)),
    min_size=1,
    max_size=30,
)


@given(_LINES, st.sampled_from(["成功", "失败", "处理中", "E-17"]))
def test_whatever_is_written_reads_back_as_it_was(rows, result):
    pipe = find_format("generic-pipe")
    lines = [PaymentLine(seq, *row) for seq, row in enumerate(rows, start=1)]
    sent = write_payment_file(pipe, lines)
    answers = [BankAnswer(line, result) for line in lines]
    received = read_return_file(pipe, write_return_file(pipe, answers))
    assert received.totals == sent.totals
    assert [line[1:6] for line in received.lines] == [line[:5] for line in lines]
