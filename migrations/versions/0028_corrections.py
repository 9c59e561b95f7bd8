"""corrections: when a work item was handed up because its deadline had passed"""

import sqlalchemy as sa
from alembic import op

from migrations import keeping

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.add_column("work_item", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Goes back to the one before, where nothing was handed up."""
    keeping.refuse_losing("work_item WHERE escalated_at IS NOT NULL")
    op.drop_column("work_item", "escalated_at")
