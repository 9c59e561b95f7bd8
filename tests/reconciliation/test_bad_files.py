"""A file that is wrong is refused by name, in either language, and nothing moves by it.

Each row below is a file, the problem it is answered with, and the faults named in it. Words that
are not known do not make a file wrong: what is said of such a payment is then not known.
"""

import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from app.bank.catalogue import formats
from app.bank.iso.statements import FORMAT as CAMT
from app.bank.return_file import BankAnswer, write_return_file
from app.bank.totals import ControlTotals
from tests.bank.iso.messages import (
    STATEMENT,
    account_report,
    balance,
    detail,
    entry,
    status_report,
)
from tests.bank.statement_rows import row, statement
from tests.factories.live import served
from tests.factories.office import City
from tests.reconciliation.desk import Desk, Sent, ends, standing

PIPE, FIXED, FAILURES = "generic-pipe", "generic-fixed", "generic-failures"
CODED = "generic-codes-ceb"  # has a code for the whole file
CSV = "generic-statement-csv"
MIB = 2**20
ACCOUNTS = {CSV: "37050166010800000017", CAMT: "370801000100002"}  # those the statements are of


@pytest.fixture(scope="module")
def desk(client: TestClient, city: City) -> Desk:
    return Desk(client, city)


@pytest.fixture(scope="module")
def sent(desk: Desk) -> Callable[..., Sent]:
    """The file sent in a format, and another one's; each is sent once."""
    files: dict[tuple[str, str], Sent] = {}

    def find(bank_format: str, which: str = "") -> Sent:
        if (bank_format, which) not in files:
            files[bank_format, which] = desk.send(bank_format)
        return files[bank_format, which]

    return find


def check_refused(hand_in: Callable[..., Any], code: str, faults: list[str]) -> None:
    """The same problem in both languages, each in its own words, and nothing has moved."""
    before = standing()
    zh, en = hand_in(tongue="zh").json(), hand_in(tongue="en").json()
    for said in (zh, en):
        named = [fault["code"] for fault in said.get("errors", [])]
        assert (said["type"], said["status"], named) == (f"/problems/{code}", 422, faults)
    assert not zh["detail"].isascii()
    assert en["detail"].isascii()
    assert standing() == before


def swapped(file: Sent) -> bytes:
    """Count and sum are right, but two of the payees have changed places."""
    one, two, *rest = file.lines
    accounts = one._replace(account=two.account), two._replace(account=one.account)
    return file.reply(*accounts, *rest)


def dearer(file: Sent) -> bytes:
    one, *rest = file.lines
    return file.reply(one._replace(amount_fen=one.amount_fen + 1), *rest)


def with_bad_byte(data: bytes, name: str) -> bytes:
    """The second byte of a name is one that no character has."""
    at = data.index(name.encode("gb18030"))
    return data[: at + 1] + b"\xff" + data[at + 2 :]


SIX_LINES = ControlTotals(6, 1500_00, b"")

Make = Callable[[Sent, Sent], bytes]
# What is wrong: its format, the file, the problem, and the faults named in it.
# fmt: off
RETURNS: dict[str, tuple[str, Make, str, list[str]]] = {
    "a line is missing": (
        PIPE, lambda file, _: file.reply(*file.lines[:-1]),
        "bank-totals-differ", ["count_differs", "sum_differs", "accounts_differ"]),
    "a fen too much": (
        PIPE, lambda file, _: dearer(file),
        "bank-totals-differ", ["sum_differs", "accounts_differ"]),
    "two accounts changed places": (
        PIPE, lambda file, _: swapped(file), "bank-totals-differ", ["accounts_differ"]),
    "another run's lines": (
        PIPE, lambda _, other: other.reply(), "bank-totals-differ", ["accounts_differ"]),
    "another run's reference": (
        FIXED, lambda file, other: file.reply(number=other.number), "return-file-of-another", []),
    "its trailer counts one more": (
        FIXED, lambda file, _: file.reply().replace(b"T0000005", b"T0000006"),
        "return-file-broken", ["record_differs"]),
    "its trailer sums a fen more": (
        FIXED, lambda file, _: file.reply().replace(b"+000000125000", b"+000000125001"),
        "return-file-broken", ["record_differs"]),
    "its hash of accounts is another's": (
        FIXED, lambda file, other: file.reply()[:-66] + other.reply()[-66:],
        "return-file-broken", ["record_differs"]),
    "a line twice": (
        PIPE, lambda file, _: file.reply(*file.lines, file.lines[0]),
        "return-file-broken", ["seq_twice"]),
    "one bad byte in a name": (
        PIPE, lambda file, _: with_bad_byte(file.reply(), file.lines[2].name),
        "return-file-encoding", ["bad_byte"]),
    "a code for the whole that is not listed": (
        CODED, lambda file, _: file.reply().replace(b"|0000|", b"|0777|"),
        "bank-file-code-unknown", []),
    "the bank has not taken the file": (
        CODED, lambda file, _: file.reply().replace(b"|0000|", b"|0112|"),
        "bank-refused-file", []),
    "a reply that says what a reversal says": (
        PIPE, lambda file, _: file.reply(outcome="returned"),
        "return-file-broken", ["not_a_reply"] * 5),
    "a list of failures of another file": (
        FAILURES, lambda _, other: other.reply(other.lines[0], outcome="failed"),
        "bank-totals-differ", ["line_not_sent"]),
    "a list of failures with a number that was not sent": (
        FAILURES, lambda file, _: file.reply(file.lines[0]._replace(seq=99), outcome="failed"),
        "bank-totals-differ", ["line_not_sent"]),
    "a list of failures of another count and sum": (
        FAILURES, lambda file, _: file.reply(file.lines[0], outcome="failed", sent=SIX_LINES),
        "bank-totals-differ", ["count_differs", "sum_differs"]),
    "nothing at all": (PIPE, lambda *_: b"", "return-file-empty", []),
}
# fmt: on


