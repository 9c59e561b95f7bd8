"""The bare floors of the books: the same rows into the same tables, and nothing else.

No lock, no look at what stands there, no reading of the bank's words, no sealing: what is written
is known beforehand. As the superuser, so past row security; indexes and constraints stay.
"""

from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from app.core import clock, ids
from app.disbursement.models import PayeeCheck

Connection = psycopg.Connection[Any]

_TELL = """
    COPY (SELECT l.line_no, p.file_line, b.number_index, l.amount_fen, l.outcome, l.reason_code,
            l.reason
        FROM return_line l JOIN payout p ON p.id = l.payout_id
        JOIN bank_account b ON b.id = p.account_id
        WHERE p.file_id = {} ORDER BY l.line_no) TO STDOUT (FORMAT csv)
"""


def lines_taken(connection: Connection, file_id: UUID) -> bytes:
    """What the service wrote of the lines it took in, for the floor to write again."""
    told = sql.SQL(_TELL).format(file_id)
    with connection.cursor() as cursor, cursor.copy(told) as out:
        return b"".join(bytes(piece) for piece in out)


def take_in(connection: Connection, file_id: UUID, lines: bytes) -> None:
    """`COPY` of the lines, one join to their payouts, and what they came to recorded; committed."""
    told = {"file": file_id, "taken": ids.new(), "who": ids.new(), "now": clock.now()}
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_SAID)
        with cursor.copy("COPY said FROM STDIN (FORMAT csv)") as copy:
            copy.write(lines)
        for statement in _TAKE_IN:
            cursor.execute(statement, told)


def send(connection: Connection, run_id: UUID, body: bytes) -> None:
    """The ready payouts of a run sent in one file of these bytes; committed."""
    told = {
        "run": run_id, "file": ids.new(), "document": ids.new(), "event": ids.new(),
        "who": ids.new(), "now": clock.now(), "body": body,
        "checks": [each.value for each in PayeeCheck],
    }  # fmt: skip
    with connection.transaction(), connection.cursor() as cursor:
        for statement in _SEND:
            cursor.execute(statement, told)


