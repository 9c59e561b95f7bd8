"""Asks a service over HTTP, many clients at once, each over a connection that it keeps.

Far lighter than what it asks: requests are bytes made beforehand, and of an answer only the status
and the length are read. It runs in a process of its own.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

HOST = "127.0.0.1"
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
GOOD = range(200, 300)
_STATUS = slice(9, 12)


@dataclass(frozen=True)
class Answers:
    """The seconds from the first request to the last answer, and of each request its own."""

    seconds: float
    each: list[float]

    @property
    def p99(self) -> float:
        """Of a hundred requests ninety-nine took at most so long."""
        return percentile(self.each, 99)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.each) / self.seconds


def percentile(seconds: Sequence[float], percent: int) -> float:
    """The least of the values that so many in a hundred do not pass."""
    return sorted(seconds)[max(0, -(-len(seconds) * percent // 100) - 1)]


class RequestFailed(Exception):
    """An answer that is not one of 200 to 299; what it said is the text."""


def get(path: str, token: str = "") -> bytes:
    """A GET as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{_bearer(token)}\r\n".encode()


def post(path: str, body: bytes, token: str = "", **headers: str) -> bytes:
    """A POST as it goes over the wire: JSON, unless a Content_Type is given."""
    told = {"Content_Type": "application/json", "Content_Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n{_bearer(token)}{lines}\r\n"
    return head.encode() + body


def _bearer(token: str) -> str:
    return f"Authorization: Bearer {token}\r\n" if token else ""


def fire(port: int, clients: int, requests: Sequence[bytes]) -> Answers:
    """Asks everything once: each client takes the next request as soon as it has its answer."""
    return asyncio.run(_fire(port, clients, requests))


async def _fire(port: int, clients: int, requests: Sequence[bytes]) -> Answers:
    waiting = iter(requests)
    each: list[float] = []

    async def ask(line: Line) -> None:
        for request in waiting:
            start = time.perf_counter()
            await line.ask(request)
            each.append(time.perf_counter() - start)

    lines = [Line(port) for _ in range(clients)]
    for line in lines:
        await line.open()
    start = time.perf_counter()
    try:
        await asyncio.gather(*(ask(line) for line in lines))
        return Answers(time.perf_counter() - start, each)
    finally:
        for line in lines:
            line.close()
        await asyncio.sleep(0)  # in which they are closed


class Line(asyncio.Protocol):
    """One connection, over which one thing is asked at a time; opened anew once it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._answer = bytearray()
        self._waiting: asyncio.Future[bytes] | None = None

    async def open(self) -> asyncio.Transport:
        """The connection, made where there is none, or none any more."""
        if self._transport is None or self._transport.is_closing():
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_connection(lambda: self, HOST, self._port)
        return self._transport

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer. Raises RequestFailed with what it said instead."""
        transport = await self.open()
        self._waiting = asyncio.get_running_loop().create_future()
        transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Reads an answer as it comes."""
        self._answer += data
        end = self._answer.find(_END)
        if end < 0 or self._waiting is None:
            return
        head = bytes(self._answer[:end]).lower()
        body = end + len(_END)
        length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])
        if len(self._answer) < body + length:
            return
        if int(head[_STATUS]) in GOOD:
            self._waiting.set_result(bytes(self._answer[body:]))
        else:
            said = self._answer.decode(errors="replace")
            self._waiting.set_exception(RequestFailed(said))
        self._answer.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that breaks off before its answer is a failure."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or RequestFailed("the service broke off"))
