"""What stands before every route: who calls, whether they may, how far they see."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import OAuth2PasswordBearer
from fastapi.security.utils import get_authorization_scheme_param
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from app.auth import callers, tokens
from app.auth.errors import NotAllowed, NotLoggedIn
from app.auth.joint import Caller
from app.auth.permissions import MAY, Act
from app.auth.tokens import Claims
from app.core import idempotency
from app.core.actor import Actor, ActorKind
from app.core.db import DbSession, enter
from app.core.idempotency import IdempotencyKey, Wanted
from app.core.web import READS

_bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/token", auto_error=False)


def guard(act: Act) -> Callable[..., Awaitable[Actor]]:
    """A dependency that enters the scope of a caller with leave for `act`."""

    async def pass_through(
        request: Request,
        session: DbSession,
        token: Annotated[str | None, Depends(_bearer)],
        sent: Annotated[bytes, Depends(idempotency.fingerprint)],
        key: IdempotencyKey = None,
        aid_school: Annotated[str | None, Header(max_length=10)] = None,
    ) -> Actor:
        del token  # asked for to be described; `look` has read it
        claims: Claims = request.state.claims
        actor: Actor = request.state.actor
        if claims.kind is ActorKind.CLIENT:
            actor = await run_in_threadpool(callers.at_school, session, claims, aid_school)
            request.state.actor = actor
        keyed = key is not None and request.method == "POST"
        if request.method in READS and claims.kind is ActorKind.PERSON:
            enter(session, actor)  # begins with the route's first question, in the same thread
        else:
            await run_in_threadpool(_begin, request, session, actor, key if keyed else None, sent)
        return actor

    return _marked(pass_through, act)


def look(request: Request, act: Act) -> None:
    """Reads the token before the body is read: of who may not do this nothing is taken in.

    Raises NotLoggedIn, NotAllowed. What a school's system may see is looked up later.
    """
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() != "bearer" or not token:
        raise NotLoggedIn
    claims = tokens.read(token)
    request.state.claims = claims
    request.state.actor = callers.known_as(claims)
    request.state.act = act.value
    if not MAY[act].intersection(claims.roles):
        raise NotAllowed(act.value)


def _marked(dependency: Callable[..., Any], act: Act) -> Callable[..., Any]:
    """With the act, which the test of guarded routes reads, and what AidRoute does beforehand."""
    dependency.act = act  # type: ignore[attr-defined]
    dependency.look = partial(look, act=act)  # type: ignore[attr-defined]
    return dependency


def _begin(request: Request, session: Session, actor: Actor, key: str | None, sent: bytes) -> None:
    """Begins the transaction in the actor's scope, and takes the key where there is one."""
    enter(session, actor)
    session.connection()
    if key is None:
        return
    held = idempotency.claim(session, [Wanted(key, sent)], actor_id=actor.id)[0]
    if isinstance(held, Exception):
        raise held
    request.state.claim = held


def may(act: Act) -> Any:
    """Marks the parameter of a route that receives the caller who was let through."""
    return Depends(guard(act), scope="function")


def may_together(act: Act) -> Any:
    """The same where a route answers many requests of one caller with one transaction.

    Its parameter is the Caller, who has leave; a school's system is looked up in the transaction.
    """

    async def let_through(
        request: Request,
        token: Annotated[str | None, Depends(_bearer)],
        sent: Annotated[bytes, Depends(idempotency.fingerprint)],
        key: IdempotencyKey = None,
        aid_school: Annotated[str | None, Header(max_length=10)] = None,
    ) -> Caller:
        del token
        wanted = None if key is None else Wanted(key, sent)
        return Caller(request.state.claims, aid_school, wanted, request.state)

    return Depends(_marked(let_through, act))
