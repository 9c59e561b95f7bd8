"""The service: routes, refusals, limits, start and stop."""

import gc
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio.to_thread
import psycopg
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from app import work
from app.allocations import routes as school_allocation_routes
from app.applications import (
    allocation_routes,
    announcement_routes,
    arrears_routes,
    batch_routes,
    decision_routes,
    entitlement_routes,
    false_statement_routes,
    place_routes,
    reassess_routes,
    review_routes,
    rolling_routes,
    year_turn_routes,
)
from app.applications import routes as application_routes
from app.audit import service as audit
from app.auth import routes as auth_routes
from app.awards import owing_routes
from app.awards import routes as award_routes
from app.bank import catalogue as bank_catalogue
from app.bank import statement_catalogue
from app.budgets import cash_routes
from app.budgets import routes as budget_routes
from app.core import clock, db, problems, settings, starting
from app.core.errors import AidError
from app.core.idempotency import Replayed
from app.core.settings import SettingsWrong
from app.core.web import BodyLimit, Named
from app.disbursement import guard_routes as payee_guard_routes
from app.disbursement import pay_register_routes
from app.disbursement import routes as disbursement_routes
from app.documents import routes as document_routes
from app.imports import routes as imports_routes
from app.ledger import signing
from app.notices import routes as notice_routes
from app.periods import routes as period_routes
from app.policy import routes as policy_routes
from app.policy import service as policy
from app.policy import version_routes
from app.recognition import by_register_routes, code_routes, path_routes, recognition_routes
from app.recognition import routes as recognition_form_routes
from app.reconciliation import (
    correction_routes,
    reply_routes,
    signed_register_routes,
    statement_routes,
)
from app.reconciliation import routes as reconciliation_routes
from app.recoveries import routes as recovery_routes
from app.registers import routes as register_routes
from app.registry import routes as registry_routes
from app.reports import (
    book_routes,
    money_routes,
    page_routes,
    payment_request_routes,
    statistics_routes,
    trail_routes,
    verification_routes,
)
from app.reports import register_routes as register_answer_routes
from app.reports import routes as reports_routes
from app.rolls import routes as roll_routes
from app.simulation import routes as simulation_routes

log = structlog.get_logger()
PREFIX = "/api/v1"
SAFE = {"GET", "HEAD", "OPTIONS"}
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

# Every feature's routes, in the order of the paper trail; the reports come first, for their
# `/students/export` and `/applications/export` would else be read as ids, and then cases, which
# are asked for most: a path is tried against one route after the other.
ROUTERS: list[APIRouter] = [
    reports_routes.router,
    application_routes.router,
    statistics_routes.router,
    trail_routes.router,
    page_routes.router,
    money_routes.router,
    book_routes.router,
    payment_request_routes.router,
    verification_routes.router,
    register_answer_routes.router,
    auth_routes.router,
    registry_routes.router,
    roll_routes.router,
    policy_routes.router,
    version_routes.router,
    year_turn_routes.router,
    rolling_routes.router,
    code_routes.router,
    recognition_form_routes.router,
    path_routes.router,
    recognition_routes.router,
    by_register_routes.router,
    false_statement_routes.router,
    imports_routes.router,
    simulation_routes.router,
    batch_routes.router,
    allocation_routes.router,
    place_routes.router,
    entitlement_routes.router,
    decision_routes.router,
    reassess_routes.router,
    arrears_routes.router,
    announcement_routes.router,
    review_routes.router,
    school_allocation_routes.router,
    notice_routes.router,
    disbursement_routes.router,
    payee_guard_routes.router,
    pay_register_routes.router,
    reconciliation_routes.router,
    statement_routes.router,
    reply_routes.router,
    correction_routes.router,
    signed_register_routes.router,
    document_routes.router,
    budget_routes.router,
    period_routes.router,
    cash_routes.router,
    award_routes.router,
    register_routes.router,
    recovery_routes.router,
    owing_routes.router,
]

