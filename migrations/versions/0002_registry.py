"""registry: schools, students, enrolments, households, accounts"""

import sqlalchemy as sa
from alembic import op

from migrations import access, keeping

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "enrolment_confirmation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("term", sa.String(11), nullable=False),
        sa.Column("students", sa.Integer(), nullable=False),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_enrolment_confirmation_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_enrolment_confirmation_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_confirmation")),
    )
    op.create_index(
        "ix_enrolment_confirmation_school",
        "enrolment_confirmation",
        ["school_id", "term", "made_at"],
        unique=False,
    )
    op.create_table(
        "school",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("school_area", sa.String(32), nullable=False),
        sa.Column("run_by", sa.String(32), nullable=False),
        sa.Column("division_code", sa.String(6), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9]{10}$'", name=op.f("ck_school_code_ten_digits")),
        sa.CheckConstraint("run_by IN ('county', 'city')", name=op.f("ck_school_run_by_known")),
        sa.CheckConstraint(
            "school_area IN ('rural', 'town', 'city')", name=op.f("ck_school_school_area_known")
        ),
        sa.CheckConstraint(
            "stage IN ('preschool', 'primary', 'junior', 'senior', 'vocational', "
            "'undergraduate', 'postgraduate')",
            name=op.f("ck_school_stage_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_school_county_id")
        ),
        sa.ForeignKeyConstraint(["id"], ["organisation.id"], name=op.f("fk_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("code", name=op.f("uq_school_code")),
    )
    op.create_index(op.f("ix_school_county_id"), "school", ["county_id"], unique=False)
    op.create_index(op.f("ix_school_name"), "school", ["name"], unique=False)
    op.create_table(
        "student",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("sex", sa.String(32), nullable=True),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("identity", sa.String(32), nullable=False),
        sa.Column("resident_id", sa.LargeBinary(), nullable=True),
        sa.Column("resident_id_index", sa.LargeBinary(), nullable=True),
        sa.Column("provisional_index", sa.LargeBinary(), nullable=True),
        sa.Column("guardian_resident_id", sa.LargeBinary(), nullable=True),
        sa.Column("identity_confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("identity_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("register_no", sa.String(20), nullable=True),
        sa.Column("guardian_name", sa.String(80), nullable=True),
        sa.Column("telephone", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(identity = 'documented') = (resident_id_index IS NOT NULL)",
            name=op.f("ck_student_documented_has_id"),
        ),
        sa.CheckConstraint(
            "identity IN ('documented', 'provisional', 'confirmed')",
            name=op.f("ck_student_identity_known"),
        ),
        sa.CheckConstraint("sex IN ('female', 'male')", name=op.f("ck_student_sex_known")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_student_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_student_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_student")),
        sa.UniqueConstraint("provisional_index", name=op.f("uq_student_provisional_index")),
        sa.UniqueConstraint("resident_id_index", name=op.f("uq_student_resident_id_index")),
    )
    op.create_index("ix_student_county_name", "student", ["county_id", "name"], unique=False)
    op.create_index("ix_student_school_name", "student", ["school_id", "name"], unique=False)
    op.create_table(
        "bank_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("number_tail", sa.String(4), nullable=False),
        sa.Column("bank_name", sa.String(80), nullable=True),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("holder_name", sa.String(80), nullable=False),
        sa.Column("relation", sa.String(20), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "holder = 'student' OR (relation IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_bank_account_guardian_has_reason"),
        ),
        sa.CheckConstraint(
            "holder IN ('student', 'guardian')", name=op.f("ck_bank_account_holder_known")
        ),
        sa.CheckConstraint(
            "kind IN ('card', 'passbook', 'social_card')", name=op.f("ck_bank_account_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('unconfirmed', 'confirmed', 'replaced', 'refused')",
            name=op.f("ck_bank_account_state_known"),
        ),
        sa.CheckConstraint(
            "confirmed_by IS DISTINCT FROM made_by", name=op.f("ck_bank_account_second_person")
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_bank_account_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["bank_account.id"], name=op.f("fk_bank_account_replaces_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_bank_account_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_bank_account_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_account")),
    )
    op.create_index("ix_bank_account_number", "bank_account", ["number_index"], unique=False)
    op.create_index(
        "ix_bank_account_school_state", "bank_account", ["school_id", "state"], unique=False
    )
    op.create_index(
        "uq_bank_account_confirmed",
        "bank_account",
        ["student_id"],
        unique=True,
        postgresql_where="state = 'confirmed'",
    )
    op.create_index(
        "uq_bank_account_unconfirmed",
        "bank_account",
        ["student_id"],
        unique=True,
        postgresql_where="state = 'unconfirmed'",
    )
    op.create_table(
        "enrolment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.Column("boards", sa.Boolean(), nullable=True),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_because", sa.String(200), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('preschool', 'primary', 'junior', 'senior', 'vocational', "
            "'undergraduate', 'postgraduate')",
            name=op.f("ck_enrolment_stage_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_enrolment_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_enrolment_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_enrolment_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
    )
    op.create_index(
        "ix_enrolment_class",
        "enrolment",
        ["school_id", "school_year", "grade", "class_name"],
        unique=False,
    )
    op.create_index("ix_enrolment_student", "enrolment", ["student_id"], unique=False)
    op.create_index(
        "uq_enrolment_open",
        "enrolment",
        ["student_id", "school_year"],
        unique=True,
        postgresql_where="left_on IS NULL",
    )
    op.create_table(
        "enrolment_absence",
        sa.Column("confirmation_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("remark", sa.String(200), nullable=True),
        sa.CheckConstraint(
            "kind IN ('left', 'suspended', 'absent', 'died')",
            name=op.f("ck_enrolment_absence_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["confirmation_id"],
            ["enrolment_confirmation.id"],
            name=op.f("fk_enrolment_absence_confirmation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_enrolment_absence_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_enrolment_absence_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_enrolment_absence_student_id")
        ),
        sa.PrimaryKeyConstraint("confirmation_id", "student_id", name=op.f("pk_enrolment_absence")),
    )
    op.create_table(
        "household",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("hukou", sa.String(32), nullable=True),
        sa.Column("members", sa.Integer(), nullable=True),
        sa.Column("income_per_head_fen", sa.BigInteger(), nullable=True),
        sa.Column("special_group", sa.String(40), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "hukou IN ('rural', 'town', 'urban', 'resident')", name=op.f("ck_household_hukou_known")
        ),
        sa.CheckConstraint(
            "income_per_head_fen >= 0", name=op.f("ck_household_income_not_negative")
        ),
        sa.CheckConstraint("members BETWEEN 1 AND 30", name=op.f("ck_household_members_sane")),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_household_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_household_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_household_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    op.create_index(op.f("ix_household_school_id"), "household", ["school_id"], unique=False)
    op.create_index(
        "uq_household_student_year", "household", ["student_id", "school_year"], unique=True
    )
    op.create_table(
        "transfer_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("county_id", sa.Uuid(), nullable=False),
        sa.Column("from_school_id", sa.Uuid(), nullable=False),
        sa.Column("from_county_id", sa.Uuid(), nullable=False),
        sa.Column("student_name", sa.String(80), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.Column("boards", sa.Boolean(), nullable=True),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_because", sa.String(200), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'confirmed', 'refused', 'withdrawn')",
            name=op.f("ck_transfer_request_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_transfer_request_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_county_id"], ["organisation.id"], name=op.f("fk_transfer_request_from_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_school_id"], ["organisation.id"], name=op.f("fk_transfer_request_from_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_transfer_request_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_transfer_request_student_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_request")),
    )
    op.create_index(
        op.f("ix_transfer_request_from_school_id"),
        "transfer_request",
        ["from_school_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_transfer_request_school_id"), "transfer_request", ["school_id"], unique=False
    )
    op.create_index(
        "uq_transfer_request_open",
        "transfer_request",
        ["student_id"],
        unique=True,
        postgresql_where="state = 'requested'",
    )
    access.secure("enrolment_confirmation", access.READ_ADD, access.BY_SCHOOL)
    access.secure("school", access.READ_ADD_CHANGE, access.ITSELF)
    access.secure("student", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("bank_account", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("enrolment", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("enrolment_absence", access.READ_ADD, access.BY_SCHOOL)
    access.secure("household", access.READ_ADD_CHANGE, access.BY_SCHOOL)
    access.secure("transfer_request", access.READ_ADD_CHANGE, access.BOTH_SCHOOLS)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "bank_account",
        "enrolment",
        "enrolment_absence",
        "enrolment_confirmation",
        "household",
        "school",
        "student",
        "transfer_request",
    )
    op.drop_index(
        "uq_transfer_request_open",
        table_name="transfer_request",
        postgresql_where="state = 'requested'",
    )
    op.drop_index(op.f("ix_transfer_request_school_id"), table_name="transfer_request")
    op.drop_index(op.f("ix_transfer_request_from_school_id"), table_name="transfer_request")
    op.drop_table("transfer_request")
    op.drop_index("uq_household_student_year", table_name="household")
    op.drop_index(op.f("ix_household_school_id"), table_name="household")
    op.drop_table("household")
    op.drop_table("enrolment_absence")
    op.drop_index("uq_enrolment_open", table_name="enrolment", postgresql_where="left_on IS NULL")
    op.drop_index("ix_enrolment_student", table_name="enrolment")
    op.drop_index("ix_enrolment_class", table_name="enrolment")
    op.drop_table("enrolment")
    op.drop_index(
        "uq_bank_account_unconfirmed",
        table_name="bank_account",
        postgresql_where="state = 'unconfirmed'",
    )
    op.drop_index(
        "uq_bank_account_confirmed",
        table_name="bank_account",
        postgresql_where="state = 'confirmed'",
    )
    op.drop_index("ix_bank_account_school_state", table_name="bank_account")
    op.drop_index("ix_bank_account_number", table_name="bank_account")
    op.drop_table("bank_account")
    op.drop_index("ix_student_school_name", table_name="student")
    op.drop_index("ix_student_county_name", table_name="student")
    op.drop_table("student")
    op.drop_index(op.f("ix_school_name"), table_name="school")
    op.drop_index(op.f("ix_school_county_id"), table_name="school")
    op.drop_table("school")
    op.drop_index("ix_enrolment_confirmation_school", table_name="enrolment_confirmation")
    op.drop_table("enrolment_confirmation")
