"""days: closed, sealed and chained; the day a transfer belongs to"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.add_column("ledger_transfer", sa.Column("occurred_on", sa.Date(), nullable=True))
    op.execute("UPDATE ledger_transfer SET occurred_on = office_day")
    op.alter_column("ledger_transfer", "occurred_on", nullable=False)
    op.create_check_constraint(
        op.f("ck_ledger_transfer_posted_not_before"),
        "ledger_transfer",
        "occurred_on <= office_day",
    )
    op.create_table(
        "ledger_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("transfers", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("signed_by", sa.String(64), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("transfers >= 0", name=op.f("ck_ledger_day_count_not_negative")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ledger_day")),
    )
    access.allow("ledger_day", access.READ_ADD)
    op.create_table(
        "ledger_leaf",
        sa.Column("transfer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["ledger_day.day"], name=op.f("fk_ledger_leaf_day")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_ledger_leaf")),
    )
    op.create_index(op.f("ix_ledger_leaf_day"), "ledger_leaf", ["day"])
    access.allow("ledger_leaf", access.READ_ADD)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing("ledger_day", "ledger_leaf", "ledger_transfer")
    op.drop_table("ledger_leaf")
    op.drop_table("ledger_day")
    op.drop_constraint(op.f("ck_ledger_transfer_posted_not_before"), "ledger_transfer")
    op.drop_column("ledger_transfer", "occurred_on")
