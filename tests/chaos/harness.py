"""Kills the service, or its database, in the midst of its work, and asks the same again.

    python -m tests.chaos.harness --kills 200 --seed 7

Every child is a fork of this process, so that a kill costs no start. Fails when a kill did not
land, when an answer differs when it is asked for again, when anything is lost or doubled, or when
the verification finds something.
"""

import argparse
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("AID_MODE", "test")

from app.core import clock, db, embedded, migrating
from app.core.actor import SYSTEM
from app.policy.service import load_catalogue
from app.reports import verification
from tests.applications.cases import OPEN_DAY, PROGRAMME, SPRING, open_round
from tests.chaos.calls import Driver, Unit, check, prepare
from tests.factories.office import City, make_city

DATABASE = "aid_chaos"
TRIES = 6
SERVER_EVERY = 5  # every fifth kill is the database server's


def main() -> int:
    """The exit status is 0 when every kill landed and nothing was lost or doubled."""
    parser = argparse.ArgumentParser(prog="chaos")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    say(f"CHAOS_SEED={asked.seed}, {asked.kills} kills")
    home = Path(tempfile.mkdtemp(prefix="aid-chaos-", dir="/tmp"))
    home.chmod(0o755)
    try:
        return Chaos(home, random.Random(asked.seed)).run(asked.kills)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def say(what: str) -> None:
    """To whoever watches."""
    print(what, flush=True)  # noqa: T201 the harness is a program


class Chaos:
    """A durable server, a city, and one unit of work a kill."""

    def __init__(self, home: Path, chance: random.Random) -> None:
        self.home, self.chance = home, chance
        self.cluster = embedded.start(home)
        embedded.ensure_database(self.cluster, DATABASE)
        urls = self.cluster.owner_url(DATABASE), self.cluster.serving_url(DATABASE)
        migrating.upgrade(*urls)
        self.city = self.found()
        self.units = 0
        self.seconds = 0.0

    def found(self) -> City:
        """The city and its round, made by a child: polars has threads, which no fork survives."""
        kept = self.home / "city"

        def make() -> None:
            clock.set_office_day(OPEN_DAY)
            with db.scoped_session(SYSTEM) as session:
                city = make_city(session)
            with db.scoped_session(SYSTEM) as session:
                load_catalogue(session, "jining-2008")
                open_round(session, city.actor("city_officer"), PROGRAMME, SPRING)
            kept.write_bytes(pickle.dumps(city))

        self.must(self.child(make), "founding")
        found: City = pickle.loads(kept.read_bytes())  # noqa: S301 our own child wrote it
        return found

    def run(self, kills: int) -> int:
        """Works one unit undisturbed, for its time; then kills."""
        started = time.monotonic()
        unit = self.prepared()
        journal = self.home / "journal-0"
        self.must(self.child(lambda: Driver(self.city, unit, journal).work()), "undisturbed")
        self.seconds = time.monotonic() - started
        for number in range(1, kills + 1):
            self.kill(number)
            if number % 10 == 0:
                say(f"{number} kills landed")
        self.must(self.child(self.verify), "verification")
        self.cluster.stop()
        say(f"{kills} kills landed, nothing lost, nothing doubled")
        return 0

    def kill(self, number: int) -> None:
        """One kill that lands while a unit is being worked, and the same calls again."""
        for _ in range(TRIES):
            unit = self.prepared()
            journal = self.home / f"journal-{unit.number}"
            child = self.child(lambda: Driver(self.city, unit, journal).work())  # noqa: B023
            time.sleep(self.chance.uniform(0, self.seconds))
            of_server = number % SERVER_EVERY == 0
            landed = self.kill_server(child) if of_server else self.kill_child(child)
            self.must(self.child(lambda: self.again(unit, journal)), f"unit {unit.number}")  # noqa: B023
            if landed:
                return
            self.seconds *= 0.8
        raise SystemExit(f"kill {number} did not land in {TRIES} tries")

    def kill_child(self, child: int) -> bool:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL

    def kill_server(self, child: int) -> bool:
        working = os.waitpid(child, os.WNOHANG)[0] == 0
        postmaster = int((self.cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(postmaster, signal.SIGKILL)
        if working:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        _gone(postmaster)
        self.cluster = embedded.start(self.home)
        return working

    def again(self, unit: Unit, journal: Path) -> None:
        """The same calls from the first on, to the end; then everything is there once."""
        Driver(self.city, unit, journal).work()
        if wrong := check(unit, journal):
            raise SystemExit("; ".join(wrong))

    def verify(self) -> None:
        with db.scoped_session(SYSTEM) as session:
            # The cases of a unit come from a factory: what the policy says of them is not asked.
            found = [
                f"{each.code} {each.where}"
                for each in verification.verify(session)
                if each.code not in {"award-state-off", "outcome-off"}
            ]
        if found:
            raise SystemExit("; ".join(found))

    def prepared(self) -> Unit:
        number, self.units = self.units, self.units + 1
        kept = self.home / f"unit-{number}"
        self.must(self.child(lambda: _keep(kept, prepare(self.city, number))), "preparing")
        cases, students = (line.split() for line in kept.read_text().splitlines())
        return Unit(number, cases, students)

    def child(self, work: Callable[[], object]) -> int:
        """Forks; the child has connections of its own and never comes back."""
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            db.bind(db.connect(self.cluster.serving_url(DATABASE), pool_size=4))
            work()
            status = 0
        except SystemExit as ended:
            say(str(ended.code))
        finally:
            os._exit(status)  # a child must run none of the parent's endings

    def must(self, child: int, what: str) -> None:
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"{what}: the child ended with {status}")


def _keep(kept: Path, unit: Unit) -> None:
    kept.write_text(" ".join(unit.cases) + "\n" + " ".join(unit.students) + "\n")


def _gone(pid: int) -> None:
    """Waits until a server and its children have let go of its directory."""
    while subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, check=False).stdout:
        time.sleep(0.05)
    time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
