"""What every route shares: the route class that keeps replies, and the limit on bodies."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import clock, idempotency
from app.core.problems import TooLarge, render


class AidRoute(APIRoute):
    """A route whose reply is kept under its `Idempotency-Key` before the transaction commits."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the keeping of the reply behind it."""
        answer = super().get_route_handler()

        async def answer_and_keep(request: Request) -> Response:
            response = await answer(request)
            held = getattr(request.state, "claim", None)
            if held is not None:
                session = request.state.session
                await run_in_threadpool(idempotency.keep, session, held, response)
            if clock.office_day_is_set():
                response.headers["Aid-Office-Day"] = clock.office_day().isoformat()
            return response

        return answer_and_keep


class BodyLimit:
    """Counts the bytes of a body as they come and stops at the door's limit.

    JSON and forms of text are held to one limit, uploads (multipart) to another.
    """

    def __init__(self, app: ASGIApp, *, json_bytes_max: int, upload_bytes_max: int) -> None:
        self.app = app
        self.json_bytes_max = json_bytes_max
        self.upload_bytes_max = upload_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with a counting `receive`."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        upload = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        limit = self.upload_bytes_max if upload else self.json_bytes_max
        declared = headers.get(b"content-length", b"0")
        refusal = TooLarge(
            f"内容超过 {limit // 1024} KiB 的上限，请拆分后再提交；未保存任何内容。",
            f"The body is over the limit of {limit // 1024} KiB; split it. Nothing was saved.",
        )
        if declared.isdigit() and int(declared) > limit:
            await render(Request(scope), refusal)(scope, receive, send)
            return
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise refusal
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            # The framework answers a read that broke off with a 400 of its own: it goes unsaid.
            if seen > limit and not started:
                return
            started = True
            await send(message)

        try:
            await self.app(scope, counted, watched)
        except TooLarge:
            if started:
                raise
        if seen > limit and not started:
            await render(Request(scope), refusal)(scope, receive, send)
