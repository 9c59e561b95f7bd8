"""Finds what each line of a return file is about and what it comes to, in the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import polars as pl
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table, Uuid, select, text
from sqlmodel import Session

from app.bank.errors import TotalsDiffer
from app.bank.return_file import ReturnFile as FileRead
from app.core import crypto, db, staging
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.errors import Fault
from app.disbursement.models import PayoutState
from app.reconciliation.models import LineOutcome, ReturnKind
from app.reconciliation.rules import MOVES

_LINES_AT_ONCE = 50_000
_SAID = (
    ("line_no", Integer()),
    ("seq", Integer()),
    ("account_index", LargeBinary()),
    ("amount_fen", BigInteger()),
    ("said", String()),
    ("reason_code", String()),
    ("reason", String()),
    ("number", String()),
    ("file_id", Uuid()),
)
_READ = [name for name, _ in _SAID if name != "file_id"]


@dataclass(frozen=True, kw_only=True)
class About:
    """Whose lines a file holds: one payment file's, or any of a county, or (None) of the city."""

    county_id: UUID | None
    file_id: UUID | None = None


def match(session: Session, read: FileRead, about: About, *, kind: ReturnKind, by: Actor) -> Table:
    """The lines with the payout each is about and what it comes to, in a temporary table.

    Where the file has a rest, the lines that the bank left out follow beyond the end of its own.
    Then a line that is none of the file's hides which one it was: raises TotalsDiffer with every
    such line.
    """
    said = staging.empty(session, "bank_said", [Column(*each) for each in _SAID])
    db.copy_pieces(session, said.name, _READ, _as_csv(read))
    told: dict[str, object] = {"file": about.file_id, "county": about.county_id}
    with db.city_scope(session, by):
        if read.table.select((pl.col("number") != "").any()).item():
            session.execute(text(_NAMED.format(said=said.name)), told)
        if read.rest is not None:
            last = read.table.select(pl.col("line_no").max()).item() or 0
            rest = {**read.rest._asdict(), "file": about.file_id, "last": last + 1}
            session.execute(text(_THE_REST.format(said=said.name)), rest)
    staging.count_rows(session, said)
    lines = staging.empty(
        session,
        "bank_line",
        [
            Column("line_no", Integer),
            Column("payout_id", Uuid()),
            Column("school_id", Uuid()),
            Column("county_id", Uuid()),
            Column("come_from", TextEnum(PayoutState)),
            Column("outcome", TextEnum(LineOutcome)),
            Column("amount_fen", BigInteger),
            Column("reason_code", String),
            Column("reason", String),
        ],
    )
    told["reversal"] = kind is ReturnKind.REVERSAL
    with db.city_scope(session, by):
        session.execute(text(_MATCH.format(said=said.name, lines=lines.name)), told)
    staging.count_rows(session, lines)
    if read.rest is not None:
        _refuse_strangers(session, lines)
    return lines


def _as_csv(read: FileRead) -> Iterator[bytes]:
    """The lines as the staging table takes them, some thousands at a time; accounts as indexes."""
    for piece in read.table.iter_slices(_LINES_AT_ONCE):
        accounts = [account or None for account in piece["account"]]
        indexes = crypto.blind_indexes(accounts, table="bank_account", column="number")
        account = r"\x" + pl.Series(indexes, dtype=pl.Binary).bin.encode("hex")
        fen, said, number = pl.col("amount_fen"), pl.col("reason_text"), pl.col("number")
        rows = piece.select(
            "line_no",
            "seq",
            account.alias("account_index"),
            pl.when(fen > 0).then(fen),
            "outcome",
            "reason_code",
            pl.when(said != "").then(said),
            pl.when(number != "").then(number),
        )
        yield rows.write_csv(include_header=False).encode()


