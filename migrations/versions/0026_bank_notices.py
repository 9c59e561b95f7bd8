"""bank notices: money sent back to an account, whichever payment file it left in

The parts of payouts are looked for by instalment as well: where its money went, and whether it was
ever in a payout.
"""

import sqlalchemy as sa
from alembic import op

from migrations import keeping

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_ONE, _ACCOUNT = "ck_return_file_about_one", "fk_return_file_paying_account_id"


def upgrade() -> None:
    """Goes to this revision."""
    op.add_column("return_file", sa.Column("paying_account_id", sa.Uuid(), nullable=True))
    op.alter_column("return_file", "payment_file_id", nullable=True)
    op.create_foreign_key(
        op.f(_ACCOUNT), "return_file", "paying_account", ["paying_account_id"], ["id"]
    )
    op.create_check_constraint(
        op.f(_ONE), "return_file", "num_nonnulls(payment_file_id, paying_account_id) = 1"
    )
    op.create_index("ix_payout_part_instalment", "payout_part", ["instalment_id"])
    op.create_index(
        "uq_return_file_notice_once", "return_file", ["paying_account_id", "sha256"], unique=True
    )


def downgrade() -> None:
    """Goes back to the one before, where no notice was taken in."""
    keeping.refuse_losing("return_file WHERE paying_account_id IS NOT NULL")
    op.drop_index("ix_payout_part_instalment", "payout_part")
    op.drop_index("uq_return_file_notice_once", "return_file")
    op.drop_constraint(op.f(_ONE), "return_file", type_="check")
    op.drop_constraint(op.f(_ACCOUNT), "return_file", type_="foreignkey")
    op.alter_column("return_file", "payment_file_id", nullable=False)
    op.drop_column("return_file", "paying_account_id")
