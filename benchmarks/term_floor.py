"""The bare floors of a term: the same rows into the same tables, and nothing else.

No lock, no look at what stands there, no check: what is written is known beforehand. As the
superuser, so past row security; indexes and constraints stay.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from app.core import clock, ids
from app.disbursement.models import PayeeCheck
from benchmarks import books_floor
from benchmarks.books_city import FORMAT, ORGANISATION, PERIOD, PROGRAMME, key
from benchmarks.term_city import COUNTIES, DECIDED_ON, PAID_ON, Part

Connection = psycopg.Connection[Any]


def hand_up(connection: Connection) -> None:
    """Every batch endorsed, then handed up with its cases; two commits a school."""
    schools = connection.execute("SELECT id, school_id FROM reporting_batch ORDER BY id").fetchall()
    for batch, school in schools:
        told = {"batch": batch, "school": school}
        _run(connection, _ENDORSED, DECIDED_ON, **told)
        _run(connection, _HANDED_UP, DECIDED_ON, **told)


def county_decides(connection: Connection) -> None:
    """A decision a case and the case's next step; a commit a county."""
    for number in range(1, 1 + COUNTIES):
        _run(connection, _TO_CITY, DECIDED_ON, county=key(ORGANISATION, number))


def city_decides(connection: Connection, part: Part) -> None:
    """Decisions, awards, instalments, shares, transfers and balances, audit; committed."""
    _run(connection, _APPROVED, DECIDED_ON, county=part.county, award_event=ids.new())


def announce(connection: Connection, part: Part) -> UUID:
    """The notice and its lines, the cases' state; committed. Answers the notice."""
    notice = ids.new()
    _run(connection, _ANNOUNCED, DECIDED_ON, county=part.county, notice=notice)
    return notice


def confirm(connection: Connection, notice: UUID) -> None:
    """The cases' state and that of their awards; committed."""
    _run(connection, _CONFIRMED, PAID_ON, notice=notice, award_event=ids.new())


def open_run(connection: Connection, part: Part) -> UUID:
    """The run, its payouts and parts, the instalments' state; committed. Answers the run."""
    run = ids.new()
    checks = [each.value for each in PayeeCheck]
    _run(connection, _OPENED, PAID_ON, county=part.county, run=run, checks=checks)
    return run


def send(connection: Connection, run: UUID, body: bytes) -> UUID:
    """As `books_floor.send`. Answers the file."""
    books_floor.send(connection, run, body)
    found = connection.execute("SELECT id FROM payment_file WHERE run_id = %s", [run]).fetchone()
    if found is None:
        raise RuntimeError("the floor sent no file")
    return UUID(str(found[0]))


def _run(connection: Connection, statements: Sequence[str], day: date, **more: object) -> None:
    told = {
        "programme": PROGRAMME, "period": PERIOD, "format": FORMAT, "who": ids.new(),
        "now": clock.now(), "day": day, "batch": ids.new(), "event": ids.new(), **more,
    }  # fmt: skip
    with connection.transaction(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, told)


def _event(key: str, did: str) -> str:
    return f"""INSERT INTO audit_event (id, at, office_day, actor_kind, actor_id, actor_name, did,
            because, request_id, refused, detail)
        VALUES (%({key})s, %(now)s, %(day)s, 'person', %(who)s, 'floor', '{did}', '符合条件', '',
            false, '{{}}')"""


def _records(key: str, rows: str) -> str:
    return f"INSERT INTO audit_record (event_id, record_id) SELECT %({key})s, {rows}"


_OF = (
    "programme = %(programme)s AND period = %(period)s "
    "AND (%(county)s::uuid IS NULL OR county_id = %(county)s)"
)
_BATCH = _records("event", "%(batch)s")
_ENDORSED = (
    """UPDATE reporting_batch SET state = 'endorsed', endorsed_by = %(who)s, endorsed_at = %(now)s,
            version = version + 1 WHERE id = %(batch)s""",
    _event("event", "batch.endorsed"),
    _BATCH,
)
_HANDED_UP = (
    """UPDATE reporting_batch SET state = 'reported', reported_by = %(who)s,
            reported_at = %(now)s, version = version + 1 WHERE id = %(batch)s""",
    """UPDATE application SET state = 'in_review', step = 'county', reported_at = %(now)s
        WHERE programme = %(programme)s AND period = %(period)s AND school_id = %(school)s
            AND state = 'submitted'""",
    _event("event", "batch.reported"),
    _BATCH,
    _records(
        "event",
        """id FROM application WHERE programme = %(programme)s AND period = %(period)s
            AND school_id = %(school)s AND state = 'in_review'""",
    ),
)


