"""recognition mended: who ever filled a form; a form a school; the county's pages"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import keeping

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PAGED = ("recognition_form", "recognition_objection", "recognition_request")


def upgrade() -> None:
    """Goes to this revision."""
    op.add_column("recognition_form", sa.Column("fillers", postgresql.ARRAY(sa.Uuid())))
    op.execute("SET LOCAL aid.scope = 'city'")
    op.execute("UPDATE recognition_form SET fillers = ARRAY[filled_by]")
    op.alter_column("recognition_form", "fillers", nullable=False)
    _one_form_a("student_id", "school_id", "school_year")
    for table in PAGED:
        op.create_index(f"ix_{table}_county", table, ["county_id", "id"])


def _one_form_a(*key: str) -> None:
    op.drop_index("uq_recognition_form_year", "recognition_form")
    op.create_index("uq_recognition_form_year", "recognition_form", list(key), unique=True)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "recognition_form WHERE fillers IS DISTINCT FROM ARRAY[filled_by]",
        "recognition_form a JOIN recognition_form b USING (student_id, school_year) "
        "WHERE a.school_id <> b.school_id",
    )
    for table in PAGED:
        op.drop_index(f"ix_{table}_county", table)
    _one_form_a("student_id", "school_year")
    op.drop_column("recognition_form", "fillers")
