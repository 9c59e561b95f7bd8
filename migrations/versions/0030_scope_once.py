"""scope once: row security reads who asks once a statement and not once a row"""

from alembic import op
from sqlalchemy import text

from migrations import access

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_RULES = (
    ("from_school_id", access.BOTH_SCHOOLS),
    ("(id = ", access.ITSELF),
    ("school_id", access.BY_SCHOOL),
    ("county_id", access.BY_COUNTY),
    ("aid.scope", access.CITY),
)
"""What a policy names → the rule it is; the first that fits."""


def upgrade() -> None:
    """Goes to this revision."""
    found = op.get_bind().execute(
        text(
            "SELECT tablename, policyname, qual, with_check FROM pg_policies "
            "WHERE schemaname = current_schema() AND qual LIKE '%aid.scope%'"
        )
    )
    for table, policy, using, check in found.all():
        rows = next(rule for named, rule in _RULES if named in using)
        checked = f" WITH CHECK ({rows})" if check is not None else ""
        op.execute(f"ALTER POLICY {policy} ON {table} USING ({rows}){checked}")


def downgrade() -> None:
    """Nothing to undo: the same rows are seen by the same people either way."""
