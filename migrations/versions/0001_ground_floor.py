"""ground floor: organisations, log-ins, audit, documents, kept replies, counters"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import access, keeping

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "api_client",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("secret_hash", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_client")),
        sa.UniqueConstraint("client_id", name=op.f("uq_api_client_client_id")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("office_day", sa.Date(), nullable=False),
        sa.Column("actor_kind", sa.String(32), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("actor_name", sa.String(120), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("did", sa.String(80), nullable=False),
        sa.Column("because", sa.String(2000), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('person', 'client', 'system')",
            name=op.f("ck_audit_event_actor_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_actor", "audit_event", ["actor_id", "at"], unique=False)
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_index("ix_audit_event_did", "audit_event", ["did", "at"], unique=False)
    op.create_table(
        "counter",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "kept_reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("media_type", sa.String(80), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_reply")),
    )
    op.create_index(op.f("ix_kept_reply_made_at"), "kept_reply", ["made_at"], unique=False)
    op.create_index("uq_kept_reply_key", "kept_reply", ["actor_id", "key"], unique=True)
    op.create_table(
        "login_guard",
        sa.Column("name_index", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name_index", name=op.f("pk_login_guard")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('city_centre', 'county_centre', 'school', 'city_finance', 'county_finance')",
            name=op.f("ck_organisation_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organisation.id"], name=op.f("fk_organisation_parent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_organisation_code")),
    )
    op.create_index(op.f("ix_organisation_parent_id"), "organisation", ["parent_id"], unique=False)
    op.create_table(
        "audit_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["audit_event.id"], name=op.f("fk_audit_record_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_record")),
    )
    op.create_index(op.f("ix_audit_record_event_id"), "audit_record", ["event_id"], unique=False)
    op.create_index(op.f("ix_audit_record_record_id"), "audit_record", ["record_id"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("county_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("stored_by", sa.Uuid(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('sheet', 'annotated_sheet', 'scan', 'payment_file', 'return_file')",
            name=op.f("ck_document_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_id"], ["organisation.id"], name=op.f("fk_document_county_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_document_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index(
        "uq_document_once",
        "document",
        ["sha256", "kind", "school_id", "county_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "staff_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("former_hashes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("class_name", sa.String(40), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_staff_member_has_a_role")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_staff_member_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_member")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_member_username")),
    )
    op.create_index(
        op.f("ix_staff_member_organisation_id"), "staff_member", ["organisation_id"], unique=False
    )
    op.create_table(
        "client_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_client.id"], name=op.f("fk_client_grant_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["staff_member.id"], name=op.f("fk_client_grant_granted_by")
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by"], ["staff_member.id"], name=op.f("fk_client_grant_revoked_by")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["organisation.id"], name=op.f("fk_client_grant_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_grant")),
    )
    op.create_index(op.f("ix_client_grant_school_id"), "client_grant", ["school_id"], unique=False)
    op.create_index(
        "uq_client_grant_live",
        "client_grant",
        ["client_id", "school_id"],
        unique=True,
        postgresql_where="revoked_at IS NULL",
    )
    op.create_table(
        "refresh_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_refresh_token_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_token")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_refresh_token_token_sha256")),
    )
    op.create_index(
        op.f("ix_refresh_token_family_id"), "refresh_token", ["family_id"], unique=False
    )
    op.create_index(op.f("ix_refresh_token_staff_id"), "refresh_token", ["staff_id"], unique=False)
    access.allow("alembic_version", "SELECT")  # to refuse a database of another revision
    access.allow("api_client", access.READ_ADD_CHANGE)
    access.add_only_read_in_city("audit_event")
    access.allow("counter", access.READ_ADD_CHANGE)
    access.allow("kept_reply", access.ALL)
    access.allow("login_guard", access.ALL)
    access.allow("organisation", access.READ_ADD)
    access.add_only_read_in_city("audit_record")
    access.secure("document", access.READ_ADD, access.BY_SCHOOL)
    access.allow("staff_member", access.READ_ADD_CHANGE)
    access.allow("client_grant", access.READ_ADD_CHANGE)
    access.allow("refresh_token", access.READ_ADD_CHANGE)


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing(
        "api_client",
        "audit_event",
        "audit_record",
        "client_grant",
        "counter",
        "document",
        "kept_reply",
        "login_guard",
        "organisation",
        "refresh_token",
        "staff_member",
    )
    op.drop_index(op.f("ix_refresh_token_staff_id"), table_name="refresh_token")
    op.drop_index(op.f("ix_refresh_token_family_id"), table_name="refresh_token")
    op.drop_table("refresh_token")
    op.drop_index(
        "uq_client_grant_live", table_name="client_grant", postgresql_where="revoked_at IS NULL"
    )
    op.drop_index(op.f("ix_client_grant_school_id"), table_name="client_grant")
    op.drop_table("client_grant")
    op.drop_index(op.f("ix_staff_member_organisation_id"), table_name="staff_member")
    op.drop_table("staff_member")
    op.drop_index("uq_document_once", table_name="document", postgresql_nulls_not_distinct=True)
    op.drop_table("document")
    op.drop_index(op.f("ix_audit_record_record_id"), table_name="audit_record")
    op.drop_index(op.f("ix_audit_record_event_id"), table_name="audit_record")
    op.drop_table("audit_record")
    op.drop_index(op.f("ix_organisation_parent_id"), table_name="organisation")
    op.drop_table("organisation")
    op.drop_table("login_guard")
    op.drop_index("uq_kept_reply_key", table_name="kept_reply")
    op.drop_index(op.f("ix_kept_reply_made_at"), table_name="kept_reply")
    op.drop_table("kept_reply")
    op.drop_table("counter")
    op.drop_index("ix_audit_event_did", table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_at"), table_name="audit_event")
    op.drop_index("ix_audit_event_actor", table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_table("api_client")
