"""learnt replies: what banks' unlisted words mean"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "learnt_reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_format", sa.String(40), nullable=False),
        sa.Column("words", sa.String(120), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("because", sa.String(500), nullable=False),
        sa.Column("learnt_by", sa.Uuid(), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('paid', 'failed')", name=op.f("ck_learnt_reply_outcome_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learnt_reply")),
    )
    op.create_index("uq_learnt_reply_words", "learnt_reply", ["bank_format", "words"], unique=True)
    access.allow("learnt_reply", access.READ_ADD)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing("learnt_reply")
    op.drop_table("learnt_reply")
