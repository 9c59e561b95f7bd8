"""The books of a holder's money in the bank beside the bank's own statements (银行存款余额调节表).

Each side may know of something that the other does not yet: what is left over between the two is
never a number alone but a list of runs, vouchers and lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session


class ItemKind(StrEnum):
    """Who knows of the money, and which way it went."""

    BANK_RECEIVED = "bank_received"  # 银行已收、我方未收
    BANK_PAID = "bank_paid"  # 银行已付、我方未付
    WE_RECEIVED = "we_received"  # 我方已收、银行未收
    WE_PAID = "we_paid"  # 我方已付、银行未付


@dataclass(frozen=True)
class AccountAtBank:
    """One paying account with its newest statement up to the day, if there is one."""

    tail: str
    statement: int | None
    closed_on: date | None
    closing_fen: int


@dataclass(frozen=True)
class OpenItem:
    """What one side has and the other has not, and what it is about.

    A `run`, a `run_in_hand` (one paid in cash or onto meal cards), a `booking`, or `repayments`.
    """

    kind: ItemKind
    about: str
    of: str
    amount_fen: int


@dataclass(frozen=True)
class BankBalance:
    """A holder's books and bank on a day; `opening_fen` lay in the bank before its first statement.

    bank + what we alone received − what we alone paid = books + opening + what the bank alone
    received − what the bank alone paid.
    """

    county_id: UUID | None
    holder: str
    on: date
    accounts: tuple[AccountAtBank, ...]
    opening_fen: int
    book_fen: int
    items: tuple[OpenItem, ...]
    moved_since: date | None

    @property
    def bank_fen(self) -> int:
        """What the statements close with, all accounts together."""
        return sum(account.closing_fen for account in self.accounts)

    def total(self, kind: ItemKind) -> int:
        """The items of one kind together, in fen."""
        return sum(item.amount_fen for item in self.items if item.kind is kind)

    @property
    def bank_adjusted_fen(self) -> int:
        """The bank's balance once it knows what we know."""
        return self.bank_fen + self.total(ItemKind.WE_RECEIVED) - self.total(ItemKind.WE_PAID)

    @property
    def book_adjusted_fen(self) -> int:
        """Our balance once we know what the bank knows."""
        known = self.book_fen + self.opening_fen
        return known + self.total(ItemKind.BANK_RECEIVED) - self.total(ItemKind.BANK_PAID)


def bank_balances(
    session: Session, on: date, *, county_id: UUID | None = None
) -> list[BankBalance]:
    """The balance of every holder with a confirmed paying account on a day, or of one county.

    The number of statements depends on the holders alone. Run in a scope that sees them.
    """
    holders: dict[UUID | None, list[Row[Any]]] = {}
    for row in session.execute(_ACCOUNTS, {"on": on, "county": county_id}):
        holders.setdefault(row.county_id, []).append(row)
    return [_balance(session, on, county, rows) for county, rows in holders.items()]


def _balance(
    session: Session, on: date, county: UUID | None, rows: Sequence[Row[Any]]
) -> BankBalance:
    closed = [row.closed_on for row in rows]
    since = date.min if None in closed else min(closed)
    told = {"on": on, "county": county, "accounts": [row.id for row in rows], "since": since}
    found = session.execute(_GROUPS, told).all()
    return BankBalance(
        county_id=county,
        holder=rows[0].holder,
        on=on,
        accounts=tuple(
            AccountAtBank(row.number_tail, row.number, row.closed_on, row.closing_fen)
            for row in rows
        ),
        opening_fen=sum(row.opening_fen for row in rows),
        book_fen=sum(row.book_fen for row in found),
        items=tuple(item for row in found for item in _items(row)),
        moved_since=min((row.moved_since for row in found if row.moved_since), default=None),
    )


def _items(row: Row[Any]) -> Iterator[OpenItem]:
    """What one run, booking or all repayments leave open; credits and debits net one another."""
    more = row.bank_fen - row.book_fen
    received = row.bank_credit_fen - row.book_credit_fen
    if more > 0:
        part = min(max(received, 0), more)
        parts = {ItemKind.BANK_RECEIVED: part, ItemKind.WE_PAID: more - part}
    else:
        part = min(max(-received, 0), -more)
        parts = {ItemKind.WE_RECEIVED: part, ItemKind.BANK_PAID: -more - part}
    for kind, fen in parts.items():
        if fen:
            yield OpenItem(kind, row.about, row.of, fen)