@pytest.mark.parametrize("what", RETURNS)
def test_a_bad_return_file_is_refused_by_name(
    desk: Desk, sent: Callable[..., Sent], what: str
) -> None:
    bank_format, make, code, faults = RETURNS[what]
    file, other = sent(bank_format), sent(bank_format, "another")
    data = make(file, other)
    check_refused(lambda **told: desk.hand_in(file.number, data, **told), code, faults)


MAY, JUNE = (
    [row("250.00", seq=str(place), day=day) for place in range(1, 4)]
    for day in ("2008-05-30", "2008-06-03")
)


def first(rows: Sequence[tuple[str, int]] = MAY) -> bytes:
    """The statement that is there already."""
    return statement(rows, days=("2008-05-01", "2008-05-31"))


def second(*rows: tuple[str, int], number: int = 2, **told: Any) -> bytes:
    """A statement that follows it."""
    return statement(rows or JUNE, number=number, opening=99_925_000, **told)


def camt(*entries: str, closing: str = "0.00") -> bytes:
    """A camt.053 that opens with 250.00 and pays it out."""
    rows = entries or (entry("250.00", detail("P-1", "250.00")),)
    return account_report(
        STATEMENT, balance("OPBD", "250.00"), balance("CLBD", closing), *rows
    ).encode()


GROWS = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'
READS = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
DEBIT, CREDIT, NEITHER = (f"{side},2".encode("gb18030") for side in "借贷欠")
# fmt: off
STATEMENTS: dict[str, tuple[str, bytes, str, list[str]]] = {
    "closes a fen off": (CSV, second(off=1), "statement-unbalanced", []),
    "counts one line more": (
        CSV, second().replace(b",3\r\n", b",4\r\n"), "statement-broken", ["count_differs"]),
    "debit and credit turned round": (
        CSV, second().replace(DEBIT, CREDIT), "statement-unbalanced", []),
    "neither debit nor credit": (
        CSV, second().replace(DEBIT, NEITHER, 1), "statement-broken", ["direction"]),
    "its days turned round": (
        CSV, second(days=("2008-06-30", "2008-06-01")),
        "statement-broken", ["days_turned"] + ["day_outside"] * 3),
    "a line twice": (CSV, second(JUNE[0], JUNE[0]), "statement-broken", ["line_twice"]),
    "one bad byte in a name": (
        CSV, with_bad_byte(second(), "赵芳"), "statement-broken", ["bad_byte"]),
    "of another account": (
        CSV, second().replace(ACCOUNTS[CSV].encode(), b"37050166010800000018"),
        "statement.of-another", []),
    "the last one permuted": (
        CSV, first(MAY[::-1]),
        "statement-gap", ["number_gap", "days_overlap", "opening_differs"]),
    "one is missing before it": (CSV, second(number=3), "statement-gap", ["number_gap"]),
    "a camt that closes a fen off": (
        CAMT, camt(closing="0.01"), "iso-totals-differ", ["sum_differs"]),
    "a camt whose details do not sum": (
        CAMT, camt(entry("250.00", detail("P-1", "249.99"))),
        "iso-totals-differ", ["sum_differs"] * 2),
    "a camt with an entity that grows": (
        CAMT, GROWS.encode() + camt().replace(b"P-1", b"&c;"), "iso-message-forbidden", []),
    "a camt with an entity that reads a file": (
        CAMT, READS.encode() + camt().replace(b"P-1", b"&x;"), "iso-message-forbidden", []),
    "a camt with a document type": (
        CAMT, b"<!DOCTYPE Document>" + camt(), "iso-message-forbidden", []),
    "another message than a camt.053": (
        CAMT, status_report().encode(), "iso-message-broken", ["message_broken"]),
    "a camt of another account": (
        CAMT, camt().replace(ACCOUNTS[CAMT].encode(), b"370801000100003"),
        "statement.of-another", []),
}
# fmt: on


