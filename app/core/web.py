"""What every route shares: its kept reply, its name in log and audit, the limit on bodies."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from inspect import iscoroutinefunction, signature
from typing import Any
from uuid import uuid4

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import clock, idempotency
from app.core.db import finish
from app.core.idempotency import Claim
from app.core.problems import TooLarge, render

READS = {"GET", "HEAD"}
_WHOLE = "takes_its_transaction_along"


class AidRoute(APIRoute):
    """A route whose reply is kept under its `Idempotency-Key` before the transaction commits.

    Before the body is read, its guard's `look` says whether the caller may send one.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:
        reads = set(told.get("methods") or {"GET"}) <= READS
        whole = _whole(endpoint) if reads and not hasattr(endpoint, _WHOLE) else endpoint
        super().__init__(path, whole, **told)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the guard's look before it and the reply's keeping behind it."""
        answer = super().get_route_handler()
        looks = list(_looks(self.dependant))

        async def answer_and_keep(request: Request) -> Response:
            for look in looks:
                look(request)
            response = await answer(request)
            held = getattr(request.state, "claim", None)
            if held is not None:
                await run_in_threadpool(_keep, request.state.session, held, response)
            return response

        return answer_and_keep


def _looks(dependant: Dependant) -> Iterator[Callable[[Request], None]]:
    look = getattr(dependant.call, "look", None)
    if look is not None:
        yield look
    for needed in dependant.dependencies:
        yield from _looks(needed)


def _keep(session: Session, held: Claim, response: Response) -> None:
    idempotency.keep(session, [(held, response)])
    finish(session)


def _whole(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint with its transaction: begun, asked and committed in one turn of one thread.

    What changes nothing has nothing to take back when its reply cannot be made.
    """
    if iscoroutinefunction(endpoint) or "session" not in signature(endpoint).parameters:
        return endpoint

    @wraps(endpoint)
    def answer(*, session: Session, **given: Any) -> Any:
        session.connection()  # a database that is away is said to be, whatever the endpoint asks
        answer = endpoint(session=session, **given)
        finish(session)
        return answer

    setattr(answer, _WHOLE, True)
    return answer


class Named:
    """Gives each request a name, which its reply, its audit events and the log carry."""

    def __init__(self, app: ASGIApp, *, told: Callable[[str], object]) -> None:
        self.app = app
        self.told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on under its name, and names the reply."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name = uuid4().hex
        state = scope.setdefault("state", {})
        state["name"] = name
        self.told(name)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # Who was answered in a group bears the group's name by now.
                headers["Aid-Request-Id"] = state["name"]
                if clock.office_day_is_set():
                    headers["Aid-Office-Day"] = clock.office_day().isoformat()
            await send(message)

        await self.app(scope, receive, send_named)


class BodyLimit:
    """Counts the bytes of a body as they come and stops at the door's limit.

    JSON and forms of text are held to one limit, uploads (multipart) to another; `larger` has the
    paths whose uploads may be larger still.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        json_bytes_max: int,
        upload_bytes_max: int,
        larger: Mapping[str, int],
    ) -> None:
        self.app = app
        self.json_bytes_max = json_bytes_max
        self.upload_bytes_max = upload_bytes_max
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with a counting `receive`."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        upload = headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data")
        uploaded = self.larger.get(scope["path"], self.upload_bytes_max)
        limit = uploaded if upload else self.json_bytes_max
        declared = headers.get(b"content-length", b"0")
        refusal = TooLarge(
            f"内容超过 {limit // 1024} KiB 的上限，请拆分后再提交；未保存任何内容。",
            f"The body is over the limit of {limit // 1024} KiB; split it. Nothing was saved.",
        )
        if declared.isdigit() and int(declared) > limit:
            await render(Request(scope), refusal)(scope, receive, send)
            return
        counted = _Counted(receive, send, limit, refusal)
        with suppress(TooLarge):
            await self.app(scope, counted.receive, counted.send)
        if counted.over and not counted.started:
            await render(Request(scope), refusal)(scope, receive, send)


class _Counted:
    """A body that is counted as it is read, and a reply that is held back once it is too large."""

    def __init__(self, receive: Receive, send: Send, limit: int, refusal: TooLarge) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._refusal = refusal
        self._seen = 0
        self.started = False

    @property
    def over(self) -> bool:
        """Whether more came than the limit."""
        return self._seen > self._limit

    async def receive(self) -> Message:
        """The next piece; raises TooLarge with the one that passes the limit."""
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self.over:
            raise self._refusal
        return message

    async def send(self, message: Message) -> None:
        """Passes the reply on; the framework's own 400 for a read that broke off goes unsaid."""
        if self.over and not self.started:
            return
        self.started = True
        await self._send(message)
