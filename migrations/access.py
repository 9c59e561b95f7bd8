"""Who may touch a table, and which rows: grants and row security, written by revisions."""

from alembic import context, op
from sqlalchemy import text

# The city, which works over the most rows, is asked first, and in a CASE: of that the planner
# expects half of the rows; of a comparison with what it does not know, one in two hundred
# (decision 0024).
SCHOOL = "nullif(current_setting('aid.school', true), '')::uuid"
COUNTY = "nullif(current_setting('aid.county', true), '')::uuid"
_CITY_OR = "CASE WHEN current_setting('aid.scope', true) = 'city' THEN true ELSE {} END".format

OPEN = "true"
CITY = _CITY_OR("false")
BY_SCHOOL = _CITY_OR(f"school_id = {SCHOOL} OR county_id = {COUNTY}")
BY_COUNTY = _CITY_OR(f"county_id = {COUNTY}")
ITSELF = _CITY_OR(f"id = {SCHOOL} OR county_id = {COUNTY}")
BOTH_SCHOOLS = _CITY_OR(
    f"school_id = {SCHOOL} OR from_school_id = {SCHOOL} "
    f"OR county_id = {COUNTY} OR from_county_id = {COUNTY}"
)

_RULES = (
    ("from_school_id", BOTH_SCHOOLS),
    ("(id = ", ITSELF),
    ("school_id", BY_SCHOOL),
    ("county_id", BY_COUNTY),
    ("aid.scope", CITY),
)
"""What a policy names → the rule it is; the first that fits."""

READ_ADD = "SELECT, INSERT"
READ_ADD_CHANGE = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"


def serving_role() -> str:
    """The quoted name of the role that serves."""
    role = str(context.config.attributes["serving_role"])
    quoted = op.get_bind().execute(text("SELECT quote_ident(:role)"), {"role": role})
    return str(quoted.scalar_one())


def allow(table: str, privileges: str) -> None:
    """Grants the serving role what it needs on a table, and nothing more."""
    op.execute(f"GRANT {privileges} ON {table} TO {serving_role()}")


def secure(table: str, privileges: str, rows: str) -> None:
    """Grants privileges and holds the table to row security, the owner too."""
    allow(table, privileges)
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_scope ON {table} USING ({rows}) WITH CHECK ({rows})")


def add_only_read_in_city(table: str) -> None:
    """Anybody's act may be added; only the city reads."""
    allow(table, READ_ADD)
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_add ON {table} FOR INSERT WITH CHECK (true)")
    op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT USING ({CITY})")


def secure_anew() -> None:
    """Rewrites every policy that asks for the scope as such policies are written now."""
    found = op.get_bind().execute(
        text(
            "SELECT tablename, policyname, qual, with_check FROM pg_policies "
            "WHERE schemaname = current_schema() AND qual LIKE '%aid.scope%'"
        )
    )
    for table, policy, using, check in found.all():
        rows = next(rule for named, rule in _RULES if named in using)
        checked = f" WITH CHECK ({rows})" if check is not None else ""
        op.execute(f"ALTER POLICY {policy} ON {table} USING ({rows}){checked}")
