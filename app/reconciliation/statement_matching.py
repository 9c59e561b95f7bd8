"""Finds what each statement line is about and what it comes to, in the database.

An exact reference first; else account and amount within days, where unique on both sides
(docs/decisions/0018-statement-lines.md).
"""

import csv
from io import StringIO

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    text,
)
from sqlmodel import Session

from app.bank.catalogue import formats
from app.bank.statements import Statement
from app.core import crypto, db, staging
from app.core.actor import Actor
from app.disbursement.paying_models import PayingAccount
from app.reconciliation.rules import MATCH_WORKING_DAYS, earliest_sent

_SAID = (
    ("line_no", Integer()),
    ("booked_on", Date()),
    ("sent_from", Date()),
    ("sequence", String()),
    ("reference", String()),
    ("counter_index", LargeBinary()),
    ("counter_tail", String()),
    ("amount_fen", BigInteger()),
    ("direction", String()),
    ("is_return", Boolean()),
    ("said", String()),
)
_ABOUT = (
    ("line_no", Integer()),
    ("payout_id", Uuid()),
    ("file_id", Uuid()),
    ("run_id", Uuid()),
    ("recoverable_id", Uuid()),
    ("school_id", Uuid()),
    ("county_id", Uuid()),
    ("come_from", String()),
    ("outcome", String()),
)


def match(
    session: Session, account: PayingAccount, statement: Statement, by: Actor
) -> tuple[Table, Table]:
    """The lines as the bank said them, and what each is about with its one outcome."""
    said = staging.empty(session, "statement_said", [Column(*each) for each in _SAID])
    db.copy_rows(session, said.name, [name for name, _ in _SAID], _as_csv(statement))
    staging.count_rows(session, said)
    about = staging.empty(session, "statement_about", [Column(*each) for each in _ABOUT])
    told = {
        "account": account.id,
        "county": account.county_id,
        "alone": [f.code for f in formats().values() if f.returned.replies == "statement_only"],
    }
    with db.city_scope(session, by):
        session.execute(text(_MATCH.format(said=said.name, about=about.name)), told)
    staging.count_rows(session, about)
    return said, about


def _as_csv(statement: Statement) -> bytes:
    lines = statement.lines
    accounts = [line.counter_account for line in lines]
    indexes = crypto.blind_indexes(accounts, table="bank_account", column="number")
    days = {line.booked_on for line in lines}
    sent_from = {day: earliest_sent(day, MATCH_WORKING_DAYS) for day in days}
    out = StringIO()
    writer = csv.writer(out)
    for line, index in zip(lines, indexes, strict=True):
        counter = None if index is None else f"\\x{index.hex()}"
        tail = line.counter_account[-4:] if line.counter_account else None
        writer.writerow(
            (line.line_no, line.booked_on, sent_from[line.booked_on], line.sequence,
             line.reference, counter, tail, line.amount_fen, line.direction, line.is_return,
             line.text or None)
        )  # fmt: skip
    return out.getvalue().encode()


