"""scope once: row security reads who asks once a statement and not once a row"""

from migrations import access

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    access.secure_anew()


def downgrade() -> None:
    """Nothing to undo: the same rows are seen by the same people either way."""
