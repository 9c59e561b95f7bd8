"""A status report that is wrong is refused by name, in either language, and nothing moves by it."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from fastapi.testclient import TestClient

from app.core import clock, db
from app.core.actor import SYSTEM
from app.disbursement.models import PaymentFile
from tests.bank.iso.messages import STATEMENT, account_report, payment_status
from tests.factories.office import City
from tests.reconciliation.conftest import DAY
from tests.reconciliation.desk import Desk, ends, standing
from tests.reconciliation.test_bad_files import GROWS, READS, check_refused
from tests.reconciliation.test_messages import FORMAT, numbers, paying_account, report


class Left(NamedTuple):
    """A message of payments as it left, and the bank's word that each was paid."""

    file: PaymentFile
    paid: list[str]

    def report(self, *lines: str, **told: str) -> bytes:
        return report(self.file, *(lines or self.paid), **told)


@pytest.fixture(scope="module")
def desk(client: TestClient, city: City) -> Desk:
    with db.scoped_session(SYSTEM) as session:
        paying_account(session, city, county="370811")
    return Desk(client, city)


@pytest.fixture(scope="module")
def left(desk: Desk) -> Left:
    clock.set_office_day(DAY)
    return leave(desk, 5)


def leave(desk: Desk, n: int) -> Left:
    file = desk.release(FORMAT, n)
    with db.scoped_session(SYSTEM) as session:
        named = numbers(session, file)
    return Left(file, [payment_status(number, "ACSC") for number in named])


# What is wrong: the report, the problem, and the faults named in it.
# fmt: off
REPORTS: dict[str, tuple[Callable[[Left], bytes], str, list[str]]] = {
    "counts one payment more": (
        lambda left: left.report(count="6"), "bank-totals-differ", ["count_differs"]),
    "sums a fen more": (
        lambda left: left.report(total="1250.01"), "bank-totals-differ", ["sum_differs"]),
    "another run's reference": (
        lambda left: left.report().replace(left.file.number.encode(), b"F-2008-9999"),
        "return-file-of-another", []),
    "a payment twice": (
        lambda left: left.report(*left.paid[:4], left.paid[0]),
        "return-file-broken", ["seq_twice"] * 2),
    "one bad byte": (
        lambda left: left.report().replace(b"ACSC", b"AC\xffC", 1),
        "iso-message-broken", ["message_broken"]),
    "an entity that grows": (
        lambda left: GROWS.encode() + left.report().replace(b"ACSC", b"&c;", 1),
        "iso-message-forbidden", []),
    "an entity that reads a file": (
        lambda left: READS.encode() + left.report().replace(b"ACSC", b"&x;", 1),
        "iso-message-forbidden", []),
    "a document type": (
        lambda left: b"<!DOCTYPE Document>" + left.report(), "iso-message-forbidden", []),
    "another message": (
        lambda _: account_report(STATEMENT).encode(), "iso-message-broken", ["message_broken"]),
}
# fmt: on


@pytest.mark.parametrize("what", REPORTS)
def test_a_bad_status_report_is_refused_by_name(desk: Desk, left: Left, what: str) -> None:
    make, code, faults = REPORTS[what]
    data = make(left)
    check_refused(lambda **told: desk.hand_in(left.file.number, data, **told), code, faults)


def test_a_status_that_is_not_known_leaves_the_money_on_its_way(desk: Desk) -> None:
    left = leave(desk, 2)
    before, (known, other) = standing(), left.paid
    data = left.report(known.replace("ACSC", "ACSP"), other.replace("ACSC", "ZZZZ"))
    taken = desk.hand_in(left.file.number, data).json()
    assert {one["outcome"]: one["lines"] for one in taken["outcomes"]} == {"unknown": 2}
    moved = {table for table, digest in standing().items() if digest != before[table]}
    assert moved == {"document", "payout", "return_file", "return_line", "work_item"}


def test_a_status_report_cut_at_any_kib_is_refused(desk: Desk) -> None:
    left = leave(desk, 30)
    data, before = left.report(), standing()
    for end in ends(data):
        refused = desk.hand_in(left.file.number, data[:end])
        assert refused.status_code == 422, refused.text
    assert standing() == before
    assert desk.hand_in(left.file.number, data).status_code == 201
