"""methods: runs paid in hand, pay registers and how they came back signed"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

DOCUMENTS = "'sheet', 'annotated_sheet', 'scan', 'payment_file', 'return_file', 'statement'"
METHODS = "method IN ('bank', 'cash', 'meal_card')"
BEFORE = "state IN ('held', 'ready', 'cancelled')"
SILENT = "CASE WHEN kind IN ('late', 'unknown_long') THEN 0 ELSE 1 END"


def upgrade() -> None:
    """Goes to this revision."""
    documents = f"{DOCUMENTS}, 'pay_register', 'signed_register'"
    _check("document", "kind_known", f"kind IN ({documents})")
    op.add_column(
        "payout_run", sa.Column("method", sa.String(32), nullable=False, server_default="bank")
    )
    op.alter_column("payout_run", "method", server_default=None)
    op.alter_column("payout_run", "bank_format", nullable=True)
    op.create_check_constraint(op.f("ck_payout_run_method_known"), "payout_run", METHODS)
    op.create_check_constraint(
        op.f("ck_payout_run_format_of_bank"),
        "payout_run",
        "(method = 'bank') = (bank_format IS NOT NULL)",
    )
    _registers()
    _payouts()
    _signed()
    _work()


def _registers() -> None:
    table = "pay_register"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.String(40), nullable=False),
        _refers(table, "run_id", "payout_run"),
        _refers(table, "school_id", "organisation"),
        _refers(table, "county_id", "organisation"),
        sa.Column("method", sa.String(32), nullable=False),
        _refers(table, "document_id", "document"),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(METHODS, name=op.f(f"ck_{table}_method_known")),
        sa.UniqueConstraint("number", name=op.f(f"uq_{table}_number")),
    )
    op.create_index(
        "uq_pay_register_school", table, ["run_id", "school_id", "county_id"], unique=True
    )
    op.create_index("ix_pay_register_school_id", table, ["school_id"])
    access.secure(table, access.READ_ADD, access.BY_SCHOOL)


def _payouts() -> None:
    op.add_column("payout", sa.Column("register_id", sa.Uuid(), nullable=True))
    op.add_column("payout", sa.Column("register_line", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_payout_register_id"), "payout", "pay_register", ["register_id"], ["id"]
    )
    op.drop_constraint(op.f("ck_payout_sent_in_file"), "payout", type_="check")
    op.create_check_constraint(
        op.f("ck_payout_sent_one_way"),
        "payout",
        f"num_nonnulls(file_id, register_id) = CASE WHEN {BEFORE} THEN 0 ELSE 1 END",
    )
    op.create_index(
        "uq_payout_register_line",
        "payout",
        ["register_id", "register_line"],
        unique=True,
        postgresql_where=sa.text("register_id IS NOT NULL"),
    )


def _signed() -> None:
    table = "signed_register"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), primary_key=True),
        _refers(table, "pay_register_id", "pay_register"),
        _refers(table, "school_id", "organisation"),
        _refers(table, "county_id", "organisation"),
        _refers(table, "document_id", "document"),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("because", sa.String(200), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('uploaded', 'confirmed', 'sent_back')", name=op.f(f"ck_{table}_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'uploaded') = (settled_by IS NULL)", name=op.f(f"ck_{table}_settled_by_one")
        ),
        sa.CheckConstraint(
            "(state = 'sent_back') = (because IS NOT NULL)", name=op.f(f"ck_{table}_sent_back_why")
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR settled_by <> uploaded_by",
            name=op.f(f"ck_{table}_second_person"),
        ),
    )
    op.create_index(
        "uq_signed_register_live",
        table,
        ["pay_register_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'sent_back'"),
    )
    op.create_index("ix_signed_register_school_id", table, ["school_id"])
    access.secure(table, access.READ_ADD_CHANGE, access.BY_SCHOOL)
    table = "unsigned_line"
    op.create_table(
        table,
        _refers(table, "signed_register_id", "signed_register"),
        _refers(table, "payout_id", "payout"),
        _refers(table, "school_id", "organisation"),
        _refers(table, "county_id", "organisation"),
        sa.Column("reason", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("signed_register_id", "payout_id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_unsigned_line_payout", table, ["payout_id"])
    access.secure(table, access.READ_ADD, access.BY_SCHOOL)


def _work() -> None:
    op.add_column("work_item", sa.Column("signed_register_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_work_item_signed_register_id"),
        "work_item",
        "signed_register",
        ["signed_register_id"],
        ["id"],
    )
    causes = "return_line_id, statement_line_id, signed_register_id"
    _check("work_item", "one_cause", f"num_nonnulls({causes}) = {SILENT}")
    op.create_index(
        "uq_work_item_unsigned",
        "work_item",
        ["signed_register_id", "payout_id"],
        unique=True,
        postgresql_where=sa.text("signed_register_id IS NOT NULL"),
    )


def _check(table: str, name: str, holds: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, holds)


def _refers(table: str, column: str, to: str) -> "sa.Column[object]":
    key = sa.ForeignKey(f"{to}.id", name=op.f(f"fk_{table}_{column}"))
    return sa.Column(column, sa.Uuid(), key, nullable=False)


def downgrade() -> None:
    """Goes back to the one before, where nobody was to be paid in hand."""
    keeping.refuse_losing(
        "payout_run WHERE method <> 'bank'",
        "pay_register",
        "payout WHERE register_id IS NOT NULL OR register_line IS NOT NULL",
        "signed_register",
        "unsigned_line",
        "work_item WHERE signed_register_id IS NOT NULL",
        "document WHERE kind IN ('pay_register', 'signed_register')",
    )
    op.drop_index("uq_work_item_unsigned", "work_item")
    _check("work_item", "one_cause", f"num_nonnulls(return_line_id, statement_line_id) = {SILENT}")
    op.drop_column("work_item", "signed_register_id")
    op.drop_table("unsigned_line")
    op.drop_table("signed_register")
    op.drop_index("uq_payout_register_line", "payout")
    op.drop_constraint(op.f("ck_payout_sent_one_way"), "payout", type_="check")
    op.create_check_constraint(
        op.f("ck_payout_sent_in_file"), "payout", f"({BEFORE}) = (file_id IS NULL)"
    )
    op.drop_column("payout", "register_line")
    op.drop_column("payout", "register_id")
    op.drop_table("pay_register")
    op.drop_constraint(op.f("ck_payout_run_format_of_bank"), "payout_run", type_="check")
    op.drop_constraint(op.f("ck_payout_run_method_known"), "payout_run", type_="check")
    op.alter_column("payout_run", "bank_format", nullable=False)
    op.drop_column("payout_run", "method")
    _check("document", "kind_known", f"kind IN ({DOCUMENTS})")
