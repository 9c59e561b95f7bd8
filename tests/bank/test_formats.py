"""Every format there is: what is written can be answered, and every word of its bank is read."""

from decimal import Decimal

import pytest

from app.bank.catalogue import formats
from app.bank.payment_file import PaymentLine, write_payment_file
from app.bank.return_file import BankAnswer, read_return_file, write_return_file
from app.bank.totals import check_totals

CODES = sorted(formats())
LINE = PaymentLine(1, "阿依古丽·买买提", "6217000010001234563", 312_50, "11010519491231002X")


def lines(n: int) -> list[PaymentLine]:
    return [LINE._replace(seq=seq, amount_fen=seq) for seq in range(1, n + 1)]


@pytest.mark.parametrize("code", CODES)
def test_a_file_in_the_format_is_answered_word_by_word(code: str) -> None:
    fmt = formats()[code]
    words = [
        (text, result.outcome)
        for result in fmt.returned.result
        if result.outcome != "returned" and result.reason != "listed"
        for text in result.texts
    ]
    sent = lines(len(words))
    written = write_payment_file(fmt, sent)
    answers = [BankAnswer(line, text) for line, (text, _) in zip(sent, words, strict=True)]
    read = read_return_file(fmt, write_return_file(fmt, answers))
    assert [line.outcome for line in read.lines] == [outcome for _, outcome in words]
    check_totals(written.totals, read.totals)


@pytest.mark.parametrize("code", CODES)
def test_a_word_the_bank_never_used_before_is_unknown_and_never_failed(code: str) -> None:
    fmt = formats()[code]
    data = write_return_file(fmt, [BankAnswer(LINE, "9999X", "不明")])
    (line,) = read_return_file(fmt, data).lines
    assert (line.outcome, line.reason_code) == ("unknown", "unlisted")


@pytest.mark.parametrize("code", CODES)
def test_what_the_bank_sends_back_is_a_reversal(code: str) -> None:
    fmt = formats()[code]
    data = write_return_file(fmt, [BankAnswer(LINE, "退汇", "账户冻结")])
    (line,) = read_return_file(fmt, data, kind="reversal").lines
    assert line.outcome == "returned"


@pytest.mark.parametrize(
    ("code", "said", "outcome", "reason"),
    [
        ("generic-codes-ccb", "0130Z0100001", "unknown", "timeout"),
        ("generic-codes-ccb", "0130Z0100005", "failed", "name_differs"),
        ("generic-codes-boc", "B002", "unknown", "pending"),
        ("generic-codes-cgb", "201", "failed", "account_not_found"),
    ],
)
def test_a_banks_reply_code_means_what_its_source_says(
    code: str, said: str, outcome: str, reason: str
) -> None:
    fmt = formats()[code]
    (line,) = read_return_file(fmt, write_return_file(fmt, [BankAnswer(LINE, said)])).lines
    assert (line.outcome, line.reason_code) == (outcome, reason)


@pytest.mark.parametrize("code", CODES)
def test_the_bytes_of_a_file_are_the_same_twice_and_sum_to_what_was_sent(code: str) -> None:
    fmt = formats()[code]
    first, second = (write_payment_file(fmt, lines(7)) for _ in range(2))
    assert first.content == second.content
    text = first.content.decode(fmt.encoding)
    assert Decimal(first.totals.sum_fen) / 100 == Decimal("0.28")
    assert text.count("6217000010001234563") == 7
