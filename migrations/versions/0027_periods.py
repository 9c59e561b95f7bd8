"""periods: closed months and years, what becomes of a line at its year's end, corrections"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_BEFORE = (
    "'appropriate', 'recall', 'commit', 'release_commitment', 'send', 'pay', 'fail', 'return', "
    "'recover', 'undo_recover', 'repay', 'write_off', 'offset'"
)
_CASH = (
    "'receive_cash', 'hand_back_cash', 'send_cash', 'pay_cash', 'fail_cash', 'return_cash', "
    "'repay_cash', 'offset_cash'"
)


def upgrade() -> None:
    """Goes to this revision."""
    _know_kinds(f"{_BEFORE}, 'lapse', {_CASH}")
    op.add_column("ledger_transfer", sa.Column("corrects", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_ledger_transfer_corrects"),
        "ledger_transfer",
        "ledger_transfer",
        ["corrects"],
        ["id"],
    )
    op.create_check_constraint(
        op.f("ck_ledger_transfer_corrects_earlier"), "ledger_transfer", "corrects < id"
    )
    op.create_index(
        "ix_ledger_transfer_corrects",
        "ledger_transfer",
        ["corrects"],
        postgresql_where=sa.text("corrects IS NOT NULL"),
    )
    _months_and_years()
    _year_ends()


def _know_kinds(kinds: str) -> None:
    name = op.f("ck_ledger_transfer_kind_known")
    op.drop_constraint(name, "ledger_transfer", type_="check")
    op.create_check_constraint(name, "ledger_transfer", f"kind IN ({kinds})")


def _months_and_years() -> None:
    op.create_table(
        "ledger_month",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("balances", postgresql.JSONB(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_ledger_month")),
    )
    access.allow("ledger_month", access.READ_ADD)
    op.create_table(
        "closed_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("carried_fen", sa.BigInteger(), nullable=False),
        sa.Column("lapsed_fen", sa.BigInteger(), nullable=False),
        sa.Column("instalments", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Uuid(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "carried_fen >= 0 AND lapsed_fen >= 0", name=op.f("ck_closed_year_not_negative")
        ),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_closed_year")),
    )
    access.allow("closed_year", access.READ_ADD)


def _year_ends() -> None:
    table = "fund_line_year_end"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_line_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("because", sa.String(200), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rule IN ('carry', 'release')", name=op.f(f"ck_{table}_rule_known")),
        sa.ForeignKeyConstraint(
            ["fund_line_id"], ["fund_line.id"], name=op.f(f"fk_{table}_fund_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f(f"fk_{table}_county_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_fund_line_year_end_line", table, ["fund_line_id"])
    access.secure(table, access.READ_ADD, access.BY_COUNTY)


def downgrade() -> None:
    """Goes back to the one before, where no period was closed and nothing corrected."""
    keeping.refuse_losing(
        "ledger_month",
        "closed_year",
        "fund_line_year_end",
        "ledger_transfer WHERE corrects IS NOT NULL",
        "ledger_transfer WHERE kind = 'lapse'",
    )
    for table in ("fund_line_year_end", "closed_year", "ledger_month"):
        op.drop_table(table)
    op.drop_index("ix_ledger_transfer_corrects", "ledger_transfer")
    op.drop_constraint(
        op.f("ck_ledger_transfer_corrects_earlier"), "ledger_transfer", type_="check"
    )
    op.drop_constraint(op.f("fk_ledger_transfer_corrects"), "ledger_transfer", type_="foreignkey")
    op.drop_column("ledger_transfer", "corrects")
    _know_kinds(f"{_BEFORE}, {_CASH}")