def _refuse_strangers(session: Session, lines: Table) -> None:
    strange = lines.c.outcome.in_([LineOutcome.UNMATCHED, LineOutcome.AMOUNT_DIFFERS])
    found = session.execute(
        select(lines.c.line_no).where(strange).order_by(lines.c.line_no)
    ).scalars()
    faults = [_stranger(line_no) for line_no in found]
    if faults:
        raise TotalsDiffer(
            f"回单中有 {len(faults)} 行不是该代发文件的明细，未列出的明细是否入账无法断定，"
            "整份未接收。请银行重发。",
            f"{len(faults)} line(s) of the answer are none of the payment file's, so what became "
            "of those it does not list cannot be told; nothing was taken. Ask the bank for it "
            "again.",
            faults=faults,
        )


def _stranger(line_no: int) -> Fault:
    zh, en = "序号、账号、金额与代发文件不符", "number, account and amount are none of the file's"
    return Fault(
        "line_not_sent", f"第 {line_no} 行：{zh}", f"Line {line_no}: {en}", f"line {line_no}"
    )


# A message names the payout; its line in the file, and whose account it was, stand here.
_NAMED = """
    UPDATE {said} s SET file_id = p.file_id, seq = p.file_line,
        account_index = coalesce(s.account_index, b.number_index, c.number_index),
        amount_fen = coalesce(s.amount_fen, p.amount_fen)
    FROM payout p
    LEFT JOIN bank_account b ON b.id = p.account_id
    LEFT JOIN school_account c ON c.id = p.school_account_id
    WHERE p.number = s.number AND p.file_id IS NOT NULL
        AND (CAST(:file AS uuid) IS NULL OR p.file_id = :file)
        AND (CAST(:county AS uuid) IS NULL OR p.county_id = :county)
"""
_THE_REST = """
    INSERT INTO {said} (line_no, seq, account_index, amount_fen, said, reason_code, reason)
    SELECT :last + row_number() OVER (ORDER BY p.file_line), p.file_line,
        coalesce(b.number_index, c.number_index), p.amount_fen, :outcome, :reason_code, :reason
    FROM payout p LEFT JOIN bank_account b ON b.id = p.account_id
    LEFT JOIN school_account c ON c.id = p.school_account_id
    WHERE p.file_id = :file AND p.file_line NOT IN (SELECT seq FROM {said})
"""
_KNOWN_OUTCOMES = ", ".join(
    f"('{state.value}', '{said}', '{outcome.value}')"
    for state, words in MOVES.items()
    for said, outcome in words.items()
)
_MATCH = f"""
    INSERT INTO {{lines}}
    SELECT s.line_no, CASE WHEN m.same THEN m.id END, CASE WHEN m.same THEN m.school_id END,
        CASE WHEN m.same THEN m.county_id ELSE :county END, CASE WHEN m.same THEN m.state END,
        CASE WHEN m.same IS NOT TRUE THEN 'unmatched'
            WHEN m.amount_fen <> s.amount_fen THEN 'amount_differs'
            WHEN s.said = 'returned' AND EXISTS (
                SELECT FROM payout_part part JOIN recoverable r USING (instalment_id)
                WHERE part.payout_id = m.id AND r.settled_fen > 0) THEN 'contradicts'
            -- Sent back in words not listed: the money may be on its way.
            WHEN :reversal AND s.said = 'unknown' AND m.state IN ('paid', 'failed')
                THEN 'contradicts'
            ELSE known.outcome END,
        coalesce(s.amount_fen, 0), s.reason_code, s.reason
    FROM {{said}} s
    LEFT JOIN LATERAL (
        SELECT p.id, p.school_id, p.county_id, p.state, p.amount_fen,
            coalesce(b.number_index, c.number_index) = s.account_index AS same
        FROM payout p LEFT JOIN bank_account b ON b.id = p.account_id
        LEFT JOIN school_account c ON c.id = p.school_account_id
        WHERE p.file_id = coalesce(s.file_id, :file) AND p.file_line = s.seq) m ON true
    LEFT JOIN (VALUES {_KNOWN_OUTCOMES}) AS known (state, said, outcome)
        ON known.state = m.state AND known.said = s.said
"""  # noqa: S608 own text and enumerations
