"""pages: the indexes that a list's next page is read from, however old the city's records"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_ADDED = (
    ("ix_bank_account_student", "bank_account", ["student_id"]),
    ("ix_application_period", "application", ["period", "id"]),
    ("ix_application_state", "application", ["state", "id"]),
    ("ix_application_county_name", "application", ["county_id", "student_name"]),
    ("ix_recognition_year", "recognition", ["school_year", "id"]),
    ("ix_recognition_form_of_year", "recognition_form", ["school_year", "id"]),
    ("ix_payout_run", "payout", ["run_id", "id"]),
)


def upgrade() -> None:
    """Goes to this revision."""
    for name, table, columns in _ADDED:
        op.create_index(name, table, columns)
    op.create_index(
        "ix_audit_event_refused", "audit_event", ["id"], postgresql_where="refused IS TRUE"
    )
    op.drop_index("ix_payout_run_state", "payout")
    op.drop_index("ix_decision_batch", "decision")
    op.create_index("ix_decision_batch", "decision", ["batch_id", "application_id"])
    op.execute("ALTER INDEX ix_award_period RENAME TO ix_award_programme")
    op.create_index("ix_award_period", "award", ["period", "id"])


def downgrade() -> None:
    """Goes back to the one before."""
    op.drop_index("ix_award_period", "award")
    op.execute("ALTER INDEX ix_award_programme RENAME TO ix_award_period")
    op.drop_index("ix_decision_batch", "decision")
    op.create_index("ix_decision_batch", "decision", ["batch_id"])
    op.create_index("ix_payout_run_state", "payout", ["run_id", "state"])
    op.drop_index("ix_audit_event_refused", "audit_event")
    for name, table, _ in reversed(_ADDED):
        op.drop_index(name, table)
