from datetime import date

import pytest

from app.bank.errors import StatementBroken
from app.bank.iso.account_report import read_notices, read_statements
from app.bank.iso.errors import MessageBroken, MessageTotalsDiffer
from app.bank.iso.statements import read_camt_statement
from app.bank.iso.status_report import read_status_report
from app.bank.statements import check_balanced
from tests.bank.iso.messages import (
    NOTICE,
    STATEMENT,
    STATUS_REPORT,
    account_report,
    balance,
    detail,
    entry,
    payment_status,
    status_report,
)
from tests.bank.iso.oracle import write

PAID = payment_status("P-2008-0000001", "ACSC")
FAILED = payment_status("P-2008-0000002", "RJCT", reason="AC01", text="账户不存在")


def statement(*entries: str, opening="1000.00", closing="500.00", **given: str):
    parts = [balance("OPBD", opening), balance("CLBD", closing), *entries]
    return account_report(STATEMENT, *parts, **given)


BATCH = entry("500.00", detail("P-1", "250.00"), detail("P-2", "250.00"))


def report_of(*lines: str, **given: str):
    return read_status_report(write(STATUS_REPORT, status_report(*lines, **given)))


def statements_of(*entries: str, **given: str):
    return read_statements(write(STATEMENT, statement(*entries, **given)))


def test_a_status_report_of_an_independent_writer_is_read_line_by_line():
    report = report_of(PAID, FAILED)
    assert (report.original_id, report.count, report.sum_fen) == ("F-2008-0001", 2, 500_00)
    assert [tuple(line) for line in report.lines] == [
        (1, "P-2008-0000001", "F-2008-0001-1", "ACSC", "", "", 250_00),
        (2, "P-2008-0000002", "F-2008-0001-1", "RJCT", "AC01", "账户不存在", 250_00),
    ]


def test_a_word_on_the_whole_stands_apart_from_the_lines():
    report = report_of(group="RJCT")
    assert (report.status, report.lines) == ("RJCT", ())


@pytest.mark.parametrize(("count", "total"), [("1", "500.00"), ("2", "499.99")])
def test_more_lines_or_more_money_than_were_sent_refuses_the_report(count, total):
    with pytest.raises(MessageTotalsDiffer) as refused:
        report_of(PAID, FAILED, count=count, total=total)
    assert len(refused.value.faults) == 1


def test_a_line_without_our_number_or_a_status_refuses_the_report():
    text = status_report(PAID).replace("<TxSts>ACSC</TxSts>", "")
    with pytest.raises(MessageBroken, match="message is wrong") as refused:
        read_status_report(text.encode())
    assert "TxSts" in refused.value.faults[0].en


def test_a_statement_of_an_independent_writer_gives_balances_and_bookings():
    (found,) = statements_of(BATCH)
    assert (found.account, found.id, found.sequence) == ("370801000100002", "S-7", 7)
    assert (found.opening_fen, found.closing_fen) == (1_000_00, 500_00)
    assert (found.from_on, found.to_on) == (date(2008, 4, 1), date(2008, 4, 1))
    one, two = found.bookings
    assert (one.reference, one.amount_fen, one.direction, one.entry_no) == (
        "P-1",
        250_00,
        "debit",
        1,
    )
    assert (two.counter_name, two.counter_account) == ("王䶮", "6217000010001234563")
    assert (two.booked_on, two.bank_reference, two.text) == (date(2008, 4, 1), "B-77", "代发")


def test_money_sent_back_is_a_return_and_so_is_a_booking_taken_back():
    back = entry(
        "250.00", detail("P-1", "250.00", direction="CRDT", returned=True), direction="CRDT"
    )
    undone = entry("10.00", direction="CRDT", reversal="true")
    (found,) = statements_of(back, undone, closing="1260.00")
    assert [one.is_return for one in found.bookings] == [True, True]
    assert [one.direction for one in found.bookings] == ["credit", "credit"]


def test_what_is_only_announced_is_not_booked():
    (found,) = statements_of(entry("9.00", status="PDNG"), BATCH)
    assert [one.amount_fen for one in found.bookings] == [250_00, 250_00]


