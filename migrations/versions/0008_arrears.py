"""arrears: supplementary instalments point at the later rate"""

import sqlalchemy as sa
from alembic import op

from migrations import keeping

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.add_column("instalment", sa.Column("supplement_version_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_instalment_supplement_version_id"),
        "instalment",
        "policy_version",
        ["supplement_version_id"],
        ["id"],
    )
    op.create_index(
        "ix_instalment_supplement",
        "instalment",
        ["award_id"],
        postgresql_where=sa.text("supplement_version_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Undoes this revision."""
    keeping.refuse_losing("instalment WHERE supplement_version_id IS NOT NULL")
    op.drop_column("instalment", "supplement_version_id")
