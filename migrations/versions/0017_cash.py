"""cash: where it is kept, what came and went back; subjects of appropriations"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MODES = "('dedicated_account', 'treasury_direct')"
PLACES = (
    "'treasury', 'available', 'committed', 'in_transit', 'paid', 'recoverable', "
    "'returned_to_treasury'"
)
REASONS = (
    "'appropriate', 'recall', 'commit', 'release_commitment', 'send', 'pay', 'fail', 'return', "
    "'recover', 'undo_recover'"
)


def upgrade() -> None:
    """Goes to this revision."""
    _know_kinds(
        f"{PLACES}, 'cash_source', 'cash', 'cash_sent', 'cash_paid'",
        f"{REASONS}, 'receive_cash', 'hand_back_cash', 'send_cash', 'pay_cash', 'fail_cash', "
        "'return_cash'",
        "'advance', 'this', 'direct', 'recall'",
        "kind IN ('treasury', 'cash_source')",
    )
    op.add_column(
        "fund_line",
        sa.Column("payment_mode", sa.String(32), nullable=False, server_default="treasury_direct"),
    )
    op.alter_column("fund_line", "payment_mode", server_default=None)
    op.create_check_constraint(
        op.f("ck_fund_line_payment_mode_known"), "fund_line", f"payment_mode IN {MODES}"
    )
    op.add_column("appropriation", sa.Column("functional_subject", sa.String(7), nullable=True))
    op.add_column("appropriation", sa.Column("economic_subject", sa.String(5), nullable=True))
    _create_modes()
    _create_receipts()


def _create_modes() -> None:
    op.create_table(
        "holder_payment_mode",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("from_year", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("because", sa.String(200), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"mode IN {MODES}", name=op.f("ck_holder_payment_mode_mode_known")),
        sa.CheckConstraint(
            "holder_id = county_id", name=op.f("ck_holder_payment_mode_holder_sees")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["organisation.id"], name=op.f("fk_holder_payment_mode_holder_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_holder_payment_mode_county_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holder_payment_mode")),
    )
    op.create_index(
        "uq_holder_payment_mode_year",
        "holder_payment_mode",
        ["holder_id", "from_year"],
        unique=True,
    )
    access.secure("holder_payment_mode", access.READ_ADD, access.BY_COUNTY)


def _create_receipts() -> None:
    op.create_table(
        "cash_receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("voucher", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("fund_line_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('received', 'handed_back')", name=op.f("ck_cash_receipt_kind_known")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_cash_receipt_amount_positive")),
        sa.ForeignKeyConstraint(
            ["fund_line_id"], ["fund_line.id"], name=op.f("fk_cash_receipt_fund_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_cash_receipt_county_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_receipt")),
    )
    op.create_index(
        "uq_cash_receipt_voucher", "cash_receipt", ["voucher", "fund_line_id", "kind"], unique=True
    )
    op.create_index(op.f("ix_cash_receipt_fund_line_id"), "cash_receipt", ["fund_line_id"])
    access.secure("cash_receipt", access.READ_ADD, access.BY_COUNTY)


def _know_kinds(places: str, reasons: str, documents: str, outside: str) -> None:
    for table, name, rule in (
        ("ledger_account", "kind_known", f"kind IN ({places})"),
        ("ledger_account", "not_overdrawn", f"{outside} OR credits_fen >= debits_fen"),
        ("ledger_transfer", "kind_known", f"kind IN ({reasons})"),
        ("appropriation", "kind_known", f"kind IN ({documents})"),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "holder_payment_mode",
        "cash_receipt",
        "appropriation WHERE functional_subject IS NOT NULL OR economic_subject IS NOT NULL",
        "appropriation WHERE kind = 'direct'",
        "fund_line WHERE payment_mode <> 'treasury_direct'",
    )
    op.drop_table("cash_receipt")
    op.drop_table("holder_payment_mode")
    op.drop_column("appropriation", "economic_subject")
    op.drop_column("appropriation", "functional_subject")
    op.drop_column("fund_line", "payment_mode")
    _know_kinds(PLACES, REASONS, "'advance', 'this', 'recall'", "kind = 'treasury'")