# What must be there, and right, before the first request.
AT_START = (
    bank_catalogue.formats,
    statement_catalogue.statement_formats,
    signing.own_signer,
    policy.publish_catalogue,
)


PLAIN = {
    400: (
        "request.unreadable",
        "请求正文无法读取，请检查其格式；未保存任何内容。",
        "The body cannot be read; check its format. Nothing was saved.",
    ),
    404: ("path-unknown", "没有这个地址。", "There is no such address."),
    405: (
        "method-not-allowed",
        "该地址不支持此方法，可用的方法见 Allow。",
        "The address does not know this method; Allow names those it knows.",
    ),
}


class PlainRefusal(AidError):
    """A refusal by the framework: no such path, wrong method, unreadable body."""

    def __init__(self, error: HTTPException) -> None:
        title = problems.TITLES.get(error.status_code, problems.TITLES[400])
        code, zh, en = PLAIN.get(error.status_code, ("http", f"{title[0]}。", f"{title[1]}."))
        super().__init__(zh, en, headers=dict(error.headers or {}))
        self.status = error.status_code  # type: ignore[misc]  # the one class whose status
        self.code = code  # type: ignore[misc]  # and code vary


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
        larger={f"{PREFIX}/rolls": known.roll_bytes_max},
    )
    app.add_middleware(Named, told=audit.request_id.set)
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
        # What is there now stays to the end: looking through it again and again finds no garbage.
        gc.collect()
        gc.freeze()
        yield
        await run_in_threadpool(running.stop)

    del app
    return life()


def _start_or_say_why() -> starting.Running:
    try:
        return starting.start(settings.get(), at_start=AT_START, worker_module=work.__name__)
    except (SettingsWrong, AidError) as wrong:
        sys.stderr.write(f"aid: {wrong}\n")
        sys.stderr.flush()
        # An exception here would be printed with its traceback by the server; one line is enough.
        os._exit(1)


def _match_threads_to_pool() -> None:
    # More threads than connections would only wait for one another inside the pool.
    anyio.to_thread.current_default_thread_limiter().total_tokens = settings.get().pool_size


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

    @app.exception_handler(DBAPIError)
    @app.exception_handler(psycopg.Error)
    @app.exception_handler(PoolExhausted)
    async def database_refused(
        request: Request, error: DBAPIError | psycopg.Error | PoolExhausted
    ) -> JSONResponse:
        found = problems.from_database(error)
        if found is None:
            raise error
        # Not the server's own words: they quote values.
        cause = getattr(error, "orig", error)
        state = getattr(cause, "sqlstate", None)
        constraint = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
        log.warning("database refused", code=found.code, sqlstate=state, constraint=constraint)
        await _note(request, found)
        return problems.render(request, found)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        # The server logs the error itself: it is raised again behind this reply.
        del error
        reply = problems.render(request, problems.ServiceFailed())
        # This reply passes by what names the others.
        reply.headers["Aid-Request-Id"] = request.state.name
        return reply

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
        return problems.render(request, PlainRefusal(error))


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
                detail={"path": _shown_path(request), "faults": len(error.faults)},
            )

    try:
        await run_in_threadpool(write)
    except (DBAPIError, PoolExhausted, AidError) as away:
        log.warning("a refusal could not be noted", code=error.code, error=type(away).__name__)


def _shown_path(request: Request) -> str:
    """The path asked for, with what a caller wrote in place of an id left out.

    It may be an identity number.
    """
    names = {
        str(value): f"{{{name}}}"
        for name, value in request.path_params.items()
        if not UUID_TEXT.fullmatch(str(value))
    }
    return "/".join(names.get(part, part) for part in request.url.path.split("/"))


def __getattr__(name: str) -> FastAPI:
    # `uvicorn app.main:app` makes the application when it is asked for, not on every import.
    if name == "app":
        try:
            return create_app()
        except SettingsWrong as wrong:
            sys.stderr.write(f"aid: {wrong}\n")
            raise SystemExit(1) from None
    raise AttributeError(name)
