"""awards by period: a programme's awards of a period, for arrears and the city's lists"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_index("ix_award_period", "award", ["programme", "period", "state"])


def downgrade() -> None:
    """Undoes this revision."""
    op.drop_index("ix_award_period", table_name="award")