def test_an_overdrawn_account_opens_below_zero():
    parts = [balance("OPBD", "5.00", direction="DBIT"), balance("CLBD", "5.00")]
    text = account_report(STATEMENT, *parts, entry("10.00", direction="CRDT"))
    assert read_statements(write(STATEMENT, text))[0].opening_fen == -5_00


def test_a_closing_balance_that_is_off_by_a_fen_names_both_figures():
    with pytest.raises(MessageTotalsDiffer) as refused:
        statements_of(BATCH, closing="500.01")
    assert "500.01" in refused.value.faults[0].en
    assert "500.00" in refused.value.faults[0].en


def test_details_that_do_not_sum_to_their_entry_refuse_the_statement():
    with pytest.raises(MessageTotalsDiffer, match="totals"):
        statements_of(entry("500.00", detail("P-1", "250.00"), detail("P-2", "249.99")))


@pytest.mark.parametrize("kind", ["OPBD", "CLBD"])
def test_a_statement_without_a_balance_is_refused(kind):
    text = statement(BATCH).replace(f"<Cd>{kind}</Cd>", "<Cd>ITBD</Cd>")
    with pytest.raises(MessageBroken) as refused:
        read_statements(text.encode())
    assert kind in refused.value.faults[0].en


def test_another_currency_refuses_the_statement():
    with pytest.raises(MessageBroken) as refused:
        statements_of(entry("500.00", currency="USD"))
    assert "USD" in refused.value.faults[0].en


@pytest.mark.parametrize("amount", ["1.005", "-1.00", "1e3", "", "99999999999999"])
def test_an_amount_that_is_no_whole_fen_refuses_the_statement(amount):
    with pytest.raises(MessageBroken):
        read_statements(statement(entry(amount)).encode())


@pytest.mark.parametrize("amount", ["500", "500.0", "500.00000"])
def test_an_amount_may_have_up_to_five_decimals_of_nothing(amount):
    assert statements_of(entry(amount))[0].bookings[0].amount_fen == 500_00


def test_several_statements_of_one_message_stay_apart():
    text = statement(BATCH)
    again = text[text.index("<Stmt>") : text.index("</BkToCstmrStmt>")]
    both = text.replace("</BkToCstmrStmt>", again.replace("S-7", "S-8") + "</BkToCstmrStmt>")
    found = read_statements(write(STATEMENT, both))
    assert [(one.id, len(one.bookings)) for one in found] == [("S-7", 2), ("S-8", 2)]


def test_a_notice_needs_no_balance():
    text = account_report(NOTICE, entry("500.00", direction="CRDT"))
    (found,) = read_notices(write(NOTICE, text))
    assert (found.opening_fen, found.bookings[0].amount_fen) == (None, 500_00)


def test_a_camt_statement_is_one_like_any_other_banks():
    back = entry(
        "250.00", detail("P-1", "250.00", direction="CRDT", returned=True), direction="CRDT"
    )
    made = read_camt_statement(write(STATEMENT, statement(BATCH, back, closing="750.00")))
    check_balanced(made)
    assert (made.account, made.number) == ("370801000100002", 7)
    assert [(one.sequence, one.reference, one.signed_fen, one.is_return) for one in made.lines] == [
        ("7/1", "P-1", -250_00, False),
        ("7/2", "P-2", -250_00, False),
        ("7/3", "P-1", 250_00, True),
    ]


@pytest.mark.parametrize("gone", ["<ElctrncSeqNb>7</ElctrncSeqNb>"])
def test_a_camt_statement_without_its_number_is_refused(gone):
    with pytest.raises(StatementBroken, match="ElctrncSeqNb"):
        read_camt_statement(statement(BATCH).replace(gone, "").encode())


def test_one_statement_is_handed_in_at_a_time():
    text = statement(BATCH)
    again = text[text.index("<Stmt>") : text.index("</BkToCstmrStmt>")]
    both = text.replace("</BkToCstmrStmt>", again + "</BkToCstmrStmt>")
    with pytest.raises(StatementBroken, match="2 statements"):
        read_camt_statement(both.encode())
