"""money promised: fund lines, appropriations, ledger, awards"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "ledger_account",
        sa.Column("code", sa.String(120), nullable=False),
        sa.Column("fund_line", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("debits_fen", sa.BigInteger(), nullable=False),
        sa.Column("credits_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind = 'treasury' OR credits_fen >= debits_fen",
            name=op.f("ck_ledger_account_not_overdrawn"),
        ),
        sa.CheckConstraint(
            "kind IN ('treasury', 'available', 'committed', 'in_transit', 'paid', "
            "'recoverable', 'returned_to_treasury')",
            name=op.f("ck_ledger_account_kind_known"),
        ),
        sa.CheckConstraint(
            "debits_fen >= 0 AND credits_fen >= 0", name=op.f("ck_ledger_account_sums_not_negative")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ledger_account")),
    )
    op.create_index(
        op.f("ix_ledger_account_fund_line"), "ledger_account", ["fund_line"], unique=False
    )
    op.create_table(
        "fund_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("holder_id = county_id", name=op.f("ck_fund_line_holder_sees")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_fund_line_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["organisation.id"], name=op.f("fk_fund_line_holder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_line")),
        sa.UniqueConstraint("code", name=op.f("uq_fund_line_code")),
    )
    op.create_index(
        "uq_fund_line_key",
        "fund_line",
        ["fiscal_year", "programme", "source", "holder_id"],
        unique=True,
    )
    op.create_table(
        "ledger_transfer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("debit", sa.String(120), nullable=False),
        sa.Column("credit", sa.String(120), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("refers_to", sa.Uuid(), nullable=False),
        sa.Column("batch", sa.Uuid(), nullable=False),
        sa.Column("office_day", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('appropriate', 'recall', 'commit', 'release_commitment', 'send', "
            "'pay', 'fail', 'return')",
            name=op.f("ck_ledger_transfer_kind_known"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_ledger_transfer_amount_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_transfer_two_accounts")),
        sa.ForeignKeyConstraint(
            ["credit"], ["ledger_account.code"], name=op.f("fk_ledger_transfer_credit")
        ),
        sa.ForeignKeyConstraint(
            ["debit"], ["ledger_account.code"], name=op.f("fk_ledger_transfer_debit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfer")),
    )
    op.create_index("ix_ledger_transfer_batch", "ledger_transfer", ["batch"], unique=False)
    op.create_index(
        op.f("ix_ledger_transfer_office_day"), "ledger_transfer", ["office_day"], unique=False
    )
    op.create_index("ix_ledger_transfer_refers_to", "ledger_transfer", ["refers_to"], unique=False)
    op.create_index(
        "uq_ledger_transfer_once",
        "ledger_transfer",
        ["batch", "refers_to", "debit", "credit"],
        unique=True,
    )
    op.create_table(
        "appropriation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_number", sa.String(80), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("fund_line_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('advance', 'this', 'recall')", name=op.f("ck_appropriation_kind_known")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_appropriation_amount_positive")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_appropriation_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_line_id"], ["fund_line.id"], name=op.f("fk_appropriation_fund_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["document.id"], name=op.f("fk_appropriation_scan_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appropriation")),
    )
    op.create_index(
        op.f("ix_appropriation_fund_line_id"), "appropriation", ["fund_line_id"], unique=False
    )
    op.create_index(
        "uq_appropriation_document",
        "appropriation",
        ["document_number", "fund_line_id", "kind"],
        unique=True,
    )
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=False),
        sa.Column("hardship", sa.Integer(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("decision_batch_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('provisional', 'granted', 'cancelled')", name=op.f("ck_award_state_known")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_award_amount_positive")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_award_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_award_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_version_id"], ["policy_version.id"], name=op.f("fk_award_policy_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_award_school_id")
        ),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_award_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("application_id", name=op.f("uq_award_application_id")),
    )
    op.create_index("ix_award_school", "award", ["school_id", "programme", "period"], unique=False)
    op.create_index("ix_award_student", "award", ["student_id", "programme"], unique=False)
    op.create_table(
        "instalment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.CheckConstraint(
            "state IN ('awaiting_appropriation', 'committed', 'in_run', 'paid', 'cancelled')",
            name=op.f("ck_instalment_state_known"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_instalment_amount_positive")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_instalment_award_id")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_instalment_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_instalment_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instalment")),
    )
    op.create_index("ix_instalment_due", "instalment", ["state", "due_on"], unique=False)
    op.create_index(
        "ix_instalment_school_state", "instalment", ["school_id", "state"], unique=False
    )
    op.create_index("uq_instalment_seq", "instalment", ["award_id", "seq"], unique=True)
    op.create_table(
        "instalment_share",
        sa.Column("instalment_id", sa.Uuid(), nullable=False),
        sa.Column("fund_line_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_instalment_share_amount_positive")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_instalment_share_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["fund_line_id"], ["fund_line.id"], name=op.f("fk_instalment_share_fund_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["instalment_id"], ["instalment.id"], name=op.f("fk_instalment_share_instalment_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_instalment_share_school_id")
        ),
        sa.PrimaryKeyConstraint("instalment_id", "fund_line_id", name=op.f("pk_instalment_share")),
    )
    op.create_index(
        "ix_instalment_share_fund_line", "instalment_share", ["fund_line_id"], unique=False
    )
    access.allow("ledger_account", access.READ_ADD_CHANGE)
    access.secure("fund_line", access.READ_ADD, access.BY_COUNTY)
    access.allow("ledger_transfer", access.READ_ADD)
    access.secure("appropriation", access.READ_ADD, access.BY_COUNTY)
    access.secure("award", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("instalment", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("instalment_share", access.READ_ADD, access.BY_SCHOOL)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "appropriation",
        "award",
        "fund_line",
        "instalment",
        "instalment_share",
        "ledger_account",
        "ledger_transfer",
    )
    op.drop_index("ix_instalment_share_fund_line", table_name="instalment_share")
    op.drop_table("instalment_share")
    op.drop_index("uq_instalment_seq", table_name="instalment")
    op.drop_index("ix_instalment_school_state", table_name="instalment")
    op.drop_index("ix_instalment_due", table_name="instalment")
    op.drop_table("instalment")
    op.drop_index("ix_award_student", table_name="award")
    op.drop_index("ix_award_school", table_name="award")
    op.drop_table("award")
    op.drop_index("uq_appropriation_document", table_name="appropriation")
    op.drop_index(op.f("ix_appropriation_fund_line_id"), table_name="appropriation")
    op.drop_table("appropriation")
    op.drop_index("uq_ledger_transfer_once", table_name="ledger_transfer")
    op.drop_index("ix_ledger_transfer_refers_to", table_name="ledger_transfer")
    op.drop_index(op.f("ix_ledger_transfer_office_day"), table_name="ledger_transfer")
    op.drop_index("ix_ledger_transfer_batch", table_name="ledger_transfer")
    op.drop_table("ledger_transfer")
    op.drop_index("uq_fund_line_key", table_name="fund_line")
    op.drop_table("fund_line")
    op.drop_index(op.f("ix_ledger_account_fund_line"), table_name="ledger_account")
    op.drop_table("ledger_account")
