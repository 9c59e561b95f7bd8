"""Connections, transactions and the row-security scope: the one place that commits."""

import select
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import anyio
import psycopg
from fastapi import Depends, Request
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.orm import SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import immutabledict
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from app.core import settings
from app.core.actor import Actor, Scope
from app.core.errors import Unavailable
from app.core.settings import SettingsWrong

POOL_WAIT_SECONDS = 10
RESERVED_PART = 5  # a fifth of the connections is for streams, jobs and notes of refusals
STATEMENT_TIMEOUT_MS = 120_000
LOCK_TIMEOUT_MS = 30_000
GONE = ("08", "57P")  # the connection broke; the server is going down or coming up
ASK_AFTER_SECONDS = 30
"""A connection that rested so long is asked whether it still answers before it is used."""

_SCOPE = "aid_scope"  # the execution option whose text is sent with BEGIN
_BEGUN = "aid_begun"  # in a session's info: it has its connection
_RESTED = "aid_rested"  # in a connection's record: when it was given back


class DatabaseAway(Unavailable):
    """The database cannot be reached at this moment."""

    code = "database-away"

    def __init__(self) -> None:
        super().__init__(
            "数据库暂时不可用，请稍后重试；本次操作未保存。",
            "The database is away for the moment; nothing was saved, try again shortly.",
            headers={"Retry-After": "5"},
        )


@dataclass
class _Bound:
    engine: Engine | None = None


_bound = _Bound()


def connect(url: str, *, pool_size: int) -> Engine:
    """An engine for a URL of the form `postgresql://…`; connections are checked before use."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    guards = f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
    made = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        # The driver begins nothing by itself: BEGIN takes the scope along, in one round trip.
        connect_args={
            "options": f"{guards} -c timezone=UTC",
            "connect_timeout": 5,
            "autocommit": True,
        },
    )
    event.listen(made, "connect", _reach_the_queue)
    event.listen(made, "begin", _begin)
    event.listen(made, "checkin", _rest)
    event.listen(made, "checkout", _refuse_dead)
    return made


def _reach_the_queue(connection: psycopg.Connection[Any], record: object) -> None:
    # The schema in use comes from the role or the URL and is not named here; the queue's is added.
    del record
    connection.execute(
        "SELECT set_config('search_path', current_setting('search_path') || ', jobs', false)"
    )


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"BEGIN; {options.get(_SCOPE, '')}")


def _rest(connection: object, record: ConnectionPoolEntry) -> None:
    del connection
    record.info[_RESTED] = time.monotonic()


def _refuse_dead(
    connection: psycopg.Connection[Any], record: ConnectionPoolEntry, fairy: object
) -> None:
    """Raises DisconnectionError for a connection whose server is gone: the pool makes another.

    A server that ends, or is killed, closes its end, and that can be seen without asking it. One
    behind a network that dropped the connection in silence closes nothing, so a connection that
    rested for long is asked.
    """
    del fairy
    rested = record.info.pop(_RESTED, None)
    if rested is None:
        return
    closing = select.poll()
    closing.register(connection.pgconn.socket, select.POLLIN)
    if closing.poll(0):
        raise DisconnectionError
    if time.monotonic() - rested > ASK_AFTER_SECONDS:
        try:
            connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise DisconnectionError from error


@event.listens_for(Session, "after_begin")
def _note_begun(session: Session, transaction: object, connection: object) -> None:
    del transaction, connection
    session.info[_BEGUN] = True


@event.listens_for(Session, "after_transaction_end")
def _leave(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_BEGUN, None)
        session.execution_options = immutabledict()  # the scope, asked under or not


def bind(engine: Engine | None) -> None:
    """Sets the engine that this process serves from."""
    _bound.engine = engine


def engine() -> Engine:
    """The engine this process serves from."""
    if _bound.engine is None:
        raise DatabaseAway
    return _bound.engine


def check_serving_role(serving: Engine) -> None:
    """Refuses a role that row security would not bind. Raises SettingsWrong with one line."""
    question = text(
        "SELECT rolsuper, rolbypassrls, (SELECT count(*) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v') "
        "AND c.relowner = r.oid AND n.nspname NOT LIKE 'pg\\_%'), rolname "
        "FROM pg_roles r WHERE rolname = current_user"
    )
    try:
        with serving.connect() as connection:
            superuser, bypasses, owned, role = connection.execute(question).one()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
        raise SettingsWrong(
            f"the database of AID_DATABASE_URL cannot be reached: {reason}"
        ) from None
    if superuser or bypasses or owned:
        why = "is a superuser" if superuser else "has BYPASSRLS" if bypasses else "owns tables"
        raise SettingsWrong(
            f"the role {role} of AID_DATABASE_URL {why}, so row security would not bind it; "
            "serve with a role that owns nothing"
        )


def enter(session: Session, actor: Actor) -> None:
    """Puts the transaction into the actor's scope; all three settings are written every time.

    A transaction that asked nothing yet takes them along as it begins, with its first question.
    """
    # SET LOCAL takes no parameters; the literals come from UUIDs and an enumeration alone.
    school = str(UUID(str(actor.school_id))) if actor.scope is Scope.SCHOOL else ""
    county = str(UUID(str(actor.county_id))) if actor.scope is Scope.COUNTY else ""
    scope = "city" if actor.scope is Scope.CITY else ""
    settle = (
        f"SET LOCAL aid.school = '{school}'; SET LOCAL aid.county = '{county}'; "
        f"SET LOCAL aid.scope = '{scope}'"
    )
    if session.info.get(_BEGUN) or not isinstance(session.get_bind(), Engine):
        session.connection().exec_driver_sql(settle)
    else:
        session.execution_options = session.execution_options.union({_SCOPE: settle})


@contextmanager
def city_scope(session: Session, actor: Actor) -> Iterator[None]:
    """Sees the whole city for one look-up, then the actor's own scope again.

    For set-wise questions whose answer names no other school's data.
    """
    session.connection().exec_driver_sql("SET LOCAL aid.scope = 'city'")
    yield
    # On an error the transaction is rolled back, and the setting with it.
    enter(session, actor)


def turns(app: Starlette) -> anyio.Semaphore:
    """Lets as many requests into the database at once as it has connections for.

    Without it, those who wait for a connection would hold the threads that those who have one
    need to go on. The body has been read by now, so a slow sender takes no turn.
    """
    if not hasattr(app.state, "turns"):
        size = settings.get().pool_size
        app.state.turns = anyio.Semaphore(size - max(1, size // RESERVED_PART))
    there: anyio.Semaphore = app.state.turns
    return there


async def get_session(request: Request) -> AsyncIterator[Session]:
    """One session, one transaction a request, committed before the reply is sent."""
    async with turns(request.app):
        # Nothing is asked of the database before its first statement: no thread is needed yet.
        session = Session(engine(), expire_on_commit=False)
        session.begin()
        request.state.session = session
        try:
            yield session
        except BaseException:
            # However the request ends, its connection goes back.
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(session.close)
            raise
        if session.in_transaction():
            await run_in_threadpool(_commit, session)
        else:  # the route has committed
            session.close()


def finish(session: Session) -> None:
    """Commits a request's transaction: what it has written stands before its reply leaves."""
    session.commit()


