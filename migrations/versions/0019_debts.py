"""debts: settled in parts, kept back from instalments, agreed upon, written off by two"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

PLACES = (
    "'treasury', 'available', 'committed', 'in_transit', 'paid', 'recoverable', "
    "'returned_to_treasury', 'cash_source', 'cash', 'cash_sent', 'cash_paid'"
)
REASONS = (
    "'appropriate', 'recall', 'commit', 'release_commitment', 'send', 'pay', 'fail', 'return', "
    "'recover', 'undo_recover', 'receive_cash', 'hand_back_cash', 'send_cash', 'pay_cash', "
    "'fail_cash', 'return_cash'"
)
INSTALMENT = "'awaiting_appropriation', 'committed', 'in_run', 'paid', 'cancelled'"
DEBT = "'open', 'came_back'"


def upgrade() -> None:
    """Goes to this revision."""
    _know(
        f"{PLACES}, 'written_off'",
        f"{REASONS}, 'repay', 'write_off', 'offset', 'repay_cash', 'offset_cash'",
        f"{INSTALMENT}, 'offset'",
        f"{DEBT}, 'settled'",
    )
    op.execute(
        "INSERT INTO ledger_account (code, fund_line, kind, debits_fen, credits_fen) "
        "SELECT code || '/written_off', code, 'written_off', 0, 0 FROM fund_line ORDER BY code"
    )
    op.add_column("instalment", sa.Column("split_of_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_instalment_split_of_id"), "instalment", "instalment", ["split_of_id"], ["id"]
    )
    op.create_index(
        "ix_instalment_split_of",
        "instalment",
        ["split_of_id"],
        postgresql_where=sa.text("split_of_id IS NOT NULL"),
    )
    op.add_column(
        "recoverable",
        sa.Column("settled_fen", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.alter_column("recoverable", "settled_fen", server_default=None)
    op.create_check_constraint(
        op.f("ck_recoverable_settled_within"),
        "recoverable",
        "settled_fen BETWEEN 0 AND amount_fen",
    )
    op.create_check_constraint(
        op.f("ck_recoverable_settled_to_the_last"),
        "recoverable",
        "(state = 'settled') = (settled_fen = amount_fen)",
    )
    _create_settlements()
    _create_write_offs()
    _create_agreements()


def _create_settlements() -> None:
    op.create_table(
        "recovery_settlement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recoverable_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("from_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("batch", sa.Uuid(), nullable=False),
        sa.Column("because", sa.String(500), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('repaid', 'offset', 'written_off')",
            name=op.f("ck_recovery_settlement_kind_known"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_recovery_settlement_amount_positive")),
        sa.CheckConstraint(
            "kind <> 'written_off' OR agreed_by IS NOT NULL",
            name=op.f("ck_recovery_settlement_two_write_off"),
        ),
        sa.CheckConstraint(
            "agreed_by IS DISTINCT FROM made_by",
            name=op.f("ck_recovery_settlement_second_person"),
        ),
        *_points("recovery_settlement", recoverable_id="recoverable", student_id="student"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_settlement")),
    )
    for name, columns in (("part", "from_fen"), ("reference", "reference")):
        op.create_index(
            f"uq_recovery_settlement_{name}",
            "recovery_settlement",
            ["recoverable_id", columns],
            unique=True,
        )
    op.create_index(
        op.f("ix_recovery_settlement_student_id"), "recovery_settlement", ["student_id"]
    )
    access.secure("recovery_settlement", access.READ_ADD, access.BY_SCHOOL)


def _create_write_offs() -> None:
    op.create_table(
        "write_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recoverable_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("because", sa.String(500), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_because", sa.String(500), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'agreed', 'refused')", name=op.f("ck_write_off_state_known")
        ),
        sa.CheckConstraint(
            "answered_by IS DISTINCT FROM asked_by", name=op.f("ck_write_off_second_person")
        ),
        *_points("write_off", recoverable_id="recoverable"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_off")),
    )
    op.create_index(
        "uq_write_off_asked",
        "write_off",
        ["recoverable_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )
    access.secure("write_off", access.READ_ADD_CHANGE, access.BY_SCHOOL)


def _create_agreements() -> None:
    op.create_table(
        "recovery_agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("offset_basis_points", sa.Integer(), nullable=False),
        sa.Column("terms", sa.String(500), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_because", sa.String(500), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "offset_basis_points BETWEEN 0 AND 10000",
            name=op.f("ck_recovery_agreement_share_of_whole"),
        ),
        *_points("recovery_agreement", student_id="student"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_agreement")),
    )
    op.create_index(
        "uq_recovery_agreement_live",
        "recovery_agreement",
        ["student_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    access.secure("recovery_agreement", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    op.create_table(
        "recovery_bar",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_recovery_bar_student_id")
        ),
        sa.PrimaryKeyConstraint("student_id", name=op.f("pk_recovery_bar")),
    )
    access.allow("recovery_bar", access.ALL)
    op.execute("SET LOCAL aid.scope = 'city'")
    op.execute(
        "INSERT INTO recovery_bar (student_id) "
        "SELECT DISTINCT student_id FROM recoverable WHERE state = 'open'"
    )


def _points(table: str, **others: str) -> list[sa.ForeignKeyConstraint]:
    places = {"school_id": "organisation", "county_id": "organisation", **others}
    return [
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, to in places.items()
    ]


def _know(places: str, reasons: str, instalments: str, debts: str) -> None:
    for table, column, known in (
        ("ledger_account", "kind", places),
        ("ledger_transfer", "kind", reasons),
        ("instalment", "state", instalments),
        ("recoverable", "state", debts),
    ):
        name = op.f(f"ck_{table}_{column}_known")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"{column} IN ({known})")


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "recovery_settlement",
        "write_off",
        "recovery_agreement",
        "recovery_bar",
        "instalment WHERE split_of_id IS NOT NULL",
        "recoverable WHERE settled_fen > 0",
        "ledger_account WHERE kind = 'written_off' AND credits_fen > 0",
    )
    op.drop_table("recovery_bar")
    op.drop_table("recovery_agreement")
    op.drop_table("write_off")
    op.drop_table("recovery_settlement")
    op.drop_constraint(op.f("ck_recoverable_settled_to_the_last"), "recoverable")
    op.drop_constraint(op.f("ck_recoverable_settled_within"), "recoverable")
    op.drop_column("recoverable", "settled_fen")
    op.drop_column("instalment", "split_of_id")
    op.execute("DELETE FROM ledger_account WHERE kind = 'written_off'")
    _know(PLACES, REASONS, INSTALMENT, DEBT)
