"""The benchmark of a term: both sides write the same, and the service's books close on it."""

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
from benchmarks import serving, term, term_city
from benchmarks.measuring import Measure
from benchmarks.term import CITY, SIDES

STUDENTS = 3_000
CASES = 330
LOOKED_AT_MAX = 150
"""Rows of one table that the whole way of a case, from the school to the closed day, looks at."""

FEW = {"organisation", "audit_event"}
"""Tables that do not grow with the cases, so small here that a key is found by reading them."""


@pytest.fixture(scope="module")
def measures(cluster: Cluster) -> Iterator[list[Measure]]:
    home = Path(tempfile.mkdtemp(prefix="aid-term-", dir="/tmp"))
    serving.seed(cluster, SIDES, term_city.make, STUDENTS, home)
    serving.copies(cluster, SIDES)
    yield term.measure(cluster, STUDENTS, home)
    for name in (SIDES.ours, SIDES.bare, SIDES.seed):
        embedded.drop_database(cluster, name)
    shutil.rmtree(home)


def asked(cluster: Cluster, name: str, question: str) -> list[Any]:
    with cluster.superuser(name) as connection:
        return connection.execute(question).fetchall()


SAME = (
    "SELECT state, zero, version, count(*) FROM reporting_batch GROUP BY 1, 2, 3",
    """SELECT id, state, step, reported_at IS NULL, notice_id IS NULL FROM application
        ORDER BY id""",
    """SELECT step, verdict, case_count, amount_fen, left_out FROM decision_batch
        ORDER BY 1, 3""",
    """SELECT application_id, submission_no, step, verdict, reason, school_id, county_id
        FROM decision ORDER BY 1, 3""",
    """SELECT a.application_id, a.student_id, a.hardship, a.amount_fen, a.state,
            a.policy_version_id, a.settled_at IS NULL, i.seq, i.due_on, i.fiscal_year,
            i.amount_fen, i.state, s.fund_line_id, s.amount_fen
        FROM award a JOIN instalment i ON i.award_id = a.id
        JOIN instalment_share s ON s.instalment_id = i.id ORDER BY 1, 8""",
    """SELECT line_no, subject_id, name, school_name, grade, class_name FROM notice_line l
        JOIN notice n ON n.id = l.notice_id ORDER BY n.line_count, line_no""",
    """SELECT kind, debit, credit, count(*), sum(amount_fen) FROM ledger_transfer
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    "SELECT code, debits_fen, credits_fen FROM ledger_account ORDER BY code",
    """SELECT p.number, p.student_id, p.account_id, p.amount_fen, p.state, p.file_line,
            p.bank_reason, p.checks, part.live, part.amount_fen
        FROM payout p JOIN payout_part part ON part.payout_id = p.id ORDER BY 1""",
    """SELECT p.number, l.line_no, l.outcome, l.amount_fen, l.reason_code
        FROM return_line l JOIN payout p ON p.id = l.payout_id ORDER BY 1""",
)
NOTED = """
    SELECT e.did, e.office_day, count(DISTINCT e.id), count(r.id)
    FROM audit_event e JOIN audit_record r ON r.event_id = e.id
    WHERE e.did IN ('batch.endorsed', 'batch.reported', 'application.approve', 'award.promised',
        'notice.posted', 'application.announced', 'application.confirmed', 'award.granted',
        'run.opened')
    GROUP BY 1, 2 ORDER BY 1, 2
"""


@pytest.mark.parametrize("question", [*SAME, NOTED])
def test_the_floor_writes_the_rows_that_the_service_writes(
    cluster: Cluster, measures: list[Measure], question: str
) -> None:
    assert measures
    ours = asked(cluster, SIDES.ours, question)
    assert ours
    assert ours == asked(cluster, SIDES.bare, question)


def test_every_case_goes_the_whole_way_and_the_books_close(
    cluster: Cluster, measures: list[Measure]
) -> None:
    assert measures
    [(cases,)] = asked(
        cluster, SIDES.ours, "SELECT count(*) FROM application WHERE state = 'confirmed'"
    )
    assert cases == CASES
    days = asked(cluster, SIDES.ours, "SELECT day FROM ledger_day ORDER BY day")
    assert days == [(term_city.DECIDED_ON,), (term_city.PAID_ON,)]
    db.bind(db.connect(cluster.serving_url(SIDES.ours), pool_size=1))
    with db.scoped_session(SYSTEM) as session:
        assert queries.invariants(session) == []
    db.engine().dispose()
    db.bind(None)


def test_no_case_costs_a_look_at_all_the_others(cluster: Cluster, measures: list[Measure]) -> None:
    assert measures
    looked_at = asked(
        cluster,
        SIDES.ours,
        "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) "
        "FROM pg_stat_user_tables",
    )
    assert sum(rows for _, rows in looked_at) > CASES
    wide = {table: rows // CASES for table, rows in looked_at if rows > LOOKED_AT_MAX * CASES}
    assert set(wide) <= FEW, wide


def test_of_deciding_and_paying_the_growth_is_measured(measures: list[Measure]) -> None:
    assert CITY > STUDENTS
    assert all(each.bound is None for each in measures)
    grown = [each for each in measures if each.name.endswith("growth")]
    assert [each.rows for each in grown] == [300, 300]
    assert all(each.floor.endswith(" 30") and each.ratio is not None for each in grown)
