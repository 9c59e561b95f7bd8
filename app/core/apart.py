"""The worker in a process of its own beside the service.

Taking in a sheet is minutes of a processor; in the service's own process it would take them from
whoever reads and decides meanwhile, for one Python process does one thing at a time.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import structlog

log = structlog.get_logger()
ROOT = Path(__file__).parents[2]
STOP_SECONDS = 30
AGAIN_SECONDS = 2
YIELDS = 10
"""How far the worker stands back where it and the service want the same processor."""


class Apart:
    """`python -m MODULE` with the service's settings and database, kept running until `stop`.

    Its standard input stays open as long as the service lives: when that ends, however it ends,
    so does the worker, once it has finished what it holds.
    """

    def __init__(self, module: str, url: str) -> None:
        self._module = module
        self._url = url
        self._ends = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    @property
    def pid(self) -> int:
        """The process that works at this moment; 0 before the start."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Starts it, and starts it again whenever it ends by itself."""
        self._process = self._popen()
        self._keeper.start()

    def stop(self) -> None:
        """Asks it to finish what it holds, and waits for it."""
        self._ends.set()
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # its transaction is undone, and the job is there for the next worker
            process.wait()

    def _keep(self) -> None:
        while self._process is not None:
            status = self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            if self._ends.wait(AGAIN_SECONDS):
                return
            log.warning("the worker ended", status=status)
            self._process = self._popen()

    def _popen(self) -> "subprocess.Popen[bytes]":
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        told = {
            "AID_DATABASE_URL": self._url,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
        return subprocess.Popen(  # noqa: S603 this very program
            [sys.executable, "-m", self._module, "--beside"],
            stdin=subprocess.PIPE,
            env={**os.environ, **told},
            start_new_session=True,  # what is typed at the service is not meant for the worker
        )
