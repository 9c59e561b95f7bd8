"""The worker: everything that is done behind the door, in a process that does nothing else.

`aid worker` is one alone; `aid serve` starts one beside itself.
"""

import asyncio
import os
import signal
import sys

from app.auth import jobs as auth_jobs
from app.core import jobs, settings, starting
from app.core.apart import YIELDS
from app.core.errors import AidError
from app.core.settings import SettingsWrong
from app.imports import jobs as import_jobs
from app.notices import jobs as notice_jobs
from app.recognition import queries as recognition
from app.reconciliation import jobs as worklist_jobs
from app.registers import jobs as register_jobs
from app.rolls import jobs as roll_jobs

# A worker knows of a task once its module is loaded: work that nobody asks for, and what the door
# puts off.
JOBS = (
    auth_jobs.forget,
    notice_jobs.take_down,
    worklist_jobs.remind,
    import_jobs.run,
    register_jobs.run,
    register_jobs.match_again,
    roll_jobs.run,
)

# Matching asks the keeper of signatures, who names itself when it is loaded.
SIGNATURES = (recognition.signed,)


def run(url: str, *, beside: bool = False) -> None:
    """Works until it is asked to end; beside a service until that has ended."""
    worker = jobs.Worker(url, concurrency=settings.get().jobs_at_once)
    asyncio.run(_work(worker, beside=beside))


async def _work(worker: jobs.Worker, *, beside: bool) -> None:
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, worker.stop)
    if beside:
        # Nothing is ever written there: it becomes readable when the service lets go of it.
        loop.add_reader(sys.stdin.fileno(), _let_go, loop, worker)
    await worker.run()


def _let_go(loop: asyncio.AbstractEventLoop, worker: jobs.Worker) -> None:
    loop.remove_reader(sys.stdin.fileno())
    worker.stop()


def main() -> None:
    """The worker beside a service, which stands back for it."""
    os.nice(YIELDS)
    known = settings.get()
    url = known.database_url
    if url is None:
        raise SettingsWrong("a worker needs AID_DATABASE_URL")
    running = starting.start(known)
    try:
        run(url.get_secret_value(), beside="--beside" in sys.argv)
    finally:
        running.stop()


if __name__ == "__main__":
    try:
        main()
    except (SettingsWrong, AidError) as wrong:
        sys.stderr.write(f"aid: {wrong}\n")
        sys.exit(1)
