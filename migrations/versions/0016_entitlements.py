"""entitlements: one award a student, programme and period; what a student holds in a school year;
instalments that move with a student
"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

EXCLUSIVE = (
    ("campus-loan", "origin-loan"),
    ("encouragement-scholarship", "national-scholarship"),
)
"""What excluded one another when this revision was written; later pairs hold from then on."""


def upgrade() -> None:
    """Goes to this revision."""
    op.create_index(
        "uq_award_entitlement",
        "award",
        ["student_id", "programme", "period"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_table(
        "award_hold",
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("key", sa.String(81), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_award_hold_student_id")
        ),
        sa.PrimaryKeyConstraint("student_id", "school_year", "key", name=op.f("pk_award_hold")),
    )
    access.allow("award_hold", access.ALL)
    _hold_what_stands()
    op.add_column("instalment", sa.Column("replaces_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_instalment_replaces_id"), "instalment", "instalment", ["replaces_id"], ["id"]
    )
    op.create_index("uq_instalment_replaces", "instalment", ["replaces_id"], unique=True)
    op.add_column("transfer_request", sa.Column("settled_on", sa.Date(), nullable=True))
    op.execute(
        "UPDATE transfer_request SET settled_on = (settled_at AT TIME ZONE 'Asia/Shanghai')::date "
        "WHERE settled_at IS NOT NULL"
    )


def _hold_what_stands() -> None:
    """Awards made before exclude too; who has both already keeps the earlier as the holder."""
    op.execute("SET LOCAL aid.scope = 'city'")
    hold = sa.text(
        "INSERT INTO award_hold (student_id, school_year, key, programme) "
        "SELECT student_id, CASE WHEN period LIKE '%-autumn' THEN left(period, 4) || '-' || "
        "(left(period, 4)::int + 1) WHEN period LIKE '%-spring' THEN "
        "(left(period, 4)::int - 1) || '-' || left(period, 4) ELSE period END, "
        ":one || '|' || :other, programme FROM award "
        "WHERE programme IN (:one, :other) AND state <> 'cancelled' ORDER BY made_at "
        "ON CONFLICT DO NOTHING"
    )
    for one, other in EXCLUSIVE:
        op.execute(hold.bindparams(one=one, other=other))


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "award_hold",
        "instalment WHERE replaces_id IS NOT NULL",
        "transfer_request WHERE settled_on IS NOT NULL",
    )
    op.drop_column("transfer_request", "settled_on")
    op.drop_column("instalment", "replaces_id")
    op.drop_table("award_hold")
    op.drop_index("uq_award_entitlement", "award")