def _commit(session: Session) -> None:
    with session:
        session.connection()  # a database that is away is said to be, even where nothing was asked
        session.commit()


def is_away(error: DBAPIError | psycopg.Error) -> bool:
    """Whether the server is gone, rather than answering with a time-out or a deadlock."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if not isinstance(cause, psycopg.OperationalError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(GONE)


DbSession = Annotated[Session, Depends(get_session, scope="function")]


@contextmanager
def transaction() -> Iterator[Session]:
    """A transaction of its own, in nobody's scope yet."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def scoped_session(actor: Actor) -> Iterator[Session]:
    """A transaction of its own in the actor's scope: streams, jobs, the command line."""
    with transaction() as session:
        enter(session, actor)
        yield session


def copy_rows(
    session: Session, table: str, columns: Sequence[str], csv: bytes | memoryview
) -> None:
    """`COPY`s CSV bytes (no header, empty unquoted = NULL) into a table of this transaction."""
    copy_pieces(session, table, columns, [csv])


def copy_pieces(
    session: Session, table: str, columns: Sequence[str], pieces: Iterable[bytes | memoryview]
) -> None:
    """The same of CSV that comes in pieces, for more rows than there should be in memory."""
    named = ", ".join(columns)
    statement = f"COPY {table} ({named}) FROM STDIN WITH (FORMAT csv)"
    with raw(session).cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for piece in pieces:
            copy.write(piece)


def raw(session: Session) -> psycopg.Connection[Any]:
    """The psycopg connection under the session, inside the same transaction."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("the session does not stand on psycopg")
    return connection
