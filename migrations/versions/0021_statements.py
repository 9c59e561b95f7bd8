"""statements: paying accounts, bank statements and their lines; work without a return line"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

DOCUMENTS = "'sheet', 'annotated_sheet', 'scan', 'payment_file', 'return_file'"
OLD_WORK = (
    "'paid', 'failed', 'returned', 'unknown', 'amount_differs', 'duplicate', 'contradicts', "
    "'unmatched'"
)
NEW_WORK = (
    "'failed', 'returned', 'unknown', 'amount_differs', 'duplicate', 'contradicts', "
    "'unmatched', 'repayment', 'late', 'unknown_long'"
)
SILENT = "kind IN ('late', 'unknown_long') AND state = 'open'"


def upgrade() -> None:
    """Goes to this revision."""
    _check("document", "kind_known", f"kind IN ({DOCUMENTS}, 'statement')")
    op.create_table(
        "paying_account",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _refers("paying_account", "holder_id", "organisation", nullable=False),
        _refers("paying_account", "county_id", "organisation"),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("number_tail", sa.String(4), nullable=False),
        sa.Column("account_name", sa.String(120), nullable=False),
        sa.Column("bank_name", sa.String(80), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "confirmed_by IS DISTINCT FROM made_by", name=op.f("ck_paying_account_second_person")
        ),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)",
            name=op.f("ck_paying_account_confirmed_whole"),
        ),
    )
    op.create_index(
        "uq_paying_account_number",
        "paying_account",
        ["number_index"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_index("ix_paying_account_holder", "paying_account", ["holder_id"])
    _statements()
    _lines()
    _work()
    access.secure("paying_account", access.READ_ADD_CHANGE, access.BY_COUNTY)
    access.secure("bank_statement", access.READ_ADD, access.BY_COUNTY)
    access.secure("statement_line", access.READ_ADD, access.BY_SCHOOL)


def _statements() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _refers("bank_statement", "paying_account_id", "paying_account", nullable=False),
        _refers("bank_statement", "county_id", "organisation"),
        _refers("bank_statement", "document_id", "document", nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("format", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("debits_fen", sa.BigInteger(), nullable=False),
        sa.Column("credits_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(
        "uq_bank_statement_once", "bank_statement", ["paying_account_id", "sha256"], unique=True
    )
    op.create_index(
        "ix_bank_statement_last", "bank_statement", ["paying_account_id", "closed_on", "number"]
    )


def _lines() -> None:
    table = "statement_line"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        _refers(table, "statement_id", "bank_statement", nullable=False),
        _refers(table, "paying_account_id", "paying_account", nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("sequence", sa.String(120), nullable=True),
        sa.Column("reference", sa.String(120), nullable=True),
        sa.Column("counter_index", sa.LargeBinary(), nullable=True),
        sa.Column("counter_tail", sa.String(4), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.String(32), nullable=False),
        sa.Column("is_return", sa.Boolean(), nullable=False),
        sa.Column("said", sa.String(120), nullable=True),
        sa.Column("outcome", sa.String(32), nullable=False),
        _refers(table, "payout_id", "payout"),
        _refers(table, "file_id", "payment_file"),
        _refers(table, "run_id", "payout_run"),
        _refers(table, "recoverable_id", "recoverable"),
        _refers(table, "school_id", "organisation"),
        _refers(table, "county_id", "organisation"),
        sa.CheckConstraint(
            "direction IN ('debit', 'credit')", name=op.f("ck_statement_line_direction_known")
        ),
        sa.CheckConstraint(
            "outcome IN ('paid', 'returned', 'agrees', 'amount_differs', 'duplicate', "
            "'contradicts', 'repayment', 'unmatched')",
            name=op.f("ck_statement_line_outcome_known"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_statement_line_amount_positive")),
        sa.CheckConstraint(
            "num_nonnulls(payout_id, file_id, run_id) <= 1",
            name=op.f("ck_statement_line_about_one"),
        ),
    )
    op.create_index("uq_statement_line_no", table, ["statement_id", "line_no"], unique=True)
    op.create_index(
        "uq_statement_line_sequence",
        table,
        ["paying_account_id", "booked_on", "sequence"],
        unique=True,
        postgresql_where=sa.text("sequence IS NOT NULL"),
    )
    op.create_index(
        "uq_statement_line_reference",
        table,
        ["paying_account_id", "booked_on", "reference", "amount_fen", "direction", "counter_index"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("sequence IS NULL AND reference IS NOT NULL"),
    )
    op.create_index("ix_statement_line_payout", table, ["payout_id"])
    op.create_index("ix_statement_line_file", table, ["file_id"])
    op.create_index("ix_statement_line_run", table, ["run_id"])
    op.create_index("ix_statement_line_recoverable_id", table, ["recoverable_id"])


def _work() -> None:
    _check("work_item", "kind_known", f"kind IN ({NEW_WORK})")
    op.alter_column("work_item", "return_line_id", nullable=True)
    op.add_column("work_item", sa.Column("statement_line_id", sa.BigInteger(), nullable=True))
    op.add_column("work_item", sa.Column("recoverable_id", sa.Uuid(), nullable=True))
    for column, table in (
        ("statement_line_id", "statement_line"),
        ("recoverable_id", "recoverable"),
    ):
        op.create_foreign_key(op.f(f"fk_work_item_{column}"), "work_item", table, [column], ["id"])
    op.create_check_constraint(
        op.f("ck_work_item_one_cause"),
        "work_item",
        "num_nonnulls(return_line_id, statement_line_id) = "
        "CASE WHEN kind IN ('late', 'unknown_long') THEN 0 ELSE 1 END",
    )
    op.create_check_constraint(
        op.f("ck_work_item_silent_payout"),
        "work_item",
        "kind NOT IN ('late', 'unknown_long') OR payout_id IS NOT NULL",
    )
    op.create_index("uq_work_item_statement_line", "work_item", ["statement_line_id"], unique=True)
    op.create_index(
        "uq_work_item_silent",
        "work_item",
        ["payout_id", "kind"],
        unique=True,
        postgresql_where=sa.text(SILENT),
    )
    op.create_index("ix_work_item_recoverable", "work_item", ["recoverable_id"])


def _check(table: str, name: str, holds: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, holds)


def _refers(table: str, column: str, to: str, *, nullable: bool = True) -> "sa.Column[object]":
    key = sa.ForeignKey(f"{to}.id", name=op.f(f"fk_{table}_{column}"))
    return sa.Column(column, sa.Uuid(), key, nullable=nullable)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "paying_account",
        "bank_statement",
        "statement_line",
        "work_item WHERE statement_line_id IS NOT NULL OR recoverable_id IS NOT NULL",
        "work_item WHERE kind IN ('repayment', 'late', 'unknown_long')",
        "document WHERE kind = 'statement'",
    )
    op.drop_index("ix_work_item_recoverable", "work_item")
    op.drop_index("uq_work_item_silent", "work_item")
    op.drop_index("uq_work_item_statement_line", "work_item")
    op.drop_constraint(op.f("ck_work_item_silent_payout"), "work_item")
    op.drop_constraint(op.f("ck_work_item_one_cause"), "work_item")
    op.drop_column("work_item", "recoverable_id")
    op.drop_column("work_item", "statement_line_id")
    op.alter_column("work_item", "return_line_id", nullable=False)
    _check("work_item", "kind_known", f"kind IN ({OLD_WORK})")
    op.drop_table("statement_line")
    op.drop_table("bank_statement")
    op.drop_table("paying_account")
    _check("document", "kind_known", f"kind IN ({DOCUMENTS})")
