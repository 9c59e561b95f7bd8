"""other departments' lists: heads, people, refusals, matches"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KINDS = (
    "kind IN ('minimum_living', 'low_income_margin', 'extreme_poverty', 'disabled', "
    "'registered_poor', 'poverty_monitored', 'orphan', 'de_facto_unsupported', 'martyr_child', "
    "'hardship_worker', 'deceased', 'state_funded_trainee')"
)


def upgrade() -> None:
    """Goes to this revision."""
    _heads()
    _rows()
    _refusals()
    _matches()
    access.secure("outside_register", access.READ_ADD_CHANGE, access.BY_COUNTY)
    # Which list is the newest decides for every school; the head says nothing of anybody.
    op.execute("CREATE POLICY outside_register_known ON outside_register FOR SELECT USING (true)")
    access.secure("outside_register_row", access.READ_ADD, access.BY_COUNTY)
    access.secure("register_refusal", access.READ_ADD, access.BY_COUNTY)
    access.secure("register_match", access.READ_ADD_CHANGE, access.BY_SCHOOL)


def _heads() -> None:
    op.create_table(
        "outside_register",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("issued_by", sa.String(120), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("basis", sa.String(32), nullable=False),
        sa.Column("basis_said", sa.String(200), nullable=False),
        sa.Column("on_error", sa.String(32), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_kept", sa.Integer(), nullable=False),
        sa.Column("rows_refused", sa.Integer(), nullable=False),
        sa.Column("refusals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_outside_register_kind_known")),
        sa.CheckConstraint(
            "basis IN ('duty', 'authorisation')", name=op.f("ck_outside_register_basis_known")
        ),
        sa.CheckConstraint(
            "on_error IN ('reject', 'accept_good')", name=op.f("ck_outside_register_on_error_known")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'refused', 'failed')",
            name=op.f("ck_outside_register_state_known"),
        ),
        sa.CheckConstraint(
            "basis <> 'duty' OR basis_said <> ''", name=op.f("ck_outside_register_duty_is_named")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_outside_register_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_outside_register_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_register")),
    )
    op.create_index(
        "uq_outside_register_once",
        "outside_register",
        ["sha256", "kind", "county_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state NOT IN ('refused', 'failed')"),
    )
    op.create_index("ix_outside_register_kind", "outside_register", ["kind", "as_of"])


def _rows() -> None:
    op.create_table(
        "outside_register_row",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("register_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("resident_id_index", sa.LargeBinary(), nullable=False),
        sa.Column("name_index", sa.LargeBinary(), nullable=False),
        sa.Column("relation", sa.String(20), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["register_id"],
            ["outside_register.id"],
            name=op.f("fk_outside_register_row_register_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_register_row")),
    )
    op.create_index("ix_outside_register_row_person", "outside_register_row", ["resident_id_index"])
    op.create_index(
        "ix_outside_register_row_register",
        "outside_register_row",
        ["register_id"],
        postgresql_using="brin",
    )


def _refusals() -> None:
    op.create_table(
        "register_refusal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("register_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("sheet", sa.String(80), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_register_refusal_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["register_id"], ["outside_register.id"], name=op.f("fk_register_refusal_register_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_refusal")),
    )
    op.create_index("ix_register_refusal_register", "register_refusal", ["register_id", "id"])


def _matches() -> None:
    op.create_table(
        "register_match",
        sa.Column("register_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("special_group", sa.String(40), nullable=True),
        sa.Column("name_agrees", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_register_match_kind_known")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_register_match_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["register_id"], ["outside_register.id"], name=op.f("fk_register_match_register_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_register_match_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_register_match_student_id")
        ),
        sa.PrimaryKeyConstraint("register_id", "student_id", name=op.f("pk_register_match")),
    )
    op.create_index("ix_register_match_student", "register_match", ["student_id"])
    op.create_index("ix_register_match_school", "register_match", ["school_id", "kind"])
    op.create_index("ix_register_match_county", "register_match", ["county_id", "kind"])


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "register_match", "register_refusal", "outside_register_row", "outside_register"
    )
    for table in ("register_match", "register_refusal", "outside_register_row", "outside_register"):
        op.drop_table(table)
