"""bank formats: the bank's own name of an account, and files by bank"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.add_column("bank_account", sa.Column("name_as_at_bank", sa.String(80), nullable=True))
    op.add_column(
        "payment_file", sa.Column("banks", sa.String(32), nullable=False, server_default="all")
    )
    op.alter_column("payment_file", "banks", server_default=None)
    op.create_check_constraint(
        op.f("ck_payment_file_banks_known"), "payment_file", "banks IN ('all', 'own', 'other')"
    )
    _names()


def _names() -> None:
    table = "bank_name_proposal"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("because", sa.String(200), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'replaced')", name=op.f(f"ck_{table}_state_known")
        ),
        sa.CheckConstraint(
            "confirmed_by IS DISTINCT FROM proposed_by", name=op.f(f"ck_{table}_second_person")
        ),
        sa.CheckConstraint(
            "(state = 'confirmed') = (confirmed_by IS NOT NULL)",
            name=op.f(f"ck_{table}_confirmed_by_one"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["bank_account.id"], name=op.f(f"fk_{table}_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f(f"fk_{table}_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f(f"fk_{table}_county_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(
        "uq_bank_name_proposal_open",
        table,
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_index("ix_bank_name_proposal_account_id", table, ["account_id"])
    access.secure(table, access.READ_ADD_CHANGE, access.BY_SCHOOL)


def downgrade() -> None:
    """Goes back to the one before, where nothing of this was used."""
    keeping.refuse_losing(
        "bank_name_proposal",
        "bank_account WHERE name_as_at_bank IS NOT NULL",
        "payment_file WHERE banks <> 'all'",
    )
    op.drop_table("bank_name_proposal")
    op.drop_constraint(op.f("ck_payment_file_banks_known"), "payment_file", type_="check")
    op.drop_column("payment_file", "banks")
    op.drop_column("bank_account", "name_as_at_bank")
