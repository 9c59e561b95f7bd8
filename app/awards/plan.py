"""How awards are paid: the instalments of each amount under each policy version."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    String,
    Table,
    Uuid,
    insert,
    select,
)
from sqlmodel import Session

from app.core import staging
from app.policy import engine
from app.policy import queries as policy
from app.policy.queries import LoadedVersion


def write_plan(session: Session, cases: Table, *, period: str) -> Table:
    """A temporary table of what the staged cases are paid, one row an instalment and source.

    Columns: policy_version_id and award_fen (which cases), seq, due_on, fiscal_year,
    instalment_fen, source, share_fen, and `leads`, true on one row of each instalment. Raises
    PeriodInvalid when the programme is not applied for by such a period.
    """
    table = staging.empty(
        session,
        "plan",
        [
            Column("policy_version_id", Uuid()),
            Column("award_fen", BigInteger),
            Column("seq", Integer),
            Column("due_on", Date),
            Column("fiscal_year", Integer),
            Column("instalment_fen", BigInteger),
            Column("source", String),
            Column("share_fen", BigInteger),
            Column("leads", Boolean),
        ],
    )
    kinds = session.execute(select(cases.c.policy_version_id, cases.c.amount_fen).distinct()).all()
    versions = policy.version_by_id(session, {version_id for version_id, _ in kinds})
    rows = [
        row
        for version_id, amount_fen in kinds
        for row in _rows(versions[version_id], period, amount_fen)
    ]
    if rows:
        session.execute(insert(table), rows)
    staging.count_rows(session, table)
    return table


def _rows(loaded: LoadedVersion, period: str, amount_fen: int) -> list[dict[str, object]]:
    planned = engine.instalments(loaded.version, loaded.programme, period, amount_fen)
    return [
        {
            "policy_version_id": loaded.id,
            "award_fen": amount_fen,
            "seq": instalment.seq,
            "due_on": instalment.due_on,
            "fiscal_year": instalment.fiscal_year,
            "instalment_fen": instalment.amount_fen,
            "source": source,
            "share_fen": fen,
            "leads": place == 0,
        }
        for instalment in planned
        for place, (source, fen) in enumerate(share for share in instalment.shares if share[1])
    ]
