import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from app.core import embedded, embedded_host
from app.core.embedded import Cluster, ensure_database, start

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
ANOTHER_PROCESS = """
import sys
from pathlib import Path
from app.core.embedded import start
cluster = start(Path(sys.argv[1]), durable=False)
print(cluster.owner_url(), flush=True)
sys.stdin.read()
cluster.stop()
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory every user may pass through, as pytest's own are closed to root's server."""
    place = Path(tempfile.mkdtemp(prefix="aid-test-"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def cluster(data_dir: Path) -> Iterator[Cluster]:
    made = start(data_dir, durable=False)
    yield made
    made.stop()


def ask(url: str, question: str) -> object:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.scalar(sa.text(question))


def answers(cluster: Cluster) -> bool:
    try:
        cluster.superuser().close()
    except psycopg.OperationalError:
        return False
    return True


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def test_the_owner_may_make_tables_and_the_serving_role_may_not(cluster: Cluster) -> None:
    ensure_database(cluster, "aid")
    owner = sa.create_engine(cluster.owner_url(), poolclass=sa.NullPool)
    with owner.begin() as connection:
        connection.execute(sa.text("CREATE TABLE fund (id int)"))
    serving = sa.create_engine(cluster.serving_url(), poolclass=sa.NullPool)
    with serving.connect() as connection:
        connection.execute(sa.text("CREATE TEMPORARY TABLE staging (id int)"))
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text("CREATE TABLE mine (id int)"))


def test_neither_role_is_superuser_or_passes_row_level_security(cluster: Cluster) -> None:
    with cluster.superuser() as connection:
        found = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
            " WHERE rolname LIKE 'aid_%' ORDER BY 1"
        ).fetchall()
    assert found == [("aid_owner", False, False, False), ("aid_serving", False, False, False)]


def test_the_cluster_keeps_checksums_and_the_same_order_everywhere(cluster: Cluster) -> None:
    ensure_database(cluster, "aid")
    assert ask(cluster.owner_url(), "SHOW data_checksums") == "on"
    assert ask(cluster.owner_url(), "SELECT 'a' > 'B'") is True  # by code point
    assert ask(cluster.owner_url(), "SHOW timezone") == "UTC"
    assert ask(cluster.owner_url(), "SHOW listen_addresses") == ""


def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=str(cluster.socket_dir), port=5432, user="aid_owner", password="guess")


