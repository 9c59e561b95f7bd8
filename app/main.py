"""The service: routes, refusals, limits, start and stop."""

import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import anyio.to_thread
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint

from app.audit import service as audit
from app.core import clock, db, problems, settings, starting
from app.core.errors import AidError
from app.core.idempotency import Replayed
from app.core.settings import SettingsWrong
from app.core.web import BodyLimit

log = structlog.get_logger()
PREFIX = "/api/v1"
SAFE = {"GET", "HEAD", "OPTIONS"}

# Every feature's routes, in the order of the paper trail.
ROUTERS: list[APIRouter] = []


class PlainRefusal(AidError):
    """A refusal by the framework: no such path, wrong method, unreadable form."""

    code = "http"

    def __init__(self, status: int, words: str) -> None:
        zh, en = problems.TITLES.get(status, ("请求有误", "The request is wrong"))
        super().__init__(f"{zh}。", f"{en}: {words}.")
        self.status = status  # type: ignore[misc]  # the one class whose status varies


def create_app(*, serve_from_bound_engine: bool = False) -> FastAPI:
    """The application. With `serve_from_bound_engine` the caller has bound the database."""
    known = settings.get()
    app = FastAPI(
        title=known.centre_name,
        version="1",
        lifespan=_bound_already if serve_from_bound_engine else _own_database,
        openapi_url=f"{PREFIX}/openapi.json",
    )
    app.add_middleware(
        BodyLimit,
        json_bytes_max=known.json_bytes_max,
        upload_bytes_max=known.upload_bytes_max,
    )
    app.middleware("http")(_name_the_request)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.add_api_route("/healthz", healthz, methods=["GET"], tags=["operations"])
    _answer_refusals(app)
    return app


def healthz() -> dict[str, str]:
    """Whether the service and its database answer."""
    with Session(db.engine()) as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok", "office_day": clock.office_day().isoformat()}


@asynccontextmanager
async def _bound_already(app: FastAPI) -> AsyncIterator[None]:
    del app
    _match_threads_to_pool()
    yield


def _own_database(app: FastAPI) -> AbstractAsyncContextManager[None]:
    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        running = await run_in_threadpool(_start_or_say_why)
        _match_threads_to_pool()
        yield
        await run_in_threadpool(running.stop)

    del app
    return life()


def _start_or_say_why() -> starting.Running:
    try:
        return starting.start(settings.get())
    except (SettingsWrong, AidError) as wrong:
        sys.stderr.write(f"aid: {wrong}\n")
        raise SystemExit(1) from None


def _match_threads_to_pool() -> None:
    # More threads than connections would only wait for one another inside the pool.
    anyio.to_thread.current_default_thread_limiter().total_tokens = settings.get().pool_size


async def _name_the_request(request: Request, call_next: RequestResponseEndpoint) -> Response:
    name = uuid4().hex
    audit.request_id.set(name)
    response = await call_next(request)
    response.headers["Aid-Request-Id"] = name
    return response


def _answer_refusals(app: FastAPI) -> None:
    @app.exception_handler(AidError)
    async def refused(request: Request, error: AidError) -> JSONResponse:
        await _note(request, error)
        return problems.render(request, error)

    @app.exception_handler(RequestValidationError)
    async def fields_wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        found = problems.from_validation(error.errors())
        await _note(request, found)
        return problems.render(request, found)

    @app.exception_handler(IntegrityError)
    @app.exception_handler(OperationalError)
    async def database_refused(
        request: Request, error: IntegrityError | OperationalError
    ) -> JSONResponse:
        log.warning("database refused", path=request.url.path, error=str(error.orig))
        found = problems.from_database(error)
        await _note(request, found)
        return problems.render(request, found)

    @app.exception_handler(Replayed)
    async def replayed(request: Request, done: Replayed) -> Response:
        del request
        kept = done.replay
        return Response(
            kept.body,
            kept.status,
            media_type=kept.media_type,
            headers={"Idempotency-Replayed": "true"},
        )

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        return problems.render(request, PlainRefusal(error.status_code, str(error.detail)))


async def _note(request: Request, error: AidError) -> None:
    """Leaves the refusal of an act in the audit trail, in a transaction of its own."""
    actor = getattr(request.state, "actor", None)
    if actor is None or request.method in SAFE:
        return

    def write() -> None:
        with db.scoped_session(actor) as session:
            audit.refusal(
                session,
                by=actor,
                did=getattr(request.state, "act", request.url.path),
                because=error.code,
                detail={"path": request.url.path, "faults": len(error.faults)},
            )

    try:
        await run_in_threadpool(write)
    except (OperationalError, AidError) as away:
        log.warning("a refusal could not be noted", code=error.code, error=str(away))


def __getattr__(name: str) -> FastAPI:
    # `uvicorn app.main:app` makes the application when it is asked for, not on every import.
    if name == "app":
        return create_app()
    raise AttributeError(name)
