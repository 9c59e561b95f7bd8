import subprocess
import sys

import pytest

from app.bank.iso.account_report import read_notices, read_statements
from app.bank.iso.errors import MessageBroken, MessageForbidden, MessageTooLarge
from app.bank.iso.status_report import read_status_report
from app.bank.iso.streaming import BYTES_MAX
from tests.bank.iso.messages import (
    STATEMENT,
    account_report,
    balance,
    detail,
    entry,
    payment_status,
    status_report,
)

READERS = [read_status_report, read_statements, read_notices]
STATEMENT_TEXT = account_report(
    STATEMENT,
    balance("OPBD", "250.00"),
    balance("CLBD", "0.00"),
    entry("250.00", detail("P-1", "250.00")),
)
NOTHING = b'<?xml version="1.0"?>'
FORBIDDEN = {
    "an external entity": '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "an entity that grows": '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    "a document type of its own": "<!DOCTYPE Document>",
    "one from elsewhere": '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("doctype", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_any_document_type_is_refused(reader, doctype):
    with pytest.raises(MessageForbidden, match="document type"):
        reader(f"{doctype}{STATEMENT_TEXT}".encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_document_type_in_another_encoding_is_refused_too(encoding):
    text = f"{FORBIDDEN['an external entity']}{STATEMENT_TEXT}"
    with pytest.raises((MessageForbidden, MessageBroken)):
        read_statements(text.encode(encoding))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "data", [b"", b"250.00|6217", b"\x00" * 40, b"<a/>", NOTHING + b"<Document/>"]
)
def test_what_is_no_such_message_is_refused(reader, data):
    with pytest.raises(MessageBroken):
        reader(data)


@pytest.mark.parametrize("reader", READERS)
def test_over_sixty_four_mebibytes_nothing_is_read(reader):
    with pytest.raises(MessageTooLarge):
        reader(b" " * (BYTES_MAX + 1))


def test_elements_nested_without_end_are_refused():
    deep = "<a>" * 200 + "</a>" * 200
    with pytest.raises(MessageBroken):
        read_statements(STATEMENT_TEXT.replace("<Ntry>", f"{deep}<Ntry>").encode())


def test_a_report_cut_at_any_kibibyte_is_refused_whole():
    lines = [payment_status(f"P-2008-{place:07d}", "ACSC") for place in range(60)]
    data = status_report(*lines, count="60", total="15000.00").encode()
    read_status_report(data)
    for end in range(0, len(data), 1024):
        with pytest.raises(MessageBroken):
            read_status_report(data[:end])


MEASURE = """
import resource, sys
from app.bank.iso.status_report import read_status_report
data = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read = read_status_report(data)
print(len(read.lines), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_message():
    one = payment_status("P-2008-0000001", "ACSC").encode()
    head, tail = status_report("@", count="200000", total="50000000.00").encode().split(b"@")
    # A process of its own: the most that this one ever used may be more than the reader takes.
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=head + one * 150_000 + tail,
        capture_output=True,
        check=True,
    )
    lines, grown_kib = (int(figure) for figure in ran.stdout.split())
    assert lines == 150_000
    # A tree of it takes over half a gibibyte; the lines themselves some 70 MiB.
    assert grown_kib < 160 * 1024
