"""The database's history runs up and down, and every table is guarded."""

from alembic import command
from sqlalchemy import text
from sqlmodel import Session

from app.core import embedded, migrating
from app.core.embedded import Cluster
from app.models import metadata

OUTSIDE_ROW_SECURITY = {
    "organisation", "staff_member", "api_client", "client_grant", "login_guard", "refresh_token",
    "counter", "kept_reply", "policy_version", "policy_draft", "application_round",
    "decision_batch", "notice", "ledger_account", "ledger_transfer", "award_hold", "recovery_bar",
    "blackout", "ledger_day", "ledger_leaf", "learnt_reply", "ledger_month", "closed_year",
}  # fmt: skip
APPEND_ONLY = {
    "audit_event", "audit_record", "document", "policy_version", "enrolment_confirmation",
    "enrolment_absence", "appropriation", "fund_line", "instalment_share", "late_permission",
    "submission", "decision_batch", "decision", "ledger_transfer", "payment_file", "return_file",
    "return_line", "import_row", "organisation", "recognition", "recognition_panel",
    "recognition_decision", "outside_register_row", "register_refusal", "allocation_proposal",
    "school_allocation_student", "school_allocation_double", "holder_payment_mode",
    "cash_receipt", "recovery_settlement", "payout_override",
    "ledger_day", "ledger_leaf", "learnt_reply",
    "bank_statement", "statement_line", "ledger_month", "closed_year", "fund_line_year_end",
    "pay_register", "unsigned_line", "document_piece", "roll_refusal",
}  # fmt: skip
ANSWERED = {
    "fund_line_year_end": {"state", "answered_by", "answered_at", "refused_because"},
}
"""Columns of what is append-only that may be filled in once."""
CHANGED_BY_COLUMN = {"notice_line", "resident_id_correction"}
"""What is taken off, or settled, and otherwise binds."""


def test_migrations_go_down_and_up_again_and_match_the_models(cluster: Cluster) -> None:
    embedded.ensure_database(cluster, "aid_up_and_down")
    urls = cluster.owner_url("aid_up_and_down"), cluster.serving_url("aid_up_and_down")
    migrating.upgrade(*urls)
    migrating.downgrade(*urls)
    migrating.upgrade(*urls)
    command.check(migrating.config(*urls))


def test_every_table_with_a_school_or_county_is_under_forced_row_security(session: Session) -> None:
    found = session.execute(
        text(
            "SELECT relname, relrowsecurity AND relforcerowsecurity, "
            "(SELECT count(*) FROM pg_policies p WHERE p.tablename = relname) "
            "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND relname <> 'alembic_version'"
        )
    ).all()
    guarded = {name for name, forced, policies in found if forced and policies}
    with_place = {
        name for name, table in metadata.tables.items()
        if {"school_id", "county_id"} & set(table.columns.keys()) and name != "client_grant"
    }  # fmt: skip
    assert {name for name, _, _ in found} == set(metadata.tables)
    assert with_place <= guarded
    assert set(metadata.tables) - guarded == OUTSIDE_ROW_SECURITY


def test_the_serving_role_can_only_add_to_what_binds(session: Session) -> None:
    for table in sorted(metadata.tables):
        can = {
            right: session.execute(
                text("SELECT has_table_privilege(current_user, :t, :r)"), {"t": table, "r": right}
            ).scalar_one()
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
        }
        assert can["SELECT"], table
        assert can["INSERT"], table
        assert not can["TRUNCATE"], table
        assert can["UPDATE"] != (table in APPEND_ONLY | CHANGED_BY_COLUMN), table
    changeable = session.execute(
        text(
            "SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE attnum > 0 AND NOT "
            "attisdropped AND attrelid = ANY(CAST(:tables AS regclass[])) "
            "AND has_column_privilege(attrelid, attnum, 'UPDATE')"
        ),
        {"tables": sorted(APPEND_ONLY)},
    ).all()
    assert set(map(tuple, changeable)) == {
        (table, column) for table, columns in ANSWERED.items() for column in columns
    }


def test_amounts_in_fen_are_bigint_and_enumerations_match_their_checks(session: Session) -> None:
    amounts = session.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.columns WHERE "
            "table_schema = 'public' AND column_name LIKE '%\\_fen' AND data_type <> 'bigint'"
        )
    ).all()
    assert amounts == []
    found = session.execute(
        text("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'")
    ).all()
    checks: dict[str, str] = dict(map(tuple, found))
    for table in metadata.tables.values():
        for column in table.columns:
            of = getattr(column.type, "of", None)
            if of is None:
                continue
            body = checks[f"ck_{table.name}_{column.name}_known"]
            assert {m.value for m in of} == set(body.split("'")[1::2]), (
                f"{table.name}.{column.name}"
            )