# What a paid or returned payout's line says again is agreement; a second line of one is not. What
# is paid in hand leaves an account as one sum of its run and is none of the bank's to settle.
_MATCH = """
    INSERT INTO {about}
    WITH paid_from AS (
        SELECT p.id, p.number, p.school_id, p.county_id, p.state, p.amount_fen,
            (p.sent_at AT TIME ZONE 'Asia/Shanghai')::date AS sent_on,
            r.bank_format, coalesce(b.number_index, c.number_index) AS account_index
        FROM payout p JOIN payout_run r ON r.id = p.run_id
        LEFT JOIN bank_account b ON b.id = p.account_id
        LEFT JOIN school_account c ON c.id = p.school_account_id
        WHERE r.method = 'bank' AND (CAST(:county AS uuid) IS NULL OR p.county_id = :county)
            AND (p.number IN (SELECT reference FROM {said})
                OR p.amount_fen IN (SELECT amount_fen FROM {said}))),
    named AS (
        SELECT s.line_no, p.id AS payout_id, NULL::uuid AS file_id, NULL::uuid AS run_id
        FROM {said} s JOIN paid_from p ON p.number = s.reference
        WHERE s.direction = 'debit' OR s.is_return
        UNION ALL
        SELECT s.line_no, NULL, f.id, NULL FROM {said} s
        JOIN payment_file f ON f.number = s.reference WHERE s.direction = 'debit'
            AND (CAST(:county AS uuid) IS NULL OR f.county_id = :county)
        UNION ALL
        SELECT s.line_no, NULL, NULL, r.id FROM {said} s
        JOIN payout_run r ON r.number = s.reference WHERE s.direction = 'debit'
            AND (CAST(:county AS uuid) IS NULL OR r.county_id = :county)),
    possible AS (
        SELECT s.line_no, p.id AS payout_id,
            count(*) OVER (PARTITION BY s.line_no) AS payouts,
            count(*) OVER (PARTITION BY p.id, s.direction) AS lines
        FROM {said} s JOIN paid_from p ON p.account_index = s.counter_index
            AND p.amount_fen = s.amount_fen AND p.sent_on BETWEEN s.sent_from AND s.booked_on
        WHERE (s.direction = 'debit' OR s.is_return)
            AND s.line_no NOT IN (SELECT line_no FROM named)
            AND p.id NOT IN (SELECT payout_id FROM named WHERE payout_id IS NOT NULL)
            AND NOT EXISTS (SELECT FROM statement_line t
                WHERE t.payout_id = p.id AND t.direction = s.direction)),
    found AS (
        SELECT * FROM named UNION ALL
        SELECT line_no, payout_id, NULL, NULL FROM possible WHERE payouts = 1 AND lines = 1),
    owed AS (
        SELECT s.line_no, min(o.id::text)::uuid AS recoverable_id,
            min(o.school_id::text)::uuid AS school_id, min(o.county_id::text)::uuid AS county_id
        FROM {said} s JOIN bank_account b ON b.number_index = s.counter_index
        JOIN recoverable o ON o.student_id = b.student_id AND o.state = 'open'
            AND o.amount_fen = s.amount_fen
        WHERE s.direction = 'credit' AND NOT s.is_return
            AND (CAST(:county AS uuid) IS NULL OR o.county_id = :county)
        GROUP BY s.line_no HAVING count(DISTINCT o.id) = 1),
    placed AS (
        SELECT s.*, f.payout_id, f.file_id, f.run_id, row_number() OVER (
            PARTITION BY coalesce(f.payout_id, f.file_id, f.run_id), s.direction
            ORDER BY s.booked_on, s.sequence, s.line_no) > 1 OR EXISTS (
            SELECT FROM statement_line t WHERE t.direction = s.direction AND (
                t.payout_id = f.payout_id OR t.file_id = f.file_id OR t.run_id = f.run_id))
            AS again
        FROM {said} s LEFT JOIN found f ON f.line_no = s.line_no)
    SELECT l.line_no, l.payout_id, l.file_id, l.run_id, o.recoverable_id,
        coalesce(p.school_id, o.school_id), coalesce(p.county_id, o.county_id, :county), p.state,
        CASE
            WHEN coalesce(l.payout_id, l.file_id, l.run_id) IS NULL THEN
                CASE WHEN o.recoverable_id IS NULL THEN 'unmatched' ELSE 'repayment' END
            WHEN l.again THEN 'duplicate'
            WHEN l.amount_fen <> coalesce(p.amount_fen, f.amount_fen, (
                SELECT sum(g.amount_fen) FROM (
                    SELECT amount_fen FROM payment_file WHERE run_id = l.run_id UNION ALL
                    SELECT amount_fen FROM pay_register WHERE run_id = l.run_id) g), 0)
                THEN 'amount_differs'
            WHEN l.payout_id IS NULL THEN 'agrees'
            WHEN p.state IN ('held', 'ready', 'cancelled') THEN 'contradicts'
            WHEN l.is_return AND p.state IN ('sent', 'unknown', 'paid') THEN 'returned'
            WHEN l.is_return THEN 'agrees'
            WHEN p.state = 'failed' THEN 'contradicts'
            WHEN p.state IN ('sent', 'unknown') AND p.bank_format = ANY(:alone) AND NOT EXISTS (
                SELECT FROM placed r WHERE r.payout_id = l.payout_id AND r.is_return) THEN 'paid'
            ELSE 'agrees' END
    FROM placed l LEFT JOIN paid_from p ON p.id = l.payout_id
    LEFT JOIN payment_file f ON f.id = l.file_id
    LEFT JOIN owed o ON o.line_no = l.line_no
"""