def test_nobody_else_may_read_the_passwords_or_reach_the_socket(cluster: Cluster) -> None:
    assert stat.S_IMODE((cluster.home / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(cluster.socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
    assert not (cluster.home / "password").exists()


def test_the_socket_path_is_short_wherever_the_data_lies(data_dir: Path) -> None:
    deep = data_dir / ("d" * 120)
    cluster = start(deep, durable=False)
    try:
        assert len(bytes(cluster.socket_dir / ".s.PGSQL.5432")) < 107
        assert answers(cluster)
    finally:
        cluster.stop()


def test_a_durable_server_waits_for_the_disk_and_a_test_server_does_not(data_dir: Path) -> None:
    for durable, expected in ((True, ("on", "on")), (False, ("off", "off"))):
        cluster = start(data_dir, durable=durable)
        with cluster.superuser() as connection:
            found = connection.execute(
                "SELECT current_setting('fsync'), current_setting('full_page_writes')"
            ).fetchone()
        cluster.stop()
        assert found == expected


def test_the_last_user_stops_the_server(data_dir: Path) -> None:
    first = start(data_dir, durable=False)
    second = start(data_dir, durable=False)
    first.stop()
    assert answers(second)
    second.stop()
    assert not answers(second)
    assert not second.socket_dir.exists()


def test_another_process_shares_the_server_and_its_death_does_not_matter(data_dir: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", ANOTHER_PROCESS, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout
        url = other.stdout.readline().strip()
        cluster = start(data_dir, durable=False)
        assert cluster.owner_url() == url
        other.kill()
        assert other.wait() == -signal.SIGKILL
    assert answers(cluster)
    cluster.stop()
    assert not answers(cluster)


def test_many_who_start_at_once_get_one_server(data_dir: Path) -> None:
    found: list[Cluster] = []
    threads = [
        threading.Thread(target=lambda: found.append(start(data_dir, durable=False)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert len({postmaster(cluster) for cluster in found}) == 1
        assert len(found) == 4
    finally:
        for cluster in found:
            cluster.stop()


def test_a_killed_server_is_started_again_with_its_data(cluster: Cluster, data_dir: Path) -> None:
    ensure_database(cluster, "aid")
    killed = postmaster(cluster)
    os.kill(killed, signal.SIGKILL)
    again = start(data_dir, durable=False)
    try:
        assert postmaster(again) != killed
        assert ask(again.owner_url(), "SELECT current_database()") == "aid"
    finally:
        again.stop()


def test_a_process_id_that_now_belongs_to_somebody_else_does_not_stop_a_start(
    cluster: Cluster, data_dir: Path
) -> None:
    os.kill(postmaster(cluster), signal.SIGKILL)
    pid_file = cluster.data / "postmaster.pid"
    rest = pid_file.read_text().split("\n", 1)[1]
    pid_file.write_text(f"{os.getpid()}\n{rest}")
    again = start(data_dir, durable=False)
    assert answers(again)
    again.stop()


def test_a_half_made_data_directory_is_made_anew(data_dir: Path) -> None:
    half = data_dir / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    cluster = start(data_dir, durable=False)
    assert answers(cluster)
    cluster.stop()


def test_a_copied_database_has_the_template_s_tables_and_the_grants(cluster: Cluster) -> None:
    ensure_database(cluster, "pattern")
    engine = sa.create_engine(cluster.owner_url("pattern"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE fund (id int)"))
        connection.execute(sa.text("GRANT SELECT ON fund TO aid_serving"))
    ensure_database(cluster, "copy", template="pattern")
    ensure_database(cluster, "copy", template="pattern")
    assert ask(cluster.serving_url("copy"), "SELECT count(*) FROM fund") == 0
    embedded.drop_database(cluster, "copy")
    with pytest.raises(sa.exc.OperationalError, match="does not exist"):
        ask(cluster.serving_url("copy"), "SELECT 1")


def test_a_server_that_cannot_start_says_its_last_words(data_dir: Path) -> None:
    cluster = start(data_dir, durable=False)
    cluster.stop()
    with (cluster.data / "postgresql.conf").open("a") as conf:
        conf.write("no_such_setting = 1\n")
    with pytest.raises(embedded.EmbeddedPostgresUnavailable) as refused:
        start(data_dir, durable=False)
    assert "no_such_setting" in refused.value.en
    assert "AID_DATABASE_URL" in refused.value.zh


def test_data_without_its_passwords_is_refused_by_name(data_dir: Path) -> None:
    cluster = start(data_dir, durable=False)
    cluster.stop()
    (cluster.home / "secrets.json").unlink()
    with pytest.raises(embedded.EmbeddedPostgresUnavailable, match=r"secrets\.json is missing"):
        start(data_dir, durable=False)


def test_an_installation_that_is_not_there_is_refused_by_name(data_dir: Path) -> None:
    with pytest.raises(embedded.EmbeddedPostgresUnavailable, match="nowhere/initdb"):
        start(data_dir, postgres_bin=Path("/nowhere"))


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="Debian's PostgreSQL 15 is not installed")
def test_an_older_installation_serves_as_well(data_dir: Path) -> None:
    cluster = start(data_dir, postgres_bin=DEBIAN_15, durable=False)
    try:
        ensure_database(cluster, "aid")
        version = ask(cluster.serving_url(), "SHOW server_version")
        assert str(version).startswith("15")
        assert ask(cluster.serving_url(), "SELECT 'a' > 'B'") is True
    finally:
        cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_root_leaves_closed_directories_closed_and_goes_elsewhere(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    cluster = start(tmp_path, durable=False)
    try:
        assert cluster.home.is_relative_to(embedded_host._SERVICE_DIR)
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        assert (cluster.data / "postmaster.pid").stat().st_uid != 0
    finally:
        cluster.stop()
        shutil.rmtree(cluster.home)
