"""year ends: what becomes of a line is proposed by one person and confirmed by another"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_TABLE = "fund_line_year_end"
_CHECKS = {
    "state_known": "state IN ('proposed', 'confirmed', 'refused', 'replaced', 'set_alone')",
    "second_person": "answered_by IS DISTINCT FROM proposed_by",
    "answered_by_one": "(state IN ('confirmed', 'refused')) = (answered_by IS NOT NULL)",
    "answered_once": "(answered_by IS NULL) = (answered_at IS NULL)",
    "refused_because": "(state = 'refused') = (refused_because IS NOT NULL)",
}


def upgrade() -> None:
    """Goes to this revision.

    What stood before was set by one person and counted at once. It goes on counting, but nobody
    confirmed it, and no second person is made up for it: it has a state of its own, `set_alone`,
    which no row is given again, since rows are born waiting and leave that state once.
    """
    op.alter_column(_TABLE, "set_by", new_column_name="proposed_by")
    op.alter_column(_TABLE, "set_at", new_column_name="proposed_at")
    # By a default and not by an UPDATE: row security hides the rows from the owner.
    op.add_column(
        _TABLE, sa.Column("state", sa.String(32), nullable=False, server_default="set_alone")
    )
    op.alter_column(_TABLE, "state", server_default=None)
    op.add_column(_TABLE, sa.Column("answered_by", sa.Uuid(), nullable=True))
    op.add_column(_TABLE, sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(_TABLE, sa.Column("refused_because", sa.String(200), nullable=True))
    for name, rule in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{_TABLE}_{name}"), _TABLE, rule)
    op.create_index(
        "uq_fund_line_year_end_open",
        _TABLE,
        ["fund_line_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    access.allow(_TABLE, "UPDATE (state, answered_by, answered_at, refused_because)")
    op.execute(
        f"CREATE POLICY {_TABLE}_born ON {_TABLE} AS RESTRICTIVE FOR INSERT "
        "WITH CHECK (state = 'proposed')"
    )
    op.execute(
        f"CREATE POLICY {_TABLE}_answered ON {_TABLE} AS RESTRICTIVE FOR UPDATE "
        "USING (state = 'proposed') WITH CHECK (state IN ('confirmed', 'refused', 'replaced'))"
    )


def downgrade() -> None:
    """Goes back to the one before, where one person said it, and nobody answered."""
    keeping.refuse_losing(f"{_TABLE} WHERE state <> 'set_alone'")
    for policy in ("born", "answered"):
        op.execute(f"DROP POLICY {_TABLE}_{policy} ON {_TABLE}")
    op.drop_index("uq_fund_line_year_end_open", _TABLE)
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_{_TABLE}_{name}"), _TABLE, type_="check")
    for column in ("refused_because", "answered_at", "answered_by", "state"):
        op.drop_column(_TABLE, column)
    op.alter_column(_TABLE, "proposed_at", new_column_name="set_at")
    op.alter_column(_TABLE, "proposed_by", new_column_name="set_by")
