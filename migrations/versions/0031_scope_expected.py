"""scope expected: behind row security the planner expects half of a table, not next to nothing"""

from migrations import access

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    access.secure_anew()


def downgrade() -> None:
    """Nothing to undo: the same rows are seen by the same people either way."""
