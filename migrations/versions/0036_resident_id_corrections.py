"""resident ids recorded wrong: their correction, and matches made by the wrong number forgotten"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TABLE = "resident_id_correction"
OPEN = sa.text("state = 'proposed'")


def upgrade() -> None:
    """Goes to this revision."""
    _corrections()
    # What was proposed binds; only how it was settled is written later.
    access.secure(
        TABLE,
        "SELECT, INSERT, UPDATE (state, settled_by, settled_at, settled_because)",
        access.BY_SCHOOL,
    )
    access.allow("register_match", "DELETE")


def _corrections() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.LargeBinary(), nullable=False),
        sa.Column("resident_id_index", sa.LargeBinary(), nullable=False),
        sa.Column("old_resident_id", sa.LargeBinary(), nullable=False),
        sa.Column("old_resident_id_index", sa.LargeBinary(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("because", sa.String(200), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_because", sa.String(200), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'refused', 'replaced')",
            name=op.f(f"ck_{TABLE}_state_known"),
        ),
        sa.CheckConstraint(
            "settled_by IS DISTINCT FROM proposed_by", name=op.f(f"ck_{TABLE}_second_person")
        ),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'refused')) = (settled_by IS NOT NULL)",
            name=op.f(f"ck_{TABLE}_settled_by_one"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{of}.id"], name=op.f(f"fk_{TABLE}_{column}"))
            for column, of in (
                ("student_id", "student"),
                ("school_id", "organisation"),
                ("county_id", "organisation"),
                ("document_id", "document"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    for name, column in (("open", "student_id"), ("number", "resident_id_index")):
        op.create_index(f"uq_{TABLE}_{name}", TABLE, [column], unique=True, postgresql_where=OPEN)
    for column in ("student_id", "school_id", "county_id", "document_id"):
        op.create_index(f"ix_{TABLE}_{column}", TABLE, [column])


def downgrade() -> None:
    """Goes back to the one before, where nothing of this was used."""
    keeping.refuse_losing(TABLE)
    op.execute(f"REVOKE DELETE ON register_match FROM {access.serving_role()}")
    op.drop_table(TABLE)
