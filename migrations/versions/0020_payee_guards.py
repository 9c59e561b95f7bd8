"""guards before the file: findings with their outcome, overrides, staff's cards, blackout days"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE = (
    "no_account", "account_unconfirmed", "holder_differs", "shared_across_households",
    "enrolment_unconfirmed", "not_enrolled", "identity_provisional", "over_award", "on_hold",
    "name_unfit_for_bank",
)  # fmt: skip
NEW = (
    "staff_account", "over_year_maximum", "paid_twice", "deceased", "account_changed",
    "rate_differs",
)  # fmt: skip


def upgrade() -> None:
    """Goes to this revision."""
    _results()
    _overrides()
    _staff_accounts()
    _blackouts()


def _results() -> None:
    op.add_column(
        "payout",
        sa.Column("checks", postgresql.ARRAY(sa.String()), nullable=False, server_default="{}"),
    )
    op.alter_column("payout", "checks", server_default=None)
    op.add_column("payout", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "payout_finding", sa.Column("facts", sa.String(64), nullable=False, server_default="")
    )
    op.alter_column("payout_finding", "facts", server_default=None)
    op.add_column(
        "payout_finding",
        sa.Column("outcome", sa.String(32), nullable=False, server_default="open"),
    )
    op.alter_column("payout_finding", "outcome", server_default=None)
    op.create_check_constraint(
        op.f("ck_payout_finding_outcome_known"),
        "payout_finding",
        "outcome IN ('open', 'overridden')",
    )
    _know("payout_finding", BEFORE + NEW)


def _know(table: str, findings: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_finding_known")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, _one_of(findings))


def _one_of(findings: tuple[str, ...]) -> str:
    return f"finding IN ({', '.join(repr(each) for each in findings)})"


def _overrides() -> None:
    op.create_table(
        "payout_override",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("facts", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_one_of(BEFORE + NEW), name=op.f("ck_payout_override_finding_known")),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payout.id"], name=op.f("fk_payout_override_payout_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_payout_override_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_payout_override_county_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_override")),
    )
    op.create_index(
        "uq_payout_override_once",
        "payout_override",
        ["payout_id", "finding", "facts"],
        unique=True,
    )
    access.secure("payout_override", access.READ_ADD, access.BY_SCHOOL)


def _staff_accounts() -> None:
    op.create_table(
        "staff_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("number_tail", sa.String(4), nullable=False),
        sa.Column("holder_name", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.Column("removed_because", sa.String(200), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL)",
            name=op.f("ck_staff_account_removed_by_one"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_staff_account_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_staff_account_county_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_account")),
    )
    op.create_index(
        "uq_staff_account_live",
        "staff_account",
        ["school_id", "number_index"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("ix_staff_account_number", "staff_account", ["number_index"])
    access.secure("staff_account", access.READ_ADD_CHANGE, access.BY_SCHOOL)


def _blackouts() -> None:
    op.create_table(
        "blackout",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_because", sa.String(200), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("from_on <= to_on", name=op.f("ck_blackout_days_in_order")),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancelled_by IS NULL)",
            name=op.f("ck_blackout_cancelled_by_one"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["organisation.id"], name=op.f("fk_blackout_holder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blackout")),
    )
    op.create_index(
        "ix_blackout_live",
        "blackout",
        ["to_on"],
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )
    # A county is bound by the city's days too, and nothing in a row is anybody's secret.
    access.allow("blackout", access.READ_ADD_CHANGE)


def downgrade() -> None:
    """Goes back to the one before, where nothing of this was used."""
    new = ", ".join(repr(each) for each in NEW)
    keeping.refuse_losing(
        "payout_override",
        "staff_account",
        "blackout",
        f"payout_finding WHERE finding IN ({new}) OR outcome <> 'open' OR facts <> ''",
        "payout WHERE checked_at IS NOT NULL OR checks <> '{}'",
    )
    for table in ("blackout", "staff_account", "payout_override"):
        op.drop_table(table)
    _know("payout_finding", BEFORE)
    op.drop_column("payout_finding", "outcome")
    op.drop_column("payout_finding", "facts")
    op.drop_column("payout", "checked_at")
    op.drop_column("payout", "checks")
