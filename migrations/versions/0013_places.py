"""places: quotas, allocation proposals, the waiting list"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    _allocation_proposal()
    _quota()
    _place_entry()
    access.secure("allocation_proposal", access.READ_ADD, access.BY_SCHOOL)
    access.secure("quota", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("place_entry", access.READ_ADD_CHANGE, access.BY_SCHOOL)


def _allocation_proposal() -> None:
    op.create_table(
        "allocation_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("given", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ties", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('places', 'tiers')", name=op.f("ck_allocation_proposal_kind_known")
        ),
        sa.CheckConstraint(
            "kind = 'places' OR school_id IS NOT NULL",
            name=op.f("ck_allocation_proposal_tiers_of_a_school"),
        ),
        *_offices("allocation_proposal"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_proposal")),
    )
    op.create_index(
        "ix_allocation_proposal_key", "allocation_proposal", ["programme", "period", "kind"]
    )


def _quota() -> None:
    op.create_table(
        "quota",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("places >= 0", name=op.f("ck_quota_places_not_negative")),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_quota_amount_not_negative")),
        *_offices("quota"),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["allocation_proposal.id"], name=op.f("fk_quota_proposal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota")),
    )
    op.create_index("uq_quota_key", "quota", ["programme", "period", "school_id"], unique=True)


def _place_entry() -> None:
    op.create_table(
        "place_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("reason_zh", sa.String(400), nullable=False),
        sa.Column("reason_en", sa.String(400), nullable=False),
        sa.Column("places", sa.Integer(), nullable=True),
        sa.Column("cap_fen", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_because", sa.String(200), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'taken', 'passed')",
            name=op.f("ck_place_entry_state_known"),
        ),
        sa.CheckConstraint(
            "reason IN ('over_places', 'over_money')", name=op.f("ck_place_entry_reason_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('taken', 'passed') OR settled_at IS NOT NULL",
            name=op.f("ck_place_entry_settled_dated"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_place_entry_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["application_round.id"], name=op.f("fk_place_entry_round_id")
        ),
        *_offices("place_entry"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_entry")),
    )
    op.create_index(
        "uq_place_entry_live",
        "place_entry",
        ["application_id"],
        unique=True,
        postgresql_where="state IN ('waiting', 'offered')",
    )
    op.create_index(
        "ix_place_entry_queue", "place_entry", ["round_id", "school_id", "state", "rank"]
    )
    op.create_index("ix_place_entry_application", "place_entry", ["application_id"])


def _offices(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], ["organisation.id"], name=op.f(f"fk_{table}_{column}"))
        for column in ("school_id", "county_id")
    ]


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing("place_entry", "quota", "allocation_proposal")
    op.drop_table("place_entry")
    op.drop_table("quota")
    op.drop_table("allocation_proposal")
