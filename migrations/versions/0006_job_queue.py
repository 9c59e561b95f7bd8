"""The job queue: procrastinate's own schema, apart from ours."""

import psycopg
from alembic import op
from procrastinate.schema import SchemaManager

from migrations import access, keeping

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this revision."""
    role = access.serving_role()
    connection = op.get_bind()
    (before,) = connection.exec_driver_sql("SHOW search_path").one()
    op.execute("CREATE SCHEMA jobs")
    connection.exec_driver_sql("SET LOCAL search_path = jobs")
    # Straight to the driver: the queue's functions hold per cent signs.
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("revisions run on psycopg")
    driver.execute(SchemaManager.get_schema().encode())
    op.execute(f"GRANT USAGE ON SCHEMA jobs TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO {role}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO {role}")
    op.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO {role}")
    connection.exec_driver_sql(f"SET LOCAL search_path = {before}")


def downgrade() -> None:
    """Goes back to the one before."""
    keeping.refuse_losing("jobs.procrastinate_jobs")
    op.execute("DROP SCHEMA jobs CASCADE")
