"""year: the turn of the school year, and drafts of a new period from the last"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    _roll_overs()
    _enrolments()
    op.add_column("school", sa.Column("years", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_school_years_sane"), "school", "years BETWEEN 1 AND 8")
    _lines()
    access.secure("roll_over", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("roll_forward_line", access.ALL, access.BY_SCHOOL)
    # A turn of the year that is undone takes the enrolments it made with it.
    access.allow("enrolment", "DELETE")


def _roll_overs() -> None:
    op.create_table(
        "roll_over",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_year", sa.String(9), nullable=False),
        sa.Column("to_year", sa.String(9), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('done', 'undone')", name=op.f("ck_roll_over_state_known")),
        sa.CheckConstraint(
            "(state = 'undone') = (undone_by IS NOT NULL)",
            name=op.f("ck_roll_over_undone_by_somebody"),
        ),
        sa.CheckConstraint(
            "county_id IS NOT NULL OR school_id IS NULL",
            name=op.f("ck_roll_over_school_has_county"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_roll_over_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_roll_over_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_over")),
    )


def _enrolments() -> None:
    op.add_column(
        "enrolment",
        sa.Column("graduated", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_enrolment_graduated_has_left"), "enrolment", "NOT graduated OR left_on IS NOT NULL"
    )
    for column, index in (
        ("roll_over_id", "ix_enrolment_roll_over"),
        ("closed_by_roll_over_id", "ix_enrolment_closed_by_roll_over"),
    ):
        op.add_column("enrolment", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_enrolment_{column}"), "enrolment", "roll_over", [column], ["id"]
        )
        op.create_index(index, "enrolment", [column], postgresql_where=f"{column} IS NOT NULL")
    _open_enrolments("left_on IS NULL OR graduated")


def _open_enrolments(where: str) -> None:
    op.drop_index("uq_enrolment_open", table_name="enrolment")
    op.create_index(
        "uq_enrolment_open",
        "enrolment",
        ["student_id", "school_year"],
        unique=True,
        postgresql_where=where,
    )


def _lines() -> None:
    op.create_table(
        "roll_forward_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("from_period", sa.String(11), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("student_name", sa.String(80), nullable=False),
        sa.Column("from_application_id", sa.Uuid(), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.Column("fate", sa.String(32), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("detail", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_because", sa.String(200), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fate IN ('continued', 'added', 'left', 'to_check')",
            name=op.f("ck_roll_forward_line_fate_known"),
        ),
        sa.CheckConstraint(
            "fate = 'continued' OR cardinality(reasons) > 0",
            name=op.f("ck_roll_forward_line_reason_given"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_roll_forward_line_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_application_id"],
            ["application.id"],
            name=op.f("fk_roll_forward_line_from_application_id"),
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["application_round.id"], name=op.f("fk_roll_forward_line_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_roll_forward_line_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_roll_forward_line_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_forward_line")),
    )
    op.create_index(
        "uq_roll_forward_line_student",
        "roll_forward_line",
        ["round_id", "school_id", "student_id"],
        unique=True,
    )


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "roll_forward_line",
        "roll_over",
        "school WHERE years IS NOT NULL",
        "enrolment WHERE graduated",
        "enrolment WHERE roll_over_id IS NOT NULL",
        "enrolment WHERE closed_by_roll_over_id IS NOT NULL",
    )
    op.drop_table("roll_forward_line")
    op.drop_constraint(op.f("ck_school_years_sane"), "school")
    op.drop_column("school", "years")
    op.execute(f"REVOKE DELETE ON enrolment FROM {access.serving_role()}")
    _open_enrolments("left_on IS NULL")
    for column in ("roll_over_id", "closed_by_roll_over_id"):
        op.drop_column("enrolment", column)
    op.drop_constraint(op.f("ck_enrolment_graduated_has_left"), "enrolment")
    op.drop_column("enrolment", "graduated")
    op.drop_table("roll_over")