@pytest.fixture(scope="module")
def accounts(desk: Desk) -> dict[str, Any]:
    """Accounts by the format of their statements; of the one there is a statement already."""
    made = {statement_format: desk.enter_account(number)
            for statement_format, number in ACCOUNTS.items()}  # fmt: skip
    assert desk.hand_in_statement(made[CSV], CSV, first()).status_code == 201
    return made


@pytest.mark.parametrize("what", STATEMENTS)
def test_a_bad_statement_is_refused_by_name(
    desk: Desk, accounts: dict[str, Any], what: str
) -> None:
    name, data, code, faults = STATEMENTS[what]

    def hand_in(**told: str) -> Any:
        return desk.hand_in_statement(accounts[name], name, data, **told)

    check_refused(hand_in, code, faults)


@pytest.mark.parametrize(
    ("bank_format", "words", "means"),
    [
        (PIPE, ("处理中", "超时", "E-17"), {"pending", "timeout", "unlisted"}),
        ("generic-codes-ccb", ("0130Z0100001", "0130Z0999999"), {"timeout", "unlisted"}),
    ],
)
def test_a_word_that_does_not_settle_leaves_the_money_on_its_way(
    desk: Desk, bank_format: str, words: tuple[str, ...], means: set[str]
) -> None:
    file, before = desk.send(bank_format, len(words)), standing()
    said = [BankAnswer(line, word) for line, word in zip(file.lines, words, strict=True)]
    taken = desk.hand_in(file.number, write_return_file(file.fmt, said)).json()
    assert {one["outcome"]: one["lines"] for one in taken["outcomes"]} == {"unknown": len(words)}
    path = f"/api/v1/return-files/{taken['file']['id']}/lines"
    lines = desk.client.get(path, headers=desk.city.bearer("auditor")).json()["items"]
    assert {line["reason_code"] for line in lines} == means
    moved = {table for table, digest in standing().items() if digest != before[table]}
    assert moved == {"document", "payout", "return_file", "return_line", "work_item"}


@pytest.mark.parametrize(
    "bank_format",
    [code for code, fmt in formats().items() if fmt.kind in {"delimited", "fixed", "sheet"}],
)
def test_a_return_file_cut_at_any_kib_is_refused(desk: Desk, bank_format: str) -> None:
    file = desk.send(bank_format, 60)
    # A list of failures has a line only for what failed.
    data = file.reply(outcome="failed" if bank_format == FAILURES else "paid")
    assert len(ends(data)) > 2
    before = standing()
    for end in ends(data):
        refused = desk.hand_in(file.number, data[:end])
        assert refused.status_code == 422, refused.text
    assert standing() == before
    assert desk.hand_in(file.number, data).status_code == 201


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_statement_cut_at_any_kib_is_refused(
    desk: Desk, accounts: dict[str, Any], name: str
) -> None:
    wholes = {
        CSV: second(*(row("1.00", seq=str(place)) for place in range(100))),
        CAMT: camt(*(entry("2.50", detail(f"P-{place}", "2.50")) for place in range(100))),
    }
    before = standing()
    for end in ends(wholes[name]):
        refused = desk.hand_in_statement(accounts[name], name, wholes[name][:end])
        assert refused.status_code == 422, refused.text
    assert standing() == before
    assert desk.hand_in_statement(accounts[name], name, wholes[name]).status_code == 201


def a_hundred_mib(boundary: str, form: dict[str, str]) -> Iterator[bytes]:
    """A form with a camt.053 of a hundred MiB and more, piece by piece."""
    for name, value in form.items():
        yield _part(boundary, f'name="{name}"') + value.encode()
    yield _part(boundary, 'name="file"; filename="huge.xml"')
    head, tail = camt("@").split(b"@")
    many = entry("2.50", detail("P-1", "2.50")).encode() * 1000
    yield head
    yield from (many for _ in range(100 * MIB // len(many) + 1))
    yield tail + f"\r\n--{boundary}--\r\n".encode()


def _part(boundary: str, named: str) -> bytes:
    return f"\r\n--{boundary}\r\nContent-Disposition: form-data; {named}\r\n\r\n".encode()


@pytest.mark.slow
def test_xml_of_a_hundred_mib_is_refused_as_it_comes_in_little_memory(
    desk: Desk, accounts: dict[str, Any]
) -> None:
    form = {"paying_account": str(accounts[CAMT]), "statement_format": CAMT}
    headers = desk.city.bearer("finance_maker") | {
        "Content-Type": "multipart/form-data; boundary=b"
    }
    before, began = standing(), time.process_time()
    tracemalloc.start()
    with served() as url, httpx.Client(base_url=url, timeout=60) as client:
        refused = client.post(
            "/api/v1/statements", headers=headers, content=a_hundred_mib("b", form)
        )
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (refused.status_code, refused.json()["type"]) == (413, "/problems/body.too-large")
    assert most < 16 * MIB
    assert time.process_time() - began < 10  # of work: a busy machine is no fault of it
    assert standing() == before
