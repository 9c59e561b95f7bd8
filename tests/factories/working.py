"""A worker in a thread of the tests, which knows the tests' own tasks too."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.jobs import STALLED_SECONDS, STOP_SECONDS, Worker


@contextmanager
def working(url: str, *, stalled_seconds: int = STALLED_SECONDS) -> Iterator[Worker]:
    """A worker that works until the end of the block."""
    ready = threading.Event()
    worker = Worker(url, stalled_seconds=stalled_seconds)
    loops: list[asyncio.AbstractEventLoop] = []

    async def main() -> None:
        loops.append(asyncio.get_running_loop())
        await worker.run(ready.set)

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    assert ready.wait(STOP_SECONDS)
    yield worker
    loops[0].call_soon_threadsafe(worker.stop)
    thread.join(STOP_SECONDS)
    assert not thread.is_alive()