_ACCOUNTS = text("""
    SELECT a.id, a.county_id, a.number_tail, coalesce(o.name, '市级 / the city') AS holder,
        last.number, last.closed_on, coalesce(last.closing_fen, 0) AS closing_fen,
        coalesce(first.opening_fen, 0) AS opening_fen
    FROM paying_account a LEFT JOIN organisation o ON o.id = a.county_id
    LEFT JOIN LATERAL (SELECT s.number, s.closed_on, s.closing_fen FROM bank_statement s
        WHERE s.paying_account_id = a.id AND s.closed_on <= :on
        ORDER BY s.closed_on DESC, s.number DESC LIMIT 1) last ON true
    LEFT JOIN LATERAL (SELECT s.opening_fen FROM bank_statement s
        WHERE s.paying_account_id = a.id AND s.closed_on <= :on
        ORDER BY s.closed_on, s.number LIMIT 1) first ON true
    WHERE a.confirmed_by IS NOT NULL AND a.valid_from <= :on
        AND (a.retired_at IS NULL OR last.closed_on IS NOT NULL)
        AND (CAST(:county AS uuid) IS NULL OR a.county_id = :county)
    ORDER BY a.county_id NULLS FIRST, a.id
""")
# Of an instalment paid again, a transfer belongs to the payout that was the newest when it was
# posted. A voucher and a line of no payout are the same booking by day, way and amount: both are
# the bank's own. Whatever moved is in some group, so the groups know when money last did.
_GROUPS = text("""
    WITH own AS (
        SELECT f.code FROM fund_line f JOIN organisation o ON o.id = f.holder_id
        WHERE f.payment_mode = 'dedicated_account' AND CASE WHEN CAST(:county AS uuid) IS NULL
            THEN o.kind = 'city_centre' ELSE f.county_id = :county END),
    moved AS (
        SELECT t.id, t.kind, t.refers_to, t.posted_at, t.office_day, CASE
            WHEN t.kind IN ('receive_cash', 'return_cash', 'repay_cash') THEN t.amount_fen
            ELSE -t.amount_fen END AS fen
        FROM ledger_transfer t JOIN ledger_account a ON a.code = t.debit
        JOIN own ON own.code = a.fund_line
        WHERE t.office_day <= :on AND t.kind IN ('receive_cash', 'hand_back_cash', 'pay_cash',
            'return_cash', 'repay_cash', 'offset_cash')),
    paid AS (
        SELECT DISTINCT ON (m.id) m.id, r.number, r.method, m.fen, m.office_day
        FROM moved m JOIN payout_part part ON part.instalment_id = m.refers_to
        JOIN payout p ON p.id = part.payout_id AND p.made_at <= m.posted_at
        JOIN payout_run r ON r.id = p.run_id
        WHERE m.kind IN ('pay_cash', 'return_cash')
        ORDER BY m.id, p.made_at DESC, p.id DESC),
    vouchers AS (
        SELECT c.booked_on, sum(m.fen)::bigint AS fen,
            min(m.office_day) FILTER (WHERE m.office_day > :since) AS late
        FROM moved m JOIN cash_receipt c ON c.id = m.refers_to
        WHERE m.kind IN ('receive_cash', 'hand_back_cash')
        GROUP BY c.voucher, c.kind, c.booked_on),
    book AS (
        SELECT CASE method WHEN 'bank' THEN 'run' ELSE 'run_in_hand' END AS about, number AS of,
            fen, office_day AS moved_on
        FROM paid
        UNION ALL
        SELECT 'booking', concat_ws(' ', to_char(booked_on, 'YYYY-MM-DD'),
            CASE WHEN fen > 0 THEN 'credit' ELSE 'debit' END, abs(fen)), fen, late FROM vouchers
        UNION ALL
        SELECT 'repayments', '', fen, office_day
        FROM moved WHERE kind IN ('repay_cash', 'offset_cash')),
    bank AS (
        SELECT CASE WHEN r.method = 'bank' THEN 'run' WHEN r.id IS NOT NULL THEN 'run_in_hand'
                WHEN l.recoverable_id IS NOT NULL
                THEN 'repayments' ELSE 'booking' END AS about,
            CASE WHEN r.id IS NOT NULL THEN r.number WHEN l.recoverable_id IS NOT NULL THEN ''
                ELSE concat_ws(' ', to_char(l.booked_on, 'YYYY-MM-DD'), l.direction, l.amount_fen)
                END AS of,
            CASE l.direction WHEN 'credit' THEN l.amount_fen ELSE -l.amount_fen END AS fen
        FROM statement_line l JOIN bank_statement s ON s.id = l.statement_id
        LEFT JOIN payout p ON p.id = l.payout_id LEFT JOIN payment_file f ON f.id = l.file_id
        LEFT JOIN payout_run r ON r.id = coalesce(l.run_id, f.run_id, p.run_id)
        WHERE l.paying_account_id = ANY(:accounts) AND s.closed_on <= :on)
    SELECT about, of, sum(bank)::bigint AS bank_fen, sum(book)::bigint AS book_fen,
        sum(greatest(bank, 0))::bigint AS bank_credit_fen,
        sum(greatest(book, 0))::bigint AS book_credit_fen,
        min(moved_on) FILTER (WHERE moved_on > :since) AS moved_since
    FROM (SELECT about, of, fen AS bank, 0 AS book, CAST(NULL AS date) AS moved_on FROM bank
        UNION ALL SELECT about, of, 0, fen, moved_on FROM book) both_sides
    GROUP BY about, of ORDER BY about, of
""")
