"""Reviews of rejections, and the day on which a case was rejected."""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    # Empty where a case was rejected before: there the day of the decision counts.
    op.add_column("application", sa.Column("rejected_on", sa.Date(), nullable=True))
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("submission_no", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("asked_by_name", sa.String(80), nullable=False),
        sa.Column("relation", sa.String(20), nullable=False),
        sa.Column("words", sa.String(1000), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_because", sa.String(500), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'changed')", name=op.f("ck_review_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_by IS NULL)", name=op.f("ck_review_decided_by_somebody")
        ),
        sa.CheckConstraint(
            "decided_by IS DISTINCT FROM recorded_by", name=op.f("ck_review_decider_is_another")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_review_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_review_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_review_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(
        "uq_review_submission", "review", ["application_id", "submission_no"], unique=True
    )
    op.create_index("ix_review_state", "review", ["state", "due_on"], unique=False)
    access.secure("review", access.READ_ADD_CHANGE, access.BY_SCHOOL)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing("review", "application WHERE rejected_on IS NOT NULL")
    op.drop_index("ix_review_state", table_name="review")
    op.drop_index("uq_review_submission", table_name="review")
    op.drop_table("review")
    op.drop_column("application", "rejected_on")
