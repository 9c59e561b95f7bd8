"""Supplementary instalments (补发): what a later rate adds to awards, committed like any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import BigInteger, Column, Integer, String, Table, Uuid, literal, select, text
from sqlmodel import Session, col

from app.audit import service as audit
from app.awards.errors import BudgetExhausted
from app.awards.models import Award, Instalment
from app.awards.waiting import shares_of
from app.budgets import queries as budget_queries
from app.budgets import service as budgets
from app.core import clock, db, ids, staging
from app.core.actor import Actor
from app.core.money import split_by_basis_points
from app.ledger import service as ledger
from app.ledger.errors import Overdrawn
from app.ledger.models import TransferKind
from app.ledger.service import MoveResult
from app.policy.queries import LoadedVersion


@dataclass(frozen=True)
class Supplement:
    """What one award gets more, in fen, and the version it is brought up to."""

    award_id: UUID
    amount_fen: int
    version: LoadedVersion


_INSTALMENTS = """
INSERT INTO instalment (id, award_id, school_id, county_id, seq, due_on, fiscal_year, amount_fen,
    state, supplement_version_id)
SELECT s.instalment_id, a.id, a.school_id, a.county_id,
    (SELECT max(i.seq) + 1 FROM instalment i WHERE i.award_id = a.id), :today, :year,
    s.amount_fen, 'committed', s.version_id
FROM {supplements} s JOIN award a ON a.id = s.award_id
"""
_SHARES = """
INSERT INTO instalment_share (instalment_id, fund_line_id, school_id, county_id, amount_fen)
SELECT s.instalment_id, l.id, a.school_id, a.county_id, p.share_fen
FROM {supplements} s JOIN award a ON a.id = s.award_id
JOIN {shares} p ON p.version_id = s.version_id AND p.amount_fen = s.amount_fen
JOIN fund_line l ON l.fiscal_year = :year AND l.programme = a.programme AND l.source = p.source
    AND l.holder_id = a.county_id
"""


def supplement(
    session: Session, rows: Sequence[Supplement], *, batch: UUID, by: Actor
) -> MoveResult:
    """Gives each award one more instalment, due today, and commits its money.

    The caller has locked the awards. A fixed number of statements. Raises BudgetExhausted with
    every fund line that is short; then nothing is written.
    """
    if not rows:
        return MoveResult(0, 0)
    year = clock.office_day().year
    supplements = _supplements(session, rows)
    shares = _shares(session, rows)
    keys = (
        select(literal(year, Integer), col(Award.programme), shares.c.source, col(Award.county_id))
        .select_from(supplements)
        .join(Award, col(Award.id) == supplements.c.award_id)
        .join(shares, shares.c.version_id == supplements.c.version_id)
        .distinct()
    )
    budgets.ensure_fund_lines(session, keys)
    named = {"supplements": supplements.name, "shares": shares.name}
    told = {"today": clock.office_day(), "year": year}
    session.execute(text(_INSTALMENTS.format(**named)), told)
    session.execute(text(_SHARES.format(**named)), {"year": year})
    made = select(supplements.c.instalment_id)
    try:
        moved = ledger.move(
            session, kind=TransferKind.COMMIT, batch=batch, by=by, lines=shares_of(made)
        )
    except Overdrawn as overdrawn:
        words = budget_queries.words_of(session, [short.fund_line for short in overdrawn.shorts])
        raise BudgetExhausted(overdrawn.shorts, words) from overdrawn
    audit.note(
        session,
        by=by,
        did="award.supplemented",
        records=select(col(Instalment.id)).where(col(Instalment.id).in_(made)),
        detail={"batch": str(batch), "amount_fen": moved.amount_fen},
    )
    return moved


def _supplements(session: Session, rows: Sequence[Supplement]) -> Table:
    columns: list[Column[Any]] = [
        Column("award_id", Uuid()),
        Column("version_id", Uuid()),
        Column("amount_fen", BigInteger),
        Column("instalment_id", Uuid()),
    ]
    table = staging.empty(session, "supplements", columns)
    frame = pl.DataFrame(
        {
            "award_id": [str(row.award_id) for row in rows],
            "version_id": [str(row.version.id) for row in rows],
            "amount_fen": [row.amount_fen for row in rows],
            "instalment_id": [str(each) for each in ids.new_many(len(rows))],
        }
    )
    db.copy_rows(session, table.name, frame.columns, frame.write_csv(include_header=False).encode())
    staging.count_rows(session, table)
    return table


def _shares(session: Session, rows: Sequence[Supplement]) -> Table:
    """How each amount is split over its version's sources; one row an amount and source."""
    table = staging.empty(
        session,
        "supplement_shares",
        [
            Column("version_id", Uuid()),
            Column("amount_fen", BigInteger),
            Column("source", String),
            Column("share_fen", BigInteger),
        ],
    )
    kinds = {(row.version.id, row.amount_fen): row.version.version for row in rows}
    split = [
        {"version_id": version_id, "amount_fen": fen, "source": share.source, "share_fen": part}
        for (version_id, fen), version in kinds.items()
        for share, part in zip(
            version.funding,
            split_by_basis_points(fen, [share.basis_points for share in version.funding]),
            strict=True,
        )
        if part
    ]
    session.execute(table.insert(), split)
    staging.count_rows(session, table)
    return table
