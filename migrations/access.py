"""Who may touch a table, and which rows: grants and row security, written by revisions."""

from alembic import context, op
from sqlalchemy import text

# Each setting is read once a statement, as a query of its own makes it, and not once a row; and the
# city, which works over the most rows, is asked first.
SCHOOL = "(SELECT nullif(current_setting('aid.school', true), '')::uuid)"
COUNTY = "(SELECT nullif(current_setting('aid.county', true), '')::uuid)"
CITY = "(SELECT current_setting('aid.scope', true)) = 'city'"

OPEN = "true"
BY_SCHOOL = f"{CITY} OR school_id = {SCHOOL} OR county_id = {COUNTY}"
BY_COUNTY = f"{CITY} OR county_id = {COUNTY}"
ITSELF = f"{CITY} OR id = {SCHOOL} OR county_id = {COUNTY}"
BOTH_SCHOOLS = (
    f"{CITY} OR school_id = {SCHOOL} OR from_school_id = {SCHOOL} "
    f"OR county_id = {COUNTY} OR from_county_id = {COUNTY}"
)

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
