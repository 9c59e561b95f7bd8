"""money sent: runs, payouts, files, return lines, worklist"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "payout_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("due_to", sa.Date(), nullable=False),
        sa.Column("bank_format", sa.String(40), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('due', 'reissue')", name=op.f("ck_payout_run_kind_known")),
        sa.CheckConstraint(
            "state IN ('open', 'released', 'cancelled')", name=op.f("ck_payout_run_state_known")
        ),
        sa.CheckConstraint(
            "released_by IS DISTINCT FROM opened_by", name=op.f("ck_payout_run_second_person")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_payout_run_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["organisation.id"], name=op.f("fk_payout_run_holder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_run")),
        sa.UniqueConstraint("number", name=op.f("uq_payout_run_number")),
    )
    op.create_table(
        "payment_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("bank_format", sa.String(40), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("accounts_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_payment_file_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_payment_file_document_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["payout_run.id"], name=op.f("fk_payment_file_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_file")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_file_number")),
    )
    op.create_index("uq_payment_file_part", "payment_file", ["run_id", "part"], unique=True)
    op.create_table(
        "payment_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_because", sa.String(200), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_payment_hold_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_payment_hold_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_payment_hold_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_hold")),
    )
    op.create_index(
        "ix_payment_hold_live",
        "payment_hold",
        ["student_id"],
        unique=False,
        postgresql_where="lifted_at IS NULL",
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reissue_of", sa.Uuid(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("file_line", sa.Integer(), nullable=True),
        sa.Column("bank_reason", sa.String(120), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('held', 'ready', 'cancelled')) = (file_id IS NULL)",
            name=op.f("ck_payout_sent_in_file"),
        ),
        sa.CheckConstraint(
            "state IN ('held', 'ready', 'sent', 'paid', 'failed', 'returned', 'unknown', "
            "'cancelled')",
            name=op.f("ck_payout_state_known"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payout_amount_positive")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["bank_account.id"], name=op.f("fk_payout_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_payout_county_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["payment_file.id"], name=op.f("fk_payout_file_id")),
        sa.ForeignKeyConstraint(["reissue_of"], ["payout.id"], name=op.f("fk_payout_reissue_of")),
        sa.ForeignKeyConstraint(["run_id"], ["payout_run.id"], name=op.f("fk_payout_run_id")),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_payout_school_id")
        ),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_payout_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("number", name=op.f("uq_payout_number")),
    )
    op.create_index("ix_payout_run_state", "payout", ["run_id", "state"], unique=False)
    op.create_index("ix_payout_school_state", "payout", ["school_id", "state"], unique=False)
    op.create_index("ix_payout_student", "payout", ["student_id"], unique=False)
    op.create_index(
        "uq_payout_file_line",
        "payout",
        ["file_id", "file_line"],
        unique=True,
        postgresql_where="file_id IS NOT NULL",
    )
    op.create_index(
        "uq_payout_reissue_of",
        "payout",
        ["reissue_of"],
        unique=True,
        postgresql_where="reissue_of IS NOT NULL AND state <> 'cancelled'",
    )
    op.create_table(
        "return_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payment_file_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reply', 'reversal')", name=op.f("ck_return_file_kind_known")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_return_file_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_return_file_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_file_id"], ["payment_file.id"], name=op.f("fk_return_file_payment_file_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_file")),
    )
    op.create_index(
        "uq_return_file_once", "return_file", ["payment_file_id", "sha256"], unique=True
    )
    op.create_table(
        "payout_finding",
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "finding IN ('no_account', 'account_unconfirmed', 'holder_differs', "
            "'shared_across_households', 'enrolment_unconfirmed', 'not_enrolled', "
            "'identity_provisional', 'over_award', 'on_hold', 'name_unfit_for_bank')",
            name=op.f("ck_payout_finding_finding_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_payout_finding_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payout.id"], name=op.f("fk_payout_finding_payout_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_payout_finding_school_id")
        ),
        sa.PrimaryKeyConstraint("payout_id", "finding", name=op.f("pk_payout_finding")),
    )
    op.create_table(
        "return_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("return_file_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=True),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason_code", sa.String(40), nullable=True),
        sa.Column("reason", sa.String(120), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('paid', 'failed', 'returned', 'unknown', 'amount_differs', "
            "'duplicate', 'contradicts', 'unmatched')",
            name=op.f("ck_return_line_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_return_line_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payout.id"], name=op.f("fk_return_line_payout_id")
        ),
        sa.ForeignKeyConstraint(
            ["return_file_id"], ["return_file.id"], name=op.f("fk_return_line_return_file_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_return_line_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_line")),
    )
    op.create_index("ix_return_line_payout", "return_line", ["payout_id"], unique=False)
    op.create_index("uq_return_line_no", "return_line", ["return_file_id", "line_no"], unique=True)
    op.create_table(
        "payout_part",
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("instalment_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payout_part_amount_positive")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_payout_part_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["instalment_id"], ["instalment.id"], name=op.f("fk_payout_part_instalment_id")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payout.id"], name=op.f("fk_payout_part_payout_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_payout_part_school_id")
        ),
        sa.PrimaryKeyConstraint("payout_id", "instalment_id", name=op.f("pk_payout_part")),
    )
    op.create_index(
        "uq_payout_part_live",
        "payout_part",
        ["instalment_id"],
        unique=True,
        postgresql_where="live",
    )
    op.create_table(
        "work_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("return_line_id", sa.BigInteger(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=True),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(120), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("done_because", sa.String(200), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('paid', 'failed', 'returned', 'unknown', 'amount_differs', "
            "'duplicate', 'contradicts', 'unmatched')",
            name=op.f("ck_work_item_kind_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'done')", name=op.f("ck_work_item_state_known")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_work_item_county_id")
        ),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_work_item_payout_id")),
        sa.ForeignKeyConstraint(
            ["return_line_id"], ["return_line.id"], name=op.f("fk_work_item_return_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_work_item_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_item")),
    )
    op.create_index("ix_work_item_payout", "work_item", ["payout_id"], unique=False)
    op.create_index("ix_work_item_state", "work_item", ["state", "kind"], unique=False)
    op.create_index("uq_work_item_line", "work_item", ["return_line_id"], unique=True)
    access.secure("payout_run", access.READ_ADD_CHANGE, access.BY_COUNTY)
    access.secure("payment_file", access.READ_ADD, access.BY_COUNTY)
    access.secure("payment_hold", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("payout", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("return_file", access.READ_ADD, access.BY_COUNTY)
    access.secure("payout_finding", access.ALL, access.BY_SCHOOL)
    access.secure("return_line", access.READ_ADD, access.BY_SCHOOL)
    access.secure("payout_part", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("work_item", access.READ_ADD_CHANGE, access.BY_SCHOOL)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "payment_file",
        "payment_hold",
        "payout",
        "payout_finding",
        "payout_part",
        "payout_run",
        "return_file",
        "return_line",
        "work_item",
    )
    op.drop_index("uq_work_item_line", table_name="work_item")
    op.drop_index("ix_work_item_state", table_name="work_item")
    op.drop_index("ix_work_item_payout", table_name="work_item")
    op.drop_table("work_item")
    op.drop_index("uq_payout_part_live", table_name="payout_part", postgresql_where="live")
    op.drop_table("payout_part")
    op.drop_index("uq_return_line_no", table_name="return_line")
    op.drop_index("ix_return_line_payout", table_name="return_line")
    op.drop_table("return_line")
    op.drop_table("payout_finding")
    op.drop_index("uq_return_file_once", table_name="return_file")
    op.drop_table("return_file")
    op.drop_index(
        "uq_payout_reissue_of",
        table_name="payout",
        postgresql_where="reissue_of IS NOT NULL AND state <> 'cancelled'",
    )
    op.drop_index(
        "uq_payout_file_line", table_name="payout", postgresql_where="file_id IS NOT NULL"
    )
    op.drop_index("ix_payout_student", table_name="payout")
    op.drop_index("ix_payout_school_state", table_name="payout")
    op.drop_index("ix_payout_run_state", table_name="payout")
    op.drop_table("payout")
    op.drop_index(
        "ix_payment_hold_live", table_name="payment_hold", postgresql_where="lifted_at IS NULL"
    )
    op.drop_table("payment_hold")
    op.drop_index("uq_payment_file_part", table_name="payment_file")
    op.drop_table("payment_file")
    op.drop_table("payout_run")
