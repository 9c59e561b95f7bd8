"""Start-up: the database found or started, checked, and bound; the worker beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from app.core import clock, db, embedded, migrating
from app.core.apart import Apart
from app.core.embedded import Cluster
from app.core.errors import AidError
from app.core.settings import Settings, SettingsWrong

log = structlog.get_logger()


@dataclass
class Running:
    """What has to be stopped again."""

    cluster: Cluster | None
    worker: Apart | None

    def stop(self) -> None:
        """Lets the worker finish, closes connections, stops the database we started."""
        if self.worker is not None:
            self.worker.stop()
        db.engine().dispose()
        db.bind(None)
        if self.cluster is not None:
            self.cluster.stop()


def database_urls(known: Settings) -> tuple[Cluster | None, str, str]:
    """The owner's and the serving URL; starts the service's own PostgreSQL where none is given."""
    if known.database_url is not None:
        serving = known.database_url.get_secret_value()
        owner = known.owner_database_url
        return None, owner.get_secret_value() if owner else "", serving
    if known.owner_database_url is not None:
        raise SettingsWrong("AID_OWNER_DATABASE_URL is set but AID_DATABASE_URL is not")
    cluster = embedded.start(known.data_dir, postgres_bin=known.postgres_bin)
    embedded.ensure_database(cluster, "aid")
    return cluster, cluster.owner_url(), cluster.serving_url()


def start(
    known: Settings,
    *,
    at_start: Sequence[Callable[[], object]] = (),
    worker_module: str | None = None,
) -> Running:
    """Brings the service up. Raises SettingsWrong with one line when the settings forbid it.

    `at_start` is work for the moment the database is bound, such as storing the catalogue; what it
    finds wrong stops the start. `worker_module` names the program that works beside this process,
    unless the settings say that somebody else does.
    """
    cluster, owner, serving = database_urls(known)
    try:
        if cluster is not None:
            migrating.upgrade(owner, serving)
        engine = db.connect(serving, pool_size=known.pool_size)
        db.check_serving_role(engine)
        migrating.check_head(engine)
        db.bind(engine)
        if known.office_day is not None:
            clock.set_office_day(known.office_day)
        for function in at_start:
            function()
    except (SettingsWrong, AidError):
        if cluster is not None:
            cluster.stop()
        raise
    worker = None
    if known.worker and worker_module is not None:
        worker = Apart(worker_module, serving)
        worker.start()
    log.info("ready", own_database=cluster is not None, worker=worker is not None)
    return Running(cluster, worker)
