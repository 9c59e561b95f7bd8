"""hardship recognition and recoverable money"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TRANSFERS_BEFORE = (
    "kind IN ('appropriate', 'recall', 'commit', 'release_commitment', 'send', 'pay', 'fail', "
    "'return')"
)
TRANSFERS = (
    "kind IN ('appropriate', 'recall', 'commit', 'release_commitment', 'send', 'pay', 'fail', "
    "'return', 'recover', 'undo_recover')"
)
TABLES = {
    "recognition_form": access.READ_ADD_CHANGE,
    "recognition_member": access.ALL,
    "recognition_panel": access.READ_ADD,
    "recognition_decision": access.READ_ADD,
    "recognition_objection": access.READ_ADD_CHANGE,
    "recognition": access.READ_ADD,
    "recognition_request": access.READ_ADD_CHANGE,
    "recoverable": access.READ_ADD_CHANGE,
}


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "recognition_panel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.Column("members", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("met_on", sa.Date(), nullable=False),
        sa.Column("forms", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_recognition_panel_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_recognition_panel_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition_panel")),
    )
    op.create_index(
        op.f("ix_recognition_panel_school_id"), "recognition_panel", ["school_id"], unique=False
    )
    op.create_table(
        "recognition_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("submission_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("student_name", sa.String(80), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.Column("sex", sa.String(32), nullable=True),
        sa.Column("birth_month", sa.String(7), nullable=True),
        sa.Column("household_size", sa.Integer(), nullable=True),
        sa.Column("hukou", sa.String(32), nullable=True),
        sa.Column("telephone", sa.LargeBinary(), nullable=True),
        sa.Column("parent_telephone", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("post_code", sa.String(6), nullable=True),
        sa.Column("groups", postgresql.ARRAY(sa.String()), nullable=True),
        sa.Column("income_per_head_fen", sa.BigInteger(), nullable=True),
        sa.Column("disaster", sa.Boolean(), nullable=False),
        sa.Column("accident", sa.Boolean(), nullable=False),
        sa.Column("weak_labour", sa.Boolean(), nullable=False),
        sa.Column("other", sa.String(500), nullable=True),
        sa.Column("car", sa.Boolean(), nullable=True),
        sa.Column("house_bought", sa.Boolean(), nullable=True),
        sa.Column("promise_signer", sa.String(80), nullable=True),
        sa.Column("promise_on", sa.Date(), nullable=True),
        sa.Column("promise_text", sa.String(40), nullable=True),
        sa.Column("authorised_signer", sa.String(80), nullable=True),
        sa.Column("authorised_relation", sa.String(20), nullable=True),
        sa.Column("authorised_on", sa.Date(), nullable=True),
        sa.Column("authorised_kinds", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("needed", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("class_notice_id", sa.Uuid(), nullable=True),
        sa.Column("school_notice_id", sa.Uuid(), nullable=True),
        sa.Column("filled_by", sa.Uuid(), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "hukou IN ('rural', 'town', 'urban', 'resident')",
            name=op.f("ck_recognition_form_hukou_known"),
        ),
        sa.CheckConstraint("sex IN ('female', 'male')", name=op.f("ck_recognition_form_sex_known")),
        sa.CheckConstraint(
            "state <> 'submitted' OR needed = '{}'",
            name=op.f("ck_recognition_form_submitted_is_whole"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'reviewed', 'decided', 'noticed', "
            "'filed', 'rejected')",
            name=op.f("ck_recognition_form_state_known"),
        ),
        sa.CheckConstraint(
            "household_size BETWEEN 1 AND 30", name=op.f("ck_recognition_form_household_sane")
        ),
        sa.CheckConstraint(
            "income_per_head_fen >= 0", name=op.f("ck_recognition_form_income_not_negative")
        ),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_recognition_form_level_known")),
        sa.ForeignKeyConstraint(
            ["class_notice_id"], ["notice.id"], name=op.f("fk_recognition_form_class_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_recognition_form_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_recognition_form_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_notice_id"], ["notice.id"], name=op.f("fk_recognition_form_school_notice_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_recognition_form_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition_form")),
    )
    op.create_index(
        "ix_recognition_form_class",
        "recognition_form",
        ["school_id", "school_year", "grade", "class_name"],
        unique=False,
    )
    op.create_index(
        op.f("ix_recognition_form_school_notice_id"),
        "recognition_form",
        ["school_notice_id"],
        unique=False,
    )
    op.create_index(
        "uq_recognition_form_year", "recognition_form", ["student_id", "school_year"], unique=True
    )
    op.create_table(
        "recognition_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("groups", postgresql.ARRAY(sa.String()), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("because", sa.String(500), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_because", sa.String(500), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind = 'cancel' OR level IS NOT NULL",
            name=op.f("ck_recognition_request_change_has_level"),
        ),
        sa.CheckConstraint(
            "kind IN ('change', 'cancel')", name=op.f("ck_recognition_request_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'refused')",
            name=op.f("ck_recognition_request_state_known"),
        ),
        sa.CheckConstraint(
            "level BETWEEN 0 AND 3", name=op.f("ck_recognition_request_level_known")
        ),
        sa.CheckConstraint(
            "settled_by IS DISTINCT FROM requested_by",
            name=op.f("ck_recognition_request_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_recognition_request_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_recognition_request_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_recognition_request_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition_request")),
    )
    op.create_index(
        "ix_recognition_request_school", "recognition_request", ["school_id", "state"], unique=False
    )
    op.create_index(
        "uq_recognition_request_open",
        "recognition_request",
        ["student_id", "school_year"],
        unique=True,
        postgresql_where="state = 'open'",
    )
    op.create_table(
        "recognition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("groups", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("basis", sa.String(32), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=True),
        sa.Column("register_ref", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("because", sa.String(500), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "basis <> 'cancelled' OR level = 0", name=op.f("ck_recognition_cancelled_is_none")
        ),
        sa.CheckConstraint(
            "basis IN ('form', 'register', 'change', 'review', 'cancelled')",
            name=op.f("ck_recognition_basis_known"),
        ),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_recognition_level_known")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_recognition_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["recognition_form.id"], name=op.f("fk_recognition_form_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_recognition_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_recognition_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition")),
    )
    op.create_index(
        "ix_recognition_school", "recognition", ["school_id", "school_year"], unique=False
    )
    op.create_index(
        "uq_recognition_day",
        "recognition",
        ["student_id", "school_year", "valid_from"],
        unique=True,
    )
    op.create_table(
        "recognition_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("submission_no", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("opinion", sa.String(500), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "step IN ('panel', 'group', 'review')", name=op.f("ck_recognition_decision_step_known")
        ),
        sa.CheckConstraint(
            "verdict IN ('propose', 'accept', 'return', 'refuse')",
            name=op.f("ck_recognition_decision_verdict_known"),
        ),
        sa.CheckConstraint(
            "level BETWEEN 0 AND 3", name=op.f("ck_recognition_decision_level_known")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_recognition_decision_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["recognition_form.id"], name=op.f("fk_recognition_decision_form_id")
        ),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["recognition_panel.id"], name=op.f("fk_recognition_decision_panel_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_recognition_decision_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition_decision")),
    )
    op.create_index(
        "ix_recognition_decision_form", "recognition_decision", ["form_id"], unique=False
    )
    op.create_index(
        "uq_recognition_decision_once",
        "recognition_decision",
        ["form_id", "submission_no", "step"],
        unique=True,
        postgresql_where="step <> 'review'",
    )
    op.create_table(
        "recognition_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("relation", sa.String(20), nullable=False),
        sa.Column("work_or_school", sa.String(120), nullable=True),
        sa.Column("occupation", sa.String(80), nullable=True),
        sa.Column("income_fen", sa.BigInteger(), nullable=True),
        sa.Column("health", sa.String(80), nullable=True),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_recognition_member_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["recognition_form.id"], name=op.f("fk_recognition_member_form_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_recognition_member_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition_member")),
    )
    op.create_index(
        "uq_recognition_member_seq", "recognition_member", ["form_id", "seq"], unique=True
    )
    op.create_table(
        "recognition_objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("words", sa.String(1000), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_because", sa.String(500), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'changed')",
            name=op.f("ck_recognition_objection_state_known"),
        ),
        sa.CheckConstraint(
            "level BETWEEN 0 AND 3", name=op.f("ck_recognition_objection_level_known")
        ),
        sa.CheckConstraint(
            "settled_by IS DISTINCT FROM recorded_by",
            name=op.f("ck_recognition_objection_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_recognition_objection_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["recognition_form.id"], name=op.f("fk_recognition_objection_form_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_recognition_objection_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition_objection")),
    )
    op.create_index(
        "ix_recognition_objection_form", "recognition_objection", ["form_id", "state"], unique=False
    )
    op.create_table(
        "recoverable",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("instalment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("because", sa.String(500), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("marked_by", sa.Uuid(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "reason IN ('false_statement', 'left', 'paid_twice', 'death')",
            name=op.f("ck_recoverable_reason_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'came_back')", name=op.f("ck_recoverable_state_known")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_recoverable_amount_positive")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_recoverable_award_id")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_recoverable_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["instalment_id"], ["instalment.id"], name=op.f("fk_recoverable_instalment_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_recoverable_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_recoverable_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recoverable")),
        sa.UniqueConstraint("instalment_id", name=op.f("uq_recoverable_instalment_id")),
    )
    op.create_index(op.f("ix_recoverable_award_id"), "recoverable", ["award_id"], unique=False)
    op.create_index("ix_recoverable_school", "recoverable", ["school_id", "state"], unique=False)
    op.create_index("ix_recoverable_student", "recoverable", ["student_id"], unique=False)

    for table, privileges in TABLES.items():
        access.secure(table, privileges, access.BY_SCHOOL)
    _transfer_kinds(TRANSFERS)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "recoverable",
        "recognition_request",
        "recognition",
        "recognition_objection",
        "recognition_decision",
        "recognition_panel",
        "recognition_member",
        "recognition_form",
    )
    for table in (
        "recoverable",
        "recognition_request",
        "recognition",
        "recognition_objection",
        "recognition_decision",
        "recognition_panel",
        "recognition_member",
        "recognition_form",
    ):
        op.drop_table(table)
    _transfer_kinds(TRANSFERS_BEFORE)


def _transfer_kinds(known: str) -> None:
    op.drop_constraint(op.f("ck_ledger_transfer_kind_known"), "ledger_transfer")
    op.create_check_constraint(op.f("ck_ledger_transfer_kind_known"), "ledger_transfer", known)
