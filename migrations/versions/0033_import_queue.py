"""import queue: since when an import was in work, and the two questions asked of the queue"""

import sqlalchemy as sa
from alembic import op

from migrations import keeping

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

UNDER_WAY = "state IN ('queued', 'running')"
PACED = "state = 'done' AND started_at IS NOT NULL"


def upgrade() -> None:
    """Goes to this revision."""
    op.add_column("sheet_import", sa.Column("started_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_sheet_import_under_way", "sheet_import", ["id"], postgresql_where=sa.text(UNDER_WAY)
    )
    op.create_index(
        "ix_sheet_import_pace", "sheet_import", ["finished_at"], postgresql_where=sa.text(PACED)
    )


def downgrade() -> None:
    """Goes back before it."""
    keeping.refuse_losing("sheet_import WHERE started_at IS NOT NULL")
    op.drop_index("ix_sheet_import_pace", table_name="sheet_import")
    op.drop_index("ix_sheet_import_under_way", table_name="sheet_import")
    op.drop_column("sheet_import", "started_at")
