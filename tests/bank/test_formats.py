"""Every format there is: what is written is read back, answered word by word, and golden."""

import io
import zipfile
from pathlib import Path

import pytest

from app.bank.catalogue import formats
from app.bank.errors import BankRefusedFile, ReturnFileBroken, ReturnFileEncoding
from app.bank.layout import Format
from app.bank.payment_file import PaymentLine, read_payment_file, write_payment_file
from app.bank.return_file import BankAnswer, read_return_file, write_return_file
from app.bank.totals import check_totals

CODES = sorted(code for code, fmt in formats().items() if fmt.kind != "iso20022")
GOLDEN = Path(__file__).parent / "golden"
NUMBER = "F-2008-0001"


def lines(fmt: Format, n: int) -> list[PaymentLine]:
    fields = {column.field for column in fmt.payment.columns}
    return [
        PaymentLine(
            seq,
            "王芳",
            f"6217{seq:015d}",
            100_00 + seq,
            "11010519491231002X" if "resident_id" in fields else "",
            "寄宿生补助2008春" if "summary" in fields else "",
            "农业银行" if "bank_name" in fields else "",
        )
        for seq in range(1, n + 1)
    ]


def words_of(fmt: Format) -> list[tuple[str, str, str]]:
    """Every result and reason of the bank's that a reply may hold, with its outcome."""
    meant = [
        (text, reason)
        for result in fmt.returned.result
        if result.outcome != "returned"
        for text in result.texts
        for reason in (
            [""] if result.reason != "listed"
            else [said for each in fmt.returned.reason for said in each.texts]
        )
    ]  # fmt: skip
    found = [(*words, fmt.returned.meaning(*words)[0]) for words in meant]
    failures = fmt.returned.replies == "failures_only"
    return [words for words in found if not (failures and words[2] == "paid")]


@pytest.mark.parametrize("code", CODES)
def test_a_file_is_answered_word_by_word(code: str) -> None:
    fmt = formats()[code]
    words = words_of(fmt)
    written = write_payment_file(fmt, lines(fmt, len(words) + 1), number=NUMBER)
    sent = read_payment_file(fmt, written.content)
    assert sent == lines(fmt, len(words) + 1)
    said = [*words, *([] if fmt.returned.replies == "failures_only" else [words[0]])]
    answers = [BankAnswer(sent[at], *each[:2]) for at, each in enumerate(said)]
    data = write_return_file(fmt, answers, number=NUMBER, sent=written.totals)
    read = read_return_file(fmt, data)
    assert [line.outcome for line in read.lines] == [outcome for *_, outcome in said]
    if fmt.returned.replies == "all":
        check_totals(written.totals, read.totals)


@pytest.mark.parametrize("code", CODES)
def test_a_word_the_bank_never_used_before_is_unknown_and_never_failed(code: str) -> None:
    fmt = formats()[code]
    [line] = lines(fmt, 1)
    data = write_return_file(fmt, [BankAnswer(line, "9999X", "不明")], number=NUMBER)
    [read] = read_return_file(fmt, data).lines
    assert (read.outcome, read.reason_code) == ("unknown", "unlisted")
    assert read.reason_text == "9999X 不明"


@pytest.mark.parametrize("code", CODES)
def test_what_the_bank_sends_back_is_a_reversal(code: str) -> None:
    fmt = formats()[code]
    data = write_return_file(fmt, [BankAnswer(lines(fmt, 2)[1], "退汇", "账户冻结")])
    [line] = read_return_file(fmt, data, kind="reversal").lines
    assert (line.seq, line.outcome) == (2, "returned")


@pytest.mark.parametrize(
    ("code", "said", "outcome", "reason"),
    [
        ("ccb", "000000", "paid", None),
        ("ccb", "0130Z0100001", "unknown", "timeout"),
        ("ccb", "0130Z0100005", "failed", "name_differs"),
        ("ccb", "0130Z1101007", "failed", "account_abnormal"),
        ("boc", "B001", "paid", None),
        ("boc", "B002", "unknown", "pending"),
        ("cgb", "200", "paid", None),
        ("cgb", "201", "failed", "account_not_found"),
        ("cgb", "202", "failed", "account_abnormal"),
        ("cgb", "203", "failed", "account_blocked"),
    ],
)
def test_a_banks_code_means_what_its_source_says(code, said, outcome, reason) -> None:
    meant = formats()[f"generic-codes-{code}"].returned.meaning(said, "")
    assert meant == (outcome, reason)


@pytest.mark.parametrize("code", CODES)
def test_the_bytes_are_those_of_the_golden_file(code: str) -> None:
    fmt = formats()[code]
    first, second = (write_payment_file(fmt, lines(fmt, 3), number=NUMBER) for _ in range(2))
    assert first.content == second.content
    golden = (GOLDEN / f"{code}.{fmt.extension}").read_bytes()
    if fmt.kind != "sheet":
        assert first.content == golden
        return
    # How well an archive is packed is the packer's affair, what is in it is not.
    assert parts(first.content) == parts(golden)


