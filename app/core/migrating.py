"""Brings a database to the newest revision, as its owner."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from app.core import settings
from app.core.settings import SettingsWrong

ROOT = Path(__file__).parents[2]
ALEMBIC_LOCK = 7_308_000_001


def migration_urls(attributes: Mapping[str, Any]) -> tuple[str, str]:
    """The owner's and the serving role's URL: those handed over, else the settings'."""
    if "owner_url" in attributes:
        return str(attributes["owner_url"]), str(attributes["serving_url"])
    known = settings.get()
    if known.owner_database_url is None or known.database_url is None:
        raise SettingsWrong(
            "migrations need AID_OWNER_DATABASE_URL and AID_DATABASE_URL; "
            "without both use `aid migrate`, which starts the service's own database"
        )
    return (
        known.owner_database_url.get_secret_value(),
        known.database_url.get_secret_value(),
    )


def config(owner_url: str, serving_url: str) -> Config:
    """Alembic's configuration for one database."""
    made = Config(str(ROOT / "alembic.ini"))
    made.set_main_option("script_location", str(ROOT / "migrations"))
    made.attributes["owner_url"] = owner_url
    made.attributes["serving_url"] = serving_url
    return made


def upgrade(owner_url: str, serving_url: str, revision: str = "head") -> None:
    """Runs every revision up to the one named."""
    command.upgrade(config(owner_url, serving_url), revision)


def downgrade(owner_url: str, serving_url: str, revision: str = "base") -> None:
    """Undoes every revision down to the one named."""
    command.downgrade(config(owner_url, serving_url), revision)


def check_head(engine: Engine) -> None:
    """Refuses to serve from a database of another revision. Raises SettingsWrong."""
    made = Config()
    made.set_main_option("script_location", str(ROOT / "migrations"))
    wanted = ScriptDirectory.from_config(made).get_current_head()
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != wanted:
        raise SettingsWrong(
            f"the database is at revision {found or 'none'}, this service needs {wanted}; "
            "run `aid migrate`"
        )
