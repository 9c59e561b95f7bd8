"""policy drafts: versions that officers write and a second person approves"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "policy_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("catalogue", sa.String(40), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("effective_from", sa.String(11), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("because", sa.String(500), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_because", sa.String(500), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('drafted', 'approved', 'withdrawn')",
            name=op.f("ck_policy_draft_state_known"),
        ),
        sa.CheckConstraint(
            "settled_by IS DISTINCT FROM drafted_by OR state <> 'approved'",
            name=op.f("ck_policy_draft_second_person"),
        ),
        sa.CheckConstraint(
            "(state = 'approved') = (version_id IS NOT NULL)",
            name=op.f("ck_policy_draft_approved_published"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["policy_version.id"], name=op.f("fk_policy_draft_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_draft")),
    )
    op.create_index(
        "uq_policy_draft_key",
        "policy_draft",
        ["catalogue", "programme", "effective_from", "revision"],
        unique=True,
    )
    access.allow("policy_draft", access.READ_ADD_CHANGE)


def downgrade() -> None:
    """Undoes this revision."""
    keeping.refuse_losing("policy_draft")
    op.drop_table("policy_draft")