def parts(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


FIXED, FAILURES, CEB = (formats()[f"generic-{each}"] for each in ("fixed", "failures", "codes-ceb"))


def faults_of(fmt: Format, data: bytes) -> list[str]:
    with pytest.raises(ReturnFileBroken) as refused:
        read_return_file(fmt, data)
    return [fault.code for fault in refused.value.faults]


def fixed_reply() -> bytes:
    return write_return_file(
        FIXED, [BankAnswer(line, "成功") for line in lines(FIXED, 3)], number=NUMBER
    )


def test_a_file_of_fixed_widths_cut_off_anywhere_is_never_taken_for_a_whole_one() -> None:
    data = fixed_reply()
    for cut in range(1, len(data) - len(b"\r\n"), 7):
        with pytest.raises((ReturnFileBroken, ReturnFileEncoding)):
            read_return_file(FIXED, data[:cut])
    without_a_line = b"".join(data.splitlines(keepends=True)[i] for i in (0, 1, 3, 4))
    assert faults_of(FIXED, without_a_line) == ["record_differs"] * 3


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"T0000003", b"T0000004", "record_differs"),
        (b"+000000030006", b"-000000030006", "record_unread"),
        (b"+000000030006", b" 000000030006", "record_unread"),
        (b"+000000030006", b"+000000030007", "record_differs"),
        (b"HF-2008-0001", b"XF-2008-0001", "record_missing"),
        (b"D0000002", b"E0000002", "columns"),
    ],
)
def test_a_head_trailer_or_mark_that_is_wrong_refuses_the_file(old, new, fault) -> None:
    data = fixed_reply()
    assert old in data
    assert faults_of(FIXED, data.replace(old, new)) == [fault]


def test_a_name_is_as_wide_as_its_bytes_and_not_as_its_letters() -> None:
    wide, narrow = (
        write_payment_file(FIXED, [lines(FIXED, 1)[0]._replace(name=name)]).content.split(b"\r\n")
        for name in ("阿依古丽·买买提", "王芳")
    )
    assert len(wide[1]) == len(narrow[1]) == 163


def failures(answers: list[BankAnswer], n: int = 3) -> bytes:
    sent = write_payment_file(FAILURES, lines(FAILURES, n)).totals
    return write_return_file(FAILURES, answers, sent=sent)


def test_a_list_of_failures_says_what_was_sent_paid_and_failed() -> None:
    second = lines(FAILURES, 3)[1]
    read = read_return_file(FAILURES, failures([BankAnswer(second, "失败", "户名不符")]))
    assert [(line.seq, line.outcome) for line in read.lines] == [(2, "failed")]
    assert (read.said["count"], read.said["paid_count"], read.said["failed_count"]) == (3, 2, 1)
    assert read_return_file(FAILURES, failures([])).lines == ()


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("|2|200.04|1|", "|1|200.04|1|", ["not_closing"]),
        ("|2|200.04|1|", "|2|200.05|1|", ["not_closing"]),
        ("|1|100.02|\r\n", "|2|100.02|\r\n", ["not_closing", "record_differs"]),
        ("|失败|户名不符|", "|成功||", ["paid_listed"]),
    ],
)
def test_a_list_of_failures_that_does_not_close_is_refused(old, new, faults) -> None:
    data = failures([BankAnswer(lines(FAILURES, 3)[1], "失败", "户名不符")]).decode("gb18030")
    assert old in data
    assert faults_of(FAILURES, data.replace(old, new).encode("gb18030")) == faults


def ceb_reply(code: str, *said: str) -> bytes:
    answers = [
        BankAnswer(line, *each.split("+"))
        for line, each in zip(lines(CEB, len(said)), said, strict=True)
    ]
    data = write_return_file(CEB, answers, number=NUMBER).decode("gb18030")
    head, rest = data.split("\r\n", 1)
    return f"{head.rsplit('|', 2)[0]}|{code}|\r\n{rest}".encode("gb18030")


PAID, FAILED = "成功", "失败+户名不符"


@pytest.mark.parametrize(
    ("code", "said", "agrees"),
    [
        ("0000", (PAID, PAID), True),
        ("0000", (PAID, FAILED), False),
        ("0000", (PAID, "处理中"), False),
        ("0000", (PAID, "E-17"), True),
        ("0001", (PAID, FAILED), True),
        ("0001", (PAID, PAID), False),
        ("0001", (FAILED, FAILED), False),
        ("0001", (PAID, "E-17"), True),
        ("0009", (FAILED, FAILED), True),
        ("0009", (PAID, FAILED), False),
    ],
)
def test_the_code_for_the_whole_file_must_be_what_the_lines_say(code, said, agrees) -> None:
    data = ceb_reply(code, *said)
    if agrees:
        assert len(read_return_file(CEB, data).lines) == 2
    else:
        assert faults_of(CEB, data) == ["file_code_differs"]


@pytest.mark.parametrize(
    ("code", "zh"), [("0106", "批次号重复"), ("0112", "笔数不符"), ("0113", "金额不符")]
)
def test_a_file_the_bank_has_not_taken_is_refused_as_the_banks_own_refusal(code, zh) -> None:
    for data in (ceb_reply(code, PAID), f"批次|{NUMBER}|{code}|\r\n".encode("gb18030")):
        with pytest.raises(BankRefusedFile) as refused:
            read_return_file(CEB, data)
        assert f"{code} {zh}" in refused.value.zh
        assert refused.value.facts == {"file_code": code}
