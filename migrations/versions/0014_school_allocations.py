"""school allocations: heads counted, paid to the school's own account"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ONE_PAYEE = "CASE WHEN student_id IS NULL THEN account_id ELSE school_account_id END IS NULL"
OF_ONE = (
    "(application_id IS NULL) <> (allocation_id IS NULL) "
    "AND (application_id IS NULL) = (student_id IS NULL)"
)


def upgrade() -> None:
    """Goes to this revision."""
    _school_account()
    _school_allocation()
    _lists()
    _award()
    _payout()


def _places(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], ["organisation.id"], name=op.f(f"fk_{table}_{column}"))
        for column in ("school_id", "county_id")
    ]


def _school_account() -> None:
    op.create_table(
        "school_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("number_tail", sa.String(4), nullable=False),
        sa.Column("bank_name", sa.String(80), nullable=False),
        sa.Column("holder_name", sa.String(120), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('unconfirmed', 'confirmed', 'replaced')",
            name=op.f("ck_school_account_state_known"),
        ),
        sa.CheckConstraint(
            "confirmed_by IS DISTINCT FROM made_by", name=op.f("ck_school_account_second_person")
        ),
        *_places("school_account"),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["school_account.id"], name=op.f("fk_school_account_replaces_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_account")),
    )
    op.create_index("ix_school_account_number", "school_account", ["number_index"])
    for state in ("confirmed", "unconfirmed"):
        op.create_index(
            f"uq_school_account_{state}",
            "school_account",
            ["school_id"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    access.secure("school_account", access.READ_ADD_CHANGE, access.BY_SCHOOL)


def _school_allocation() -> None:
    op.create_table(
        "school_allocation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("roll", sa.Integer(), nullable=False),
        sa.Column("head_count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("asks", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("supersedes", sa.Uuid(), nullable=True),
        sa.Column("counted_by", sa.Uuid(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.String(500), nullable=True),
        sa.CheckConstraint(
            "state IN ('counted', 'approved', 'cancelled')",
            name=op.f("ck_school_allocation_state_known"),
        ),
        sa.CheckConstraint(
            "amount_fen >= 0", name=op.f("ck_school_allocation_amount_not_negative")
        ),
        sa.CheckConstraint("head_count >= 0", name=op.f("ck_school_allocation_heads_not_negative")),
        sa.CheckConstraint(
            "decided_by IS DISTINCT FROM counted_by",
            name=op.f("ck_school_allocation_second_person"),
        ),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)",
            name=op.f("ck_school_allocation_cancelled_when"),
        ),
        *_places("school_allocation"),
        sa.ForeignKeyConstraint(
            ["policy_version_id"],
            ["policy_version.id"],
            name=op.f("fk_school_allocation_policy_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["supersedes"], ["school_allocation.id"], name=op.f("fk_school_allocation_supersedes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_allocation")),
        sa.UniqueConstraint("number", name=op.f("uq_school_allocation_number")),
    )
    op.create_index(
        "uq_school_allocation_live",
        "school_allocation",
        ["school_id", "programme", "period"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_index("ix_school_allocation_period", "school_allocation", ["programme", "period"])
    access.secure("school_allocation", access.READ_ADD_CHANGE, access.BY_SCHOOL)


def _lists() -> None:
    _list(
        "school_allocation_student",
        sa.Column("student_name", sa.String(80), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        key=("allocation_id", "student_id"),
    )
    _list(
        "school_allocation_claim",
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        key=("student_id", "programme", "period"),
    )
    _list(
        "school_allocation_double",
        sa.Column("other_school_id", sa.Uuid(), nullable=False),
        sa.Column("student_name", sa.String(80), nullable=False),
        sa.Column("counted_here", sa.Boolean(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["other_school_id"],
            ["organisation.id"],
            name=op.f("fk_school_allocation_double_other_school_id"),
        ),
        key=("allocation_id", "student_id", "other_school_id"),
    )
    op.create_index(
        "ix_school_allocation_student_student", "school_allocation_student", ["student_id"]
    )
    op.create_index(
        "ix_school_allocation_claim_allocation", "school_allocation_claim", ["allocation_id"]
    )
    access.secure("school_allocation_student", access.READ_ADD, access.BY_SCHOOL)
    access.secure("school_allocation_claim", access.ALL, access.BY_SCHOOL)
    access.secure("school_allocation_double", access.READ_ADD, access.BY_SCHOOL)


def _list(table: str, *more: sa.Column[object] | sa.Constraint, key: tuple[str, ...]) -> None:
    op.create_table(
        table,
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        *more,
        *_places(table),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["school_allocation.id"], name=op.f(f"fk_{table}_allocation_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f(f"fk_{table}_student_id")
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
    )


def _award() -> None:
    op.add_column("award", sa.Column("allocation_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_award_allocation_id"), "award", "school_allocation", ["allocation_id"], ["id"]
    )
    op.create_unique_constraint(op.f("uq_award_allocation_id"), "award", ["allocation_id"])
    op.alter_column("award", "application_id", nullable=True)
    op.alter_column("award", "student_id", nullable=True)
    op.create_check_constraint(op.f("ck_award_of_one"), "award", OF_ONE)


def _payout() -> None:
    op.add_column("payout", sa.Column("school_account_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_payout_school_account_id"),
        "payout",
        "school_account",
        ["school_account_id"],
        ["id"],
    )
    op.alter_column("payout", "student_id", nullable=True)
    op.create_check_constraint(op.f("ck_payout_one_payee"), "payout", ONE_PAYEE)


def downgrade() -> None:
    """Undoes this revision; refused while a school's award or payout is there."""
    keeping.refuse_losing(
        "award WHERE allocation_id IS NOT NULL",
        "payout WHERE school_account_id IS NOT NULL",
        "school_allocation",
        "school_allocation_claim",
        "school_allocation_double",
        "school_allocation_student",
        "school_account",
    )
    op.drop_constraint(op.f("ck_payout_one_payee"), "payout")
    op.alter_column("payout", "student_id", nullable=False)
    op.drop_column("payout", "school_account_id")
    op.drop_constraint(op.f("ck_award_of_one"), "award")
    op.alter_column("award", "student_id", nullable=False)
    op.alter_column("award", "application_id", nullable=False)
    op.drop_column("award", "allocation_id")
    op.drop_table("school_allocation_double")
    op.drop_table("school_allocation_claim")
    op.drop_table("school_allocation_student")
    op.drop_table("school_allocation")
    op.drop_table("school_account")
