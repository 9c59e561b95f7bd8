"""city first: row security asks for the city before it asks for county and school"""

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
