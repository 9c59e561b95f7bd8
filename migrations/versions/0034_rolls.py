"""rolls: heads and refused rows; large files in pieces"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    _pieces()
    _heads()
    _refusals()
    access.secure("document_piece", access.READ_ADD, access.BY_SCHOOL)
    access.secure("roll", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("roll_refusal", access.READ_ADD, access.BY_SCHOOL)


def _pieces() -> None:
    op.create_table(
        "document_piece",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        *_whose("document_piece"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_piece_document_id")
        ),
        sa.PrimaryKeyConstraint("document_id", "no", name=op.f("pk_document_piece")),
    )


def _heads() -> None:
    op.create_table(
        "roll",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("on_error", sa.String(32), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_new", sa.Integer(), nullable=False),
        sa.Column("rows_updated", sa.Integer(), nullable=False),
        sa.Column("rows_unchanged", sa.Integer(), nullable=False),
        sa.Column("rows_refused", sa.Integer(), nullable=False),
        sa.Column("refusals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "on_error IN ('reject', 'accept_good')", name=op.f("ck_roll_on_error_known")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'refused', 'failed')",
            name=op.f("ck_roll_state_known"),
        ),
        *_whose("roll"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_roll_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll")),
    )
    op.create_index("ix_roll_school_id", "roll", ["school_id"])
    op.create_index("ix_roll_county_id", "roll", ["county_id"])
    op.create_index("ix_roll_uploaded_by", "roll", ["uploaded_by", "made_at"])


def _refusals() -> None:
    op.create_table(
        "roll_refusal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("roll_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("sheet", sa.String(80), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("zh", sa.String(300), nullable=False),
        sa.Column("en", sa.String(300), nullable=False),
        *_whose("roll_refusal"),
        sa.ForeignKeyConstraint(["roll_id"], ["roll.id"], name=op.f("fk_roll_refusal_roll_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roll_refusal")),
    )
    op.create_index("ix_roll_refusal_roll", "roll_refusal", ["roll_id", "id"])


def _whose(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], ["organisation.id"], name=op.f(f"fk_{table}_{column}"))
        for column in ("school_id", "county_id")
    ]


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing("roll_refusal", "roll", "document_piece")
    for table in ("roll_refusal", "roll", "document_piece"):
        op.drop_table(table)