def _decided(step: str) -> tuple[str, str]:
    """The act and its decisions at a step, of the cases that wait there."""
    return (
        f"""INSERT INTO decision_batch (id, step, verdict, reason, filter, case_count, amount_fen,
                left_out, decided_by, decided_at)
            SELECT %(batch)s, '{step}', 'approve', '符合条件', '{{}}', count(*), sum(amount_fen), 0,
                %(who)s, %(now)s
            FROM application WHERE {_OF} AND state = 'in_review' AND step = '{step}'""",
        f"""INSERT INTO decision (application_id, submission_no, school_id, county_id, batch_id,
                step, verdict, reason, decided_by, decided_at)
            SELECT id, submission_no, school_id, county_id, %(batch)s, '{step}', 'approve',
                '符合条件', %(who)s, %(now)s
            FROM application WHERE {_OF} AND state = 'in_review' AND step = '{step}'""",
    )


_MEMBERS = "application_id FROM decision WHERE batch_id = %(batch)s"
_TO_CITY = (
    *_decided("county"),
    f"UPDATE application SET step = 'city' WHERE {_OF} AND state = 'in_review' AND step = 'county'",
    _event("event", "application.approve"),
    _records("event", _MEMBERS),
)
_APPROVED = (
    *_decided("city"),
    f"""INSERT INTO award (id, application_id, student_id, school_id, county_id, programme, period,
            policy_version_id, hardship, amount_fen, state, decision_batch_id, made_at)
        SELECT {ids.SQL_UUID7}, a.id, a.student_id, a.school_id, a.county_id, a.programme, a.period,
            s.policy_version_id, a.hardship, a.amount_fen, 'provisional', %(batch)s, %(now)s
        FROM (SELECT * FROM application WHERE {_OF} AND state = 'in_review' AND step = 'city') a
        JOIN submission s ON s.application_id = a.id AND s.submission_no = a.submission_no""",
    f"""INSERT INTO instalment (id, award_id, school_id, county_id, seq, due_on, fiscal_year,
            amount_fen, state)
        SELECT {ids.SQL_UUID7}, id, school_id, county_id, 1, '2008-05-15', 2008, amount_fen,
            'committed'
        FROM award WHERE decision_batch_id = %(batch)s""",
    """INSERT INTO instalment_share (instalment_id, fund_line_id, school_id, county_id, amount_fen)
        SELECT i.id, l.id, i.school_id, i.county_id, i.amount_fen
        FROM award a JOIN instalment i ON i.award_id = a.id
        JOIN fund_line l ON l.holder_id = i.county_id AND l.programme = %(programme)s
        WHERE a.decision_batch_id = %(batch)s""",
    """INSERT INTO ledger_transfer (debit, credit, amount_fen, kind, refers_to, batch, office_day,
            posted_at, posted_by, occurred_on)
        SELECT l.code || '/available', l.code || '/committed', s.amount_fen, 'commit', i.id,
            %(batch)s, %(day)s, %(now)s, %(who)s, %(day)s
        FROM award a JOIN instalment i ON i.award_id = a.id
        JOIN instalment_share s ON s.instalment_id = i.id JOIN fund_line l ON l.id = s.fund_line_id
        WHERE a.decision_batch_id = %(batch)s""",
    """UPDATE ledger_account a SET debits_fen = debits_fen + t.out_fen,
            credits_fen = credits_fen + t.in_fen
        FROM (SELECT code, sum(out_fen) AS out_fen, sum(in_fen) AS in_fen FROM ledger_transfer,
                LATERAL (VALUES (debit, amount_fen, 0), (credit, 0, amount_fen))
                    AS both_sides (code, out_fen, in_fen)
            WHERE batch = %(batch)s GROUP BY code) t
        WHERE a.code = t.code""",
    _event("award_event", "award.promised"),
    _records("award_event", "id FROM award WHERE decision_batch_id = %(batch)s"),
    f"""UPDATE application SET state = 'approved', step = NULL
        WHERE {_OF} AND state = 'in_review' AND step = 'city'""",
    _event("event", "application.approve"),
    _records("event", _MEMBERS),
)
_ANNOUNCED = (
    f"""INSERT INTO notice (id, number, title, programme, period, shown_from, shown_to,
            working_days, holidays_known, line_count, state, posted_by, posted_at)
        SELECT %(notice)s, %(notice)s::text, '公示', %(programme)s::text, %(period)s::text,
            %(day)s, %(day)s, 5, true, count(*), 'posted', %(who)s, %(now)s
        FROM application WHERE {_OF} AND state = 'approved'""",
    f"""INSERT INTO notice_line (id, notice_id, line_no, subject_id, school_id, county_id, name,
            school_name, grade, class_name)
        SELECT {ids.SQL_UUID7}, %(notice)s, row_number() OVER (ORDER BY s.name, a.grade,
                a.class_name, a.student_name, a.id),
            a.id, a.school_id, a.county_id, a.student_name, s.name, a.grade, a.class_name
        FROM (SELECT * FROM application WHERE {_OF} AND state = 'approved') a
        JOIN school s ON s.id = a.school_id""",
    f"""UPDATE application SET state = 'announced', notice_id = %(notice)s
        WHERE {_OF} AND state = 'approved'""",
    _event("batch", "notice.posted"),
    _records("batch", "%(notice)s"),
    _event("event", "application.announced"),
    _records("event", "id FROM application WHERE notice_id = %(notice)s"),
)
_CONFIRMED = (
    "UPDATE application SET state = 'confirmed' WHERE notice_id = %(notice)s",
    """UPDATE award SET state = 'granted', settled_at = %(now)s
        FROM application a WHERE a.notice_id = %(notice)s AND award.application_id = a.id""",
    _event("award_event", "award.granted"),
    _records(
        "award_event",
        """w.id FROM award w JOIN application a ON a.id = w.application_id
            WHERE a.notice_id = %(notice)s""",
    ),
    _event("event", "application.confirmed"),
    _records("event", "id FROM application WHERE notice_id = %(notice)s"),
)
_DUE = """FROM instalment i JOIN award a ON a.id = i.award_id
    WHERE a.programme = %(programme)s AND a.state = 'granted' AND i.state = 'committed'
        AND (%(county)s::uuid IS NULL OR i.county_id = %(county)s)"""