_SAID = """
    CREATE TEMP TABLE said (line_no int, seq int, account_index bytea, amount_fen bigint,
        outcome text, reason_code text, reason text) ON COMMIT DROP
"""
_TAKE_IN = (
    "ANALYZE said",
    """CREATE TEMP TABLE hit ON COMMIT DROP AS
        SELECT s.*, p.id AS payout_id, p.school_id, p.county_id, part.instalment_id
        FROM said s JOIN payout p ON p.file_id = %(file)s AND p.file_line = s.seq
        JOIN bank_account b ON b.id = p.account_id AND b.number_index = s.account_index
        JOIN payout_part part ON part.payout_id = p.id
        ORDER BY p.id""",
    "ANALYZE hit",
    """INSERT INTO return_file (id, kind, payment_file_id, document_id, sha256, line_count,
            amount_fen, received_by, received_at)
        SELECT %(taken)s, 'reply', id, document_id, sha256, line_count, amount_fen, %(who)s, %(now)s
        FROM payment_file WHERE id = %(file)s""",
    """INSERT INTO return_line (return_file_id, line_no, payout_id, school_id, county_id, outcome,
            amount_fen, reason_code, reason)
        SELECT %(taken)s, line_no, payout_id, school_id, county_id, outcome, amount_fen,
            reason_code, reason FROM hit""",
    """INSERT INTO work_item (id, kind, return_line_id, payout_id, school_id, county_id, reason,
            state, opened_at)
        SELECT gen_random_uuid(), outcome, id, payout_id, school_id, county_id, reason, 'open',
            %(now)s FROM return_line WHERE return_file_id = %(taken)s AND outcome <> 'paid'""",
    """UPDATE payout SET state = hit.outcome, bank_reason = hit.reason, settled_at = %(now)s
        FROM hit WHERE payout.id = hit.payout_id""",
    """UPDATE instalment SET state = CASE hit.outcome WHEN 'paid' THEN 'paid' ELSE 'committed' END
        FROM hit WHERE instalment.id = hit.instalment_id AND hit.outcome <> 'unknown'""",
    """UPDATE payout_part SET live = false FROM hit
        WHERE payout_part.payout_id = hit.payout_id AND hit.outcome = 'failed'""",
    """INSERT INTO ledger_transfer (debit, credit, amount_fen, kind, refers_to, batch, office_day,
            posted_at, posted_by, occurred_on)
        SELECT l.code || '/in_transit', l.code || CASE outcome WHEN 'paid' THEN '/paid'
            ELSE '/committed' END, s.amount_fen, CASE outcome WHEN 'paid' THEN 'pay'
            ELSE 'fail' END,
            s.instalment_id, %(taken)s, current_date, %(now)s, %(who)s, current_date
        FROM hit JOIN instalment_share s USING (instalment_id)
        JOIN fund_line l ON l.id = s.fund_line_id WHERE outcome <> 'unknown'""",
    """UPDATE ledger_account a SET debits_fen = debits_fen + t.out_fen,
            credits_fen = credits_fen + t.in_fen
        FROM (SELECT code, sum(out_fen) AS out_fen, sum(in_fen) AS in_fen FROM ledger_transfer,
                LATERAL (VALUES (debit, amount_fen, 0), (credit, 0, amount_fen))
                    AS both_sides (code, out_fen, in_fen)
            WHERE batch = %(taken)s GROUP BY code) t
        WHERE a.code = t.code""",
)
_SEND = (
    """UPDATE payout_run SET state = 'released', released_by = %(who)s, released_at = %(now)s
        WHERE id = %(run)s""",
    """INSERT INTO document (id, kind, name, media_type, size, sha256, body, stored_by, stored_at)
        VALUES (%(document)s, 'payment_file', 'file', 'text/plain', length(%(body)s),
            uuid_send(%(document)s), %(body)s, %(who)s, %(now)s)""",
    """INSERT INTO payment_file (id, number, run_id, part, bank_format, document_id, sha256,
            line_count, amount_fen, accounts_sha256, made_at, banks)
        SELECT %(file)s, %(file)s::text, %(run)s, 1, 'generic-pipe', %(document)s, '', count(*),
            sum(amount_fen), '', %(now)s, 'all'
        FROM payout WHERE run_id = %(run)s AND state = 'ready'""",
    """UPDATE payout SET state = 'sent', file_id = %(file)s, file_line = n.line,
            sent_at = %(now)s, checks = %(checks)s, checked_at = %(now)s
        FROM (SELECT id, row_number() OVER (ORDER BY number) AS line FROM payout
            WHERE run_id = %(run)s AND state = 'ready') n
        WHERE payout.id = n.id""",
    """INSERT INTO ledger_transfer (debit, credit, amount_fen, kind, refers_to, batch, office_day,
            posted_at, posted_by, occurred_on)
        SELECT l.code || '/committed', l.code || '/in_transit', s.amount_fen, 'send',
            s.instalment_id, %(run)s, current_date, %(now)s, %(who)s, current_date
        FROM payout p JOIN payout_part part ON part.payout_id = p.id
        JOIN instalment_share s USING (instalment_id) JOIN fund_line l ON l.id = s.fund_line_id
        WHERE p.run_id = %(run)s""",
    """UPDATE ledger_account a SET debits_fen = debits_fen + t.out_fen,
            credits_fen = credits_fen + t.in_fen
        FROM (SELECT code, sum(out_fen) AS out_fen, sum(in_fen) AS in_fen FROM ledger_transfer,
                LATERAL (VALUES (debit, amount_fen, 0), (credit, 0, amount_fen))
                    AS both_sides (code, out_fen, in_fen)
            WHERE batch = %(run)s GROUP BY code) t
        WHERE a.code = t.code""",
    """INSERT INTO audit_event (id, at, office_day, actor_kind, actor_id, actor_name, did, because,
            request_id, refused, detail)
        VALUES (%(event)s, %(now)s, current_date, 'system', %(who)s, 'floor', 'payouts.sent', '',
            '', false, '{}')""",
    """INSERT INTO audit_record (event_id, record_id)
        SELECT %(event)s, id FROM payout WHERE run_id = %(run)s""",
)
