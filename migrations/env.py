"""Runs revisions as the owner: one at a time, each in its own transaction, never waiting long."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url
from sqlmodel.sql.sqltypes import AutoString

from app.core.columns import TextEnum, UtcMoment
from app.core.migrating import ALEMBIC_LOCK, migration_urls
from app.models import metadata

LOCK_TIMEOUT_MS = 4_000
STATEMENT_TIMEOUT_MS = 30_000


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Plain SQLAlchemy types, so that a revision depends on neither sqlmodel nor app."""
    del autogen
    if kind != "type":
        return False
    if isinstance(item, AutoString):
        return f"sa.String({item.length or ''})"
    if isinstance(item, TextEnum):
        return "sa.String(32)"
    if isinstance(item, UtcMoment):
        return "sa.DateTime(timezone=True)"
    return False


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """Leaves the job queue's own schema alone."""
    del parents
    return not (kind == "schema" and name == "jobs")


def compare_type(
    ctx: Any, found_column: Any, column: Any, found_type: Any, declared_type: Any
) -> bool | None:
    """TextEnum and UtcMoment compare as the plain types they are stored as."""
    del ctx, found_column, column, found_type
    return False if isinstance(declared_type, TextEnum | UtcMoment) else None


def run() -> None:
    """Upgrades or downgrades under an advisory lock, so that two starts do not collide."""
    owner_url, serving_url = migration_urls(context.config.attributes)
    engine = create_engine(
        make_url(owner_url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
        connection.exec_driver_sql(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({ALEMBIC_LOCK})")
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=True,
            compare_type=compare_type,
            include_name=include_name,
            render_item=render_item,
        )
        context.config.attributes["serving_role"] = make_url(serving_url).username
        with context.begin_transaction():
            context.run_migrations()


run()
