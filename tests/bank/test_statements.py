"""A statement is read whole or refused whole, balances, and follows the one before."""

from datetime import date

import pytest

from app.bank.errors import StatementBroken, StatementGap, StatementUnbalanced
from app.bank.statement_catalogue import find_statement_format
from app.bank.statement_file import read_statement
from app.bank.statements import LastStatement, check_follows
from tests.bank.statement_rows import row, statement

FORMAT = find_statement_format("generic-statement-csv")


def test_a_return_is_a_credit_with_the_banks_word_for_it() -> None:
    rows = [row("250.00", seq="1"), row("250.00", seq="2", credit=True, kind="退汇")]
    read = read_statement(FORMAT, statement(rows))
    assert [(one.signed_fen, one.is_return) for one in read.lines] == [
        (-250_00, False),
        (250_00, True),
    ]


@pytest.mark.parametrize("off", [-1, 1])
def test_one_fen_off_is_refused_with_both_figures(off: int) -> None:
    with pytest.raises(StatementUnbalanced, match=r"999750\.00 and the closing balance is 9997"):
        read_statement(FORMAT, statement([row("250.00")], off=off))


def test_a_statement_cut_in_its_last_word_is_refused() -> None:
    whole = statement([row("1.00", seq="1")])
    with pytest.raises(StatementBroken):
        read_statement(FORMAT, whole[:-6])


@pytest.mark.parametrize(
    ("number", "closing", "code"),
    [(6, 100_000_000, "number_gap"), (7, 99_999_999, "opening_differs")],
)
def test_what_does_not_follow_the_last_statement_is_named(
    number: int, closing: int, code: str
) -> None:
    last = LastStatement(number=6, closed_on=date(2008, 5, 31), closing_fen=closing)
    with pytest.raises(StatementGap) as refused:
        check_follows(read_statement(FORMAT, statement([row("1.00")], number=number)), last)
    assert [fault.code for fault in refused.value.faults] == [code]


def test_numbers_begin_again_with_the_year() -> None:
    last = LastStatement(number=12, closed_on=date(2007, 12, 31), closing_fen=100_000_000)
    check_follows(read_statement(FORMAT, statement([row("1.00")], number=1)), last)