_OPENED = (
    """INSERT INTO payout_run (id, number, kind, programme, holder_id, county_id, due_to, method,
            bank_format, state, opened_by, opened_at, version)
        VALUES (%(run)s, %(run)s::text, 'due', %(programme)s, %(county)s, %(county)s, %(day)s,
            'bank', %(format)s, 'open', %(who)s, %(now)s, 1)""",
    f"""INSERT INTO payout (id, number, run_id, student_id, school_id, county_id, account_id,
            amount_fen, state, made_at, checks, checked_at)
        SELECT {ids.SQL_UUID7}, 'P-2008-' || lpad((n.taken + row_number() OVER (
                ORDER BY i.county_id, i.school_id, a.student_id))::text, 7, '0'),
            %(run)s, a.student_id, i.school_id, i.county_id, b.id, i.amount_fen, 'ready', %(now)s,
            %(checks)s, %(now)s
        {
        _DUE.replace(
            "WHERE",
            "JOIN bank_account b ON b.student_id = a.student_id "
            "CROSS JOIN (SELECT count(*) AS taken FROM payout) n WHERE",
        )
    }""",
    f"""INSERT INTO payout_part (payout_id, instalment_id, school_id, county_id, amount_fen, live)
        SELECT p.id, i.id, i.school_id, i.county_id, i.amount_fen, true
        {_DUE.replace("WHERE", "JOIN payout p ON p.student_id = a.student_id WHERE")}
            AND p.run_id = %(run)s""",
    """UPDATE instalment SET state = 'in_run' FROM payout p JOIN payout_part part
            ON part.payout_id = p.id
        WHERE p.run_id = %(run)s AND part.instalment_id = instalment.id""",
    _event("event", "run.opened"),
    _records("event", "%(run)s"),
)
