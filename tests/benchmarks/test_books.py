"""The benchmark of the books: both sides write the same, and the service's books are right."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core import db, embedded
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.reconciliation import queries
from benchmarks import books_acts, books_city, serving
from benchmarks.books_acts import CITY, SIDES
from benchmarks.measuring import Measure

LINES = 200


@pytest.fixture(scope="module")
def measures(cluster: Cluster) -> Iterator[list[Measure]]:
    home = Path(tempfile.mkdtemp(prefix="aid-books-", dir="/tmp"))
    serving.seed(cluster, SIDES, books_city.make, LINES, home)
    serving.copies(cluster, SIDES)
    yield books_acts.measure(cluster, LINES, home)
    for name in (SIDES.ours, SIDES.bare, SIDES.seed):
        embedded.drop_database(cluster, name)
    shutil.rmtree(home)


def asked(cluster: Cluster, name: str, question: str) -> list[Any]:
    with cluster.superuser(name) as connection:
        return connection.execute(question).fetchall()


SAME = (
    """SELECT state, count(*), sum(amount_fen), count(file_id), count(file_line) FROM payout
        WHERE run_id <> '{small}' GROUP BY state ORDER BY state""",
    """SELECT p.state, i.state, part.live, count(*) FROM payout p
        JOIN payout_part part ON part.payout_id = p.id
        JOIN instalment i ON i.id = part.instalment_id
        WHERE p.run_id <> '{small}' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    """SELECT l.line_no, l.payout_id, l.outcome, l.amount_fen, l.reason_code, l.reason
        FROM return_line l JOIN payout p ON p.id = l.payout_id
        WHERE p.run_id <> '{small}' ORDER BY l.line_no""",
    """SELECT w.payout_id, w.kind, w.reason FROM work_item w JOIN payout p ON p.id = w.payout_id
        WHERE p.run_id <> '{small}' ORDER BY w.payout_id""",
    """SELECT t.kind, t.debit, t.credit, count(*), sum(t.amount_fen) FROM ledger_transfer t
        LEFT JOIN payout_part part ON part.instalment_id = t.refers_to
        LEFT JOIN payout p ON p.id = part.payout_id
        WHERE t.kind = 'send' OR p.run_id <> '{small}' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
)


@pytest.mark.parametrize("question", SAME)
def test_the_floor_writes_the_rows_that_the_service_writes(
    cluster: Cluster, measures: list[Measure], question: str
) -> None:
    assert measures
    # The answer to the first of the runs is taken in by the service alone.
    told = question.format(small=books_city.blocks(LINES)[1].run_id)
    ours = asked(cluster, SIDES.ours, told)
    assert ours
    assert ours == asked(cluster, SIDES.bare, told)


def test_the_books_close_after_what_was_timed(cluster: Cluster, measures: list[Measure]) -> None:
    assert measures
    db.bind(db.connect(cluster.serving_url(SIDES.ours), pool_size=1))
    with db.scoped_session(SYSTEM) as session:
        assert queries.invariants(session) == []
    db.engine().dispose()
    db.bind(None)


def test_the_bank_pays_most_refuses_some_and_leaves_some_open(
    cluster: Cluster, measures: list[Measure]
) -> None:
    assert measures
    found = asked(
        cluster, SIDES.ours, "SELECT outcome, reason_code, count(*) FROM return_line GROUP BY 1, 2"
    )
    said = {(outcome, code) for outcome, code, _ in found}
    assert said == {
        ("paid", None),
        ("failed", "name_differs"),
        ("failed", "account_not_found"),
        ("unknown", "pending"),
    }


def test_each_act_is_held_against_its_floor_and_its_memory(measures: list[Measure]) -> None:
    small, large, released = measures
    assert [each.rows for each in measures] == [LINES // 10, LINES, LINES // 10]
    assert [each.bound for each in measures] == [None, 3, None]
    assert CITY > LINES
    assert small.peak_mb_max == large.peak_mb_max == 600
    assert all(0 < each.peak_mb < 400 for each in measures)
    assert large.ratio is not None
    assert released.ratio is not None
