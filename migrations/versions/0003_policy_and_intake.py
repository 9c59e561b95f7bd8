"""policy and intake: versions, rounds, batches, applications, sheets"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "application_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "opens_on <= closes_on", name=op.f("ck_application_round_opens_before_closing")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_round")),
    )
    op.create_index(
        "uq_application_round_key", "application_round", ["programme", "period"], unique=True
    )
    op.create_table(
        "decision_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("case_count", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("step IN ('county', 'city')", name=op.f("ck_decision_batch_step_known")),
        sa.CheckConstraint(
            "verdict IN ('approve', 'return', 'reject')",
            name=op.f("ck_decision_batch_verdict_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_batch")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        sa.Column("shown_from", sa.Date(), nullable=False),
        sa.Column("shown_to", sa.Date(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("holidays_known", sa.Boolean(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("posted_by", sa.Uuid(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_down_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('posted', 'taken_down')", name=op.f("ck_notice_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("number", name=op.f("uq_notice_number")),
    )
    op.create_index("ix_notice_state", "notice", ["state", "shown_to"], unique=False)
    op.create_table(
        "policy_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("catalogue", sa.String(40), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("effective_from", sa.String(11), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
    )
    op.create_index(
        "uq_policy_version_key",
        "policy_version",
        ["catalogue", "programme", "effective_from", "revision"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "late_permission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_late_permission_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["application_round.id"], name=op.f("fk_late_permission_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_late_permission_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_permission")),
    )
    op.create_index(
        op.f("ix_late_permission_round_id"), "late_permission", ["round_id"], unique=False
    )
    op.create_table(
        "notice_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("school_name", sa.String(120), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_notice_line_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_line_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_notice_line_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_line")),
    )
    op.create_index(op.f("ix_notice_line_notice_id"), "notice_line", ["notice_id"], unique=False)
    op.create_index(op.f("ix_notice_line_subject_id"), "notice_line", ["subject_id"], unique=False)
    op.create_table(
        "reporting_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("zero", sa.Boolean(), nullable=False),
        sa.Column("panel", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("panel_met_on", sa.Date(), nullable=True),
        sa.Column("notice_from", sa.Date(), nullable=True),
        sa.Column("notice_to", sa.Date(), nullable=True),
        sa.Column("filled_by", sa.Uuid(), nullable=False),
        sa.Column("endorsed_by", sa.Uuid(), nullable=True),
        sa.Column("endorsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state = 'filling' OR zero OR (notice_from IS NOT NULL AND notice_to IS NOT NULL)",
            name=op.f("ck_reporting_batch_noticed_before_endorsed"),
        ),
        sa.CheckConstraint(
            "state IN ('filling', 'endorsed', 'reported')",
            name=op.f("ck_reporting_batch_state_known"),
        ),
        sa.CheckConstraint(
            "endorsed_by IS DISTINCT FROM filled_by",
            name=op.f("ck_reporting_batch_head_is_another"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_reporting_batch_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["application_round.id"], name=op.f("fk_reporting_batch_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_reporting_batch_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reporting_batch")),
    )
    op.create_index(
        "ix_reporting_batch_round", "reporting_batch", ["round_id", "state"], unique=False
    )
    op.create_index(
        "uq_reporting_batch_key", "reporting_batch", ["school_id", "round_id"], unique=True
    )
    op.create_table(
        "application",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("step", sa.String(32), nullable=True),
        sa.Column("submission_no", sa.Integer(), nullable=False),
        sa.Column("student_name", sa.String(80), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("hardship", sa.Integer(), nullable=True),
        sa.Column("eligible", sa.Boolean(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("failed", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("missing", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'in_review') = (step IS NOT NULL)", name=op.f("ck_application_step_in_review")
        ),
        sa.CheckConstraint(
            "state = 'draft' OR eligible IS NOT NULL",
            name=op.f("ck_application_draft_while_unknown"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'in_review', 'approved', "
            "'announced', 'confirmed', 'rejected', 'withdrawn')",
            name=op.f("ck_application_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'announced', 'confirmed') OR (eligible IS TRUE AND "
            "amount_fen > 0)",
            name=op.f("ck_application_only_eligible_approved"),
        ),
        sa.CheckConstraint("step IN ('county', 'city')", name=op.f("ck_application_step_known")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_application_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_application_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["application_round.id"], name=op.f("fk_application_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_application_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_application_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("number", name=op.f("uq_application_number")),
    )
    op.create_index(
        "ix_application_county",
        "application",
        ["county_id", "programme", "period", "state"],
        unique=False,
    )
    op.create_index(
        "ix_application_queue",
        "application",
        ["programme", "period", "state", "step"],
        unique=False,
    )
    op.create_index(
        "ix_application_school",
        "application",
        ["school_id", "programme", "period", "state"],
        unique=False,
    )
    op.create_index(op.f("ix_application_notice_id"), "application", ["notice_id"], unique=False)
    op.create_index("ix_application_student", "application", ["student_id"], unique=False)
    op.create_index(
        "uq_application_live",
        "application",
        ["student_id", "programme", "period"],
        unique=True,
        postgresql_where="state NOT IN ('rejected', 'withdrawn')",
    )
    op.create_table(
        "sheet_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("programme", sa.String(40), nullable=False),
        sa.Column("period", sa.String(11), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("annotated_id", sa.Uuid(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("on_error", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('applications')", name=op.f("ck_sheet_import_kind_known")),
        sa.CheckConstraint(
            "on_error IN ('reject', 'accept_good')", name=op.f("ck_sheet_import_on_error_known")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'refused', 'failed')",
            name=op.f("ck_sheet_import_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["annotated_id"], ["document.id"], name=op.f("fk_sheet_import_annotated_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_sheet_import_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_sheet_import_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_sheet_import_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_import")),
    )
    op.create_index(
        "ix_sheet_import_uploaded", "sheet_import", ["uploaded_by", "made_at"], unique=False
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("submission_no", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("step IN ('county', 'city')", name=op.f("ck_decision_step_known")),
        sa.CheckConstraint(
            "verdict IN ('approve', 'return', 'reject')", name=op.f("ck_decision_verdict_known")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_decision_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["decision_batch.id"], name=op.f("fk_decision_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_decision_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_decision_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_batch", "decision", ["batch_id"], unique=False)
    op.create_index(
        "uq_decision_step", "decision", ["application_id", "submission_no", "step"], unique=True
    )
    op.create_table(
        "import_row",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("sheet_no", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(80), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('eligible', 'ineligible', 'provisional', 'incomplete', "
            "'unchanged', 'already_applied', 'error')",
            name=op.f("ck_import_row_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_import_row_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["sheet_import.id"], name=op.f("fk_import_row_import_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_import_row_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
    )
    op.create_index(
        "uq_import_row_place", "import_row", ["import_id", "sheet_no", "row_no"], unique=True
    )
    op.create_table(
        "objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("words", sa.String(1000), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_because", sa.String(500), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'dismissed')", name=op.f("ck_objection_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_objection_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_objection_county_id")
        ),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_objection_notice_id")),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_objection_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    op.create_index(
        "ix_objection_application", "objection", ["application_id", "state"], unique=False
    )
    op.create_table(
        "submission",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("submission_no", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("failed", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("missing", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_submission_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_submission_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_version_id"],
            ["policy_version.id"],
            name=op.f("fk_submission_policy_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_submission_school_id")
        ),
        sa.PrimaryKeyConstraint("application_id", "submission_no", name=op.f("pk_submission")),
    )
    op.create_index(
        "ix_submission_policy_version", "submission", ["policy_version_id"], unique=False
    )
    access.allow("application_round", access.READ_ADD_CHANGE)
    access.allow("decision_batch", access.READ_ADD)
    access.allow("notice", access.READ_ADD_CHANGE)
    access.allow("policy_version", access.READ_ADD)
    access.secure("late_permission", access.READ_ADD, access.BY_SCHOOL)
    access.secure("notice_line", "SELECT, INSERT, DELETE", access.BY_SCHOOL)
    access.secure("reporting_batch", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("application", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("sheet_import", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("decision", access.READ_ADD, access.BY_SCHOOL)
    access.secure("import_row", access.READ_ADD, access.BY_SCHOOL)
    access.secure("objection", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("submission", access.READ_ADD, access.BY_SCHOOL)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "application",
        "application_round",
        "decision",
        "decision_batch",
        "import_row",
        "late_permission",
        "notice",
        "notice_line",
        "objection",
        "policy_version",
        "reporting_batch",
        "sheet_import",
        "submission",
    )
    op.drop_index("ix_submission_policy_version", table_name="submission")
    op.drop_table("submission")
    op.drop_index("ix_objection_application", table_name="objection")
    op.drop_table("objection")
    op.drop_index("uq_import_row_place", table_name="import_row")
    op.drop_table("import_row")
    op.drop_index("uq_decision_step", table_name="decision")
    op.drop_index("ix_decision_batch", table_name="decision")
    op.drop_table("decision")
    op.drop_index("ix_sheet_import_uploaded", table_name="sheet_import")
    op.drop_table("sheet_import")
    op.drop_index(
        "uq_application_live",
        table_name="application",
        postgresql_where="state NOT IN ('rejected', 'withdrawn')",
    )
    op.drop_index("ix_application_student", table_name="application")
    op.drop_index(op.f("ix_application_notice_id"), table_name="application")
    op.drop_index("ix_application_school", table_name="application")
    op.drop_index("ix_application_queue", table_name="application")
    op.drop_index("ix_application_county", table_name="application")
    op.drop_table("application")
    op.drop_index("uq_reporting_batch_key", table_name="reporting_batch")
    op.drop_index("ix_reporting_batch_round", table_name="reporting_batch")
    op.drop_table("reporting_batch")
    op.drop_index(op.f("ix_notice_line_subject_id"), table_name="notice_line")
    op.drop_index(op.f("ix_notice_line_notice_id"), table_name="notice_line")
    op.drop_table("notice_line")
    op.drop_index(op.f("ix_late_permission_round_id"), table_name="late_permission")
    op.drop_table("late_permission")
    op.drop_index(
        "uq_policy_version_key", table_name="policy_version", postgresql_nulls_not_distinct=True
    )
    op.drop_table("policy_version")
    op.drop_index("ix_notice_state", table_name="notice")
    op.drop_table("notice")
    op.drop_table("decision_batch")
    op.drop_index("uq_application_round_key", table_name="application_round")
    op.drop_table("application_round")
